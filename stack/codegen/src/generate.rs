//! The generated files as a whole: writing them, and telling whether those there are the ones that would be written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use similar::TextDiff;

use crate::error::Error;
use crate::model::Resource;
use crate::reference::Meanings;
use crate::render;
use crate::schema::Schema;

/// How much of a difference is shown, in lines.
const SHOWN: usize = 40;

/// Writes what the schemas mean into the folder `generated`, and removes what they no longer mean.
///
/// # Errors
/// When a schema cannot be read or means something that Rust cannot say, or a file cannot be written.
pub fn write(schemas: &Path, generated: &Path) -> Result<(), Error> {
    let files = files(schemas)?;
    fs::create_dir_all(generated).map_err(|source| Error::File { path: generated.into(), source })?;
    for (name, _) in read(generated)?.iter().filter(|(name, _)| !files.contains_key(*name)) {
        let path = generated.join(name);
        fs::remove_file(&path).map_err(|source| Error::File { path, source })?;
    }
    for (name, text) in files {
        let path = generated.join(name);
        fs::write(&path, text).map_err(|source| Error::File { path, source })?;
    }
    Ok(())
}

/// Compares what the schemas mean with the folder `generated`.
///
/// # Errors
/// [`Error::Stale`] with the beginning of the difference when they differ; else as [`write`].
pub fn check(schemas: &Path, generated: &Path) -> Result<(), Error> {
    let (fresh, committed) = (files(schemas)?, read(generated)?);
    let nothing = String::new();
    let mut difference = String::new();
    for name in fresh.keys().chain(committed.keys().filter(|name| !fresh.contains_key(*name))) {
        let (old, new) = (committed.get(name).unwrap_or(&nothing), fresh.get(name).unwrap_or(&nothing));
        if old != new {
            let (before, after) = (format!("{name} (committed)"), format!("{name} (fresh)"));
            let diff = TextDiff::from_lines(old, new);
            difference.push_str(&diff.unified_diff().header(&before, &after).to_string());
        }
    }
    if difference.is_empty() {
        return Ok(());
    }
    Err(Error::Stale(difference.lines().take(SHOWN).collect::<Vec<_>>().join("\n")))
}

/// The generated files by name.
fn files(schemas: &Path) -> Result<BTreeMap<String, String>, Error> {
    let schemas: Vec<Schema> = read(schemas)?
        .into_iter()
        .filter(|(name, _)| name.starts_with("aws-"))
        .map(|(name, text)| {
            serde_json::from_str(&text).map_err(|source| Error::Parse { path: schemas.join(name), source })
        })
        .collect::<Result<_, _>>()?;
    let meanings = Meanings::new(&schemas);
    let mut services: BTreeMap<String, Vec<Resource<'_>>> = BTreeMap::new();
    for schema in &schemas {
        services.entry(render::module(&schema.type_name)).or_default().push(Resource::new(schema, &meanings)?);
    }
    let mut files = BTreeMap::new();
    for (service, resources) in &services {
        files.insert(format!("{service}.rs"), render::service(resources));
    }
    files.insert("mod.rs".to_owned(), render::root(&services));
    Ok(files)
}

/// The files of a folder by name.
fn read(folder: &Path) -> Result<BTreeMap<String, String>, Error> {
    let failed = |source| Error::File { path: folder.into(), source };
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let text = fs::read_to_string(&path).map_err(|source| Error::File { path: path.clone(), source })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, text);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_code_is_what_the_schemas_mean() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        if let Err(error) = check(&here.join("schemas"), &here.join("../cloudformation/src/generated")) {
            panic!("{error}");
        }
    }
}

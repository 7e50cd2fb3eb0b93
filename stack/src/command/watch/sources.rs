//! Which files are watched, and what a change of one asks for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use miette::{Context, IntoDiagnostic, Result};
use notify::RecursiveMode;

use crate::command::package::{FUNCTIONS, workspace};

/// The cargo packages that the definition is made of, beside its own folder.
const DEFINITION: [&str; 2] = ["cloudformation", "statemachine"];

/// Folders of a package that its library and its binary are not built from.
const NOT_BUILT: [&str; 4] = ["benches", "examples", "target", "tests"];

/// What a change asks for. The greater includes the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The functions are packaged, and what differs is swapped.
    Packages,
    /// The definition is compiled into this program: it is built anew, and its successor does the rest.
    Definition,
}

/// A file, or a folder with all that a build reads of it.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    is_folder: bool,
    change: Change,
}

/// The watched files.
#[derive(Debug, Default)]
pub struct Sources(Vec<Place>);

impl Sources {
    /// The sources of the functions and of the definition, as cargo knows them, and the files `settings` and `contract`.
    pub fn find(settings: &Path, contract: &Path) -> Result<Self> {
        let root = workspace();
        let folders = |packages: &[&str]| packaging::source_folders(packages, root).into_diagnostic();
        let own = ["stack/src/pipeline", "templates"].map(|folder| root.join(folder));
        let files = [settings.to_owned(), contract.to_owned(), root.join("Cargo.toml"), root.join("Cargo.lock")];
        let mut sources = Self(Vec::new());
        for folder in folders(&FUNCTIONS)? {
            sources.add(&folder, Change::Packages)?;
        }
        for folder in folders(&DEFINITION)?.into_iter().chain(own) {
            sources.add(&folder, Change::Definition)?;
        }
        for file in files {
            sources.add(&file, Change::Packages)?;
        }
        Ok(sources)
    }

    /// Paths are made canonical: some systems tell changes by those only.
    fn add(&mut self, path: &Path, change: Change) -> Result<()> {
        let named = || format!("cannot watch {}", path.display());
        let path = fs::canonicalize(path).into_diagnostic().wrap_err_with(named)?;
        self.0.push(Place { is_folder: path.is_dir(), path, change });
        Ok(())
    }

    /// What a change of the file `path` asks for; none where nothing is built from it.
    pub fn change(&self, path: &Path) -> Option<Change> {
        self.0.iter().filter(|place| place.has(path)).map(|place| place.change).max()
    }

    /// The folders to watch. An editor may put another file in a file's place, so that its folder has to be watched.
    pub fn folders(&self) -> Result<BTreeMap<PathBuf, RecursiveMode>> {
        let mut folders = BTreeMap::new();
        for place in &self.0 {
            if !place.is_folder {
                let folder = place.path.parent().unwrap_or(&place.path);
                folders.entry(folder.to_owned()).or_insert(RecursiveMode::NonRecursive);
                continue;
            }
            folders.entry(place.path.clone()).or_insert(RecursiveMode::NonRecursive);
            for entry in fs::read_dir(&place.path).into_diagnostic()? {
                let path = entry.into_diagnostic()?.path();
                if path.is_dir() && place.has(&path) {
                    folders.insert(path, RecursiveMode::Recursive);
                }
            }
        }
        Ok(folders)
    }
}

impl Place {
    fn has(&self, path: &Path) -> bool {
        let Ok(inside) = path.strip_prefix(&self.path) else { return false };
        if !self.is_folder {
            return inside.as_os_str().is_empty();
        }
        let mut names = inside.components().map(|component| component.as_os_str().to_string_lossy());
        inside.components().next().is_some_and(|first| !NOT_BUILT.iter().any(|name| first.as_os_str() == *name))
            && names.all(|name| !is_temporary(&name))
    }
}

/// Whether an editor has put a file of this name beside the one that is edited, or the system beside any.
fn is_temporary(name: &str) -> bool {
    const ENDINGS: [&str; 7] = ["~", ".swp", ".swx", ".tmp", ".bak", ".orig", "___"];
    // 4913: Vim asks with it whether a folder can be written to.
    name.starts_with(['.', '#']) || name == "4913" || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(folder: &Path) -> Sources {
        for name in ["functions/f/src", "functions/f/tests", "functions/f/target", "functions/f/.git", "machine/src"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        fs::write(folder.join("settings.yaml"), "").unwrap();
        let mut sources = Sources(Vec::new());
        sources.add(&folder.join("functions/f"), Change::Packages).unwrap();
        sources.add(&folder.join("machine"), Change::Definition).unwrap();
        sources.add(&folder.join("machine/src"), Change::Packages).unwrap();
        sources.add(&folder.join("settings.yaml"), Change::Packages).unwrap();
        sources
    }

    #[test]
    fn what_a_build_reads_is_told_from_what_it_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let sources = sources(&root);
        let check = |path: &str, expected| assert_eq!(sources.change(&root.join(path)), expected, "{path}");
        for path in ["functions/f/src/main.rs", "functions/f/src/a/b.rs", "functions/f/contract.yaml", "settings.yaml"]
        {
            check(path, Some(Change::Packages));
        }
        check("machine/src/lib.rs", Some(Change::Definition));
        for path in [
            "functions/f/tests/end.rs",
            "functions/f/target/debug/f",
            "functions/f/src/.main.rs.swp",
            "functions/f/src/main.rs~",
            "functions/f/src/4913",
            "functions/f/src/#main.rs#",
            "functions/f/src/main.rs___jb_tmp___",
            "functions/f",
            "settings.yaml.tmp",
            "README.md",
        ] {
            check(path, None);
        }
    }

    #[test]
    fn no_build_output_is_watched() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let folders = sources(&root).folders().unwrap();
        let recursive = folders.iter().filter(|(_, mode)| **mode == RecursiveMode::Recursive).map(|(path, _)| path);
        assert_eq!(
            recursive.map(|path| path.strip_prefix(&root).unwrap()).collect::<Vec<_>>(),
            ["functions/f/src", "machine/src"].map(Path::new)
        );
        assert_eq!(folders.get(&root), Some(&RecursiveMode::NonRecursive));
    }

    #[test]
    fn the_sources_of_this_program_are_found() {
        let root = workspace().canonicalize().unwrap();
        let contract = root.join("functions/processor/contract.yaml");
        let sources = Sources::find(&root.join("stack/settings.yaml"), &contract).unwrap();
        let check = |path: &str, expected| assert_eq!(sources.change(&root.join(path)), expected, "{path}");
        check("functions/activity/src/lib.rs", Some(Change::Packages));
        check("stack/settings.yaml", Some(Change::Packages));
        check("functions/contract/src/lib.rs", Some(Change::Definition));
        check("statemachine/src/pipeline.rs", Some(Change::Definition));
        check("stack/src/pipeline/storage.rs", Some(Change::Definition));
        check("templates/dashboard.json.hbs", Some(Change::Definition));
        check("tests/src/lib.rs", None);
        assert!(!sources.folders().unwrap().keys().any(|folder| folder.starts_with(root.join("target"))));
    }
}

//! `quarantine`: what the pipeline has left out, and the rows themselves, to be mended.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek as _, Write};
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use contract::{FileLocation, QUARANTINE_MANIFEST, QUARANTINE_PREFIX, QuarantineManifest};
use flate2::read::MultiGzDecoder;
use local::{Clients, Object};
use miette::{Context, IntoDiagnostic, Result, miette};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use stack::pipeline::output;
use tokio::task::JoinSet;

use super::{SettingsFile, deploy};
use crate::cli::{Environment, Quarantine, QuarantineGet, QuarantineList, Target};
use crate::terminal::{self, Table};

/// The exit code where rows could not be given whole.
const INCOMPLETE: u8 = 2;

/// Manifests read at a time.
const TOGETHER: usize = 16;

/// Lists or gets.
pub async fn run(verb: &Quarantine, settings: &SettingsFile) -> Result<ExitCode> {
    match verb {
        Quarantine::List(verb) => list(verb, settings).await,
        Quarantine::Get(verb) => get(verb, settings).await,
    }
}

async fn list(verb: &QuarantineList, settings: &SettingsFile) -> Result<ExitCode> {
    let bucket = Bucket::connect(&verb.environment, &verb.target, settings).await?;
    let prefix = match verb.dt {
        Some(day) => format!("{QUARANTINE_PREFIX}dt={day}/"),
        None => QUARANTINE_PREFIX.to_owned(),
    };
    let found = bucket.manifests(&prefix).await?;
    if verb.json {
        let described = |(key, manifest): &(String, QuarantineManifest)| json!({"key": key, "manifest": manifest});
        terminal::print_json(&found.iter().map(described).collect::<Vec<_>>())?;
    } else if found.is_empty() {
        eprintln!("nothing is in quarantine below s3://{}/{prefix}", bucket.name);
    } else {
        let mut table = Table::with_head(&["file", "rows", "of", "codes", "manifest"]);
        for (key, manifest) in &found {
            let codes = manifest.codes.iter().map(|(code, rows)| format!("{code} {rows}")).collect::<Vec<_>>();
            let counts = [manifest.counts.quarantined, manifest.counts.lines].map(|count| count.to_string());
            let [rows, lines] = counts;
            table.add([manifest.file.key.clone(), rows, lines, codes.join(", "), key.clone()]);
        }
        terminal::print(&table.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn get(verb: &QuarantineGet, settings: &SettingsFile) -> Result<ExitCode> {
    let bucket = Bucket::connect(&verb.environment, &verb.target, settings).await?;
    let manifest = bucket.find(&verb.name).await?;
    let written = match &verb.out {
        Some(path) => {
            // The file is made when all rows are there: half of them would look like all.
            let mut rows = BufWriter::new(tempfile::tempfile().into_diagnostic()?);
            let written = bucket.write_rows(&manifest, Purpose::Edit, &mut rows).await?;
            let mut rows = rows.into_inner().into_diagnostic()?;
            let copied = rows.rewind().and_then(|()| io::copy(&mut rows, &mut File::create(path)?));
            copied.into_diagnostic().wrap_err_with(|| format!("cannot write {}", path.display()))?;
            written
        }
        None => bucket.write_rows(&manifest, Purpose::Edit, &mut io::stdout().lock()).await?,
    };
    let into = verb.out.as_ref().map(|path| format!(" to {}", path.display())).unwrap_or_default();
    eprintln!("wrote {} rows of s3://{}/{}{into}", written.rows, manifest.file.bucket, manifest.file.key);
    Ok(written.tell_left())
}

/// The quarantine bucket of a deployed stack.
pub struct Bucket {
    /// The clients to reach it.
    pub clients: Clients,
    /// The stack's outputs.
    pub outputs: BTreeMap<String, String>,
    name: String,
}

/// What the rows are wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be read and changed: text only.
    Edit,
    /// To be put back as they are.
    Replay,
}

/// Rows that were written out.
pub struct Written {
    /// How many.
    pub rows: u64,
    /// Those that could not be: their lines, and why.
    left: Vec<(u64, &'static str)>,
}

/// As much of a record as is needed.
#[derive(Deserialize)]
struct Record {
    line: u64,
    length: u64,
    raw_base64: String,
}

impl Bucket {
    /// Finds the bucket of the stack.
    pub async fn connect(environment: &Environment, target: &Target, settings: &SettingsFile) -> Result<Self> {
        let stack_name = settings.read(&environment.environment)?.stack_name();
        let connection = deploy::connect(target).await?;
        let outputs = connection.outputs(&stack_name).await.into_diagnostic()?;
        let name = outputs.get(output::QUARANTINE_BUCKET).cloned();
        let name = name.ok_or_else(|| miette!("the stack {stack_name} names no quarantine bucket; deploy it again"))?;
        Ok(Self { clients: Clients::new(connection.sdk_config()), outputs, name })
    }

    /// The manifests below `prefix` that list rows, in the order of their keys. One that lists none says that the last run
    /// left nothing.
    async fn manifests(&self, prefix: &str) -> Result<Vec<(String, QuarantineManifest)>> {
        let mut keys = local::list(&self.clients.s3, &self.name, prefix).await.into_diagnostic()?;
        keys.retain(|key| key.ends_with(&format!("/{QUARANTINE_MANIFEST}")));
        let mut found = BTreeMap::new();
        for keys in keys.chunks(TOGETHER) {
            let mut reading = JoinSet::new();
            for key in keys {
                let (client, bucket, key) = (self.clients.s3.clone(), self.name.clone(), key.clone());
                reading.spawn(async move {
                    let text = local::read(&client, &bucket, &key).await.into_diagnostic()?;
                    Ok::<_, miette::Report>((manifest(&key, &text)?, key))
                });
            }
            while let Some(read) = reading.join_next().await {
                let (manifest, key) = read.into_diagnostic()??;
                if !manifest.objects.is_empty() {
                    found.insert(key, manifest);
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The manifest under a key, or that of the state of a file that no other has replaced.
    pub async fn find(&self, name: &str) -> Result<QuarantineManifest> {
        if name.starts_with(QUARANTINE_PREFIX) && name.ends_with(QUARANTINE_MANIFEST) {
            let text = local::read(&self.clients.s3, &self.name, name).await.into_diagnostic()?;
            let found = manifest(name, &text)?;
            if found.objects.is_empty() {
                return Err(miette!("{name} lists no rows: the file was run again, and nothing was left out"));
            }
            return Ok(found);
        }
        let mut found = self.manifests(QUARANTINE_PREFIX).await?;
        found.retain(|(_, manifest)| manifest.file.key == name);
        if found.is_empty() {
            return Err(miette!("nothing of {name} is in quarantine; `stack quarantine list` shows what is"));
        }
        let keys = found.iter().map(|(key, _)| format!("\n  {key}")).collect::<String>();
        let mut current = Vec::new();
        for (_, manifest) in found {
            if !self.is_replaced(&manifest.file).await? {
                current.push(manifest);
            }
        }
        match current.pop() {
            Some(manifest) if current.is_empty() => Ok(manifest),
            Some(_) => Err(miette!("{name} is in quarantine in several states; name the manifest of one:{keys}")),
            None => Err(miette!(
                "{name} has been replaced since; for the rows of an earlier state name its manifest:{keys}"
            )),
        }
    }

    /// Whether another state has taken the place of a file that was processed.
    async fn is_replaced(&self, file: &FileLocation) -> Result<bool> {
        let FileLocation { bucket, key, version_id, etag, .. } = file.clone();
        let object = Object { bucket, key, version_id };
        local::is_replaced(&self.clients.s3, &object, etag.as_deref()).await.into_diagnostic()
    }

    /// Writes the rows of `manifest` to `to`, byte for byte, a line each.
    pub async fn write_rows(
        &self,
        manifest: &QuarantineManifest,
        purpose: Purpose,
        to: &mut impl Write,
    ) -> Result<Written> {
        let folder = tempfile::tempdir().into_diagnostic()?;
        let path = folder.path().join("rows.jsonl.gz");
        let mut written = Written { rows: 0, left: Vec::new() };
        for object in &manifest.objects {
            local::download(&self.clients.s3, &self.name, &object.key, &path).await.into_diagnostic()?;
            let of_object = || format!("s3://{}/{}", self.name, object.key);
            if hash(&path)? != object.sha256 {
                let url = of_object();
                return Err(miette!("{url} is not what its manifest lists: the file was processed again; try again"));
            }
            let rows = BufReader::new(MultiGzDecoder::new(File::open(&path).into_diagnostic()?));
            for row in rows.lines() {
                let row = row.into_diagnostic().wrap_err_with(of_object)?;
                let record: Record = serde_json::from_str(&row).into_diagnostic().wrap_err_with(of_object)?;
                written.add(&record, purpose, to)?;
            }
        }
        Ok(written)
    }
}

impl Written {
    fn add(&mut self, record: &Record, purpose: Purpose, to: &mut impl Write) -> Result<()> {
        let raw = BASE64_STANDARD.decode(&record.raw_base64).into_diagnostic()?;
        if raw.len() as u64 != record.length {
            self.left.push((record.line, "was too long, and only its start is kept"));
        } else if purpose == Purpose::Edit && std::str::from_utf8(&raw).is_err() {
            self.left.push((record.line, "is not text"));
        } else {
            to.write_all(&raw).and_then(|()| to.write_all(b"\n")).into_diagnostic()?;
            self.rows += 1;
        }
        Ok(())
    }

    /// Says on standard error which rows were left, and makes the exit code of it.
    pub fn tell_left(&self) -> ExitCode {
        for (line, why) in &self.left {
            eprintln!("left out: line {line} {why}");
        }
        if self.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(INCOMPLETE) }
    }
}

fn manifest(key: &str, text: &[u8]) -> Result<QuarantineManifest> {
    serde_json::from_slice(text).into_diagnostic().wrap_err_with(|| format!("{key} is no manifest"))
}

/// The SHA-256 of a file, in hexadecimal.
pub fn hash(path: &Path) -> Result<String> {
    let mut file = File::open(path).into_diagnostic()?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).into_diagnostic()? {
            0 => return Ok(hex::encode(hash.finalize())),
            length => hash.update(&buffer[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &[u8], length: u64, purpose: Purpose, expected: &[u8], left: usize) {
        let record = Record { line: 7, length, raw_base64: BASE64_STANDARD.encode(raw) };
        let (mut output, mut written) = (Vec::new(), Written { rows: 0, left: Vec::new() });
        written.add(&record, purpose, &mut output).unwrap();
        assert_eq!((output.as_slice(), written.left.len()), (expected, left));
    }

    #[test]
    fn what_an_editor_would_spoil_and_what_is_cut_off_is_left_out() {
        check(b"{\"a\": 1", 7, Purpose::Edit, b"{\"a\": 1\n", 0);
        check(b"\xff{", 2, Purpose::Edit, b"", 1);
        check(b"\xff{", 2, Purpose::Replay, b"\xff{\n", 0);
        check(b"{\"a\"", 2_000_000, Purpose::Edit, b"", 1);
        check(b"{\"a\"", 2_000_000, Purpose::Replay, b"", 1);
    }
}

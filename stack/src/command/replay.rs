//! `replay`: puts mended rows through the pipeline again.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use activity::{RecordContract, Row, Summary};
use contract::{Counts, ProcessorOutput, REPLAY_PREFIX, Verdict};
use flate2::Compression;
use flate2::write::GzEncoder;
use local::{Execution, Executions, Object};
use miette::{Context, IntoDiagnostic, Result, miette};
use serde_json::json;
use stack::pipeline::output;

use super::quarantine::{Bucket, Purpose, hash};
use super::{SettingsFile, check, package, unreadable, upload};
use crate::cli::Replay;
use crate::terminal::{self, Table};

/// The exit code where rows are still wrong.
const STILL_WRONG: u8 = 2;

/// Rows shown of those that are still wrong.
const SHOWN: usize = 20;

/// How much of the hash names the file.
const HASH_DIGITS: usize = 16;

/// Checks the rows, uploads them, and follows them where that is wanted.
pub async fn run(verb: &Replay, settings: &SettingsFile) -> Result<ExitCode> {
    // Their files were judged when they came.
    let contract = package::record_contract(&verb.packaging)?.of_rows();
    let folder = tempfile::tempdir().into_diagnostic()?;
    // A file of one's own is checked before anything is asked of a cloud.
    let (rows, source, bucket, left) = match (&verb.file, &verb.from) {
        (Some(file), _) => (file.clone(), file.as_path(), None, ExitCode::SUCCESS),
        (None, Some(name)) => {
            let bucket = Bucket::connect(&verb.environment, &verb.target, settings).await?;
            let file = folder.path().join("rows.jsonl");
            let mut writer = BufWriter::new(File::create(&file).into_diagnostic()?);
            let written = bucket.write_rows(&bucket.find(name).await?, Purpose::Replay, &mut writer).await?;
            let left = written.tell_left();
            writer.flush().into_diagnostic()?;
            (file, Path::new(name), Some(bucket), left)
        }
        (None, None) => return Err(miette!("name a file, or a manifest with --from")),
    };
    let packed = pack(&rows, folder.path())?;
    if !is_sound(&packed, source, &contract, verb.force)? {
        return Ok(ExitCode::from(STILL_WRONG));
    }
    let bucket = match bucket {
        Some(bucket) => bucket,
        None => Bucket::connect(&verb.environment, &verb.target, settings).await?,
    };
    let name = format!("{}.jsonl.gz", &hash(&packed)?[..HASH_DIGITS]);
    let key = upload::key_of_day(REPLAY_PREFIX, upload::today(), &name);
    let output =
        |name: &str| bucket.outputs.get(name).ok_or_else(|| miette!("the stack has no output {name}; deploy it again"));
    let into = output(output::INGEST_BUCKET)?;
    let mut executions = match verb.wait {
        true => {
            Some(Executions::from_now(&bucket.clients.sfn, output(output::STATE_MACHINE)?).await.into_diagnostic()?)
        }
        false => None,
    };
    let object = local::upload(&bucket.clients.s3, &packed, into, &key).await.into_diagnostic()?.object;
    eprintln!("uploaded s3://{into}/{key}");
    let execution = match &mut executions {
        Some(executions) => {
            let limit = Duration::from_secs(verb.timeout.get().into());
            let ended = executions.wait(std::slice::from_ref(&object), limit, |_| {}).await.into_diagnostic()?;
            ended.into_iter().next()
        }
        None => None,
    };
    let ended = tell(verb.json, &object, execution.as_ref())?;
    Ok(if ended == ExitCode::SUCCESS { left } else { ended })
}

/// Whether the rows of `source`, as they are uploaded, may be put back: all of them are good, or it is forced. Shows what is
/// wrong.
fn is_sound(packed: &Path, source: &Path, contract: &RecordContract, force: bool) -> Result<bool> {
    let mut wrong = Vec::new();
    let summary = check::read_file(packed, contract, |row| {
        if let Row::Quarantined(row) = row
            && wrong.len() < SHOWN
        {
            let reasons = row.reasons.iter().map(ToString::to_string).collect::<Vec<_>>();
            wrong.push((row.line.number, reasons.join("; ")));
        }
    })?;
    let Counts { lines, blank, quarantined, dropped, .. } = summary.counts;
    if lines == blank {
        return Err(miette!("{} holds no rows", source.display()));
    }
    if quarantined + dropped == 0 && summary.verdict < Verdict::Fail {
        return Ok(true);
    }
    tell_wrong(&summary, &wrong);
    if !force {
        eprintln!("nothing was uploaded; mend the rows, or the contract, or replay them as they are with --force");
    }
    Ok(force)
}

fn tell_wrong(summary: &Summary, wrong: &[(u64, String)]) {
    let Counts { lines, quarantined, dropped, .. } = summary.counts;
    let mut table = Table::with_text(&["line", "what is wrong"]);
    for (line, reasons) in wrong {
        table.add([line.to_string(), reasons.clone()]);
    }
    if !wrong.is_empty() {
        eprint!("{table}");
    }
    if let Some(damage) = &summary.damage {
        eprintln!("{damage}");
    }
    if quarantined > wrong.len() as u64 {
        eprintln!("and {} more", quarantined - wrong.len() as u64);
    }
    eprintln!(
        "of {lines} lines {quarantined} would be quarantined and {dropped} dropped; the verdict is {}",
        summary.verdict
    );
}

/// The file as it is uploaded: gzip, the same bytes for the same rows.
fn pack(path: &Path, folder: &Path) -> Result<PathBuf> {
    let mut file = BufReader::new(File::open(path).into_diagnostic().wrap_err_with(|| unreadable(path))?);
    let mut magic = Vec::new();
    file.by_ref().take(2).read_to_end(&mut magic).into_diagnostic().wrap_err_with(|| unreadable(path))?;
    if magic == [0x1f, 0x8b] {
        return Ok(path.to_owned());
    }
    let packed = folder.join("packed.jsonl.gz");
    let mut gzip = GzEncoder::new(BufWriter::new(File::create(&packed).into_diagnostic()?), Compression::default());
    gzip.write_all(&magic).into_diagnostic()?;
    std::io::copy(&mut file, &mut gzip).into_diagnostic().wrap_err_with(|| unreadable(path))?;
    gzip.finish().and_then(|mut file| file.flush()).into_diagnostic()?;
    Ok(packed)
}

fn tell(json: bool, object: &Object, execution: Option<&Execution>) -> Result<ExitCode> {
    let summary = execution.and_then(|execution| execution.output.as_deref().or(execution.cause.as_deref()));
    let summary = summary.and_then(|text| serde_json::from_str::<ProcessorOutput>(text).ok());
    if json {
        terminal::print_json(&json!({
            "bucket": object.bucket,
            "key": object.key,
            "version_id": object.version_id,
            "execution_arn": execution.map(|execution| &execution.arn),
            "status": execution.map(|execution| &execution.status),
            "output": summary,
        }))?;
    } else if let (Some(execution), Some(ProcessorOutput { counts, .. })) = (execution, &summary) {
        let head = ["file", "status", "lines", "written", "duplicates", "quarantined", "dropped", "blank"];
        let Counts { lines, written, duplicates, quarantined, dropped, blank } = *counts;
        let figures = [lines, written, duplicates, quarantined, dropped, blank].map(|figure| figure.to_string());
        let mut table = Table::with_head(&head);
        table.add([object.key.clone(), execution.status.clone()].into_iter().chain(figures));
        terminal::print(&table.to_string())?;
    }
    match execution {
        Some(execution) if !execution.succeeded() => {
            let error = execution.error.as_deref().unwrap_or("no error is given");
            Err(miette!("the execution {} {}: {error}", execution.arn, execution.status))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

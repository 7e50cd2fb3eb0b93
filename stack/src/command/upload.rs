//! `upload`: makes sample files and puts them where the pipeline takes them up.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use contract::INGEST_PREFIX;
use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use miette::{Context, IntoDiagnostic, Result, miette};
use stack::pipeline::output;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{SettingsFile, deploy};
use crate::cli::Upload;
use crate::{sample, terminal};

/// Makes the files, a few at a time, and uploads each.
pub async fn run(verb: &Upload, settings: &SettingsFile) -> Result<ExitCode> {
    let settings = settings.read(&verb.environment.environment)?;
    let connection = deploy::connect(&verb.target).await?;
    let bucket = match &verb.bucket {
        Some(bucket) => bucket.clone(),
        None => {
            let mut outputs = connection.outputs(&settings.stack_name()).await.into_diagnostic()?;
            outputs.remove(output::INGEST_BUCKET).ok_or_else(|| miette!("the stack names no bucket; give --bucket"))?
        }
    };
    let day = verb.prefix_date.unwrap_or_else(today);
    let folder = tempfile::tempdir().into_diagnostic()?;
    let client = local::Clients::new(connection.sdk_config()).s3;
    let (workers, mut uploads) = (Arc::new(Semaphore::new(verb.workers.get() as usize)), JoinSet::new());
    for file in 0..verb.total_files.get() {
        let key = key_of_day(INGEST_PREFIX, day, &format!("activity-{day}-{file:05}.jsonl.gz"));
        let path = folder.path().join(format!("{file}.jsonl.gz"));
        let (client, bucket, rows) = (client.clone(), bucket.clone(), verb.rows_per_file.get());
        let workers = Arc::clone(&workers);
        uploads.spawn(async move {
            let _turn = workers.acquire_owned().await.into_diagnostic()?;
            write_gzip(&path, rows, day, u64::from(file))?;
            local::upload(&client, &path, &bucket, &key).await.into_diagnostic()?;
            std::fs::remove_file(&path).into_diagnostic()?;
            Ok::<_, miette::Report>(format!("s3://{bucket}/{key}\n"))
        });
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} files").into_diagnostic()?;
    let progress = ProgressBar::new(u64::from(verb.total_files.get())).with_style(style);
    while let Some(uploaded) = uploads.join_next().await {
        let line = uploaded.into_diagnostic()??;
        progress.suspend(|| terminal::print(&line))?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(ExitCode::SUCCESS)
}

/// Today in UTC.
pub fn today() -> Date {
    Timestamp::now().to_zoned_datetime(TimeZone::UTC).date()
}

/// Where a file of that day goes: `<prefix>YYYY/MM/DD/<name>`.
pub fn key_of_day(prefix: &str, day: Date, name: &str) -> String {
    format!("{prefix}{}/{name}", day.strftime("%Y/%m/%d"))
}

/// Writes a gzip file of sample rows.
pub fn write_gzip(path: &Path, rows: u32, day: Date, seed: u64) -> Result<()> {
    let written = std::fs::File::create(path).and_then(|file| {
        let mut gzip = GzEncoder::new(std::io::BufWriter::new(file), Compression::default());
        sample::write(rows, day, seed, &mut gzip)?;
        gzip.finish()?.flush()
    });
    written.into_diagnostic().wrap_err_with(|| format!("cannot write {}", path.display()))
}

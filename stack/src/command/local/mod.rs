//! `local`: the pipeline on this machine.

mod report;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use activity::{RecordContract, Row};
use contract::{Counts, INGEST_PREFIX, INGEST_SUFFIXES};
use deployment::Connection;
use indicatif::{ProgressBar, ProgressStyle};
use local::{Clients, Emulator, Execution, ExecutionEvent, Executions, Object};
use miette::{Context, IntoDiagnostic, Result, miette};
use stack::pipeline::output;

use self::report::{FileReport, Report, TableReport};
use super::{SettingsFile, check, deploy, package, unreadable, upload};
use crate::cli::{self, LocalRun, LocalUp};
use crate::terminal;

/// Rows of the sample that `local run` makes.
const SAMPLE_ROWS: u32 = 5_000;

/// Parallel readers of the table.
const SCAN_SEGMENTS: u16 = 4;

/// Starts the emulator in the background and deploys to it.
pub async fn up(verb: &LocalUp, settings: &SettingsFile) -> Result<ExitCode> {
    let settings = settings.read(&verb.environment.environment)?;
    package::record_contract(&verb.packaging)?;
    let daemon = local::up(&options(&verb.emulator)).await.into_diagnostic()?;
    let connection = connect(&daemon.endpoint).await?;
    let packages = package::build(&verb.packaging, &settings)?;
    let outputs = deploy::deploy(&connection, &settings, &packages).await?;
    terminal::print(&super::outputs::table(&outputs).to_string())?;
    eprintln!("the emulator runs at {}; stop it with `stack local down`", daemon.endpoint);
    eprintln!("other tools reach it with AWS_ENDPOINT_URL={} and any credentials", daemon.endpoint);
    Ok(ExitCode::SUCCESS)
}

/// Stops the emulator in the background.
pub async fn down() -> Result<ExitCode> {
    match local::down(&options(&cli::Emulator { port: 0 })).await.into_diagnostic()? {
        Some(daemon) => eprintln!("stopped the emulator at {}", daemon.endpoint),
        None => eprintln!("no emulator was running"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs files through the pipeline and accounts for every line.
pub async fn run(verb: &LocalRun, settings: &SettingsFile) -> Result<ExitCode> {
    let started = Instant::now();
    let settings = settings.read(&verb.environment.environment)?;
    let contract = package::record_contract(&verb.packaging)?;
    let folder = tempfile::tempdir().into_diagnostic()?;
    let files = files(&verb.files, folder.path())?;

    let emulator = Running::find_or_start(&verb.emulator).await?;
    let connection = connect(emulator.endpoint()).await?;
    let packages = package::build(&verb.packaging, &settings)?;
    let outputs = deploy::deploy(&connection, &settings, &packages).await?;
    let pipeline = Pipeline { clients: Clients::new(connection.sdk_config()), outputs };

    let uploading = Instant::now();
    let executions = pipeline.process(&files, Duration::from_secs(verb.timeout.get().into())).await?;
    let processing_seconds = uploading.elapsed().as_secs_f64();
    let (expected, items) = pipeline.read_back(&files, &contract).await?;
    let files = files.into_iter().zip(executions).zip(expected);
    let files: Vec<FileReport> = files
        .map(|((file, (object, execution)), read_back)| FileReport::new(file, object, execution, read_back))
        .collect();
    let mut totals = Counts::default();
    files.iter().for_each(|file| totals += file.counts);
    let report = Report {
        stack: settings.stack_name(),
        endpoint: emulator.endpoint().to_owned(),
        files,
        totals,
        table: TableReport { name: pipeline.output(output::TABLE)?.to_owned(), items },
        processing_seconds,
        seconds: started.elapsed().as_secs_f64(),
    };
    emulator.stop().await;
    report.print(verb.json)
}

/// The files to run: those of the command line, or a sample made in `folder`.
fn files(given: &[PathBuf], folder: &Path) -> Result<Vec<PathBuf>> {
    if given.is_empty() {
        let sample = folder.join("sample.jsonl.gz");
        upload::write_gzip(&sample, SAMPLE_ROWS, upload::today(), 0)?;
        return Ok(vec![sample]);
    }
    for path in given {
        File::open(path).into_diagnostic().wrap_err_with(|| unreadable(path))?;
        let name = path.to_string_lossy();
        if !INGEST_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            let suffixes = INGEST_SUFFIXES.join(", ");
            return Err(miette!("{name} would start nothing: the pipeline takes files named {suffixes}; rename it"));
        }
    }
    Ok(given.to_vec())
}

fn options(emulator: &cli::Emulator) -> local::Options {
    let folder = package::workspace().join("target").join("emulator");
    local::Options { port: emulator.port, ..local::Options::in_folder(folder) }
}

/// Connects to the emulator, with credentials that no account has.
async fn connect(endpoint: &str) -> Result<Connection> {
    Connection::with_config(local::sdk_config(endpoint, local::DEFAULT_REGION)).await.into_diagnostic()
}

/// The emulator that the run uses.
enum Running {
    /// One that `local up` started, which goes on afterwards.
    Found(local::Daemon),
    /// One of the run's own.
    Started(Emulator, String),
}

impl Running {
    async fn find_or_start(emulator: &cli::Emulator) -> Result<Self> {
        let options = options(emulator);
        if let Some(daemon) = local::running(&options).into_diagnostic()? {
            eprintln!("using the emulator at {}, which `stack local up` started", daemon.endpoint);
            return Ok(Self::Found(daemon));
        }
        if !local::is_installed(&options) {
            eprintln!("installing the emulator, ministack {}, below {}", local::VERSION, options.programs.display());
        }
        let emulator = Emulator::start(&options).await.into_diagnostic()?;
        let endpoint = emulator.endpoint();
        Ok(Self::Started(emulator, endpoint))
    }

    fn endpoint(&self) -> &str {
        match self {
            Self::Found(daemon) => &daemon.endpoint,
            Self::Started(_, endpoint) => endpoint,
        }
    }

    async fn stop(self) {
        if let Self::Started(emulator, _) = self {
            emulator.stop().await;
        }
    }
}

/// The deployed pipeline.
struct Pipeline {
    clients: Clients,
    outputs: BTreeMap<String, String>,
}

impl Pipeline {
    fn output(&self, name: &str) -> Result<&str> {
        self.outputs
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| miette!("the stack has no output {name}; deploy it again"))
    }

    /// Uploads the files and waits for the executions that they start.
    async fn process(&self, files: &[PathBuf], limit: Duration) -> Result<Vec<(Object, Execution)>> {
        let mut executions =
            Executions::from_now(&self.clients.sfn, self.output(output::STATE_MACHINE)?).await.into_diagnostic()?;
        let bucket = self.output(output::INGEST_BUCKET)?;
        let mut objects = Vec::with_capacity(files.len());
        for (path, key) in files.iter().zip(keys(files)) {
            eprintln!("uploading {} to s3://{bucket}/{key}", path.display());
            objects.push(local::upload(&self.clients.s3, path, bucket, &key).await.into_diagnostic()?.object);
        }
        let style =
            ProgressStyle::with_template("{spinner} {bar:40} {pos}/{len} executions, {elapsed}").into_diagnostic()?;
        let progress = ProgressBar::new(files.len() as u64).with_style(style);
        progress.enable_steady_tick(Duration::from_millis(200));
        let ended = executions
            .wait(&objects, limit, |event| {
                if let ExecutionEvent::Ended { .. } = event {
                    progress.inc(1);
                }
            })
            .await
            .into_diagnostic()?;
        progress.finish_and_clear();
        Ok(objects.into_iter().zip(ended).collect())
    }

    /// Reads the table back. Gives, for each file, what the record contract says of it here and how many of its items
    /// the table has; and the number of all items.
    async fn read_back(&self, files: &[PathBuf], contract: &RecordContract) -> Result<(Vec<ReadBack>, u64)> {
        let mut found: HashMap<(String, String), bool> = HashMap::new();
        let mut expected = Vec::with_capacity(files.len());
        for path in files {
            let mut keys = Vec::new();
            let counts = check::read_file(path, contract, |row| {
                if let Row::Item { item, .. } = row {
                    keys.push((item.user_id.into(), item.timestamp));
                }
            })?
            .counts;
            found.extend(keys.iter().map(|key| (key.clone(), false)));
            expected.push((counts, keys));
        }
        let table = self.output(output::TABLE)?;
        let items = local::scan_keys(&self.clients.dynamodb, table, SCAN_SEGMENTS, |key| {
            let sort = key.sort.and_then(|sort| sort.as_s().ok().cloned());
            if let (Ok(partition), Some(sort)) = (key.partition.as_s(), sort)
                && let Some(seen) = found.get_mut(&(partition.clone(), sort))
            {
                *seen = true;
            }
        })
        .await
        .into_diagnostic()?;
        let read_back = expected.into_iter().map(|(counts, keys)| ReadBack {
            counts,
            items: keys.iter().filter(|key| found.get(key).copied().unwrap_or(false)).count() as u64,
        });
        Ok((read_back.collect(), items))
    }
}

/// Where each file goes. Files of one name, from several folders, are told apart by a number.
fn keys(files: &[PathBuf]) -> Vec<String> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let day = upload::today();
    let keys = files.iter().map(name).map(|name| {
        let count = seen.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
        upload::key_of_day(INGEST_PREFIX, day, &if *count == 1 { name } else { format!("{count}/{name}") })
    });
    keys.collect()
}

/// What a file holds by this program's own reading, and what the table has of it.
struct ReadBack {
    counts: Counts,
    items: u64,
}

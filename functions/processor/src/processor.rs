//! Joins the stages into one run over one file.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use activity::{Code, FileReader, Reason, RecordContract, Refusal, Spill, Summary};
use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use contract::{
    FileLocation, ProcessorEnvironment, ProcessorOutput, QuarantineManifest, RECORD_CONTRACT_FILE, RunReport, Verdict,
};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tracing::info;

use crate::backoff::Backoff;
use crate::batch::Closed;
use crate::batch_write::BatchWriter;
use crate::error::Error;
use crate::object::Object;
use crate::place::Place;
use crate::quarantine::{self, Quarantine, Records};
use crate::reader;
use crate::refused::Refused;
use crate::run_report;
use crate::spill::TemporaryFolder;
use crate::table::Table;

/// How many bytes of batches are on their way to the table at a time, but for the last one. Usual batches are far below
/// it: it is for rows near DynamoDB's 400 KB, of which 64 batches would not fit a small function's memory.
const BYTES_IN_FLIGHT: usize = 8 << 20;

/// What the row reader keeps of the keys seen in memory, bytes: enough for 390,000 rows without a look at a file, and
/// for a file of 33 million, 10 GB, with few.
const KEYS_BYTES: usize = 32 << 20;

/// How many messages may wait between two stages.
const WAITING: usize = 4;

/// How long a service may take to begin its answer. Without a bound, one lost packet costs the whole invocation.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Processes files, one at a time or several.
#[derive(Debug)]
pub struct Processor {
    s3: aws_sdk_s3::Client,
    writer: BatchWriter,
    environment: ProcessorEnvironment,
    contract: Arc<RecordContract>,
    backoff: Backoff,
}

impl Processor {
    /// A processor with the clients' settings of `config` and the record contract `contract`.
    pub fn new(config: &SdkConfig, environment: ProcessorEnvironment, contract: RecordContract) -> Self {
        let config =
            config.to_builder().timeout_config(TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build()).build();
        // A local server has no host name for each bucket.
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(config.endpoint_url().is_some());
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            writer: BatchWriter::new(config),
            environment,
            contract: Arc::new(contract),
            backoff: Backoff::default(),
        }
    }

    /// Waits between tries as `backoff` says.
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Processes `file` within `time`, and leaves a report. Processing the same state of a file again writes the same
    /// items and the same quarantine objects.
    ///
    /// # Errors
    ///
    /// The file is not processed whole: items may have been written, but the quarantine has no manifest. A damaged file
    /// is no error: it is processed up to the damage, which the output names.
    pub async fn process(&self, file: FileLocation, time: Duration) -> Result<ProcessorOutput, Error> {
        let started = Instant::now();
        let deadline = started + time;
        let opened = timeout_at(deadline, Object::open(&self.s3, &file)).await;
        let object = opened.unwrap_or(Err(Error::Deadline))?;
        let bucket = &self.environment.quarantine_bucket;
        let place = Place::new(&file, object.revision(), object.arrived());
        let mut quarantine = Quarantine::new(&self.s3, bucket, &place, 1);
        let pinned = object.pinned();
        let run = timeout_at(deadline, async {
            let mut output = if self.contract.is_strict() {
                let refusal = self.judge(object).await?;
                let object = Object::open(&self.s3, &pinned).await?;
                self.run(&file, object, refusal, &mut quarantine).await?
            } else {
                self.run(&file, object, None, &mut quarantine).await?
            };
            let objects = quarantine.finish().await?;
            if !objects.is_empty() {
                let manifest = QuarantineManifest::new(pinned, output.counts, objects);
                let key = quarantine::write_manifest(&self.s3, bucket, &place, &manifest).await?;
                output.quarantine_manifest = Some(key);
            }
            output.report = Some(place.report("json"));
            let (samples, seconds) = (quarantine.samples().into_rows(), started.elapsed().as_secs_f64());
            let report = RunReport { output, samples, seconds };
            run_report::write(&self.s3, bucket, &place, &report).await?;
            Ok(report.output)
        });
        let outcome = run.await.unwrap_or(Err(Error::Deadline));
        if outcome.is_err() {
            quarantine.abort().await;
        }
        outcome
    }

    /// Reads the object once, before anything of it is written, and tells whether the contract refuses it.
    async fn judge(&self, object: Object<'_>) -> Result<Option<Refusal>, Error> {
        let (chunk_sender, chunks) = mpsc::channel(WAITING);
        let (contract, arrived) = (Arc::clone(&self.contract), object.arrived());
        let judging = tokio::task::spawn_blocking(move || reader::judge(file_reader(&contract, arrived), chunks));
        let ((), summary) = tokio::try_join!(object.send_to(chunk_sender, self.backoff), async {
            judging.await??.ok_or(Error::CutOff)
        })?;
        Ok(summary.refusal)
    }

    /// Runs the four stages to their end.
    async fn run(
        &self,
        file: &FileLocation,
        object: Object<'_>,
        refusal: Option<Refusal>,
        quarantine: &mut Quarantine<'_>,
    ) -> Result<ProcessorOutput, Error> {
        let (chunk_sender, chunks) = mpsc::channel(WAITING);
        let (batch_sender, batches) = mpsc::channel(WAITING);
        let (record_sender, records) = mpsc::channel(WAITING);
        let (refused_sender, refused_records) = mpsc::channel(WAITING);
        let outlets = reader::Outlets::new(&self.environment.table_name, file.clone(), batch_sender, record_sender);
        let (contract, arrived) = (Arc::clone(&self.contract), object.arrived());
        let reading = tokio::task::spawn_blocking(move || {
            reader::read(file_reader(&contract, arrived).refusing(refusal), chunks, outlets)
        });
        let ((), summary, refused, ()) = tokio::try_join!(
            object.send_to(chunk_sender, self.backoff),
            async { reading.await??.ok_or(Error::CutOff) },
            self.write(file, batches, refused_sender),
            quarantine.receive(records, refused_records),
        )?;
        Ok(output(file.clone(), summary, refused))
    }

    /// Writes batches as they come, as many at a time as the table takes, and sends the lines that it refuses to
    /// `records`, in the file's order. Returns how many those are.
    async fn write(
        &self,
        file: &FileLocation,
        mut batches: mpsc::Receiver<Vec<Closed>>,
        records: mpsc::Sender<Records>,
    ) -> Result<u64, Error> {
        let name = &self.environment.table_name;
        let table = Table { writer: &self.writer, name, backoff: self.backoff, pace: Mutex::default() };
        let write = async |number: u64, batch: Closed| {
            let mut lines = table.write(&batch).await?;
            lines.sort_unstable_by_key(|line| line.number);
            let mut records = Records::default();
            lines.iter().for_each(|line| records.push(file, *line, &[Reason::of_row(Code::WriteRefused)]));
            Ok::<_, Error>((number, batch.bytes(), records))
        };
        let (mut waiting, mut under_way) = (VecDeque::<Closed>::new(), FuturesUnordered::new());
        let (mut refused, mut refused_rows) = (Refused::default(), 0);
        let (mut bytes, mut open) = (0, true);
        loop {
            while under_way.len() < table.limit()
                && bytes + refused.bytes() < BYTES_IN_FLIGHT
                && let Some(batch) = waiting.pop_front()
            {
                bytes += batch.bytes();
                under_way.push(write(refused.begin(), batch));
            }
            tokio::select! {
                Some(written) = under_way.next() => {
                    let (number, size, records) = written?;
                    bytes -= size;
                    refused_rows += records.rows();
                    refused.end(number, records);
                }
                more = batches.recv(), if open && waiting.is_empty() => match more {
                    Some(more) => waiting.extend(more),
                    None => open = false,
                },
                place = records.reserve(), if refused.is_ready() => match (place, refused.next()) {
                    (Ok(place), Some(records)) => place.send(records),
                    // The quarantine has failed, and says so itself.
                    _ => return Err(Error::CutOff),
                },
                else => return Ok(refused_rows),
            }
        }
    }
}

fn file_reader(contract: &RecordContract, arrived: Option<SystemTime>) -> FileReader<'_> {
    let spill: Arc<dyn Spill> = Arc::new(TemporaryFolder::default());
    let reader = FileReader::new(contract).spilling_to(&spill, KEYS_BYTES);
    match arrived {
        Some(time) => reader.arrived_at(time),
        None => reader,
    }
}

/// Puts the reader's account and the table's together.
fn output(file: FileLocation, summary: Summary, refused: u64) -> ProcessorOutput {
    let mut counts = summary.counts;
    counts.written -= refused;
    counts.quarantined += refused;
    let mut errors_by_code = summary.errors_by_code;
    let mut verdict = summary.verdict;
    if refused > 0 {
        verdict = verdict.max(Verdict::Warn);
        errors_by_code.insert(Code::WriteRefused.as_str().to_owned(), refused);
    }
    info!(
        bucket = file.bucket,
        key = file.key,
        lines = counts.lines,
        written = counts.written,
        duplicates = counts.duplicates,
        quarantined = counts.quarantined,
        dropped = counts.dropped,
        blank = counts.blank,
        %verdict,
        ?errors_by_code,
        "processed"
    );
    ProcessorOutput {
        file,
        counts,
        verdict,
        errors_by_code,
        warnings_by_code: summary.warnings_by_code,
        file_rules: summary.file_rules,
        newest_row_age_seconds: summary.newest_row_age_seconds,
        quarantine_manifest: None,
        report: None,
        damage: summary.damage.map(|damage| damage.to_string()),
    }
}

/// Reads the record contract that was packaged with the function into `folder`.
///
/// # Errors
///
/// The file is missing, cannot be read, or is no record contract.
pub fn read_contract(folder: &Path) -> Result<RecordContract, Error> {
    let path = folder.join(RECORD_CONTRACT_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => RecordContract::from_yaml(&text).map_err(|source| Error::Contract { path, source }),
        Err(source) => Err(Error::ContractFile { path, source }),
    }
}

//! Joins the stages into one run over one file.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use activity::{Code, FileReader, Reason, RecordContract, Refusal, Summary, append_record};
use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use contract::{FileLocation, ProcessorEnvironment, ProcessorOutput, RECORD_CONTRACT_FILE, Verdict};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tracing::info;

use crate::backoff::Backoff;
use crate::batch::Closed;
use crate::batch_write::BatchWriter;
use crate::error::Error;
use crate::object::Object;
use crate::quarantine::{self, Upload};
use crate::reader;
use crate::table::Table;

/// How many bytes of batches are on their way to the table at a time, but for the last one. Usual batches are far below
/// it: it is for rows near DynamoDB's 400 KB, of which 64 batches would not fit a small function's memory.
const BYTES_IN_FLIGHT: usize = 8 << 20;

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

    /// Processes `file` within `time`. Processing the same state of a file again writes the same items and the same
    /// quarantine object.
    ///
    /// # Errors
    ///
    /// The file is not processed whole: items may have been written, but there is no quarantine object. A damaged file
    /// is no error: it is processed up to the damage, which the output names.
    pub async fn process(&self, file: FileLocation, time: Duration) -> Result<ProcessorOutput, Error> {
        let object = Object::open(&self.s3, &file).await?;
        let key = quarantine::key(&file, object.revision());
        let mut upload = Upload::new(&self.s3, &self.environment.quarantine_bucket, key);
        let pinned = object.pinned();
        let run = tokio::time::timeout(time, async {
            if !self.contract.is_strict() {
                return self.run(&file, object, None, &mut upload).await;
            }
            let refusal = self.judge(object).await?;
            let object = Object::open(&self.s3, &pinned).await?;
            self.run(&file, object, refusal, &mut upload).await
        });
        match run.await.unwrap_or(Err(Error::Deadline)) {
            Ok(output) => Ok(output),
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    /// Reads the object once, before anything of it is written, and tells whether the contract refuses it.
    async fn judge(&self, object: Object<'_>) -> Result<Option<Refusal>, Error> {
        let (chunk_sender, chunks) = mpsc::channel(WAITING);
        let (contract, arrived) = (Arc::clone(&self.contract), object.arrived());
        let judging = tokio::task::spawn_blocking(move || reader::judge(file_reader(&contract, arrived), chunks));
        let ((), summary) = tokio::try_join!(object.send_to(chunk_sender, self.backoff), async {
            judging.await?.ok_or(Error::CutOff)
        })?;
        Ok(summary.refusal)
    }

    /// Runs the four stages to their end.
    async fn run(
        &self,
        file: &FileLocation,
        object: Object<'_>,
        refusal: Option<Refusal>,
        upload: &mut Upload<'_>,
    ) -> Result<ProcessorOutput, Error> {
        let (chunk_sender, chunks) = mpsc::channel(WAITING);
        let (batch_sender, batches) = mpsc::channel(WAITING);
        let (record_sender, records) = mpsc::channel(WAITING);
        let outlets =
            reader::Outlets::new(&self.environment.table_name, file.clone(), batch_sender, record_sender.clone());
        let (contract, arrived) = (Arc::clone(&self.contract), object.arrived());
        let reading = tokio::task::spawn_blocking(move || {
            reader::read(file_reader(&contract, arrived).refusing(refusal), chunks, outlets)
        });
        let ((), summary, refused, ()) = tokio::try_join!(
            object.send_to(chunk_sender, self.backoff),
            async { reading.await?.ok_or(Error::CutOff) },
            self.write(file, batches, record_sender),
            upload.receive(records),
        )?;
        let quarantine_key = upload.finish().await?;
        Ok(output(file.clone(), summary, refused, quarantine_key))
    }

    /// Writes batches as they come, as many at a time as the table takes, and sends the lines that it refuses to
    /// `records`. Returns how many those are.
    async fn write(
        &self,
        file: &FileLocation,
        mut batches: mpsc::Receiver<Vec<Closed>>,
        records: mpsc::Sender<Vec<u8>>,
    ) -> Result<u64, Error> {
        let name = &self.environment.table_name;
        let table = Table { writer: &self.writer, name, backoff: self.backoff, pace: Mutex::default() };
        let write = async |batch: Closed| {
            let lines = table.write(&batch).await?;
            let mut quarantined = Vec::new();
            for line in &lines {
                append_record(&mut quarantined, file, *line, &[Reason::of_row(Code::WriteRefused)]);
            }
            if !quarantined.is_empty() {
                // An error means that the quarantine has failed, which says so itself.
                let _ = records.send(quarantined).await;
            }
            Ok::<_, Error>((batch.bytes(), lines.len() as u64))
        };
        let (mut waiting, mut under_way) = (VecDeque::<Closed>::new(), FuturesUnordered::new());
        let (mut bytes, mut refused, mut open) = (0, 0, true);
        loop {
            while under_way.len() < table.limit()
                && bytes < BYTES_IN_FLIGHT
                && let Some(batch) = waiting.pop_front()
            {
                bytes += batch.bytes();
                under_way.push(write(batch));
            }
            tokio::select! {
                Some(written) = under_way.next() => {
                    let (size, lines) = written?;
                    bytes -= size;
                    refused += lines;
                }
                more = batches.recv(), if open && waiting.is_empty() => match more {
                    Some(more) => waiting.extend(more),
                    None => open = false,
                },
                else => return Ok(refused),
            }
        }
    }
}

fn file_reader(contract: &RecordContract, arrived: Option<SystemTime>) -> FileReader<'_> {
    let reader = FileReader::new(contract);
    match arrived {
        Some(time) => reader.arrived_at(time),
        None => reader,
    }
}

/// Puts the reader's account and the table's together.
fn output(file: FileLocation, summary: Summary, refused: u64, quarantine_key: Option<String>) -> ProcessorOutput {
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
        quarantine_key,
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

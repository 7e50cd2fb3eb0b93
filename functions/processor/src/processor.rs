//! Joins the stages into one run over one file.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use activity::{Account, Code, FileReader, Reason, RecordContract, Summary};
use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use contract::{
    Checkpoint, FileDamage, FileLocation, ProcessorEnvironment, ProcessorOutput, Progress, QuarantineManifest,
    RECORD_CONTRACT_FILE, REPLAY_PREFIX, Refusal, RunReport, Verdict,
};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use report::Samples;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::batch::Closed;
use crate::batch_write::BatchWriter;
use crate::error::Error;
use crate::object::Object;
use crate::place::Place;
use crate::quarantine::{self, Quarantine, Records};
use crate::reader::{self, Read, Turn};
use crate::refused::Refused;
use crate::run_report;
use crate::spill::spill;
use crate::split::Duplicates;
use crate::table::Table;

/// How many bytes of batches are on their way to the table at a time, but for the last one. Usual batches are far below
/// it: it is for rows near DynamoDB's 400 KB, of which 64 batches would not fit a small function's memory.
const BYTES_IN_FLIGHT: usize = 8 << 20;

/// What the row reader keeps of the keys seen in memory, bytes: enough for 290,000 rows without a look at a file, and
/// for a file of 33 million, 10 GB, with few. The whole process is to stay below 64 MB.
const KEYS_BYTES: usize = 24 << 20;

/// How many messages may wait between two stages.
pub(crate) const WAITING: usize = 4;

/// The part of an invocation's time in which a file is read. The rest is for what is on its way to the table then.
const READING_SHARE: f64 = 0.9;

/// How long a service may take to begin its answer. Without a bound, one lost packet costs the whole invocation.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Processes files, one at a time or several.
#[derive(Debug)]
pub struct Processor {
    pub(crate) s3: aws_sdk_s3::Client,
    writer: BatchWriter,
    pub(crate) environment: ProcessorEnvironment,
    pub(crate) contract: Arc<RecordContract>,
    /// The same for rows that come back.
    row_contract: Arc<RecordContract>,
    pub(crate) backoff: Backoff,
    reading_share: f64,
}

/// A file in one state.
pub(crate) struct Source {
    pub(crate) file: FileLocation,
    /// When it came: the same at every rerun.
    arrived: Option<SystemTime>,
    /// Where what a run leaves of it lies.
    place: Place,
}

impl Source {
    pub(crate) fn of(object: &Object<'_>) -> Self {
        let (file, arrived) = (object.pinned(), object.arrived());
        let place = Place::new(&file, object.revision(), arrived);
        Self { file, arrived, place }
    }
}

/// Which lines are read, and what is known of them.
pub(crate) enum Reading {
    /// The file from its start, of which the first lines are done.
    Whole {
        /// How many.
        done: u64,
        /// What becomes of the good rows, where a strict contract refuses the file.
        refusal: Option<Refusal>,
        /// How long, where there is more.
        turn: Turn,
    },
    /// A range.
    Range {
        /// The number of its first line.
        first_line: u64,
        /// Its first byte.
        start: u64,
        /// Where the rows are that have an earlier one's key.
        duplicates: Duplicates,
    },
}

impl Reading {
    /// The number of the last line that is not read, or only accounted.
    fn done(&self) -> u64 {
        match self {
            Self::Whole { done, .. } => *done,
            Self::Range { first_line, .. } => first_line - 1,
        }
    }

    fn turn(&self) -> Option<Turn> {
        match self {
            Self::Whole { turn, .. } => Some(*turn),
            Self::Range { .. } => None,
        }
    }

    /// The reader that reads so.
    fn reader(self, contract: &RecordContract, arrived: Option<SystemTime>, size: Option<u64>) -> FileReader<'_> {
        let reader = file_reader(contract, arrived, size);
        match self {
            Self::Whole { refusal, .. } => reader.refusing(refusal),
            Self::Range { first_line, start, duplicates } => {
                reader.within(first_line, start).knowing_duplicates(duplicates)
            }
        }
    }
}

/// What came of all rows of a file, or of those that were read.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Where its lines went, but for those that the table refused.
    pub(crate) account: Account,
    pub(crate) progress: Progress,
}

impl Outcome {
    /// Adds what was done of more lines, beside their items.
    pub(crate) fn add(&mut self, more: Progress) {
        let own = &mut self.progress;
        let mut samples = Samples::default();
        samples.extend(std::mem::take(&mut own.samples));
        samples.extend(more.samples);
        own.samples = samples.into_rows();
        own.objects.extend(more.objects);
        own.refused += more.refused;
        own.milliseconds += more.milliseconds;
    }
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
            row_contract: Arc::new(contract.of_rows()),
            contract: Arc::new(contract),
            backoff: Backoff::default(),
            reading_share: READING_SHARE,
        }
    }

    /// Waits between tries as `backoff` says.
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Reads in this part of an invocation's time, of one, and leaves the rest to what is on its way then.
    pub fn with_reading_share(self, reading_share: f64) -> Self {
        Self { reading_share, ..self }
    }

    /// Processes `file` within `time`, as far as that lasts, and leaves a report: an output with a checkpoint is for
    /// [`go_on`](Self::go_on). Processing the same state of a file again writes the same items and the same quarantine
    /// objects.
    ///
    /// # Errors
    ///
    /// The file is not processed whole: items may have been written, but the quarantine has no manifest. A damaged file
    /// is no error: it is processed up to the damage, which the output names.
    pub async fn process(&self, file: FileLocation, time: Duration) -> Result<ProcessorOutput, Error> {
        self.go_on(self.start_of(file), time).await
    }

    /// What is asked of the rows of `file`, and of the file where it is one that was exported.
    pub(crate) fn contract_of(&self, file: &FileLocation) -> &Arc<RecordContract> {
        if file.key.starts_with(REPLAY_PREFIX) { &self.row_contract } else { &self.contract }
    }

    fn start_of(&self, file: FileLocation) -> Checkpoint {
        let contract = self.contract.fingerprint().to_owned();
        Checkpoint { file, contract, lines: 0, refusal: None, progress: Progress::default() }
    }

    /// Processes a file from a checkpoint on.
    ///
    /// It is read from its start all the same, and what is done is only accounted: to read costs a fraction of what it
    /// costs to write, and nothing need be kept between two invocations, where every key seen would have to be, and the
    /// middle of a gzip stream.
    ///
    /// Where the function has been deployed with another record contract meanwhile, the file is begun anew: what is done by
    /// one contract cannot be accounted by another.
    ///
    /// # Errors
    ///
    /// As of [`process`](Self::process).
    pub async fn go_on(&self, checkpoint: Checkpoint, time: Duration) -> Result<ProcessorOutput, Error> {
        let begun = Instant::now();
        let deadline = begun + time;
        let checkpoint = match checkpoint.contract == self.contract.fingerprint() {
            true => checkpoint,
            false => {
                warn!(key = checkpoint.file.key, "the record contract is another one now; beginning anew");
                self.start_of(checkpoint.file)
            }
        };
        let opened = timeout_at(deadline, Object::open(&self.s3, &checkpoint.file)).await;
        let object = opened.unwrap_or(Err(Error::Deadline))?;
        let source = Source::of(&object);
        let Checkpoint { lines: done, refusal, progress, .. } = checkpoint;
        let turn = Turn { begun, deadline, reading_share: self.reading_share };
        let mut quarantine = self.quarantine(&source, done + 1);
        let read = async {
            let (object, refusal) = match self.contract_of(&source.file).is_strict() && done == 0 {
                true => {
                    let refusal = self.judge(object).await?;
                    (Object::open(&self.s3, &source.file).await?, refusal)
                }
                false => (object, refusal),
            };
            let reading = Reading::Whole { done, refusal, turn };
            let read = self.read(object, &source, reading, &mut quarantine).await?;
            Ok((read, refusal, quarantine.progress(begun).await?))
        };
        let read = timeout_at(deadline, read).await.unwrap_or(Err(Error::Deadline));
        let (Read { account, stopped }, refusal, more) = quarantine.abort_unless(read).await?;
        let lines = account.counts().lines;
        let mut whole = Outcome { account, progress };
        whole.add(more);
        if !stopped {
            let conclude = self.conclude(source, whole, None);
            return timeout_at(deadline, conclude).await.unwrap_or(Err(Error::Deadline));
        }
        let Outcome { account, progress } = whole;
        let mut output =
            output(&source, account.summary(self.contract_of(&source.file), source.arrived)?, progress.refused);
        output.checkpoint = Some(Checkpoint { lines, refusal, progress, ..self.start_of(source.file) });
        Ok(output)
    }

    /// The quarantine of a file, from line `first_line` on.
    pub(crate) fn quarantine(&self, source: &Source, first_line: u64) -> Quarantine<'_> {
        Quarantine::new(&self.s3, &self.environment.quarantine_bucket, &source.place, first_line)
    }

    /// Says what came of a file, and leaves the manifest of its quarantine and the report. `damage` is why not all of it
    /// was read, where that is not in its account.
    pub(crate) async fn conclude(
        &self,
        source: Source,
        whole: Outcome,
        damage: Option<FileDamage>,
    ) -> Result<ProcessorOutput, Error> {
        let Outcome { account, progress } = whole;
        let mut output =
            output(&source, account.summary(self.contract_of(&source.file), source.arrived)?, progress.refused);
        if damage.is_some() {
            output.verdict = Verdict::Fail;
            output.damage = damage;
        }
        let (bucket, place) = (&self.environment.quarantine_bucket, &source.place);
        let manifest = QuarantineManifest::new(source.file, output.counts, progress.objects);
        let to_its_end = output.damage.is_none();
        output.quarantine_manifest = quarantine::conclude(&self.s3, bucket, place, &manifest, to_its_end).await?;
        output.report = Some(place.report("json"));
        let seconds = Duration::from_millis(progress.milliseconds).as_secs_f64();
        let report = RunReport { output, samples: progress.samples, seconds };
        run_report::write(&self.s3, bucket, place, &report).await?;
        Ok(report.output)
    }

    /// Reads the object once, before anything of it is written, and tells whether the contract refuses it.
    async fn judge(&self, object: Object<'_>) -> Result<Option<Refusal>, Error> {
        let (chunk_sender, chunks) = mpsc::channel(WAITING);
        let file = object.pinned();
        let (contract, arrived, size) = (Arc::clone(self.contract_of(&file)), object.arrived(), file.size);
        let judging = tokio::task::spawn_blocking(move || reader::judge(file_reader(&contract, arrived, size), chunks));
        let ((), summary) = tokio::try_join!(object.send_to(chunk_sender, self.backoff), async {
            judging.await??.ok_or(Error::CutOff)
        })?;
        Ok(summary.refusal)
    }

    /// Runs the four stages over what `object` holds.
    pub(crate) async fn read(
        &self,
        object: Object<'_>,
        source: &Source,
        reading: Reading,
        quarantine: &mut Quarantine<'_>,
    ) -> Result<Read, Error> {
        let (chunk_sender, chunks) = mpsc::channel(WAITING);
        let (batch_sender, batches) = mpsc::channel(WAITING);
        let (record_sender, records) = mpsc::channel(WAITING);
        let (refused_sender, refused_records) = mpsc::channel(WAITING);
        let (table, file) = (&self.environment.table_name, &source.file);
        let outlets = reader::Outlets::new(table, file.clone(), reading.done(), batch_sender, record_sender);
        let (contract, arrived, size) = (Arc::clone(self.contract_of(file)), source.arrived, file.size);
        let reading = tokio::task::spawn_blocking(move || {
            let turn = reading.turn();
            reader::read(reading.reader(&contract, arrived, size), chunks, outlets, turn)
        });
        let ((), read, (), ()) = tokio::try_join!(
            object.send_to(chunk_sender, self.backoff),
            async { reading.await??.ok_or(Error::CutOff) },
            self.write(file, batches, refused_sender),
            quarantine.receive(records, refused_records),
        )?;
        Ok(read)
    }

    /// Writes batches as they come, as many at a time as the table takes, and sends the lines that it refuses to
    /// `records`, in the file's order.
    async fn write(
        &self,
        file: &FileLocation,
        mut batches: mpsc::Receiver<Vec<Closed>>,
        records: mpsc::Sender<Records>,
    ) -> Result<(), Error> {
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
        let (mut refused, mut bytes, mut open) = (Refused::default(), 0, true);
        loop {
            // With no room for more, the reader has to wait.
            table.set_behind(batches.capacity() == 0);
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
                else => return Ok(()),
            }
        }
    }
}

/// A reader of a file of `size` bytes. A rerun finds the same time and the same size.
pub(crate) fn file_reader(contract: &RecordContract, arrived: Option<SystemTime>, size: Option<u64>) -> FileReader<'_> {
    let mut reader = FileReader::new(contract).spilling_to(&spill(), KEYS_BYTES);
    if let Some(time) = arrived {
        reader = reader.arrived_at(time);
    }
    if let Some(bytes) = size {
        reader = reader.of_size(bytes);
    }
    reader
}

/// Puts the reader's account and the table's together.
fn output(source: &Source, summary: Summary, refused: u64) -> ProcessorOutput {
    let mut output = summary.into_output(source.file.clone());
    output.counts.written -= refused;
    output.counts.quarantined += refused;
    if refused > 0 {
        output.verdict = output.verdict.max(Verdict::Warn);
        output.errors_by_code.insert(Code::WriteRefused.as_str().to_owned(), refused);
    }
    let ProcessorOutput { file, counts, verdict, errors_by_code, .. } = &output;
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
    output
}

/// Reads the record contract that was packaged with the function into `folder`.
///
/// # Errors
///
/// The file is missing, cannot be read, or is no record contract.
pub fn read_contract(folder: &Path) -> Result<RecordContract, Error> {
    let path = folder.join(RECORD_CONTRACT_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => RecordContract::from_json(&text).map_err(|source| Error::Contract { path, source }),
        Err(source) => Err(Error::ContractFile { path, source }),
    }
}

//! Turns an object's bytes into batches of rows and records of bad lines, on a thread of its own: it computes, and
//! would hold up everything else on the threads that wait for the network.

use activity::{FileReader, Item, Line, QuarantinedRow, Row as ReadRow, SpillError, Summary};
use contract::FileLocation;
use tokio::sync::mpsc::{Receiver, Sender};

use crate::batch::{Batch, Closed};
use crate::quarantine::Records;

/// Batches are sent on this many together: to wake the other thread costs as much as to parse some rows.
const BATCHES_TOGETHER: usize = 8;

/// Batches of this many bytes are sent on however few they are: what waits between the stages is memory.
const BATCH_BYTES_TOGETHER: usize = 256 << 10;

/// Records are sent on when they are this long together: one by one they would cost a wake-up each.
const RECORDS_BYTES: usize = 64 << 10;

/// A piece of an object.
pub(crate) enum Chunk {
    /// Its next bytes.
    Bytes(Vec<u8>),
    /// It is complete. Without this the bytes have been cut off, and what seems the last line may be half of one.
    End,
}

/// Reads the object that comes in `chunks` to its end. None where it does not come to its end.
///
/// Blocks while nothing comes and while nobody takes what goes out.
pub(crate) fn read(
    mut reader: FileReader<'_>,
    mut chunks: Receiver<Chunk>,
    mut outlets: Outlets,
) -> Result<Option<Summary>, SpillError> {
    while let Some(chunk) = chunks.blocking_recv() {
        let Chunk::Bytes(bytes) = chunk else {
            let summary = reader.finish(&mut |row| outlets.take(row))?;
            outlets.flush();
            return Ok((!outlets.closed).then_some(summary));
        };
        reader.feed(&bytes, &mut |row| outlets.take(row))?;
        if outlets.closed {
            break;
        }
    }
    Ok(None)
}

/// Reads the object to its end for the sake of the summary alone.
pub(crate) fn judge(mut reader: FileReader<'_>, mut chunks: Receiver<Chunk>) -> Result<Option<Summary>, SpillError> {
    while let Some(chunk) = chunks.blocking_recv() {
        match chunk {
            Chunk::Bytes(bytes) => reader.feed(&bytes, &mut |_| {})?,
            Chunk::End => return reader.finish(&mut |_| {}).map(Some),
        }
    }
    Ok(None)
}

/// Where rows go.
pub(crate) struct Outlets {
    file: FileLocation,
    batches: Sender<Vec<Closed>>,
    records: Sender<Records>,
    batch: Batch,
    full: Vec<Closed>,
    pending: Records,
    /// Nobody takes rows any more: the run has failed elsewhere.
    closed: bool,
}

impl Outlets {
    /// Sends items for `table` to `batches`, and records of `file`'s bad lines to `records`.
    pub(crate) fn new(table: &str, file: FileLocation, batches: Sender<Vec<Closed>>, records: Sender<Records>) -> Self {
        let batch = Batch::new(table);
        Self { file, batches, records, batch, full: Vec::new(), pending: Records::default(), closed: false }
    }

    fn take(&mut self, row: ReadRow<'_>) {
        if self.closed {
            return;
        }
        match row {
            ReadRow::Item { item, line } => self.item(&item, line),
            ReadRow::Quarantined(row) => self.quarantined(row),
        }
    }

    fn item(&mut self, item: &Item<'_>, line: Line<'_>) {
        self.batch.push(item, line);
        if !self.batch.is_full() {
            return;
        }
        self.full.push(self.batch.take().close());
        let bytes: usize = self.full.iter().map(Closed::bytes).sum();
        if self.full.len() >= BATCHES_TOGETHER || bytes >= BATCH_BYTES_TOGETHER {
            self.send_batches();
        }
    }

    fn quarantined(&mut self, row: QuarantinedRow<'_>) {
        self.pending.push(&self.file, row.line, &row.reasons);
        if self.pending.bytes() >= RECORDS_BYTES {
            self.send_records();
        }
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.full.push(self.batch.take().close());
        }
        if !self.full.is_empty() {
            self.send_batches();
        }
        if !self.pending.is_empty() {
            self.send_records();
        }
    }

    fn send_batches(&mut self) {
        self.closed |= self.batches.blocking_send(std::mem::take(&mut self.full)).is_err();
    }

    fn send_records(&mut self) {
        self.closed |= self.records.blocking_send(std::mem::take(&mut self.pending)).is_err();
    }
}

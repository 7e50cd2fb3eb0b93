//! Turns an object's bytes into batches of rows and records of bad lines, on a thread of its own: it computes, and
//! would hold up everything else on the threads that wait for the network.

use activity::{
    Account, FaultyRow, FileReader, Item, KEY_ENTRY_BYTES, Line, Row as ReadRow, Sorted, SpillError, Summary,
};
use contract::{Destination, FileLocation};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::Instant;

use crate::batch::{Batch, Closed};
use crate::quarantine::Records;

/// Batches are sent on this many together: to wake the other thread costs as much as to parse some rows.
const BATCHES_TOGETHER: usize = 16;

/// Batches of this many bytes are sent on however few they are: what waits between the stages is memory.
const BATCH_BYTES_TOGETHER: usize = 512 << 10;

/// Records are sent on when they are this long together: one by one they would cost a wake-up each.
const RECORDS_BYTES: usize = 64 << 10;

/// A piece of an object.
pub(crate) enum Chunk {
    /// Its next bytes.
    Bytes(Vec<u8>),
    /// It is complete. Without this the bytes have been cut off, and what seems the last line may be half of one.
    End,
}

/// What was read.
pub(crate) struct Read {
    /// Where the lines went.
    pub(crate) account: Account,
    /// Whether there is more that was not read for lack of time.
    pub(crate) stopped: bool,
}

/// The time of an invocation in which a file may be read only in part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) begun: Instant,
    pub(crate) deadline: Instant,
    /// The part of the time in which it is read, of one. The rest is for what is on its way to the table then.
    pub(crate) reading_share: f64,
}

impl Turn {
    /// When to stop a reading that came to the first rows that are not done at `advanced`. Where it took all of its share to
    /// come there, it has half that share of what is left: else it would come no further than the one before, turn by turn.
    fn stop_at(self, advanced: Instant) -> Instant {
        let after = |start: Instant, share| start + self.deadline.duration_since(start).mul_f64(share);
        let usual = after(self.begun, self.reading_share);
        if advanced < usual { usual } else { after(advanced, self.reading_share / 2.0) }
    }
}

/// Reads what comes in `chunks` to its end, or as far as the `turn` lasts where there is more. None where it does not come to
/// an end.
///
/// Blocks while nothing comes and while nobody takes what goes out.
pub(crate) fn read(
    mut reader: FileReader<'_>,
    mut chunks: Receiver<Chunk>,
    mut outlets: Outlets,
    turn: Option<Turn>,
) -> Result<Option<Read>, SpillError> {
    let mut stop_at = None;
    while let Some(chunk) = chunks.blocking_recv() {
        let Chunk::Bytes(bytes) = chunk else {
            let account = reader.finish_account(&mut |row| outlets.take(row))?;
            outlets.flush();
            return Ok((!outlets.closed).then_some(Read { account, stopped: false }));
        };
        let mut bytes = &bytes[..];
        loop {
            let more = reader.step(&mut bytes, &mut |row| outlets.take(row))?;
            // Each reading comes further than the one before: where time does not last for that, the run ends for it.
            if let Some(turn) = turn
                && reader.counts().lines > outlets.done
                && let now = Instant::now()
                && now >= *stop_at.get_or_insert_with(|| turn.stop_at(now))
            {
                outlets.flush();
                let account = reader.stop()?;
                return Ok((!outlets.closed).then_some(Read { account, stopped: true }));
            }
            match (more, outlets.closed) {
                (true, false) => {}
                (false, false) => break,
                (_, true) => return Ok(None),
            }
        }
    }
    Ok(None)
}

/// Reads what comes in `chunks` to its end for the sake of its keys, and gives the number of its lines and the keys in
/// order to `send`. None where it does not come to its end.
pub(crate) fn collect_keys(
    mut reader: FileReader<'_>,
    mut chunks: Receiver<Chunk>,
    send: impl FnOnce(u64, Sorted<KEY_ENTRY_BYTES>) -> Result<(), SpillError>,
) -> Result<Option<u64>, SpillError> {
    while let Some(chunk) = chunks.blocking_recv() {
        match chunk {
            Chunk::Bytes(bytes) => reader.feed(&bytes, &mut |_| {})?,
            Chunk::End => {
                let (lines, keys) = reader.finish_keys()?;
                send(lines, keys)?;
                return Ok(Some(lines));
            }
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
    /// Lines up to this are done: an earlier invocation has sent their rows.
    done: u64,
    batches: Sender<Vec<Closed>>,
    records: Sender<Records>,
    batch: Batch,
    full: Vec<Closed>,
    pending: Records,
    /// Nobody takes rows any more: the run has failed elsewhere.
    closed: bool,
}

impl Outlets {
    /// Sends items for `table` to `batches`, and records of `file`'s bad lines to `records`, both of the lines behind the
    /// first `done`.
    pub(crate) fn new(
        table: &str,
        file: FileLocation,
        done: u64,
        batches: Sender<Vec<Closed>>,
        records: Sender<Records>,
    ) -> Self {
        let batch = Batch::new(table);
        Self { file, done, batches, records, batch, full: Vec::new(), pending: Records::default(), closed: false }
    }

    fn take(&mut self, row: ReadRow<'_>) {
        if self.closed {
            return;
        }
        match row {
            ReadRow::Item { item, line, faults } if line.number > self.done => {
                self.item(&item, line);
                if !faults.is_empty() {
                    self.pending.note(line, Destination::Written, &faults);
                }
            }
            ReadRow::Quarantined(row) if row.line.number > self.done => self.quarantined(row),
            ReadRow::Dropped(row) if row.line.number > self.done => {
                self.pending.note(row.line, Destination::Dropped, &row.reasons);
            }
            _ => {}
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

    fn quarantined(&mut self, row: FaultyRow<'_>) {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_turn_that_comes_late_to_new_rows_has_a_share_of_what_is_left() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let turn = Turn { begun, deadline: at(1000), reading_share: 0.9 };
        for (advanced, stop) in [(0, 900), (899, 900), (900, 945), (980, 989), (1000, 1000), (1001, 1001)] {
            assert_eq!(turn.stop_at(at(advanced)), at(stop), "{advanced}");
        }
    }
}

//! Which rows have the key of an earlier one, found by going through the sorted keys of all ranges at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use activity::{ExternalSort, KEY_ENTRY_BYTES, KeyHash, SpillError};
use bytes::{Buf as _, Bytes};
use contract::{ByteRange, ReconcileOutput, SplitPlan};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::mpsc;

use super::duplicates::{Duplicates, Gathered};
use super::keys::HEAD_BYTES;
use super::run::{Kind, Run};
use crate::error::Error;
use crate::processor::Processor;
use crate::spill::spill;

/// How much of all keys is fetched ahead, bytes. Each range has its share of it twice: the keys that are gone through,
/// and those that are on their way.
const FETCHED_AHEAD: usize = 8 << 20;

/// The most that is fetched of one range at a time, bytes.
const MOST_OF_A_RANGE: usize = 256 << 10;

/// How many places of duplicates are sorted in memory, bytes.
const SORTED_IN_MEMORY: usize = 8 << 20;

/// How many ranges are told of their duplicates at a time.
const AT_A_TIME: usize = 4;

impl Processor {
    /// Finds the rows whose key an earlier row of the file has, and leaves for each range where in it they are.
    pub(crate) async fn reconcile(&self, plan: SplitPlan) -> Result<ReconcileOutput, Error> {
        let run = Run::of_name(self, &plan.run)?;
        let mut sources: Vec<_> =
            plan.ranges.iter().map(|range| Source::fetch(&run, *range, plan.ranges.len())).collect();
        let mut first_line = 1;
        let mut ranges = Vec::new();
        for (range, source) in plan.ranges.iter().zip(&mut sources) {
            ranges.push((*range, first_line));
            first_line += source.lines().await?;
        }
        let mut duplicates = ExternalSort::<8>::new(Some(spill()), SORTED_IN_MEMORY);
        let output = find_duplicates(sources, &mut duplicates).await?;
        let mut duplicates = duplicates.finish()?.peekable();
        let bodies = ranges.into_iter().map(|(range, first_line)| {
            let mut gathered = Gathered::new(range.start, first_line);
            while let Some(place) =
                duplicates.next_if(|place| place.as_ref().map_or(true, |place| u64::from_be_bytes(*place) < range.end))
            {
                gathered.push(u64::from_be_bytes(place?));
            }
            Ok::<_, SpillError>((range.start, gathered.into_bytes()))
        });
        let run = &run;
        let tell = async |told: Result<(u64, Vec<u8>), SpillError>| {
            let (start, body) = told?;
            run.put(Kind::Duplicates, start, body).await
        };
        stream::iter(bodies).map(tell).buffer_unordered(AT_A_TIME).try_collect::<()>().await?;
        Ok(output)
    }
}

/// Sends the places of all rows with an earlier one's key to `duplicates`.
async fn find_duplicates(mut sources: Vec<Source>, duplicates: &mut ExternalSort<8>) -> Result<ReconcileOutput, Error> {
    let mut next = BinaryHeap::new();
    for (index, source) in sources.iter_mut().enumerate() {
        next.extend(source.next().await?.map(|entry| Reverse((entry, index))));
    }
    let mut output = ReconcileOutput { keys: 0, duplicates: 0 };
    let mut last = None;
    while let Some(mut least) = next.peek_mut() {
        let Reverse((entry, index)) = *least;
        match sources[index].next().await? {
            Some(following) => *least = Reverse((following, index)),
            None => drop(std::collections::binary_heap::PeekMut::pop(least)),
        }
        // An entry is a hash and, behind it, the place of its row: of equal hashes the first row comes first.
        let (hash, place) = entry.split_at(KeyHash::BYTES);
        if last.as_ref().is_some_and(|last: &[u8; KEY_ENTRY_BYTES]| last.starts_with(hash)) {
            output.duplicates += 1;
            duplicates.push(place.try_into().unwrap_or_default())?;
        } else {
            output.keys += 1;
        }
        last = Some(entry);
    }
    Ok(output)
}

/// The number of a range's first line, and where its duplicates are, as [`Processor::reconcile`] has left them.
pub(super) async fn told(run: &Run, range: ByteRange) -> Result<(u64, Duplicates), Error> {
    let body = run.get(Kind::Duplicates, range.start).await?;
    body.and_then(|body| Duplicates::read(range.start, body)).ok_or_else(|| Error::Run(run.name()))
}

/// The sorted keys of one range, fetched piece by piece, the next one while the last is gone through.
struct Source {
    pieces: mpsc::Receiver<Result<Bytes, Error>>,
    piece: Bytes,
}

impl Source {
    fn fetch(run: &Run, range: ByteRange, ranges: usize) -> Self {
        let (sender, pieces) = mpsc::channel(1);
        let run = run.clone();
        let entries = (FETCHED_AHEAD / ranges.max(1)).min(MOST_OF_A_RANGE) / KEY_ENTRY_BYTES;
        let length = (entries.max(1) * KEY_ENTRY_BYTES) as u64;
        tokio::spawn(async move {
            let (mut from, mut to) = (0, HEAD_BYTES as u64 + length);
            loop {
                let piece = run.get_part(Kind::Keys, range.start, from, to).await;
                let is_last = piece.as_ref().map_or(true, |piece| (piece.len() as u64) < to - from);
                // Nobody takes more where another range has failed.
                if sender.send(piece).await.is_err() || is_last {
                    return;
                }
                (from, to) = (to, to + length);
            }
        });
        Self { pieces, piece: Bytes::new() }
    }

    /// How many lines the range has. To be asked before the first entry.
    async fn lines(&mut self) -> Result<u64, Error> {
        self.fill().await?;
        self.piece.try_get_u64().map_err(|_| Error::CutOff)
    }

    async fn next(&mut self) -> Result<Option<[u8; KEY_ENTRY_BYTES]>, Error> {
        if self.piece.is_empty() {
            self.fill().await?;
        }
        let entry = self.piece.first_chunk().copied();
        self.piece.advance(entry.map_or(0, |entry: [u8; KEY_ENTRY_BYTES]| entry.len()));
        Ok(entry)
    }

    async fn fill(&mut self) -> Result<(), Error> {
        self.piece = self.pieces.recv().await.transpose()?.unwrap_or_default();
        Ok(())
    }
}

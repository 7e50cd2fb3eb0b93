//! Sorted runs: written once, looked up by page, merged into fewer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::sync::Arc;

use super::{Spill, SpillFile};

/// Runs of about one length become one when there are this many. More would be written less often, and each look at
/// them would read more pages.
const MERGED: usize = 4;
/// What is read for one look, bytes: a page of the operating system's.
const PAGE_BYTES: usize = 4 << 10;
/// What is read and written at a time while merging, bytes.
const BUFFER_BYTES: usize = 32 << 10;

/// Entries of `N` bytes, sorted as bytes are, in files of a spill.
pub(crate) struct Runs<const N: usize> {
    spill: Arc<dyn Spill>,
    /// The longest first.
    runs: Vec<Run<N>>,
}

struct Run<const N: usize> {
    file: Box<dyn SpillFile>,
    entries: u64,
    /// The start of each page's first entry: a look reads the page that can have the entry, and no other.
    pages: Vec<u64>,
    /// How often its entries have been merged.
    merges: u32,
}

impl<const N: usize> Runs<N> {
    /// No runs yet.
    pub(crate) fn new(spill: Arc<dyn Spill>) -> Self {
        Self { spill, runs: Vec::new() }
    }

    /// Adds a run of `entries`, which must be sorted. An entry is written once more each time that their number
    /// quadruples, and the files hold it at most twice at a time.
    pub(crate) fn add(&mut self, entries: impl Iterator<Item = [u8; N]>) -> io::Result<()> {
        let mut run = RunWriter::new(&*self.spill, 0)?;
        entries.into_iter().try_for_each(|entry| run.push(entry))?;
        self.runs.push(run.finish()?);
        while let Some(first) = self.runs.len().checked_sub(MERGED)
            && self.runs[first].merges == self.runs[self.runs.len() - 1].merges
        {
            let mut run = RunWriter::new(&*self.spill, self.runs[first].merges + 1)?;
            let mut merge = Merge::new(self.runs.split_off(first))?;
            while let Some(entry) = merge.next_entry()? {
                run.push(entry)?;
            }
            self.runs.push(run.finish()?);
        }
        Ok(())
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Whether a run has `entry`.
    pub(crate) fn contains(&self, entry: &[u8; N]) -> io::Result<bool> {
        // The longest run is the likeliest.
        for run in &self.runs {
            if run.contains(entry)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All entries, in order.
    pub(crate) fn into_merge(self) -> io::Result<Merge<N>> {
        Merge::new(self.runs)
    }
}

/// The start of an entry, as a number that sorts as entries do.
fn start<const N: usize>(entry: &[u8; N]) -> u64 {
    entry.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

impl<const N: usize> Run<N> {
    const PAGE_ENTRIES: usize = PAGE_BYTES / N;

    fn contains(&self, entry: &[u8; N]) -> io::Result<bool> {
        let start = start(entry);
        // Nearly always one page; entries that start alike can stand on either side of a page's end.
        let first = self.pages.partition_point(|page| *page < start).saturating_sub(1);
        let behind = self.pages.partition_point(|page| *page <= start);
        let mut buffer = [0; PAGE_BYTES];
        for page in first..behind {
            let entries = (self.entries - (page * Self::PAGE_ENTRIES) as u64).min(Self::PAGE_ENTRIES as u64) as usize;
            let bytes = &mut buffer[..entries * N];
            self.file.read_at((page * Self::PAGE_ENTRIES * N) as u64, bytes)?;
            if bytes.as_chunks::<N>().0.binary_search(entry).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A run that is written.
struct RunWriter<const N: usize> {
    run: Run<N>,
    buffer: Vec<u8>,
}

impl<const N: usize> RunWriter<N> {
    fn new(spill: &dyn Spill, merges: u32) -> io::Result<Self> {
        let run = Run { file: spill.create()?, entries: 0, pages: Vec::new(), merges };
        Ok(Self { run, buffer: Vec::with_capacity(BUFFER_BYTES + N) })
    }

    fn push(&mut self, entry: [u8; N]) -> io::Result<()> {
        if self.run.entries.is_multiple_of(Run::<N>::PAGE_ENTRIES as u64) {
            self.run.pages.push(start(&entry));
        }
        self.run.entries += 1;
        self.buffer.extend_from_slice(&entry);
        if self.buffer.len() >= BUFFER_BYTES {
            self.run.file.append(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<Run<N>> {
        self.run.file.append(&self.buffer)?;
        Ok(self.run)
    }
}

/// Runs read as one. Their files go with it.
pub(crate) struct Merge<const N: usize> {
    readers: Vec<RunReader<N>>,
    /// The next entry of each run that has one, and which run that is.
    next: BinaryHeap<Reverse<([u8; N], usize)>>,
}

impl<const N: usize> Merge<N> {
    fn new(runs: Vec<Run<N>>) -> io::Result<Self> {
        let mut merge = Self { readers: Vec::new(), next: BinaryHeap::new() };
        for (index, run) in runs.into_iter().enumerate() {
            let mut reader = RunReader { run, read: 0, buffer: Vec::new(), at: 0 };
            merge.next.extend(reader.next_entry()?.map(|entry| Reverse((entry, index))));
            merge.readers.push(reader);
        }
        Ok(merge)
    }

    /// The next entry; none behind the last.
    pub(crate) fn next_entry(&mut self) -> io::Result<Option<[u8; N]>> {
        let Some(mut least) = self.next.peek_mut() else { return Ok(None) };
        let Reverse((entry, index)) = *least;
        match self.readers[index].next_entry()? {
            Some(next) => *least = Reverse((next, index)),
            None => drop(PeekMut::pop(least)),
        }
        Ok(Some(entry))
    }
}

struct RunReader<const N: usize> {
    run: Run<N>,
    /// Entries read from the file.
    read: u64,
    buffer: Vec<u8>,
    /// Where the next entry is in the buffer.
    at: usize,
}

impl<const N: usize> RunReader<N> {
    fn next_entry(&mut self) -> io::Result<Option<[u8; N]>> {
        if self.at == self.buffer.len() {
            let entries = (self.run.entries - self.read).min((BUFFER_BYTES / N) as u64);
            self.buffer.resize(entries as usize * N, 0);
            self.run.file.read_at(self.read * N as u64, &mut self.buffer)?;
            self.read += entries;
            self.at = 0;
        }
        let entry = self.buffer[self.at..].first_chunk().copied();
        self.at += entry.map_or(0, |entry: [u8; N]| entry.len());
        Ok(entry)
    }
}

//! Sorting what may not fit memory.

use std::sync::Arc;
use std::vec;

use super::runs::Merge;
use super::{Runs, Spill, SpillError};

/// For how many entries there is room at first.
const FIRST_ROOM: usize = 1 << 10;

/// Sorts entries of `N` bytes, as bytes are sorted, in bounded memory: a hash and what belongs to it, say, with the
/// hash in front and numbers in big-endian bytes.
///
/// ```
/// use activity::ExternalSort;
///
/// let mut sort = ExternalSort::<2>::new(None, 1 << 20);
/// [[2, 1], [1, 9], [1, 8]].into_iter().try_for_each(|entry| sort.push(entry))?;
/// let sorted: Result<Vec<_>, _> = sort.finish()?.collect();
/// assert_eq!(sorted?, [[1, 8], [1, 9], [2, 1]]);
/// # Ok::<(), activity::SpillError>(())
/// ```
pub struct ExternalSort<const N: usize> {
    entries: Vec<[u8; N]>,
    /// The most entries in memory.
    room: usize,
    runs: Option<Runs<N>>,
    /// How many of equal entries are kept.
    equal: usize,
}

impl<const N: usize> ExternalSort<N> {
    /// Nothing to sort yet. Keeps no more than about `bytes` in memory, and the rest in `spill`; all in memory, where
    /// there is none.
    pub fn new(spill: Option<Arc<dyn Spill>>, bytes: usize) -> Self {
        Self { entries: Vec::new(), room: (bytes / N).max(1), runs: spill.map(Runs::new), equal: usize::MAX }
    }

    /// Keeps at least `count` of equal entries, but need not keep more: where few differ, there is little to sort.
    pub(crate) fn keeping_equal(self, count: usize) -> Self {
        Self { equal: count, ..self }
    }

    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// The spill fails.
    pub fn push(&mut self, entry: [u8; N]) -> Result<(), SpillError> {
        if self.entries.len() >= self.room {
            self.make_room()?;
        }
        if self.entries.len() == self.entries.capacity() {
            let more = self.entries.len().max(FIRST_ROOM).min(self.room - self.entries.len());
            self.entries.reserve_exact(more);
        }
        self.entries.push(entry);
        Ok(())
    }

    /// The entries in order.
    ///
    /// # Errors
    ///
    /// The spill fails.
    pub fn finish(mut self) -> Result<Sorted<N>, SpillError> {
        self.sort();
        match self.runs.take_if(|runs| !runs.is_empty()) {
            None => Ok(Sorted(Source::Memory(self.entries.into_iter()))),
            Some(mut runs) => {
                runs.add(self.entries.drain(..))?;
                drop(self.entries);
                Ok(Sorted(Source::Runs(runs.into_merge()?)))
            }
        }
    }

    fn sort(&mut self) {
        self.entries.sort_unstable();
        if self.equal < usize::MAX {
            let mut run = 0;
            let mut last = None;
            self.entries.retain(|entry| {
                run = if last.replace(*entry) == Some(*entry) { run + 1 } else { 1 };
                run <= self.equal
            });
        }
    }

    fn make_room(&mut self) -> Result<(), SpillError> {
        self.sort();
        if self.entries.len() <= self.room / 2 {
            return Ok(());
        }
        match &mut self.runs {
            Some(runs) => runs.add(self.entries.drain(..))?,
            None => self.room = self.room.saturating_mul(2),
        }
        Ok(())
    }
}

/// Sorted entries.
pub struct Sorted<const N: usize>(Source<N>);

enum Source<const N: usize> {
    Memory(vec::IntoIter<[u8; N]>),
    Runs(Merge<N>),
}

impl<const N: usize> Iterator for Sorted<N> {
    type Item = Result<[u8; N], SpillError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Memory(entries) => entries.next().map(Ok),
            Source::Runs(merge) => merge.next_entry().map_err(SpillError::from).transpose(),
        }
    }
}

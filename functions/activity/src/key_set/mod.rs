//! What has been seen in a file, exactly, in memory that is bounded where there is a place to spill to.
//!
//! Up to a bound the hashes are in a [`Table`], in their order. A full table becomes a sorted run of the spill, and
//! starts again. From then on a [`Filter`] tells of nearly every new hash that no run has it, without a look at them;
//! for the others, one page of each run is read. The more the filter holds, the more looks are for nothing: a very large
//! file costs time, never memory and never a wrong answer.

mod filter;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::filter::Filter;
use self::table::Table;
use crate::key_hash::KeyHash;
use crate::spill::{Runs, Spill, SpillError};

/// Hashes that have been seen.
#[derive(Default)]
pub(crate) struct KeySet {
    table: Table,
    /// Where to spill, and the most that memory may hold, bytes.
    bound: Option<(Arc<dyn Spill>, usize)>,
    spilled: Option<Spilled>,
}

/// The hashes that memory had no room for.
struct Spilled {
    filter: Filter,
    runs: Runs<{ KeyHash::BYTES }>,
}

impl KeySet {
    /// Keeps no more than `bytes` in memory, and the rest in `spill`.
    pub(crate) fn spill_to(&mut self, spill: Arc<dyn Spill>, bytes: usize) {
        self.bound = Some((spill, bytes));
    }

    /// Has the processor fetch what [`insert`](Self::insert) will look at: each hash lies somewhere else, and to wait for the
    /// memory would take as long as a good part of a row.
    pub(crate) fn prefetch(&self, hash: KeyHash) {
        self.table.prefetch(hash);
        self.spilled.iter().for_each(|spilled| spilled.filter.prefetch(hash));
    }

    /// Adds a hash, and tells whether it is new.
    pub(crate) fn insert(&mut self, hash: KeyHash) -> Result<bool, SpillError> {
        if self.has_spilled(hash)? || !self.table.insert(hash) {
            return Ok(false);
        }
        if self.table.is_full() {
            self.make_room()?;
        }
        Ok(true)
    }

    /// Whether a hash has been added.
    pub(crate) fn contains(&self, hash: KeyHash) -> Result<bool, SpillError> {
        Ok(self.table.contains(hash) || self.has_spilled(hash)?)
    }

    fn has_spilled(&self, hash: KeyHash) -> Result<bool, SpillError> {
        match &self.spilled {
            Some(spilled) if spilled.filter.may_contain(hash) => Ok(spilled.runs.contains(&hash.to_bytes())?),
            _ => Ok(false),
        }
    }

    /// A quarter of the memory is the table's, the rest the filter's.
    fn make_room(&mut self) -> Result<(), SpillError> {
        let Some((spill, bytes)) = &self.bound else {
            self.table.grow(usize::MAX);
            return Ok(());
        };
        if self.table.grow(bytes / 4) {
            return Ok(());
        }
        let spilled = self.spilled.get_or_insert_with(|| Spilled {
            filter: Filter::new(bytes - bytes / 4),
            runs: Runs::new(Arc::clone(spill)),
        });
        self.table.iter().for_each(|hash| spilled.filter.insert(hash));
        spilled.runs.add(self.table.iter().map(KeyHash::to_bytes))?;
        self.table.clear();
        Ok(())
    }
}

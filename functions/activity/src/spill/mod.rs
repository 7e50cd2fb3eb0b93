//! What has no room in memory: sorted runs on a place that whoever reads the file provides.
//!
//! This crate does no I/O of its own. A [`Spill`] is a folder of temporary files, or memory in a test.

mod runs;
mod sort;
#[cfg(test)]
pub(crate) mod tests;

use std::io;

pub(crate) use self::runs::Runs;
pub use self::sort::{ExternalSort, Sorted};

/// Where to put what has no room in memory.
pub trait Spill: Send + Sync {
    /// A new, empty file.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    fn create(&self) -> io::Result<Box<dyn SpillFile>>;
}

/// A file that is written from its start to its end, then read here and there, and whose place is free again once it is
/// dropped.
pub trait SpillFile: Send + Sync {
    /// Writes behind what has been written.
    ///
    /// # Errors
    ///
    /// Not all could be written: the place is full, say.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Fills `bytes` with what was written from byte `offset` on.
    ///
    /// # Errors
    ///
    /// Not all could be read.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
}

/// What has been seen of a file has no room in memory, and none where it is spilled to either. Nothing is known of the
/// file then: whether the next row is a duplicate cannot be told.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep the keys of the rows in temporary storage: {0}")]
pub struct SpillError(#[from] io::Error);

impl SpillError {
    /// Whether there is no more room: another try fails at the same place.
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(self.0.kind(), StorageFull | QuotaExceeded | FileTooLarge)
    }
}

//! The rows that the table refuses, put back into the order of the file's lines: batches end in any order.

use std::collections::{BTreeMap, BTreeSet};

use crate::quarantine::Records;

/// Refused rows of the batches of one run.
#[derive(Default)]
pub(crate) struct Refused {
    /// Batches that set out.
    begun: u64,
    /// Those of them that have not ended.
    under_way: BTreeSet<u64>,
    /// The refused rows of those that have, until all earlier ones have too.
    waiting: BTreeMap<u64, Records>,
    /// Bytes that wait.
    bytes: usize,
}

impl Refused {
    /// Numbers a batch that sets out. They set out in the order of the file's lines.
    pub(crate) fn begin(&mut self) -> u64 {
        let number = self.begun;
        self.begun += 1;
        self.under_way.insert(number);
        number
    }

    /// Takes note of what was refused of a batch.
    pub(crate) fn end(&mut self, number: u64, records: Records) {
        self.under_way.remove(&number);
        if !records.is_empty() {
            self.bytes += records.bytes();
            self.waiting.insert(number, records);
        }
    }

    /// Bytes of memory, nearly.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the next records are there.
    pub(crate) fn is_ready(&self) -> bool {
        match (self.waiting.first_key_value(), self.under_way.first()) {
            (Some((waiting, _)), Some(under_way)) => waiting < under_way,
            (waiting, _) => waiting.is_some(),
        }
    }

    /// The next records, where they [are there](Self::is_ready).
    pub(crate) fn next(&mut self) -> Option<Records> {
        let (_, records) = if self.is_ready() { self.waiting.pop_first()? } else { return None };
        self.bytes -= records.bytes();
        Some(records)
    }
}

//! What a run over one file leaves to read.

use serde::{Deserialize, Serialize};

use crate::ProcessorOutput;

/// The report of a run: what it did, examples of what is wrong, and how long it took. It holds no value of any row:
/// values are personal data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct RunReport {
    /// What the run did.
    #[serde(flatten)]
    pub output: ProcessorOutput,
    /// Some of the rows that something is wrong with, in the order of the file.
    pub samples: Vec<RowSample>,
    /// How long the run took, seconds.
    pub seconds: f64,
}

/// Where a row stands that something is wrong with, what that is, and where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct RowSample {
    /// The number of its line, from 1.
    pub line: u64,
    /// The byte of the decompressed file at which it starts.
    pub offset: u64,
    /// Its length, bytes.
    pub length: u64,
    /// Where it went.
    #[serde(default)]
    pub went: Destination,
    /// What is wrong with it.
    pub reasons: Vec<SampleReason>,
}

/// Where a row went that something is wrong with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// To the table, by a record contract that keeps it. Where the table refuses it, that is another sample.
    Written,
    /// To the quarantine.
    #[default]
    Quarantined,
    /// Nowhere, by a record contract that leaves it out.
    Dropped,
}

impl Destination {
    /// The destination as JSON spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Quarantined => "quarantined",
            Self::Dropped => "dropped",
        }
    }
}

/// One thing that is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct SampleReason {
    /// The code.
    pub code: String,
    /// The JSON pointer of the value that is wrong, where it is one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The byte within the line, from 0, where reading stopped, where the line cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// What the record contract asks for, where the code alone does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

/// `FIELD_RANGE at /price: expected at least 0`.
impl std::fmt::Display for SampleReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.code)?;
        if let Some(pointer) = &self.pointer {
            write!(formatter, " at {pointer}")?;
        }
        if let Some(byte) = self.byte {
            write!(formatter, " at byte {byte}")?;
        }
        match &self.expected {
            Some(expected) => write!(formatter, ": expected {expected}"),
            None => Ok(()),
        }
    }
}

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
    /// Some of the rows that were quarantined, in the order of the file.
    pub samples: Vec<RowSample>,
    /// How long the run took, seconds.
    pub seconds: f64,
}

/// Where a quarantined row stands, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct RowSample {
    /// The number of its line, from 1.
    pub line: u64,
    /// The byte of the decompressed file at which it starts.
    pub offset: u64,
    /// Its length, bytes.
    pub length: u64,
    /// What is wrong with it.
    pub reasons: Vec<SampleReason>,
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

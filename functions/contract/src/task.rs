//! The state machine's input, and the processor task's output and errors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Checkpoint;

/// One object in S3: the execution's input, and the processor's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct FileLocation {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, decoded.
    pub key: String,
    /// The object's version, where the bucket is versioned. The processor reads exactly this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The object's entity tag, without quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The object's size, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// How the lines of one file were accounted. Always: `lines = written + duplicates + quarantined + dropped + blank`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Counts {
    /// Lines read: every run of bytes that a line feed, or the end of the file, ends.
    pub lines: u64,
    /// Items that can be read back from the table.
    pub written: u64,
    /// Rows whose key an earlier row of the same file has.
    pub duplicates: u64,
    /// Rows kept in quarantine, each with its reasons.
    pub quarantined: u64,
    /// Rows that the record contract says to leave out: by a rule whose action is `drop`, or since it refuses the file.
    #[serde(default)]
    pub dropped: u64,
    /// Lines that hold nothing but white space.
    pub blank: u64,
}

impl Counts {
    /// Whether every line went to exactly one place.
    pub fn reconciles(&self) -> bool {
        self.gap() == 0
    }

    /// Lines that went nowhere, or to more than one place.
    pub fn gap(&self) -> u64 {
        self.lines.abs_diff(self.written + self.duplicates + self.quarantined + self.dropped + self.blank)
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.written += other.written;
        self.duplicates += other.duplicates;
        self.quarantined += other.quarantined;
        self.dropped += other.dropped;
        self.blank += other.blank;
    }
}

/// What the record contract says of a file as a whole. The worse is the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Nothing is wrong with any row, nor with the file.
    #[default]
    Pass,
    /// Something is, but nothing that the contract fails the run for.
    Warn,
    /// The contract fails the run, or the file could not be read to its end. The state machine fails the execution.
    Fail,
}

impl Verdict {
    /// The verdict as JSON spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// What one file rule of the record contract found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct FileRuleOutcome {
    /// The rule, and the field that it is about: `completeness of /price`.
    pub rule: String,
    /// What the contract asks for: `at least 0.95`.
    pub expected: String,
    /// What the file has: `0.912`. Never a value of a row by itself.
    pub observed: String,
    /// What that means for the file.
    pub verdict: Verdict,
}

/// What the processor returns for one file, and what a successful execution's output is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct ProcessorOutput {
    /// The file.
    pub file: FileLocation,
    /// Where its lines went.
    #[serde(flatten)]
    pub counts: Counts,
    /// Whether the file is as the record contract wants it.
    #[serde(default)]
    pub verdict: Verdict,
    /// Rows with a fault that makes them invalid, by reason code. A row with two reasons counts under both.
    pub errors_by_code: BTreeMap<String, u64>,
    /// Rows with a lesser fault, by code.
    pub warnings_by_code: BTreeMap<String, u64>,
    /// Rows with a fault that makes them invalid, by the JSON pointer of the record contract at which it is. A row with
    /// faults in two fields counts under both; one that cannot be read, or whose fault is at no pointer of the contract,
    /// counts under none.
    #[serde(default)]
    pub errors_by_field: BTreeMap<String, u64>,
    /// Rows with a lesser fault, by that pointer.
    #[serde(default)]
    pub warnings_by_field: BTreeMap<String, u64>,
    /// What the file rules found, in the contract's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_rules: Vec<FileRuleOutcome>,
    /// How old the newest row that is kept was when the file arrived, seconds; where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_row_age_seconds: Option<u64>,
    /// The key of the [manifest](crate::QuarantineManifest) in the quarantine bucket, where rows were quarantined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine_manifest: Option<String>,
    /// The key of the [report](crate::RunReport) in the same bucket; the page beside it ends in `.html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Where reading goes on, where the function's time did not last to the file's end. What was read until there is
    /// accounted above; the state machine has the processor continue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Checkpoint>,
    /// Why reading stopped before the file's end (a truncated gzip, say), where it did. What was read before the
    /// break is accounted above; the state machine fails the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage: Option<FileDamage>,
}

/// What is wrong with a file, not with one of its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct FileDamage {
    /// Its code: `GZIP_TRUNCATED`.
    pub code: String,
    /// What it is, where, and what to do.
    pub text: String,
}

impl std::fmt::Display for FileDamage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.code, self.text)
    }
}

impl ProcessorOutput {
    /// The output for a `file` without any line.
    pub fn of_empty(file: FileLocation) -> Self {
        Self {
            file,
            counts: Counts::default(),
            verdict: Verdict::Pass,
            errors_by_code: BTreeMap::new(),
            warnings_by_code: BTreeMap::new(),
            errors_by_field: BTreeMap::new(),
            warnings_by_field: BTreeMap::new(),
            file_rules: Vec::new(),
            newest_row_age_seconds: None,
            quarantine_manifest: None,
            report: None,
            checkpoint: None,
            damage: None,
        }
    }
}

/// The names under which the processor fails: the `errorType` that Lambda reports and that Retry and Catch match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessorError {
    /// A service was busy or out of reach for longer than the processor's own retries: another try can succeed.
    Transient,
    /// The object, the input or the record contract is wrong: another try fails the same way.
    Permanent,
}

impl ProcessorError {
    /// The name, as Lambda and Step Functions spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transient => "Processor.Transient",
            Self::Permanent => "Processor.Permanent",
        }
    }
}

/// What the template fills into the state machine's definition: one field for each `${placeholder}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StateMachineSubstitutions<Text = String> {
    /// The processor function's ARN.
    pub processor_function_arn: Text,
    /// The ARN of the table that keeps failures.
    pub failure_table_arn: Text,
}

impl<Text> StateMachineSubstitutions<Text> {
    /// The substitutions by placeholder, as the template sets them.
    pub fn entries(self) -> [(&'static str, Text); 2] {
        [("ProcessorFunctionArn", self.processor_function_arn), ("FailureTableArn", self.failure_table_arn)]
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, MapDeserializer};

    use super::*;

    #[test]
    fn what_the_template_sets_is_what_the_definition_names() {
        let substitutions = StateMachineSubstitutions {
            processor_function_arn: "function".to_owned(),
            failure_table_arn: "table".to_owned(),
        };
        let entries = MapDeserializer::<_, Error>::new(substitutions.clone().entries().into_iter());
        assert_eq!(StateMachineSubstitutions::deserialize(entries).unwrap(), substitutions);
    }
}

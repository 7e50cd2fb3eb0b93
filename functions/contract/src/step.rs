//! The steps of the state machine that the processor does.
//!
//! The state machine calls one function with `{"step": …, "input": …}`. A file is read in one step, [`Process`], and as
//! many [`Continue`]s as its length takes; or, where it is large and can be split, by many invocations side by side:
//! [`Plan`], [`Keys`] for each range, [`Reconcile`], [`Write`] for each range, [`Finish`].

use serde::{Deserialize, Serialize};

use crate::{FileLocation, ProcessorOutput, QuarantineObject, RowSample};

/// A part of a file, which begins at the start of a line and ends after a line feed, or with the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct ByteRange {
    /// Its first byte.
    pub start: u64,
    /// The byte behind its last.
    pub end: u64,
}

/// A large file, and how it may be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct PlanInput {
    /// The file.
    pub file: FileLocation,
    /// About how large a range should be, bytes.
    pub range_bytes: u64,
}

/// How a file is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct SplitPlan {
    /// The file, in exactly the state that was planned for.
    pub file: FileLocation,
    /// What tells this reading of the file from others: where its intermediate objects are, and how its keys are hashed.
    pub run: String,
    /// The parts to read side by side, in order. None where the file is read as a whole.
    pub ranges: Vec<ByteRange>,
}

/// One range of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct RangeInput {
    /// The plan's file.
    pub file: FileLocation,
    /// The plan's run.
    pub run: String,
    /// The range.
    pub range: ByteRange,
}

/// What is known of a range that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct RangeOutput {
    /// The range's first byte.
    pub start: u64,
    /// Its lines.
    pub lines: u64,
    /// Items that were written of it; none while only its keys are read.
    pub written: u64,
}

/// Rows whose key an earlier range has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct ReconcileOutput {
    /// Distinct keys of the file.
    pub keys: u64,
    /// Rows that repeat one.
    pub duplicates: u64,
}

/// A place in a file up to which every row is in the table, or in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Checkpoint {
    /// The file, in exactly the state that is being read.
    pub file: FileLocation,
    /// The fingerprint of the record contract by which it is read. Empty, where that is not known.
    #[serde(default)]
    pub contract: String,
    /// Lines that are done.
    pub lines: u64,
    /// What becomes of the rows of a file that a strict contract refuses, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// What was done of them, beside their items.
    pub progress: Progress,
}

/// What was done of some lines of a file, beside their items.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Progress {
    /// Rows that the table refused.
    pub refused: u64,
    /// The objects in quarantine.
    pub objects: Vec<QuarantineObject>,
    /// Some of the rows in them.
    pub samples: Vec<RowSample>,
    /// How long it took, milliseconds; of what was done side by side, all of it.
    pub milliseconds: u64,
}

/// What becomes of the good rows of a file that a strict contract refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// They are counted as dropped.
    Drop,
    /// They are kept in quarantine.
    Quarantine,
}

/// One step of the processor: what it takes and what it returns.
pub trait Step {
    /// What it takes.
    type Input;
    /// What it returns.
    type Output;
    /// Its name.
    const NAME: &'static str;
}

/// What the state machine calls the processor with: a [`ProcessorStep`] in the making.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProcessorTask<Input> {
    /// The step's name.
    pub step: String,
    /// What the step takes.
    pub input: Input,
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:literal $step:ident($input:ty) -> $output:ty,)+) => {
        /// What the processor is asked to do.
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(tag = "step", content = "input")]
        pub enum ProcessorStep {
            $($(#[$doc])* #[serde(rename = $name)] $step($input),)+
        }

        $($(#[$doc])* #[derive(Debug)] pub enum $step {}

        impl Step for $step {
            type Input = $input;
            type Output = $output;
            const NAME: &'static str = $name;
        })+

        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),+];
    };
}

steps! {
    /// Reads a file from its start, for as long as the function's time lasts.
    "process" Process(FileLocation) -> ProcessorOutput,
    /// Reads on where an invocation before had to stop.
    "continue" Continue(Checkpoint) -> ProcessorOutput,
    /// Looks at a large file and decides how it is read.
    "plan" Plan(PlanInput) -> SplitPlan,
    /// Collects the keys of a range, before anything is written.
    "keys" Keys(RangeInput) -> RangeOutput,
    /// Finds the rows whose key an earlier row of the file has, in whatever range.
    "reconcile" Reconcile(SplitPlan) -> ReconcileOutput,
    /// Writes the rows of a range.
    "write" Write(RangeInput) -> RangeOutput,
    /// Adds up what came of the ranges.
    "finish" Finish(SplitPlan) -> ProcessorOutput,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_machine_writes_the_function_reads() {
        let file = FileLocation { bucket: "b".into(), key: "k".into(), version_id: None, etag: None, size: Some(7) };
        let task = ProcessorTask { step: Process::NAME.into(), input: file.clone() };
        let read: ProcessorStep = serde_json::from_value(serde_json::to_value(task).unwrap()).unwrap();
        assert_eq!(read, ProcessorStep::Process(file.clone()));
        let plan = json!({"file": file, "run": "r", "ranges": [{"start": 0, "end": 7}]});
        let read: ProcessorStep = serde_json::from_value(json!({"step": "finish", "input": plan})).unwrap();
        assert!(matches!(read, ProcessorStep::Finish(SplitPlan { ranges, .. }) if ranges.len() == 1));
    }

    #[test]
    fn every_step_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = NAMES.iter().collect();
        assert_eq!(names.len(), NAMES.len());
    }
}

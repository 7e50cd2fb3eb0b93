//! The types that cross a boundary: what a function takes and returns, the environment variables it reads, and the
//! names of SSM parameters. Each is one struct, used by the function, the template, the state machine and the tests,
//! so that the two sides of a boundary cannot disagree.
//!
//! A struct that the template fills with references and a function reads as text is generic over its field:
//! the template writes `ProcessorEnvironment<Value<String>>`, the function reads `ProcessorEnvironment<String>`.

mod environment;
mod names;
mod quarantine;
mod report;
pub mod step;
mod task;

pub use environment::{EnvironmentError, OrchestratorEnvironment, ProcessorEnvironment};
pub use names::{
    GZIP_TWICE, INGEST_PREFIX, INGEST_SUFFIXES, NO_LINE_FEEDS, QUARANTINE_MANIFEST, QUARANTINE_PREFIX, RANGE_UNREAD,
    RECORD_CONTRACT_FILE, REPLAY_PREFIX, REPORT_PREFIX, RUN_PREFIX, WRITE_EXHAUSTED, metric,
    state_machine_arn_parameter,
};
pub use quarantine::{QuarantineManifest, QuarantineObject};
pub use report::{Destination, RowSample, RunReport, SampleReason};
pub use step::{
    ByteRange, Checkpoint, PlanInput, ProcessorStep, ProcessorTask, Progress, RangeInput, RangeOutput, ReconcileOutput,
    Refusal, SplitPlan, Step,
};
pub use task::{
    Counts, FileDamage, FileLocation, FileRuleOutcome, ProcessorError, ProcessorOutput, StateMachineSubstitutions,
    Verdict,
};

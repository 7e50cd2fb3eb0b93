//! The pipeline's machine: one execution processes one file.
//!
//! Only what can succeed on another try is tried again. A poison file, and a function that crashes, fails once: another
//! attempt would cost as much and end the same way. A failure carries the processor's error and cause, and a success
//! the file's summary.

use contract::{FileLocation, ProcessorError, ProcessorOutput, StateMachineSubstitutions, Verdict};

use crate::language::Node;
use crate::{
    BuildError, Choice, Comparable, ErrorName, ErrorOutput, Expression, Fail, Kind, PlaceholderError, Retry,
    StateMachine, Succeed, Task, field, placeholders,
};

/// What an environment decides of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The processor function's timeout, seconds.
    pub processor_timeout_seconds: u32,
}

/// The pipeline's machine cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A setting, or the machine itself, is wrong.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The contract's substitutions are wrong.
    #[error(transparent)]
    Placeholder(#[from] PlaceholderError),
}

/// How much longer the task waits than the function may run, seconds: a function that runs into its own timeout
/// reports that, and `States.Timeout` stays the sign of a lost answer.
const ANSWER_MARGIN_SECONDS: u32 = 60;

/// The machine of one environment. Its placeholders are those of [`StateMachineSubstitutions`].
///
/// # Errors
///
/// A setting breaks a limit of Step Functions.
pub fn machine(settings: Settings) -> Result<StateMachine<FileLocation, ProcessorOutput>, PipelineError> {
    let functions: StateMachineSubstitutions = placeholders()?;
    let task_seconds = settings.processor_timeout_seconds.saturating_add(ANSWER_MARGIN_SECONDS);

    let mut machine = StateMachine::builder("Processes one file of user activity.");
    machine.timeout_seconds(machine_seconds(task_seconds));

    let processed = machine.add("FileProcessed", Succeed::new());
    let damaged = machine.add(
        "FileDamaged",
        Fail::new("FileDamaged", Expression::<ProcessorOutput, _>::input().to_json_string())
            .comment("The file broke off. The cause holds the summary of the rows before the break."),
    );
    let broken = machine.add(
        "ContractBroken",
        Fail::new("ContractBroken", Expression::<ProcessorOutput, _>::input().to_json_string())
            .comment("The record contract fails the file. The cause holds the summary, with what its rules found."),
    );
    let failed = machine.add(
        "ProcessingFailed",
        Fail::new(field!(ErrorOutput, Error), field!(ErrorOutput, Cause).unwrap_or(""))
            .comment("The file was not processed."),
    );
    let check_file = machine.add(
        "CheckFile",
        Choice::when(field!(ProcessorOutput, damage).is_present(), &damaged)
            .or_when(field!(ProcessorOutput, verdict).equals(Verdict::Fail), &broken)
            .otherwise(&processed),
    );
    let process = Task::lambda::<FileLocation, ProcessorOutput>(&functions.processor_function_arn)
        .raises::<ProcessorError>()
        .timeout_seconds(u64::from(task_seconds))
        .catch([ErrorName::All], &failed);
    let process = retries().into_iter().fold(process, Task::retry);
    let process = machine.add("ProcessFile", process.then(&check_file));
    Ok(machine.build(&process)?)
}

impl Comparable for Verdict {
    const KIND: Kind = Kind::String;
}

impl<In, L> From<Verdict> for Expression<In, Verdict, L> {
    fn from(verdict: Verdict) -> Self {
        Self::of(Node::Constant(verdict.as_str().into()))
    }
}

/// Every retry is safe because the processor is idempotent: processing a file again changes nothing in the table.
fn retries() -> [Retry<ProcessorError>; 3] {
    [
        Retry::on(ErrorName::LAMBDA_TRANSIENT).interval_seconds(2).max_attempts(6).max_delay_seconds(60),
        // Many files at once wait here for their turn, up to 75 minutes.
        Retry::on([ErrorName::LambdaTooManyRequests]).interval_seconds(5).max_attempts(20).max_delay_seconds(300),
        Retry::on([ProcessorError::Transient]).interval_seconds(15).max_attempts(3).max_delay_seconds(120),
    ]
}

/// The machine's timeout leaves room for every attempt that the retries allow: it ends what is stuck, never what works.
fn machine_seconds(task_seconds: u32) -> u32 {
    let retrying: u64 = retries().iter().map(|retry| retry.longest_seconds(task_seconds)).sum();
    let total = retrying.saturating_add(u64::from(task_seconds) + u64::from(ANSWER_MARGIN_SECONDS));
    u32::try_from(total).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings { processor_timeout_seconds: 900 };

    #[test]
    fn the_definition() {
        insta::assert_snapshot!(machine(SETTINGS).unwrap());
    }

    #[test]
    fn no_retry_names_what_fails_the_same_way_again() {
        let definition = machine(SETTINGS).unwrap();
        let retried = definition.definition()["States"]["ProcessFile"]["Retry"].to_string();
        assert!(retried.contains(ProcessorError::Transient.name()), "{retried}");
        let poison = [ProcessorError::Permanent.name(), "Runtime", "Sandbox", "Unknown", "States."];
        for name in poison {
            assert!(!retried.contains(name), "{name} is retried: {retried}");
        }
    }

    #[test]
    fn the_fields_that_decide_are_those_that_the_processor_writes() {
        let file = FileLocation { bucket: "b".into(), key: "k".into(), version_id: None, etag: None, size: None };
        let mut output = ProcessorOutput { damage: Some("truncated".into()), ..ProcessorOutput::of_empty(file) };
        let json = |output: &ProcessorOutput| serde_json::to_value(output).unwrap();
        assert_eq!(field!(ProcessorOutput, damage).to_string(), "$states.input.damage");
        assert_eq!(json(&output)["damage"], "truncated");
        output.damage = None;
        assert!(json(&output).get("damage").is_none());
        output.verdict = Verdict::Fail;
        assert_eq!(json(&output)["verdict"], Verdict::Fail.as_str());
    }

    #[test]
    fn a_timeout_beyond_the_limits_is_refused() {
        let error = machine(Settings { processor_timeout_seconds: u32::MAX }).unwrap_err().to_string();
        assert!(error.contains("ASL502 /States/ProcessFile/TimeoutSeconds"), "{error}");
    }
}

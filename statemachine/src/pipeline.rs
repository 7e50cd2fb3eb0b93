//! The pipeline's machine: one execution processes one file.
//!
//! Most files take one task. A file that outlasts the function's time is continued where it stopped, as often as it takes.
//! A large one is planned first, and where it can be split, its ranges are read side by side, twice: the first time for
//! the keys of its rows, so that which row is a duplicate is known before anything is written.
//!
//! Only what can succeed on another try is tried again. A poison file, and a function that crashes, fails once: another
//! attempt would cost as much and end the same way. A failure carries the processor's error and cause, and is recorded in
//! a table; a success carries the file's summary.

use contract::{
    Checkpoint, FileLocation, PlanInput, ProcessorError, ProcessorOutput, ProcessorTask, RangeInput, RangeOutput,
    SplitPlan, StateMachineSubstitutions, Step as ProcessorStep, Verdict, step,
};

use crate::language::Node;
use crate::service::dynamodb::{self, Attributes, DynamoDbError};
use crate::service::lambda;
use crate::{
    BuildError, Choice, Comparable, Context, ErrorName, ErrorOutput, ExecutionType, Expression, Fail, Items, JsonPath,
    Kind, Map, Pass, PlaceholderError, Retry, StateMachine, Succeed, Task, field, object, placeholders,
};

/// What an environment decides of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The processor function's timeout, seconds.
    pub processor_timeout_seconds: u32,
    /// How large files are split.
    pub split: SplitSettings,
}

/// How large files are split, so that several invocations read them side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitSettings {
    /// Files of this size and more are split where they can be, bytes.
    pub file_bytes: u64,
    /// About how large a range is, bytes.
    pub range_bytes: u64,
    /// How many ranges are read at once, at most.
    pub max_concurrency: u32,
    /// How many ranges of a hundred may fail before the others are given up. The file fails for one all the same.
    pub tolerated_failure_percentage: u32,
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

/// How much longer a task waits than the function may run, seconds: a function that runs into its own timeout reports
/// that, and `States.Timeout` stays the sign of a lost answer.
const ANSWER_MARGIN_SECONDS: u32 = 60;

/// How long a failure may take to be recorded, seconds.
const RECORD_SECONDS: u64 = 30;

/// How long an execution may take beside the tasks that every way has, seconds: a day, for a file that is continued.
const CONTINUING_SECONDS: u64 = 24 * 60 * 60;

/// Why a map over ranges needs no place to write its results to.
const FEW_RESULTS: &str = "suppress ASL603: a plan has at most 1,000 ranges, and a range's result is three numbers.";

/// The machine of one environment. Its placeholders are those of [`StateMachineSubstitutions`].
///
/// # Errors
///
/// A setting breaks a limit of Step Functions.
pub fn machine(settings: Settings) -> Result<StateMachine<FileLocation, ProcessorOutput, JsonPath>, PipelineError> {
    let names: StateMachineSubstitutions = placeholders()?;
    let processor = Processor::new(&names.processor_function_arn, settings.processor_timeout_seconds);
    let split = settings.split;

    let mut machine = StateMachine::json_path_builder("Processes one file of user activity.");
    machine.timeout_seconds(processor.machine_seconds());

    let failed = machine.add_jsonata(
        "ProcessingFailed",
        Fail::new(field!(ErrorOutput, Error), field!(ErrorOutput, Cause).unwrap_or(""))
            .comment("The file was not processed."),
    );
    let record = Task::call(dynamodb::put_item(&names.failure_table_arn, failure_record()))
        .retry(Retry::on([DynamoDbError::ProvisionedThroughputExceeded]).or_on([ErrorName::Timeout]))
        // What failed is more than that it could not be recorded.
        .catch_with([ErrorName::All], |error, _| error, &failed)
        .output(|error, _| error)
        .timeout_seconds(RECORD_SECONDS)
        .then(&failed)
        .comment("Keeps what failed where it can be found by its file.");
    let record = machine.add_jsonata("RecordFailure", record);

    let processed = machine.add("FileProcessed", Succeed::new());
    let damaged = machine.add_jsonata(
        "FileDamaged",
        Fail::new("FileDamaged", summary())
            .comment("The file was not read to its end. The cause holds the summary of the rows that were."),
    );
    let broken = machine.add_jsonata(
        "ContractBroken",
        Fail::new("ContractBroken", summary())
            .comment("The record contract fails the file. The cause holds the summary, with what its rules found."),
    );
    let continued = machine.declare("ContinueFile");
    let check_file = machine.add_jsonata(
        "CheckFile",
        Choice::when(field!(ProcessorOutput, checkpoint).is_present(), &continued)
            .or_when(field!(ProcessorOutput, damage).is_present(), &damaged)
            .or_when(field!(ProcessorOutput, verdict).equals(Verdict::Fail), &broken)
            .otherwise(&processed)
            .comment(
                "suppress ASL601: a turn lasts nearly as long as the function may, so that the machine's timeout comes \
                 long before the history is full.",
            ),
    );
    let checkpoint: Expression<_, Checkpoint> = field!(ProcessorOutput, checkpoint).assume_present();
    let go_on = processor.task::<step::Continue, _, _>(checkpoint).catch([ErrorName::All], &record);
    machine.define_jsonata(&continued, go_on.then(&check_file));

    let process = processor.task::<step::Process, _, _>(Expression::input()).catch([ErrorName::All], &record);
    let process = machine.add_jsonata("ProcessFile", process.then(&check_file));

    let finish = processor.task::<step::Finish, _, _>(Expression::input()).catch([ErrorName::All], &record);
    let finish = machine.add_jsonata("FinishFile", finish.then(&check_file));
    let write = processor.range_machine::<step::Write>("WriteRange", "Writes the rows of a range.")?;
    let write = ranges()
        .distributed(ExecutionType::Standard, &write)
        .max_concurrency(u64::from(split.max_concurrency))
        .tolerated_failure_percentage(u64::from(split.tolerated_failure_percentage))
        .discard_result()
        .catch([ErrorName::All], &record);
    let write = machine.add("WriteRanges", write.then(&finish).comment(FEW_RESULTS));
    let reconcile = processor
        .task::<step::Reconcile, _, _>(Expression::input())
        .output(|plan, _| plan)
        .catch([ErrorName::All], &record);
    let reconcile = machine.add_jsonata("ReconcileKeys", reconcile.then(&write));
    let keys = processor.range_machine::<step::Keys>("CollectRangeKeys", "Collects the keys of a range.")?;
    let keys = ranges()
        .distributed(ExecutionType::Standard, &keys)
        .max_concurrency(u64::from(split.max_concurrency))
        .discard_result()
        .catch([ErrorName::All], &record);
    let keys = machine.add("CollectKeys", keys.then(&reconcile).comment(FEW_RESULTS));
    let whole = machine.add_jsonata("ReadAsAWhole", Pass::output(field!(SplitPlan, file)).then(&process));
    let is_split = field!(SplitPlan, ranges).count().greater_than(0);
    let is_split = machine.add_jsonata("IsSplit", Choice::when(is_split, &keys).otherwise(&whole));
    let input = object!(PlanInput { file: Expression::input(), range_bytes: split.range_bytes });
    let look = processor.task::<step::Plan, _, _>(input).catch([ErrorName::All], &record);
    let look = machine.add_jsonata("PlanFile", look.then(&is_split));

    let is_large = field!(FileLocation, size).is_some_and(|size| size.at_least(split.file_bytes));
    let start = machine.add_jsonata("IsLarge", Choice::when(is_large, &look).otherwise(&process));
    Ok(machine.build(&start)?)
}

/// What a failed execution has to say of its file.
fn summary() -> Expression<ProcessorOutput, String> {
    Expression::<ProcessorOutput, _>::input().to_json_string()
}

/// What is kept of a failure: an item of the failure table.
fn failure_record() -> Attributes<ErrorOutput> {
    let context = Expression::<_, Context<FileLocation>>::context();
    let file = field!(context.Execution.Input);
    Attributes::new()
        .string("execution", field!(context.Execution.Id))
        .string("bucket", field!(file.bucket))
        .string("key", field!(file.key))
        .string("input", file.to_json_string())
        .string("error", field!(ErrorOutput, Error))
        .string("cause", field!(ErrorOutput, Cause).unwrap_or(""))
        .string("failed_at", field!(context.State.EnteredTime).text())
}

/// The ranges of a plan, each as what a step on a range takes. In JSONPath, as the maps over them are: the emulator
/// knows no distributed Map in JSONata, and only a machine in JSONPath may have states in either language.
fn ranges() -> Items<SplitPlan, RangeInput, JsonPath> {
    Map::over(Expression::<SplitPlan, SplitPlan, JsonPath>::input().field("ranges", |plan| &plan.ranges))
        .select(|plan, range| object!(RangeInput { file: field!(plan.file), run: field!(plan.run), range: range }))
}

/// The processor function, as the machine calls it.
struct Processor<'a> {
    function_arn: &'a str,
    /// How long the machine waits for one answer, seconds.
    timeout_seconds: u32,
}

impl<'a> Processor<'a> {
    fn new(function_arn: &'a str, timeout_seconds: u32) -> Self {
        Self { function_arn, timeout_seconds: timeout_seconds.saturating_add(ANSWER_MARGIN_SECONDS) }
    }

    /// Has the processor do the step `S`.
    fn task<S: ProcessorStep, In, Out>(
        &self,
        input: Expression<In, S::Input>,
    ) -> Task<In, S::Output, Out, ProcessorError> {
        let call = object!(ProcessorTask<S::Input> { step: S::NAME, input: input });
        let task = Task::call(lambda::invoke::<_, _, S::Output, _>(self.function_arn, call))
            .output(|_, answer| field!(answer.Payload))
            .raises::<ProcessorError>()
            .timeout_seconds(u64::from(self.timeout_seconds));
        retries().into_iter().fold(task, Task::retry)
    }

    /// The machine that does one step on one range, in a state of this name.
    fn range_machine<S>(
        &self,
        name: &str,
        comment: &str,
    ) -> Result<StateMachine<RangeInput, RangeOutput, JsonPath>, BuildError>
    where
        S: ProcessorStep<Input = RangeInput, Output = RangeOutput>,
    {
        let mut machine = StateMachine::json_path_builder(comment);
        let start = machine.add_jsonata(name, self.task::<S, _, _>(Expression::input()).end());
        machine.build(&start)
    }

    /// The machine's timeout leaves room for every attempt that the retries allow: it ends what is stuck, never what
    /// works. The longest way has five tasks.
    fn machine_seconds(&self) -> u32 {
        let retrying: u64 = retries().iter().map(|retry| retry.longest_seconds(self.timeout_seconds)).sum();
        let task = retrying.saturating_add(u64::from(self.timeout_seconds));
        u32::try_from(task.saturating_mul(5).saturating_add(CONTINUING_SECONDS + 2 * RECORD_SECONDS))
            .unwrap_or(u32::MAX)
    }
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

#[cfg(test)]
mod tests {
    use contract::FileDamage;

    use super::*;

    const SETTINGS: Settings = Settings {
        processor_timeout_seconds: 900,
        split: SplitSettings {
            file_bytes: 128 << 20,
            range_bytes: 64 << 20,
            max_concurrency: 16,
            tolerated_failure_percentage: 0,
        },
    };

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
        let damage = FileDamage { code: "GZIP_TRUNCATED".into(), text: "it is cut off".into() };
        let mut output = ProcessorOutput { damage: Some(damage), ..ProcessorOutput::of_empty(file) };
        let json = |output: &ProcessorOutput| serde_json::to_value(output).unwrap();
        assert_eq!(field!(ProcessorOutput, damage).to_string(), "$states.input.damage");
        assert_eq!(json(&output)["damage"]["code"], "GZIP_TRUNCATED");
        output.damage = None;
        assert!(json(&output).get("damage").is_none());
        output.verdict = Verdict::Fail;
        assert_eq!(json(&output)["verdict"], Verdict::Fail.as_str());
    }

    #[test]
    fn a_timeout_beyond_the_limits_is_refused() {
        let error = machine(Settings { processor_timeout_seconds: u32::MAX, ..SETTINGS }).unwrap_err().to_string();
        assert!(error.contains("ASL502 /States/WriteRange/TimeoutSeconds"), "{error}");
    }
}

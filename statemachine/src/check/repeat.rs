//! Retries that may do twice what must be done once.
//!
//! An attempt that failed may have taken effect all the same: its answer was lost, or came too late. A service that was
//! asked to slow down has done nothing, so that a retry of throttling is safe.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html> for what Standard workflows
//! promise, and <https://docs.aws.amazon.com/wellarchitected/latest/framework/rel_prevent_interaction_failure_idempotent.html>

use serde_json::{Map, Value};

use super::finding::{Code, Finding, pointer};
use super::nested_machines;
use super::service::{Call, argument};

/// A call that takes effect each time it is made, and the argument that lets the service tell a repeat.
type Row = (&'static str, Option<&'static str>);

const NOT_IDEMPOTENT: &[Row] = &[
    ("sqs:sendMessage", Some("MessageDeduplicationId")),
    ("sqs:sendMessageBatch", None),
    ("sns:publish", Some("MessageDeduplicationId")),
    ("sns:publishBatch", None),
    ("events:putEvents", None),
    ("eventbridge:putEvents", None),
    ("states:startExecution", Some("Name")),
    ("sfn:startExecution", Some("Name")),
    ("kinesis:putRecord", None),
    ("kinesis:putRecords", None),
    ("firehose:putRecord", None),
    ("firehose:putRecordBatch", None),
    ("ecs:runTask", Some("ClientToken")),
    ("batch:submitJob", None),
    ("glue:startJobRun", None),
    ("ses:sendEmail", None),
    ("sesv2:sendEmail", None),
];

/// Checks the retriers of one state.
pub(super) fn check(state: &Map<String, Value>, path: &str) -> Vec<Finding> {
    let risk = match state.get("Type").and_then(Value::as_str) {
        Some("Task") => not_idempotent(state).map(Risk::Call),
        Some("Parallel" | "Map") => first_inside(state).map(Risk::Inside),
        _ => None,
    };
    let Some(risk) = risk else { return Vec::new() };
    let retriers = state.get("Retry").and_then(Value::as_array).into_iter().flatten().enumerate();
    let unsafe_ones = retriers.filter(|(_, retrier)| risk.is_in(retrier));
    unsafe_ones
        .map(|(index, _)| {
            let path = format!("{path}{}", pointer(["Retry", &index.to_string()]));
            Finding::new(Code::UnsafeRetry, path, risk.message())
        })
        .collect()
}

/// What a retry would do once more.
enum Risk {
    /// The call that the state makes.
    Call(&'static Row),
    /// A call that a state inside makes. Whichever state fails, all of them run again.
    Inside(&'static Row),
}

impl Risk {
    fn is_in(&self, retrier: &Value) -> bool {
        let attempts = retrier.get("MaxAttempts").and_then(Value::as_u64);
        let mut names = retrier.get("ErrorEquals").and_then(Value::as_array).into_iter().flatten();
        attempts != Some(0)
            && match self {
                Self::Call(_) => names.any(|name| name.as_str().is_some_and(may_come_after_the_effect)),
                Self::Inside(_) => true,
            }
    }

    fn message(&self) -> String {
        let token = |token: &Option<&str>| token.map_or(String::new(), |token| format!(", or give it {token}"));
        match self {
            Self::Call((call, argument)) => {
                format!("{call} may have taken effect before the error; retry throttling only{}", token(argument))
            }
            Self::Inside((call, argument)) => {
                format!(
                    "the retry runs {call} inside it again; retry the states inside by themselves{}",
                    token(argument)
                )
            }
        }
    }
}

/// Whether a call may have taken effect although this error came of it.
fn may_come_after_the_effect(error: &str) -> bool {
    match error.strip_prefix("States.") {
        Some(reserved) => matches!(reserved, "ALL" | "TaskFailed" | "Timeout" | "HeartbeatTimeout"),
        None => ["SdkClient", "Internal", "Unavailable", "Timeout"].iter().any(|part| error.contains(part)),
    }
}

fn first_inside(state: &Map<String, Value>) -> Option<&'static Row> {
    let machines = nested_machines(state, "");
    let mut states = machines.iter().flat_map(|(machine, _)| super::states(machine).map(|(_, state)| state));
    states.find_map(|state| not_idempotent(state).or_else(|| first_inside(state)))
}

fn not_idempotent(state: &Map<String, Value>) -> Option<&'static Row> {
    /// An update that adds to what is there. A condition can tell a repeat.
    const UPDATE: &Row = &("dynamodb:updateItem", Some("ConditionExpression"));
    let name = Call::of(state)?.name();
    let row = match NOT_IDEMPOTENT.iter().find(|(call, _)| *call == name) {
        Some(row) => row,
        None if name == UPDATE.0 && adds_up(state) => UPDATE,
        None => return None,
    };
    let is_told_apart = row.1.is_some_and(|token| argument(state, token).is_some());
    (!is_told_apart && !is_first_in_first_out(state)).then_some(row)
}

/// Whether an update of an item gives another item each time.
fn adds_up(state: &Map<String, Value>) -> bool {
    let expression = argument(state, "UpdateExpression").and_then(Value::as_str).unwrap_or_default();
    let adds = expression.split_whitespace().any(|word| word.eq_ignore_ascii_case("ADD"));
    adds || expression.contains(['+', '-']) || expression.contains("list_append")
}

/// Whether the queue or the topic refuses a message without a way to tell a repeat.
fn is_first_in_first_out(state: &Map<String, Value>) -> bool {
    let targets = ["QueueUrl", "TopicArn"].into_iter().filter_map(|name| argument(state, name)?.as_str());
    targets.into_iter().any(|target| target.ends_with(".fifo"))
}

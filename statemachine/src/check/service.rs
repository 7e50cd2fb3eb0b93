//! What a Task calls, read off its Resource.

use serde_json::{Map, Value};

/// A call of a service: `sqs`, `sendMessage` and `waitForTaskToken` of
/// `arn:aws:states:::sqs:sendMessage.waitForTaskToken`.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html>
pub(super) struct Call<'a> {
    service: &'a str,
    action: &'a str,
    pattern: Option<&'a str>,
}

impl<'a> Call<'a> {
    /// The call of a Task; none where its Resource names a function or an activity.
    pub(super) fn of(state: &'a Map<String, Value>) -> Option<Self> {
        let (partition, call) = state.get("Resource")?.as_str()?.split_once(":states:::")?;
        let call = call.strip_prefix("aws-sdk:").unwrap_or(call);
        let (service, action) = call.split_once(':').filter(|_| partition.starts_with("arn:"))?;
        let (action, pattern) = action.split_once('.').map_or((action, None), |(action, rest)| (action, Some(rest)));
        Some(Self { service, action, pattern })
    }

    /// The service and the action: `sqs:sendMessage`.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.service, self.action)
    }

    /// Whether the state goes on only when the service, or a worker, says so.
    pub(super) fn waits(&self) -> bool {
        self.pattern.is_some()
    }

    /// Whether a worker gets a token and sends it back.
    pub(super) fn waits_for_token(&self) -> bool {
        self.pattern == Some("waitForTaskToken")
    }
}

/// Whether a Task waits for a worker that polls.
pub(super) fn is_activity(state: &Map<String, Value>) -> bool {
    state.get("Resource").and_then(Value::as_str).is_some_and(|resource| resource.contains(":activity:"))
}

/// An argument of a Task, literal or not, in either query language.
pub(super) fn argument<'a>(state: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let arguments = state.get("Arguments").or_else(|| state.get("Parameters"))?;
    arguments.get(name).or_else(|| arguments.get(format!("{name}.$")))
}

/// Whether a Map's items are executions of their own.
pub(super) fn is_distributed(state: &Map<String, Value>) -> bool {
    let mode = state.get("ItemProcessor").and_then(|processor| processor.pointer("/ProcessorConfig/Mode"));
    mode.is_some_and(|mode| mode == "DISTRIBUTED")
}

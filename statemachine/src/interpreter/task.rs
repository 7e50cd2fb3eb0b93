//! Tasks: who answers for a resource, after how long, and what goes wrong on purpose.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::data::Data;
use super::engine::Engine;
use super::failure::{Failure, Flow};
use super::history::Details;
use super::journal::Line;
use super::program::{Kind, State, Task};
use super::{Answer, Fault, RunError, TaskError};
use crate::ErrorName;

/// How long a task without TimeoutSeconds waits.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html>
const DEFAULT_TIMEOUT_SECONDS: f64 = 99_999_999.0;

/// Nothing but the reason, where it does not take what it is given.
type Handler<'h> = Box<dyn FnMut(&Value) -> Result<Answer, String> + 'h>;

/// The handlers by what they answer for, and the faults by the state that has them.
#[derive(Default)]
pub(super) struct Tasks<'h> {
    handlers: HashMap<String, Handler<'h>>,
    faults: Vec<(String, u64, Fault)>,
    calls: HashMap<Arc<str>, u64>,
}

impl<'h> Tasks<'h> {
    pub(super) fn handle(&mut self, name: String, handler: Handler<'h>) {
        self.handlers.insert(name, handler);
    }

    pub(super) fn fault(&mut self, state: String, call: u64, fault: Fault) {
        self.faults.push((state, call, fault));
    }

    /// A new run counts calls from the first.
    pub(super) fn begin(&mut self) {
        self.calls.clear();
    }

    fn call(&mut self, state: &State, names: &[&str], payload: &Value) -> Result<Answer, RunError> {
        let calls = self.calls.entry(Arc::clone(&state.name)).or_default();
        *calls += 1;
        let planned = self.faults.iter().find(|(name, call, _)| **name == *state.name && call == calls);
        if let Some((_, _, fault)) = planned {
            return Ok(fault.answer());
        }
        let known = names.iter().find(|name| self.handlers.contains_key(**name));
        let resource = || names.first().copied().unwrap_or_default().to_owned();
        match known.and_then(|name| self.handlers.get_mut(*name)) {
            Some(handler) => handler(payload).map_err(|reason| RunError::WrongTypes {
                state: state.name.to_string(),
                resource: resource(),
                reason,
            }),
            None => Err(RunError::UnknownTask { state: state.name.to_string(), resource: resource() }),
        }
    }
}

impl Fault {
    fn answer(&self) -> Answer {
        match self {
            Self::Fails(error) => Answer::from(Err(error.clone())),
            Self::TimesOut => Answer::never(),
        }
    }
}

/// The names of a task's events.
struct Events {
    scheduled: &'static str,
    started: &'static str,
    succeeded: &'static str,
    failed: &'static str,
    timed_out: &'static str,
}

const SERVICE: Events = Events {
    scheduled: "TaskScheduled",
    started: "TaskStarted",
    succeeded: "TaskSucceeded",
    failed: "TaskFailed",
    timed_out: "TaskTimedOut",
};

const FUNCTION: Events = Events {
    scheduled: "LambdaFunctionScheduled",
    started: "LambdaFunctionStarted",
    succeeded: "LambdaFunctionSucceeded",
    failed: "LambdaFunctionFailed",
    timed_out: "LambdaFunctionTimedOut",
};

const ACTIVITY: Events = Events {
    scheduled: "ActivityScheduled",
    started: "ActivityStarted",
    succeeded: "ActivitySucceeded",
    failed: "ActivityFailed",
    timed_out: "ActivityTimedOut",
};

impl Engine<'_, '_> {
    /// A task that waits for a token finds it in the context object.
    pub(super) fn give_token(&self, state: &State, line: &mut Line<'_>) {
        if let Kind::Task { task, .. } = &state.kind
            && task.resource.ends_with(".waitForTaskToken")
        {
            let token = json!({"Token": self.world.uuid()});
            line.context = std::mem::take(&mut line.context).with("Task", token.into());
        }
    }

    pub(super) async fn task(
        &self,
        state: &State,
        task: &Task,
        input: &Data,
        arguments: Data,
        line: &mut Line<'_>,
    ) -> Flow<Data> {
        let scope = line.scope(input, &self.world);
        let seconds = task.timeout.as_ref().map(|timeout| timeout.evaluate(&scope)).transpose()?;
        let timeout = duration(seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS));
        let heartbeat = task.heartbeat.as_ref().map(|heartbeat| heartbeat.evaluate(&scope)).transpose()?.map(duration);

        let events = events_of(&task.resource);
        let resource: Arc<str> = task.resource.as_str().into();
        let scheduled =
            Details::Scheduled { resource: Arc::clone(&resource), parameters: Arc::clone(arguments.text()) };
        line.record(events.scheduled, &self.world, scheduled)?;
        line.record(events.started, &self.world, Details::TaskStarted { resource: Arc::clone(&resource) })?;

        let outcome = self.answer(state, task, &arguments, timeout, heartbeat).await;
        let (event, details) = match &outcome {
            Ok(output) => {
                let output = Arc::clone(output.text());
                (events.succeeded, Details::TaskSucceeded { resource, output })
            }
            Err(Failure { error, cause, .. }) => {
                let is_timeout =
                    [ErrorName::Timeout, ErrorName::HeartbeatTimeout].iter().any(|name| name.as_str() == error);
                let details = Details::TaskFailed { resource, error: error.clone(), cause: cause.clone() };
                (if is_timeout { events.timed_out } else { events.failed }, details)
            }
        };
        line.record(event, &self.world, details)?;
        outcome
    }

    async fn answer(
        &self,
        state: &State,
        task: &Task,
        arguments: &Data,
        timeout: Duration,
        heartbeat: Option<Duration>,
    ) -> Flow<Data> {
        let invocation = Invocation::of(&task.resource, arguments.json());
        let answer = self.tasks.borrow_mut().call(state, &invocation.names, invocation.payload);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let failure = Failure::runtime(error.to_string());
                self.broken.borrow_mut().get_or_insert(error);
                return Err(failure);
            }
        };
        let is_within = |limit: Duration| answer.after.is_some_and(|after| after <= limit);
        let is_silent = |limit: &Duration| answer.beats_every.is_none_or(|pause| pause > *limit) && !is_within(*limit);
        if let Some(limit) = heartbeat.filter(is_silent).filter(|limit| *limit < timeout) {
            self.world.clock.sleep(limit).await;
            return Err(Failure::reported(ErrorName::HeartbeatTimeout.as_str(), None));
        }
        if !is_within(timeout) {
            self.world.clock.sleep(timeout).await;
            return Err(Failure::reported(ErrorName::Timeout.as_str(), None));
        }
        self.world.clock.sleep(answer.after.unwrap_or_default()).await;
        match answer.result {
            Ok(result) if invocation.is_wrapped => Ok(invoked(result, &self.world.uuid()).into()),
            Ok(result) => Ok(result.into()),
            Err(TaskError { error, cause }) => Err(Failure::reported(error, Some(cause))),
        }
    }
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

fn events_of(resource: &str) -> &'static Events {
    match resource.split(':').nth(2) {
        Some("lambda") => &FUNCTION,
        _ if resource.contains(":activity:") => &ACTIVITY,
        _ => &SERVICE,
    }
}

/// What a task's handler is given, and under which names it is looked for.
struct Invocation<'a> {
    names: Vec<&'a str>,
    payload: &'a Value,
    /// Whether the service puts what a function returns into an answer of its own.
    is_wrapped: bool,
}

impl<'a> Invocation<'a> {
    fn of(resource: &'a str, arguments: &'a Value) -> Self {
        let mut names = Vec::with_capacity(3);
        let is_invocation = resource.contains(":states:::lambda:invoke");
        let mut payload = arguments;
        if is_invocation && let Some(function) = arguments.get("FunctionName").and_then(Value::as_str) {
            names.extend([function, short(function)]);
            payload = arguments.get("Payload").unwrap_or(&Value::Null);
        }
        names.extend([resource, short(resource)]);
        Self { names, payload, is_wrapped: resource.ends_with(":lambda:invoke") }
    }
}

/// The function's name in its ARN.
fn short(arn: &str) -> &str {
    let name = arn.split_once(":function:").map_or(arn, |(_, name)| name);
    name.split_once(':').filter(|_| name != arn).map_or(name, |(name, _)| name)
}

/// The answer of Lambda's `Invoke` as a state sees it.
fn invoked(payload: Value, request: &str) -> Value {
    json!({
        "ExecutedVersion": "$LATEST",
        "Payload": payload,
        "SdkHttpMetadata": {"HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": request},
        "StatusCode": 200,
    })
}

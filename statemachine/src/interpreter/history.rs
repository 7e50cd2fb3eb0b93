//! What happened, in the shape of `GetExecutionHistory`.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>

use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::failure::Failure;
use super::world::timestamp;

/// An event of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEvent {
    pub(super) id: u64,
    pub(super) previous: u64,
    pub(super) at: Duration,
    pub(super) name: &'static str,
    pub(super) details: Details,
}

impl HistoryEvent {
    /// Its number, from 1.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The event before it on the same way; 0 where there is none.
    pub fn previous_event_id(&self) -> u64 {
        self.previous
    }

    /// Its type, as `TaskStateEntered`.
    pub fn event_type(&self) -> &'static str {
        self.name
    }

    /// When it happened, in virtual time since the execution began.
    pub fn elapsed(&self) -> Duration {
        self.at
    }

    /// The state that was entered or left.
    pub fn state(&self) -> Option<&str> {
        match &self.details {
            Details::Entered { state, .. } | Details::Exited { state, .. } => Some(state),
            _ => None,
        }
    }

    /// Its details by themselves, if events of its type have any.
    pub fn details(&self) -> Option<Value> {
        self.details.json()
    }

    /// The name of the field that holds the details: `stateEnteredEventDetails` for every type of state.
    fn details_field(&self) -> String {
        match self.details {
            Details::Entered { .. } => "stateEnteredEventDetails".to_owned(),
            Details::Exited { .. } => "stateExitedEventDetails".to_owned(),
            _ => {
                let mut name = self.name.to_owned();
                name[..1].make_ascii_lowercase();
                name + "EventDetails"
            }
        }
    }
}

/// Texts are shared with the values they are of: a history costs little until somebody reads it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Details {
    None,
    Started { input: Arc<str> },
    Succeeded { output: Arc<str> },
    Failed { error: String, cause: Option<String> },
    Entered { state: Arc<str>, input: Arc<str> },
    Exited { state: Arc<str>, output: Arc<str> },
    Scheduled { resource: Arc<str>, parameters: Arc<str> },
    TaskStarted { resource: Arc<str> },
    TaskSucceeded { resource: Arc<str>, output: Arc<str> },
    TaskFailed { resource: Arc<str>, error: String, cause: Option<String> },
    Length(usize),
    Iteration { state: Arc<str>, index: usize },
    MapRun { arn: String },
}

impl Details {
    pub(super) fn failed(failure: &Failure) -> Self {
        Self::Failed { error: failure.error.clone(), cause: failure.cause.clone() }
    }

    fn json(&self) -> Option<Value> {
        let details = json!({"truncated": false});
        let mut json = match self {
            Self::None => return None,
            Self::Started { input } => json!({"input": &**input, "inputDetails": details}),
            Self::Succeeded { output } => json!({"output": &**output, "outputDetails": details}),
            Self::Failed { error, cause } => json!({"error": error, "cause": cause}),
            Self::Entered { state, input } => json!({"name": &**state, "input": &**input, "inputDetails": details}),
            Self::Exited { state, output } => json!({"name": &**state, "output": &**output, "outputDetails": details}),
            Self::Scheduled { resource, parameters } => match service_of(resource) {
                Some((kind, action)) => json!({"resourceType": kind, "resource": action, "parameters": &**parameters}),
                None => json!({"resource": &**resource, "input": &**parameters, "inputDetails": details}),
            },
            Self::TaskStarted { resource } => {
                let (kind, action) = service_of(resource)?;
                json!({"resourceType": kind, "resource": action})
            }
            Self::TaskSucceeded { resource, output } => {
                let service = service_of(resource).unzip();
                json!({"resourceType": service.0, "resource": service.1, "output": &**output, "outputDetails": details})
            }
            Self::TaskFailed { resource, error, cause } => {
                let service = service_of(resource).unzip();
                json!({"resourceType": service.0, "resource": service.1, "error": error, "cause": cause})
            }
            Self::Length(length) => json!({"length": length}),
            Self::Iteration { state, index } => json!({"name": &**state, "index": index}),
            Self::MapRun { arn } => json!({"mapRunArn": arn}),
        };
        if let Some(fields) = json.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        Some(json)
    }
}

/// `lambda` and `invoke` of `arn:aws:states:::lambda:invoke`; none of a function's or an activity's own ARN.
fn service_of(resource: &str) -> Option<(&str, &str)> {
    let (_, integration) = resource.split_once(":states:::")?;
    integration.rsplit_once(':')
}

impl Serialize for HistoryEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut event = serializer.serialize_map(None)?;
        event.serialize_entry("timestamp", &timestamp(self.at))?;
        event.serialize_entry("type", self.name)?;
        event.serialize_entry("id", &self.id)?;
        event.serialize_entry("previousEventId", &self.previous)?;
        if let Some(details) = self.details.json() {
            event.serialize_entry(&self.details_field(), &details)?;
        }
        event.end()
    }
}

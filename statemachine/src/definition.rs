//! The definition as data: what the builder fills in and what is serialised. The order of the fields is the order in
//! which they are read: what a state is, what it does, what may go wrong, where it goes.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use crate::{ErrorName, Retry};

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Definition {
    pub(crate) comment: String,
    pub(crate) query_language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout_seconds: Option<u32>,
    pub(crate) start_at: String,
    pub(crate) states: IndexMap<String, State>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct State {
    #[serde(rename = "Type")]
    type_name: &'static str,
    #[serde(rename = "Comment", skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
    #[serde(flatten)]
    fields: Fields,
}

/// The fields of one type of state.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged, rename_all_fields = "PascalCase")]
pub(crate) enum Fields {
    Task {
        resource: &'static str,
        arguments: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        timeout_seconds: Option<u32>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        retry: Vec<Retry>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        catch: Vec<Catcher>,
        output: String,
        #[serde(flatten)]
        transition: Transition,
    },
    Choice {
        choices: Vec<Rule>,
        default: String,
    },
    Pass {
        output: String,
        #[serde(flatten)]
        transition: Transition,
    },
    Wait {
        seconds: u32,
        #[serde(flatten)]
        transition: Transition,
    },
    Succeed {},
    Fail {
        error: String,
        cause: String,
    },
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Catcher {
    pub(crate) error_equals: Vec<ErrorName>,
    pub(crate) next: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Rule {
    pub(crate) condition: String,
    pub(crate) next: String,
}

/// Where a state goes: `"Next": "…"` or `"End": true`.
#[derive(Clone, Debug, Serialize)]
pub(crate) enum Transition {
    Next(String),
    End(bool),
}

impl Transition {
    fn target(&self) -> Option<&String> {
        match self {
            Self::Next(name) => Some(name),
            Self::End(_) => None,
        }
    }
}

impl State {
    pub(crate) fn new(fields: Fields) -> Self {
        let type_name = match fields {
            Fields::Task { .. } => "Task",
            Fields::Choice { .. } => "Choice",
            Fields::Pass { .. } => "Pass",
            Fields::Wait { .. } => "Wait",
            Fields::Succeed {} => "Succeed",
            Fields::Fail { .. } => "Fail",
        };
        Self { type_name, comment: None, fields }
    }

    /// The states that can come next, the usual way first.
    pub(crate) fn targets(&self) -> Vec<&String> {
        match &self.fields {
            Fields::Task { transition, catch, .. } => {
                transition.target().into_iter().chain(catch.iter().map(|catcher| &catcher.next)).collect()
            }
            Fields::Choice { choices, default } => choices.iter().map(|rule| &rule.next).chain([default]).collect(),
            Fields::Pass { transition, .. } | Fields::Wait { transition, .. } => {
                transition.target().into_iter().collect()
            }
            Fields::Succeed {} | Fields::Fail { .. } => Vec::new(),
        }
    }
}

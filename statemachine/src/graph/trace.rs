//! The way that an execution took, from its history.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::interpreter::Execution;

/// Which states an execution entered, from which to which it went, and where it stopped.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    entered: BTreeMap<String, usize>,
    exited: BTreeMap<String, usize>,
    steps: HashSet<(String, String)>,
}

/// What a trace says of a state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    Missed,
    Passed,
    /// It was entered more often than left: the execution failed here, or still is here.
    Stopped,
}

impl Trace {
    /// The way of an execution in this process.
    pub fn of(execution: &Execution) -> Self {
        let events: Vec<Value> =
            execution.history().iter().filter_map(|event| serde_json::to_value(event).ok()).collect();
        Self::of_events(&events)
    }

    /// The way in a history as `GetExecutionHistory` gives it: the list `events`.
    pub fn of_events(events: &[Value]) -> Self {
        let number = |event: &Value, field: &str| event.get(field).and_then(Value::as_u64).unwrap_or_default();
        let by_id: HashMap<u64, &Value> = events.iter().map(|event| (number(event, "id"), event)).collect();
        let mut trace = Self::default();
        for event in events {
            if let Some(name) = state(event, "stateExitedEventDetails") {
                *trace.exited.entry(name.to_owned()).or_default() += 1;
            }
            let Some(name) = state(event, "stateEnteredEventDetails") else { continue };
            *trace.entered.entry(name.to_owned()).or_default() += 1;
            let before = by_id.get(&number(event, "previousEventId"));
            if let Some(before) = before.and_then(|before| state(before, "stateExitedEventDetails")) {
                trace.steps.insert((before.to_owned(), name.to_owned()));
            }
        }
        trace
    }

    pub(super) fn mark(&self, state: &str) -> Mark {
        match (self.entered.get(state), self.exited.get(state)) {
            (None, _) => Mark::Missed,
            (entered, exited) if entered == exited => Mark::Passed,
            _ => Mark::Stopped,
        }
    }

    /// Whether the execution went from one state to the other; to the end of a machine where there is no other.
    pub(super) fn goes(&self, from: &str, to: Option<&str>) -> bool {
        match to {
            Some(to) => self.steps.contains(&(from.to_owned(), to.to_owned())),
            None => self.mark(from) != Mark::Missed,
        }
    }
}

fn state<'a>(event: &'a Value, details: &str) -> Option<&'a str> {
    event.get(details)?.get("name")?.as_str()
}

//! What AWS takes and an execution may stumble over: errors that nobody catches, workers that nobody watches, and what
//! the other modules know of repeats, sizes and histories.

use serde_json::{Map, Value};

use super::finding::{Code, Finding};
use super::service::{Call, is_activity};
use super::{history, nested_machines, repeat, size};

/// Checks a definition in which nothing else is wrong.
pub(super) fn check(definition: &Map<String, Value>) -> Vec<Finding> {
    let mut findings = Vec::new();
    machine(definition, "", false, &mut findings);
    findings.extend(history::check(definition));
    findings
}

/// The states of a machine; `is_caught` says whether a state around it catches every error.
fn machine(machine: &Map<String, Value>, path: &str, is_caught: bool, findings: &mut Vec<Finding>) {
    for (name, state) in super::states(machine) {
        let path = super::state_path(path, name);
        let is_caught = is_caught || catches_all(state);
        if state.get("Type").is_some_and(|name| name == "Task") {
            findings.extend(task(state, is_caught, &path));
        }
        findings.extend(repeat::check(state, &path));
        findings.extend(size::check(state, &path));
        for (nested, path) in nested_machines(state, &path) {
            self::machine(nested, &path, is_caught || tolerates_all(state), findings);
        }
    }
}

fn task(state: &Map<String, Value>, is_caught: bool, path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !is_caught {
        let message =
            "catch States.ALL, here or on the Map or Parallel around it; without it an error ends the execution";
        findings.push(Finding::new(Code::UncaughtError, path, message));
    }
    let waits = is_activity(state) || Call::of(state).is_some_and(|call| call.waits_for_token());
    if waits && !state.contains_key("HeartbeatSeconds") && !state.contains_key("HeartbeatSecondsPath") {
        let message = "give the task HeartbeatSeconds, and let the worker send heartbeats; without them its death is \
                       noticed at the timeout";
        findings.push(Finding::new(Code::MissingHeartbeat, path, message));
    }
    findings
}

fn catches_all(state: &Map<String, Value>) -> bool {
    let catchers = state.get("Catch").and_then(Value::as_array).into_iter().flatten();
    let mut names = catchers.filter_map(|catcher| catcher.get("ErrorEquals")?.as_array()).flatten();
    names.any(|name| name == "States.ALL")
}

/// Whether a Map goes on whatever becomes of its items.
fn tolerates_all(state: &Map<String, Value>) -> bool {
    state.get("ToleratedFailurePercentage").is_some_and(|share| share.as_f64() == Some(100.0))
}

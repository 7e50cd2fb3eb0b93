//! The limit of an execution's history: loops that may go around too often, and Maps that are too large.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html>

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::finding::{Code, Finding};
use super::graph::{Edges, components, edges};
use super::service::{Call, is_distributed};
use super::{nested_machines, state_path, states};
use crate::interpreter::EVENT_LIMIT;

const LIMIT: u64 = EVENT_LIMIT as u64;

/// Checks each history that a definition makes: the execution's own, and those of the items of distributed Maps.
pub(super) fn check(definition: &Map<String, Value>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let seconds = definition.get("TimeoutSeconds").and_then(Value::as_u64);
    execution(definition, "", seconds, &mut findings);
    findings
}

fn execution(machine: &Map<String, Value>, path: &str, seconds: Option<u64>, findings: &mut Vec<Finding>) {
    let events = length(machine);
    if events > LIMIT {
        let message = format!(
            "an execution writes {events} events, and fails at {LIMIT}; let a distributed Map do the work, whose items \
             have histories of their own"
        );
        findings.push(Finding::new(Code::HistoryLimit, path, message));
    }
    inner(machine, path, seconds, findings);
}

/// The events of the longest execution that takes each loop once.
pub(super) fn length(machine: &Map<String, Value>) -> u64 {
    longest(machine).saturating_add(2)
}

/// The loops of a machine and of those nested in it.
fn inner(machine: &Map<String, Value>, path: &str, seconds: Option<u64>, findings: &mut Vec<Finding>) {
    findings.extend(loops(machine, path, seconds));
    for (name, state) in states(machine) {
        for (nested, path) in nested_machines(state, &state_path(path, name)) {
            if is_distributed(state) {
                execution(nested, &path, seconds, findings);
            } else {
                inner(nested, &path, seconds, findings);
            }
        }
    }
}

/// Each loop, where it begins.
fn loops(machine: &Map<String, Value>, path: &str, seconds: Option<u64>) -> Vec<Finding> {
    let edges = edges(machine);
    let loops = components(&edges).into_iter().filter(|component| is_loop(component, &edges));
    loops.flat_map(|states| a_loop(machine, &states, &edges, path, seconds)).collect()
}

fn a_loop(
    machine: &Map<String, Value>,
    names: &[&str],
    edges: &Edges<'_>,
    path: &str,
    seconds: Option<u64>,
) -> Vec<Finding> {
    let Some(first) = names.first() else { return Vec::new() };
    let path = state_path(path, first);
    let state = |name: &str| states(machine).find(|(other, _)| *other == name).map(|(_, state)| state);
    let mut findings = Vec::new();
    let is_exit = |name: &&&str| {
        let leaves = edges[**name].iter().any(|target| !target.is_error && !names.contains(&target.name));
        leaves || state(name).is_some_and(|state| state.get("End").is_some_and(|end| end == true))
    };
    if !names.iter().any(|name| is_exit(&name)) {
        let message = format!("only an error leaves the loop of {}; let a Choice end it", names.join(", "));
        findings.push(Finding::new(Code::LeftByErrorOnly, &path, message));
    }
    let events: u64 = names.iter().filter_map(|name| state(name)).map(events).fold(0, u64::saturating_add);
    let pauses: HashMap<&str, u64> =
        names.iter().filter_map(|name| Some((*name, state(name)?.get("Seconds")?.as_u64()?))).collect();
    let turns = seconds.zip(pauses.values().min()).map(|(seconds, pause)| seconds / pause.max(&1) + 1);
    let without_pauses: Edges<'_> =
        names.iter().filter(|name| !pauses.contains_key(**name)).map(|name| (*name, edges[*name].clone())).collect();
    let always_pauses = components(&without_pauses).iter().all(|part| !is_loop(part, &without_pauses));
    if !(always_pauses && turns.is_some_and(|turns| turns.saturating_mul(events) < LIMIT)) {
        let message = format!(
            "each turn of the loop adds up to {events} events, and an execution fails at {LIMIT}: go on in a new \
             execution in time, or wait in each turn and give the machine a TimeoutSeconds that keeps them few"
        );
        findings.push(Finding::new(Code::HistoryLimit, path, message));
    }
    findings
}

/// Whether one can come back to a state of these, of which each leads to each.
fn is_loop(component: &[&str], edges: &Edges<'_>) -> bool {
    component.len() > 1 || component.iter().any(|name| edges[*name].iter().any(|target| target.name == *name))
}

/// The events of the longest way through a machine, each loop taken once.
fn longest(machine: &Map<String, Value>) -> u64 {
    let edges = edges(machine);
    let weights: HashMap<&str, u64> = states(machine).map(|(name, state)| (name, events(state))).collect();
    let mut longest: HashMap<&str, u64> = HashMap::new();
    for component in components(&edges).iter().rev() {
        let own =
            component.iter().filter_map(|name| weights.get(name)).fold(0u64, |sum, events| sum.saturating_add(*events));
        let targets = component.iter().flat_map(|name| &edges[*name]);
        let rest = targets.filter_map(|target| longest.get(target.name)).max().copied().unwrap_or(0);
        longest.extend(component.iter().map(|name| (*name, own.saturating_add(rest))));
    }
    machine.get("StartAt").and_then(Value::as_str).and_then(|start| longest.get(start)).copied().unwrap_or(0)
}

/// The events of one state that succeeds at once. Of a Map whose items are not known, those that it has without any.
fn events(state: &Map<String, Value>) -> u64 {
    let nested: u64 = match state.get("Type").and_then(Value::as_str) {
        _ if is_distributed(state) => 0,
        Some("Map") => {
            let machine = nested_machines(state, "").first().map_or(0, |(machine, _)| longest(machine));
            items(state).unwrap_or(0).saturating_mul(machine.saturating_add(2))
        }
        _ => nested_machines(state, "").iter().map(|(machine, _)| longest(machine)).fold(0, u64::saturating_add),
    };
    let own = match state.get("Type").and_then(Value::as_str) {
        Some("Fail") => 1,
        Some("Task") if Call::of(state).is_some_and(|call| call.waits()) => 6,
        Some("Task") => 5,
        Some("Map") if is_distributed(state) => 6,
        Some("Map" | "Parallel") => 4,
        _ => 2,
    };
    nested.saturating_add(own)
}

/// How many items a Map has, where the definition says so: a list, or `{% [1..10] %}`.
fn items(state: &Map<String, Value>) -> Option<u64> {
    match state.get("Items")? {
        Value::Array(items) => u64::try_from(items.len()).ok(),
        Value::String(text) => {
            let range = text.strip_prefix("{%")?.strip_suffix("%}")?.trim().strip_prefix('[')?.strip_suffix(']')?;
            let (first, last) = range.split_once("..")?;
            let number = |text: &str| text.trim().parse::<u64>().ok();
            Some(number(last)?.saturating_sub(number(first)?).saturating_add(1))
        }
        _ => None,
    }
}

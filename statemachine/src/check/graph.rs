//! A machine as a graph: that every transition leads somewhere, every state is reached, and every state can end.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::finding::{Code, Finding, pointer};

/// Checks the states of one machine, which starts at `start`.
pub(super) fn check(start: &str, states: &Map<String, Value>, path: &str) -> Vec<Finding> {
    let edges = edges_of(states);
    let state_path = |name: &str| format!("{path}{}", pointer(["States", name]));

    let mut findings = Vec::new();
    if !states.contains_key(start) {
        findings.push(unknown(start, format!("{path}{}", pointer(["StartAt"]))));
    }
    for name in states.keys() {
        for target in edges[name.as_str()].iter().filter(|target| !states.contains_key(target.name)) {
            findings.push(unknown(target.name, format!("{}{}", state_path(name), target.path)));
        }
    }
    if !findings.is_empty() {
        // With a transition missing, what follows would be found unreachable or endless as well: noise.
        return findings;
    }

    let reached = reached(start, &edges);
    for name in states.keys().filter(|name| !reached.contains(name.as_str())) {
        let message = "no state leads here; add a transition or remove the state";
        findings.push(Finding::new(Code::Unreachable, state_path(name), message));
    }
    let ending = ending(states, &edges);
    for name in states.keys().filter(|name| !ending.contains(name.as_str())) {
        let message = "no way from here ends; add a way to a Succeed, a Fail or an \"End\": true";
        findings.push(Finding::new(Code::Endless, state_path(name), message));
    }
    findings
}

fn unknown(target: &str, path: String) -> Finding {
    Finding::new(Code::UnknownTarget, path, format!("no state is named {target:?} here; correct the name"))
}

/// Where each state leads, in the order of the definition.
pub(super) type Edges<'a> = IndexMap<&'a str, Vec<Target<'a>>>;

/// A state that another one leads to.
#[derive(Clone)]
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    /// Whether only an error leads there.
    pub(super) is_error: bool,
    /// Where in the other one it is named.
    path: String,
}

/// Where the states of a machine lead.
pub(super) fn edges(machine: &Map<String, Value>) -> Edges<'_> {
    machine.get("States").and_then(Value::as_object).map(edges_of).unwrap_or_default()
}

fn edges_of(states: &Map<String, Value>) -> Edges<'_> {
    states.iter().map(|(name, state)| (name.as_str(), targets(state))).collect()
}

fn targets(state: &Value) -> Vec<Target<'_>> {
    let direct = ["Next", "Default"].into_iter().filter_map(|field| Target::of(state, field, String::new()));
    let listed = ["Choices", "Catch"].into_iter().flat_map(|list| {
        let items = state.get(list).and_then(Value::as_array).into_iter().flatten().enumerate();
        items.filter_map(move |(index, item)| Target::of(item, "Next", pointer([list, &index.to_string()])))
    });
    direct.chain(listed).collect()
}

impl<'a> Target<'a> {
    fn of(object: &'a Value, field: &str, path: String) -> Option<Self> {
        let name = object.get(field)?.as_str()?;
        Some(Self { name, is_error: path.starts_with("/Catch"), path: path + &pointer([field]) })
    }
}

/// The states that an execution can come to.
fn reached<'a>(start: &'a str, edges: &Edges<'a>) -> HashSet<&'a str> {
    let mut reached = HashSet::from([start]);
    let mut ahead = vec![start];
    while let Some(name) = ahead.pop() {
        let targets = edges.get(name).into_iter().flatten().map(|target| target.name);
        ahead.extend(targets.filter(|target| reached.insert(target)));
    }
    reached
}

/// The states from which an execution can end: those that lead nowhere, then those that lead to one, until none is left.
fn ending<'a>(states: &'a Map<String, Value>, edges: &Edges<'a>) -> HashSet<&'a str> {
    let names = || states.keys().map(String::as_str);
    let mut ending: HashSet<&str> = names().filter(|name| edges[name].is_empty()).collect();
    loop {
        let leads_there = |name: &&str| edges[name].iter().any(|target| ending.contains(target.name));
        let more: Vec<&str> = names().filter(|name| !ending.contains(name)).filter(leads_there).collect();
        if more.is_empty() {
            return ending;
        }
        ending.extend(more);
    }
}

/// The states in groups of which each state leads to each, the groups in the order of a way through them. A group of
/// one is a state of no loop, unless it leads to itself.
pub(super) fn components<'a>(edges: &Edges<'a>) -> Vec<Vec<&'a str>> {
    let mut back: IndexMap<&str, Vec<&'a str>> = edges.keys().map(|name| (*name, Vec::new())).collect();
    for (name, targets) in edges {
        for target in targets {
            if let Some(sources) = back.get_mut(target.name) {
                sources.push(*name);
            }
        }
    }
    let mut seen = HashSet::new();
    let order = left_last(edges);
    let mut components = Vec::new();
    for start in order {
        let mut component = Vec::new();
        let mut ahead = vec![start];
        while let Some(name) = ahead.pop() {
            if seen.insert(name) {
                component.push(name);
                ahead.extend(back[name].iter().copied());
            }
        }
        if !component.is_empty() {
            component.sort_by_key(|name| edges.get_index_of(name));
            components.push(component);
        }
    }
    components
}

/// The states in the reverse of the order in which a walk in depth is done with them.
fn left_last<'a>(edges: &Edges<'a>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    let mut done = Vec::new();
    for start in edges.keys().copied() {
        let mut ahead = vec![(start, false)];
        while let Some((name, is_done)) = ahead.pop() {
            if is_done {
                done.push(name);
            } else if edges.contains_key(name) && seen.insert(name) {
                ahead.push((name, true));
                ahead.extend(edges[name].iter().rev().map(|target| (target.name, false)));
            }
        }
    }
    done.reverse();
    done
}

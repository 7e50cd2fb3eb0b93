//! A machine as a graph: that every transition leads somewhere, every state is reached, and every state can end.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::finding::{Code, Finding, pointer};

/// Checks the states of one machine, which starts at `start`.
pub(super) fn check(start: &str, states: &Map<String, Value>, path: &str) -> Vec<Finding> {
    let edges: HashMap<&str, Vec<Target<'_>>> =
        states.iter().map(|(name, state)| (name.as_str(), targets(state))).collect();
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

/// A state that another one leads to, and where in that one it is named.
struct Target<'a> {
    name: &'a str,
    path: String,
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
        Some(Self { name, path: path + &pointer([field]) })
    }
}

/// The states that an execution can come to.
fn reached<'a>(start: &'a str, edges: &HashMap<&'a str, Vec<Target<'a>>>) -> HashSet<&'a str> {
    let mut reached = HashSet::from([start]);
    let mut ahead = vec![start];
    while let Some(name) = ahead.pop() {
        let targets = edges.get(name).into_iter().flatten().map(|target| target.name);
        ahead.extend(targets.filter(|target| reached.insert(target)));
    }
    reached
}

/// The states from which an execution can end: those that lead nowhere, then those that lead to one, until none is left.
fn ending<'a>(states: &'a Map<String, Value>, edges: &HashMap<&'a str, Vec<Target<'a>>>) -> HashSet<&'a str> {
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

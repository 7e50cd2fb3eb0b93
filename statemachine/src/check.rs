//! The checker: rules of the States Language that AWS enforces late, at deployment or in the middle of an execution,
//! and risks that AWS takes. It reads a definition as JSON, so it judges one written by hand as well as one that the
//! builder made.

mod choice;
mod expression;
mod fields;
mod finding;
mod graph;
mod history;
mod repeat;
mod retry;
mod risk;
mod service;
mod shape;
mod size;
mod suppression;

use std::collections::HashSet;

use serde_json::{Map, Value};

pub(crate) use self::fields::QueryLanguage;
pub(crate) use self::finding::pointer;
pub use self::finding::{Code, Finding, Severity};

/// Longest name of a state, characters.
const NAME_LIMIT: usize = 80;

/// The largest number of seconds, or of attempts, that a definition may ask for.
const NUMBER_LIMIT: u64 = 99_999_999;

/// Checks a definition, and the machines nested in its Map and Parallel states. [`Code`] lists what can be found.
///
/// Errors come first: what AWS refuses, and what can only fail. A definition without errors is looked through for risks,
/// the [warnings](Severity::Warning): unbounded loops, errors that nobody catches, retries that may do a thing twice,
/// limits of size. One that does not matter is suppressed by a line in the Comment of its state, or of the definition,
/// with the reason:
///
/// ```
/// use serde_json::json;
/// use statemachine::{Code, check_definition};
///
/// let mut definition = json!({
///     "StartAt": "Tell",
///     "States": {
///         "Tell": {
///             "Type": "Task",
///             "Resource": "arn:aws:states:::sns:publish",
///             "Parameters": {"TopicArn": "${TopicArn}", "Message.$": "$.message"},
///             "TimeoutSeconds": 10,
///             "Retry": [{"ErrorEquals": ["States.TaskFailed"]}],
///             "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Untold"}],
///             "End": true
///         },
///         "Untold": {"Type": "Succeed"}
///     }
/// });
/// let findings = check_definition(&definition);
/// assert_eq!((findings[0].code(), findings[0].path()), (Code::UnsafeRetry, "/States/Tell/Retry/0"));
///
/// definition["States"]["Tell"]["Comment"] = json!("Tells the team.\nsuppress ASL305: hearing it twice does no harm");
/// assert_eq!(check_definition(&definition)[0].suppressed(), Some("hearing it twice does no harm"));
/// ```
///
/// <https://states-language.net/spec.html>
pub fn check_definition(definition: &Value) -> Vec<Finding> {
    let mut checker = Checker { findings: Vec::new(), names: HashSet::new() };
    let Some(machine) = definition.as_object() else {
        return vec![Finding::new(Code::Structure, "", "a definition is a JSON object")];
    };
    let language = QueryLanguage::within(machine, QueryLanguage::JsonPath);
    checker.query_language(machine, "");
    checker.timeout(machine, "TimeoutSeconds", None, "");
    checker.findings.extend(size::definition(definition));
    checker.machine(machine, language, "");
    let mut findings = checker.findings;
    // Where a field or a transition is wrong, what follows from it would be noise.
    if !findings.iter().any(Finding::is_error) {
        findings.extend(risk::check(machine));
        suppression::apply(machine, &mut findings);
    }
    findings
}

struct Checker<'a> {
    findings: Vec<Finding>,
    /// Names are unique in the whole definition, nested machines included.
    names: HashSet<&'a str>,
}

impl<'a> Checker<'a> {
    fn report(&mut self, code: Code, path: impl Into<String>, message: impl Into<String>) {
        self.findings.push(Finding::new(code, path.into(), message));
    }

    /// A machine, whole or nested: its states each, then as a graph.
    fn machine(&mut self, machine: &'a Map<String, Value>, language: QueryLanguage, path: &str) {
        self.findings.extend(fields::machine(machine, path));
        let Some(states) = machine.get("States").and_then(Value::as_object).filter(|states| !states.is_empty()) else {
            return self.report(Code::Structure, path, "give it States, an object with at least one state");
        };
        for (name, state) in states {
            let path = state_path(path, name);
            self.name(name, &path);
            match state.as_object() {
                Some(state) => self.state(state, language, &path),
                None => self.report(Code::Structure, path, "a state is a JSON object"),
            }
        }
        match machine.get("StartAt").and_then(Value::as_str) {
            Some(start) => self.findings.extend(graph::check(start, states, path)),
            None => self.report(Code::Structure, path, "name the first state in StartAt"),
        }
    }

    fn name(&mut self, name: &'a str, path: &str) {
        if name.is_empty() || name.chars().count() > NAME_LIMIT {
            self.report(Code::InvalidName, path, format!("a state's name has 1 to {NAME_LIMIT} characters"));
        }
        if !self.names.insert(name) {
            self.report(Code::DuplicateName, path, "another state has this name; rename one of the two");
        }
    }

    fn state(&mut self, state: &'a Map<String, Value>, machine_language: QueryLanguage, path: &str) {
        self.query_language(state, path);
        let language = QueryLanguage::within(state, machine_language);
        if machine_language == QueryLanguage::Jsonata && language == QueryLanguage::JsonPath {
            self.report(Code::MixedLanguages, path, "a machine in JSONata has no states in JSONPath");
        }
        self.findings.extend(fields::check(state, language, path));
        self.findings.extend(shape::check(state, language, path));
        self.findings.extend(expression::check(state, language, path));
        self.timeouts(state, language, path);
        self.findings.extend(retry::check(state, path));
        self.findings.extend(size::label(state, path));
        self.findings.extend(size::data(state, path));
        for (nested, path) in nested_machines(state, path) {
            self.machine(nested, machine_language, &path);
        }
    }

    fn query_language(&mut self, object: &Map<String, Value>, path: &str) {
        if object.contains_key("QueryLanguage") && QueryLanguage::of(object).is_none() {
            self.report(Code::Structure, format!("{path}/QueryLanguage"), "write JSONata or JSONPath");
        }
    }

    fn timeouts(&mut self, state: &Map<String, Value>, language: QueryLanguage, path: &str) {
        let is_task = state.get("Type").is_some_and(|name| name == "Task");
        if is_task && !state.contains_key("TimeoutSeconds") && !state.contains_key("TimeoutSecondsPath") {
            self.report(
                Code::MissingTimeout,
                path,
                "give the task TimeoutSeconds; without it a lost answer is waited for as long as an execution may be",
            );
        }
        self.timeout(state, "TimeoutSeconds", Some(language), path);
        self.timeout(state, "HeartbeatSeconds", Some(language), path);
        let seconds = |field| state.get(field).and_then(Value::as_u64);
        if let (Some(heartbeat), Some(timeout)) = (seconds("HeartbeatSeconds"), seconds("TimeoutSeconds"))
            && heartbeat >= timeout
        {
            self.report(Code::TimeoutLimit, path, "make HeartbeatSeconds smaller than TimeoutSeconds");
        }
    }

    /// A field that holds seconds. A state in JSONata may give them by an expression, which is left to the execution.
    fn timeout(&mut self, object: &Map<String, Value>, field: &str, language: Option<QueryLanguage>, path: &str) {
        let is_sound = match object.get(field) {
            None => true,
            Some(text @ Value::String(_)) => language.is_some_and(|language| shape::is_expression(text, language)),
            Some(value) => value.as_u64().is_some_and(|seconds| (1..=NUMBER_LIMIT).contains(&seconds)),
        };
        if !is_sound {
            let path = format!("{path}{}", pointer([field]));
            self.report(Code::TimeoutLimit, path, format!("write whole seconds, 1 to {NUMBER_LIMIT}"));
        }
    }
}

/// The states of a machine.
fn states(machine: &Map<String, Value>) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    let states = machine.get("States").and_then(Value::as_object).into_iter().flatten();
    states.filter_map(|(name, state)| Some((name.as_str(), state.as_object()?)))
}

/// The path of a state of the machine at `path`.
fn state_path(path: &str, name: &str) -> String {
    format!("{path}{}", pointer(["States", name]))
}

/// The machines inside a Parallel state's branches and a Map state's processor, each with its path.
fn nested_machines<'a>(state: &'a Map<String, Value>, path: &str) -> Vec<(&'a Map<String, Value>, String)> {
    let branches = state.get("Branches").and_then(Value::as_array).into_iter().flatten().enumerate();
    let branches = branches.map(|(index, branch)| (branch, pointer(["Branches", &index.to_string()])));
    let processors = ["ItemProcessor", "Iterator"]
        .into_iter()
        .filter_map(|field| state.get(field).map(|machine| (machine, pointer([field]))));
    branches
        .chain(processors)
        .filter_map(|(machine, below)| machine.as_object().map(|machine| (machine, format!("{path}{below}"))))
        .collect()
}

#[cfg(test)]
mod tests;

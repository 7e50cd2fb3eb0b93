//! A definition as a picture: [Mermaid](https://mermaid.js.org) for Markdown, SVG for all else. The way that an
//! execution took, here or on AWS, can be drawn over it.
//!
//! ```
//! use serde_json::json;
//! use statemachine::graph::{Graph, Trace};
//! use statemachine::interpreter::Interpreter;
//!
//! let definition = json!({"StartAt": "Greet", "States": {"Greet": {"Type": "Pass", "End": true}}});
//! let execution = Interpreter::new(&definition)?.run(json!({}))?;
//! let graph = Graph::of(&definition);
//! assert!(graph.mermaid(&Trace::of(&execution)).contains("Greet"));
//! assert!(graph.svg(&Trace::default()).starts_with("<svg"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod layout;
mod mermaid;
mod svg;
mod trace;

use indexmap::IndexMap;
use serde_json::Value;

pub use self::trace::Trace;

/// The states of a definition and how they are joined, with the machines inside Map and Parallel states.
#[derive(Clone, Debug)]
pub struct Graph {
    machine: Machine,
}

/// A machine, whole or nested.
#[derive(Clone, Debug)]
struct Machine {
    start: Option<usize>,
    states: Vec<State>,
    transitions: Vec<Transition>,
}

#[derive(Clone, Debug)]
struct State {
    /// Its number in the whole definition.
    number: usize,
    name: String,
    kind: String,
    /// The machines inside it.
    inside: Vec<Machine>,
}

/// A way from one state of a machine to another, or to its end.
#[derive(Clone, Debug)]
struct Transition {
    from: usize,
    to: Option<usize>,
    label: String,
    /// Whether only an error goes this way.
    is_catch: bool,
}

/// The longest label, characters.
const LABEL_LIMIT: usize = 24;

impl Graph {
    /// Reads what can be drawn of a definition. A transition to a state that does not exist is left out: the checker
    /// reports it.
    pub fn of(definition: &Value) -> Self {
        Self { machine: Machine::of(definition, &mut 0) }
    }
}

impl Machine {
    fn of(definition: &Value, numbers: &mut usize) -> Self {
        let states = definition.get("States").and_then(Value::as_object);
        let names: IndexMap<&str, &Value> =
            states.into_iter().flatten().map(|(name, state)| (name.as_str(), state)).collect();
        let place = |name: &Value| names.get_index_of(name.as_str()?);
        let states = names.iter().map(|(name, state)| State::of(name, state, numbers)).collect();
        let transitions = names.values().enumerate().flat_map(|(from, state)| ways_out(from, state, &place));
        Self { start: definition.get("StartAt").and_then(place), transitions: merged(transitions), states }
    }
}

impl State {
    fn of(name: &str, state: &Value, numbers: &mut usize) -> Self {
        let number = *numbers;
        *numbers += 1;
        let branches = state.get("Branches").and_then(Value::as_array).into_iter().flatten();
        let processors = ["ItemProcessor", "Iterator"].into_iter().filter_map(|field| state.get(field));
        let inside = branches.chain(processors).map(|machine| Machine::of(machine, numbers)).collect();
        let kind = state.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { number, name: name.to_owned(), kind, inside }
    }
}

fn ways_out(from: usize, state: &Value, place: &impl Fn(&Value) -> Option<usize>) -> Vec<Transition> {
    let way = |to: Option<&Value>, label: String, is_catch| {
        Some(Transition { from, to: Some(place(to?)?), label: shortened(&label), is_catch })
    };
    let listed = |field: &str| state.get(field).and_then(Value::as_array).into_iter().flatten();
    let mut ways: Vec<Transition> = Vec::new();
    ways.extend(listed("Choices").filter_map(|rule| way(rule.get("Next"), rule_label(rule), false)));
    ways.extend(way(state.get("Default"), "otherwise".to_owned(), false));
    ways.extend(way(state.get("Next"), String::new(), false));
    ways.extend(listed("Catch").filter_map(|catcher| way(catcher.get("Next"), error_names(catcher), true)));
    let is_end = state.get("End").is_some_and(|end| end == true);
    ways.extend(is_end.then(|| Transition { from, to: None, label: String::new(), is_catch: false }));
    ways
}

/// Several ways between the same two states are drawn as one.
fn merged(transitions: impl Iterator<Item = Transition>) -> Vec<Transition> {
    let mut merged: IndexMap<(usize, Option<usize>, bool), Vec<String>> = IndexMap::new();
    for Transition { from, to, label, is_catch } in transitions {
        merged.entry((from, to, is_catch)).or_default().extend((!label.is_empty()).then_some(label));
    }
    let one = |((from, to, is_catch), labels): (_, Vec<String>)| Transition {
        from,
        to,
        label: labels.join(" or "),
        is_catch,
    };
    merged.into_iter().map(one).collect()
}

fn rule_label(rule: &Value) -> String {
    if let Some(condition) = rule.get("Condition").and_then(Value::as_str) {
        let condition = condition.trim_start_matches("{%").trim_end_matches("%}").trim();
        return condition.replace("$states.input.", "");
    }
    let comparison = rule
        .as_object()
        .into_iter()
        .flatten()
        .find(|(field, _)| !["Variable", "Next", "Comment"].contains(&field.as_str()));
    match (rule.get("Variable").and_then(Value::as_str), comparison) {
        (Some(variable), Some((operator, value))) => format!("{variable} {operator} {value}"),
        (None, Some((operator, _))) => operator.clone(),
        (_, None) => String::new(),
    }
}

fn error_names(catcher: &Value) -> String {
    let names = catcher.get("ErrorEquals").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    names.collect::<Vec<_>>().join(", ")
}

fn shortened(label: &str) -> String {
    if label.chars().count() <= LABEL_LIMIT {
        return label.to_owned();
    }
    label.chars().take(LABEL_LIMIT - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interpreter::{Interpreter, TaskError};

    fn definition() -> Value {
        let nested = |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Pass", "End": true}}});
        json!({
            "QueryLanguage": "JSONata",
            "StartAt": "IsLarge",
            "States": {
                "IsLarge": {
                    "Type": "Choice",
                    "Choices": [{"Condition": "{% $states.input.n > 10 %}", "Next": "Both"}],
                    "Default": "Say \"no\""
                },
                "Both": {
                    "Type": "Parallel",
                    "Branches": [nested("Left"), nested("Right")],
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
                    "Next": "IsLarge"
                },
                "Say \"no\"": {"Type": "Succeed"},
                "Failed": {"Type": "Fail"}
            }
        })
    }

    fn trace() -> Trace {
        Trace::of(&Interpreter::new(&definition()).unwrap().run(json!({"n": 1})).unwrap())
    }

    #[test]
    fn mermaid() {
        insta::assert_snapshot!(Graph::of(&definition()).mermaid(&trace()));
    }

    #[test]
    fn svg_shows_every_state_once_inside_its_frame() {
        let svg = Graph::of(&definition()).svg(&trace());
        for name in ["IsLarge", "Both", "Left", "Right", "Say &quot;no&quot;", "Failed"] {
            assert_eq!(svg.matches(&format!(">{name}</text>")).count(), 1, "{name}");
        }
        insta::assert_snapshot!(svg);
    }

    /// The marks and the links of a Mermaid chart.
    fn drawn(definition: &Value, trace: &Trace) -> Vec<String> {
        let chart = Graph::of(definition).mermaid(trace);
        let lines =
            chart.lines().map(str::trim).filter(|line| line.starts_with("class ") || line.contains("linkStyle"));
        lines.map(|line| line.split(" stroke").next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn what_a_distributed_map_started_is_drawn_too() {
        let processor = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "One", "States": {
            "One": {"Type": "Pass", "Next": "Two"}, "Two": {"Type": "Pass", "End": true}}});
        let definition = json!({"StartAt": "Each", "States": {
            "Each": {"Type": "Map", "ItemProcessor": processor, "End": true}}});
        let execution = Interpreter::new(&definition).unwrap().run(json!([1, 2])).unwrap();
        let everything = ["class s0,s1,s2 passed", "linkStyle 0,1,2,3,4"];
        assert_eq!(drawn(&definition, &Trace::of(&execution)), everything);

        let events = |history: &[_]| -> Vec<Value> {
            history.iter().filter_map(|event| serde_json::to_value(event).ok()).rev().collect()
        };
        let trace = Trace::of_events(&events(execution.history()));
        assert_eq!(drawn(&definition, &trace), ["class s0 passed", "linkStyle 3,4"]);
        let trace = execution.children().iter().fold(trace, |trace, child| trace.and_events(&events(child.history())));
        assert_eq!(drawn(&definition, &trace), everything);
    }

    #[test]
    fn a_state_that_failed_goes_nowhere() {
        let definition =
            json!({"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": "work", "End": true}}});
        let fails = |_: &Value| Err(TaskError::new("Busy", "later"));
        let execution = Interpreter::new(&definition).unwrap().task("work", fails).run(json!({})).unwrap();
        assert_eq!(drawn(&definition, &Trace::of(&execution)), ["class s0 stopped", "linkStyle 0"]);
    }

    #[test]
    fn a_definition_that_is_broken_is_drawn_as_far_as_it_goes() {
        let graph = Graph::of(&json!({"StartAt": "Gone", "States": {"A": {"Type": "Pass", "Next": "B"}}}));
        assert!(graph.mermaid(&Trace::default()).contains("\"A\""));
        assert!(Graph::of(&json!([])).svg(&Trace::default()).ends_with("</svg>\n"));
    }
}

//! Whole executions: what a user of Step Functions would see.

mod flow;
mod nested;
mod report;
mod state;
mod task;

use serde_json::{Value, json};

use super::{Answer, Execution, Fault, HistoryEvent, Interpreter, RunError, StateStatus, Status, TaskError};

/// A machine of these states, which begins with the first.
fn machine(language: &str, states: Value) -> Value {
    let start = states.as_object().unwrap().keys().next().unwrap().clone();
    json!({"QueryLanguage": language, "StartAt": start, "States": states})
}

fn jsonata(states: Value) -> Value {
    machine("JSONata", states)
}

fn run(definition: &Value, input: Value) -> Execution {
    Interpreter::new(definition).unwrap().run(input).unwrap()
}

#[track_caller]
fn check(states: Value, input: Value, output: Value) {
    let language = if states.to_string().contains("{%") { "JSONata" } else { "JSONPath" };
    let execution = run(&machine(language, states), input);
    assert_eq!(execution.output(), Some(&output), "{:?} {:?}", execution.error(), execution.cause());
}

#[track_caller]
fn check_fails(definition: &Value, input: Value, error: &str, cause: &str) -> Execution {
    let execution = run(definition, input);
    assert_eq!(execution.error(), Some(error), "{:?}", execution.cause());
    assert!(execution.cause().unwrap_or_default().contains(cause), "{:?}", execution.cause());
    execution
}

fn events(execution: &Execution) -> Vec<&'static str> {
    events_of(execution.history())
}

fn events_of(history: &[HistoryEvent]) -> Vec<&'static str> {
    history.iter().map(HistoryEvent::event_type).collect()
}

/// A task on the function `work`, with these fields besides.
fn work(fields: Value) -> Value {
    let mut task = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "work", "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        "End": true
    });
    task.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    task
}

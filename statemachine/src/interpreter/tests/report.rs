//! What an execution tells: its history, its limits, its coverage, and one state by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

#[test]
fn the_history_is_shaped_as_on_aws() {
    let definition = jsonata(json!({"Work": work(json!({}))}));
    let mut interpreter = Interpreter::new(&definition)
        .unwrap()
        .timed_task("work", |_| Answer::from(Ok(json!({"n": 1}))).after(Duration::from_millis(1500)));
    let execution = interpreter.run(json!({"id": 1})).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(execution.history()).unwrap());
}

#[test]
fn an_endless_loop_ends_at_the_limit_of_the_history() {
    let again = json!({"Type": "Pass", "Next": "Again"});
    let execution = check_fails(&machine("JSONPath", json!({"Again": again})), json!({}), "States.Runtime", "25000");
    assert_eq!(execution.history().len(), 25_000);
}

#[test]
fn an_input_too_large_is_refused() {
    let definition = machine("JSONPath", json!({"End": {"Type": "Succeed"}}));
    let error = Interpreter::new(&definition).unwrap().run(json!("x".repeat(262_144))).unwrap_err();
    assert_eq!(error, RunError::InputTooLarge { bytes: 262_146 });
}

#[test]
fn one_state_is_tested_by_itself() {
    let task = work(json!({
        "Assign": {"n": "{% $states.result.Payload.n + $step %}"},
        "Catch": [{"ErrorEquals": ["Busy"], "Next": "Failed"}],
        "Next": "Done",
        "End": null
    }));
    let states = json!({"Work": task, "Done": {"Type": "Succeed"}, "Failed": {"Type": "Fail"}});
    let mut interpreter =
        Interpreter::new(&jsonata(states)).unwrap().task("work", |input| match input["busy"].as_bool() {
            Some(true) => Err(TaskError::new("Busy", "full")),
            _ => Ok(json!({"n": 1})),
        });
    let test = interpreter.test_state("Work", json!({}), json!({"step": 2})).unwrap();
    let assigned = BTreeMap::from([("n".to_owned(), json!(3))]);
    let expected =
        StateTest { output: Some(json!({"n": 1})), assigned, next: Some("Done".into()), error: None, cause: None };
    assert_eq!(test, expected);
    let test = interpreter.test_state("Work", json!({"busy": true}), json!({})).unwrap();
    assert_eq!((test.next.as_deref(), test.output), (Some("Failed"), Some(json!({"Error": "Busy", "Cause": "full"}))));
    let test = interpreter.test_state("Work", json!({}), json!({})).unwrap();
    assert_eq!(test.error.as_deref(), Some("States.QueryEvaluationError"));
    assert!(interpreter.test_state("Nowhere", json!({}), json!({})).is_err());
}

#[test]
fn coverage_adds_up_and_says_what_was_missed() {
    let states = json!({
        "Fork": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input = 1 %}", "Next": "One"}], "Default": "Other"},
        "One": {"Type": "Pass", "Output": "{% 1 %}", "End": true},
        "Other": {"Type": "Succeed"}
    });
    let mut interpreter = Interpreter::new(&jsonata(states)).unwrap();
    interpreter.run(json!(2)).unwrap();
    let report = interpreter.coverage();
    assert_eq!(report.missed_states(), ["One"]);
    assert_eq!(report.missed_transitions(), ["Fork Choices[0] -> One", "One Next -> end"]);
    insta::assert_snapshot!(report);
    interpreter.run(json!(1)).unwrap();
    assert!(interpreter.coverage().is_complete());
}

#[test]
fn a_definition_that_cannot_run_says_where() {
    let check = |states: Value, path: &str| {
        let error = Interpreter::new(&jsonata(states)).err().unwrap();
        assert_eq!(error.path(), path, "{error}");
    };
    check(json!({"A": {"Type": "Pass", "Next": "B"}}), "/States/A/Next");
    check(json!({"A": {"Type": "Passs", "End": true}}), "/States/A/Type");
    check(json!({"A": {"Type": "Pass", "Output": {"x": "{% ( %}"}, "End": true}}), "/States/A/Output");
    let choice = json!({"Type": "Choice", "Choices": [{"Condition": "{% [ %}", "Next": "A"}]});
    check(json!({"A": choice}), "/States/A/Choices/0/Condition");
    assert!(Interpreter::new(&json!({"StartAt": "A"})).is_err());
}

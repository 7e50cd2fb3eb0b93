//! What an execution tells: its history, its limits, its coverage, and one state by itself.

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

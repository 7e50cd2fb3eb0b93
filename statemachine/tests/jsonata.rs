//! JSONata as the interpreter evaluates it, against results that the reference implementation gave. `.ci/jsonata.js`
//! recorded them, and checks them in CI. What Step Functions adds to the language is tested where it is written.

#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};
use statemachine::interpreter::Interpreter;

/// Expressions that the interpreter evaluates otherwise, and why.
const DIFFERENCES: &[(&str, &str)] =
    &[("$reduce([], function($a, $v) { $a + $v })", "the library gives null, where the reference gives nothing")];

/// What the expression gives as the output of a state; nothing where the state fails.
fn evaluate(expression: &str, input: &Value) -> Option<Value> {
    let state = json!({"Type": "Pass", "Output": format!("{{% {expression} %}}"), "End": true});
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "Ask", "States": {"Ask": state}});
    let execution = Interpreter::new(&definition).ok()?.run(input.clone()).unwrap();
    execution.output().cloned()
}

/// Whether two values are the same, however their numbers are written.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| is_same(value, other)))
        }
        _ => left == right,
    }
}

#[test]
fn expressions_give_what_the_reference_gives() {
    let recorded: Value = serde_json::from_str(include_str!("jsonata.json")).unwrap();
    let mut wrong = Vec::new();
    for case in recorded["cases"].as_array().unwrap() {
        let expression = case["expression"].as_str().unwrap();
        let found = evaluate(expression, &recorded["input"]);
        let is_right = match (&found, case.get("result")) {
            (Some(found), Some(result)) => is_same(found, result),
            (found, result) => found.is_none() && result.is_none(),
        };
        let known = DIFFERENCES.iter().any(|(known, _)| *known == expression);
        if is_right == known {
            wrong
                .push(format!("{expression}: {found:?}, the reference gives {:?}, known: {known}", case.get("result")));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

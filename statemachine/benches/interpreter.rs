//! How fast the interpreter is: `cargo bench -p statemachine`.

#![allow(clippy::unwrap_used)]

use divan::Bencher;
use divan::counter::ItemsCount;
use serde_json::{Value, json};
use statemachine::interpreter::{Interpreter, Status};

fn main() {
    divan::main();
}

/// Transitions of one run: a history has room for 25,000 events, and a transition makes two.
const TRANSITIONS: u64 = 12_000;

/// A loop of a Pass and a Choice that goes around until it has counted far enough.
fn counting(language: &str, pass: Value, condition: Value) -> Value {
    let mut rule = condition;
    rule["Next"] = json!("Count");
    json!({
        "QueryLanguage": language,
        "StartAt": "Count",
        "States": {"Count": pass, "IsOver": {"Type": "Choice", "Choices": [rule], "Default": "Over"}, "Over": {"Type": "Succeed"}}
    })
}

fn transitions(bencher: Bencher<'_, '_>, definition: &Value) {
    let mut interpreter = Interpreter::new(definition).unwrap();
    bencher.counter(ItemsCount::new(TRANSITIONS)).bench_local(|| {
        let execution = interpreter.run(json!({"n": 0})).unwrap();
        assert_eq!(execution.path().len() as u64, TRANSITIONS + 1);
    });
}

#[divan::bench]
fn transitions_in_jsonpath(bencher: Bencher<'_, '_>) {
    let pass = json!({"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "IsOver"});
    let condition = json!({"Variable": "$.n", "NumericLessThan": TRANSITIONS / 2});
    transitions(bencher, &counting("JSONPath", pass, condition));
}

#[divan::bench]
fn transitions_in_jsonata(bencher: Bencher<'_, '_>) {
    let pass = json!({"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}, "Next": "IsOver"});
    let condition = json!({"Condition": format!("{{% $states.input.n < {} %}}", TRANSITIONS / 2)});
    transitions(bencher, &counting("JSONata", pass, condition));
}

/// Items of one Map: each is an execution of its own, which calls a task.
const ITEMS: u64 = 10_000;

#[divan::bench]
fn items_of_a_distributed_map(bencher: Bencher<'_, '_>) {
    let work = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "work", "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload.n * 2 %}",
        "End": true
    });
    let processor = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "Work", "States": {"Work": work}});
    let definition = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Each",
        "States": {"Each": {"Type": "Map", "Items": format!("{{% [1..{ITEMS}] %}}"), "ItemSelector": {"n": "{% $states.context.Map.Item.Value %}"}, "ItemProcessor": processor, "End": true}}
    });
    let mut interpreter = Interpreter::new(&definition).unwrap().task("work", |input| Ok(input.clone()));
    bencher.counter(ItemsCount::new(ITEMS)).bench_local(|| {
        let execution = interpreter.run(json!({})).unwrap();
        assert_eq!(execution.status(), Status::Succeeded, "{:?}", execution.cause());
    });
}

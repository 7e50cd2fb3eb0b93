//! One state by itself.

use serde_json::{Value, json};

use super::*;

fn shown(interpreter: &Interpreter<'_>, state: &str, input: Value) -> Value {
    serde_json::to_value(interpreter.test_state(state, input).run().unwrap()).unwrap()
}

#[test]
fn a_task_shows_what_becomes_of_its_data() {
    let task = work(json!({
        "Arguments": {"FunctionName": "work", "Payload": "{% $states.input.id & $states.context.Execution.Name %}"},
        "Assign": {"n": "{% $states.result.StatusCode + $step %}", "step": "{% $step %}"},
        "Next": "Done",
        "End": null
    }));
    let definition = jsonata(json!({"Work": task, "Done": {"Type": "Succeed"}}));
    let interpreter = Interpreter::new(&definition).unwrap().task("work", |input| Ok(input.clone()));
    let test = interpreter.test_state("Work", json!({"id": "a"})).variables(json!({"step": 2}));
    let tested = test.context(json!({"Execution": {"Name": "b"}})).run().unwrap();
    assert_eq!((tested.status, tested.next.as_deref()), (StateStatus::Succeeded, Some("Done")));
    assert_eq!((tested.output, &tested.assigned["n"], tested.assigned.len()), (Some(json!("ab")), &json!(202), 1));
    let seen = tested.inspection;
    assert_eq!(seen.after_arguments, Some(json!({"FunctionName": "work", "Payload": "ab"})));
    assert_eq!(seen.result.unwrap()["Payload"], "ab");

    let tested = interpreter.test_state("Work", json!({"id": "a"})).run().unwrap();
    assert_eq!((tested.status, tested.error.as_deref()), (StateStatus::Failed, Some("States.QueryEvaluationError")));
    let error = interpreter.test_state("Nowhere", json!({})).run().unwrap_err();
    assert_eq!(error, RunError::UnknownState("Nowhere".to_owned()));
}

#[test]
fn in_json_path_every_filter_is_shown() {
    let task = json!({
        "Type": "Task",
        "Resource": "work",
        "InputPath": "$.order",
        "Parameters": {"total.$": "$.total"},
        "ResultSelector": {"paid.$": "$.total"},
        "ResultPath": "$.receipt",
        "OutputPath": "$.receipt.paid",
        "End": true
    });
    let definition = machine("JSONPath", json!({"Work": task}));
    let interpreter = Interpreter::new(&definition).unwrap().task("work", |input| Ok(input.clone()));
    let input = json!({"order": {"total": 7}});
    let expected = json!({
        "status": "SUCCEEDED",
        "output": 7,
        "inspectionData": {
            "input": input,
            "afterInputPath": {"total": 7},
            "afterParameters": {"total": 7},
            "result": {"total": 7},
            "afterResultSelector": {"paid": 7},
            "afterResultPath": {"order": {"total": 7}, "receipt": {"paid": 7}}
        }
    });
    assert_eq!(shown(&interpreter, "Work", input), expected);
}

#[test]
fn an_error_says_who_takes_it() {
    let task = work(json!({
        "Retry": [
            {"ErrorEquals": ["Other"]},
            {"ErrorEquals": ["Busy"], "IntervalSeconds": 5, "BackoffRate": 3, "MaxAttempts": 2}
        ],
        "Catch": [{"ErrorEquals": ["Busy"], "Output": "{% $states.errorOutput.Cause %}", "Next": "Failed"}]
    }));
    let definition = jsonata(json!({"Work": task, "Failed": {"Type": "Fail", "Error": "{% $states.input %}"}}));
    let interpreter = Interpreter::new(&definition)
        .unwrap()
        .task("work", |input| Err(TaskError::new(input["error"].as_str().unwrap(), "full")));
    let test = |error: &str, retries: u64| {
        interpreter.test_state("Work", json!({"error": error})).retries(retries).run().unwrap()
    };
    let tested = test("Busy", 1);
    assert_eq!((tested.status, tested.error.as_deref()), (StateStatus::Retriable, Some("Busy")));
    let seen = &tested.inspection;
    assert_eq!((seen.retry_index, seen.retry_backoff_interval_seconds), (Some(1), Some(15.0)));

    let tested = test("Busy", 2);
    assert_eq!((tested.status, tested.cause.as_deref()), (StateStatus::CaughtError, Some("full")));
    assert_eq!((tested.next.as_deref(), tested.output), (Some("Failed"), Some(json!("full"))));
    assert_eq!(tested.inspection.catch_index, Some(0));

    let tested = test("Wrong", 0);
    assert_eq!((tested.status, tested.output, tested.inspection.retry_index), (StateStatus::Failed, None, None));
    let tested = interpreter.test_state("Failed", json!("Mine")).run().unwrap();
    assert_eq!((tested.status, tested.error.as_deref()), (StateStatus::Failed, Some("Mine")));
}

#[test]
fn a_choice_says_where_it_goes_and_a_fault_strikes_it_too() {
    let states = json!({
        "Fork": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input > 1 %}", "Next": "Work"}], "Default": "End"},
        "Work": work(json!({"TimeoutSeconds": 9})),
        "End": {"Type": "Succeed"}
    });
    let interpreter = Interpreter::new(&jsonata(states)).unwrap().fault("Work", 1, Fault::TimesOut);
    assert_eq!(shown(&interpreter, "Fork", json!(2))["nextState"], "Work");
    assert_eq!(shown(&interpreter, "Fork", json!(1))["nextState"], "End");
    assert_eq!(shown(&interpreter, "Work", json!(1))["error"], "States.Timeout");
}

#[test]
fn a_map_shows_its_items_and_a_state_inside_is_tested_by_its_item() {
    let selector = json!({"n": "{% $states.context.Map.Item.Value %}"});
    let processor = json!({"StartAt": "Double", "States": {"Double":
        {"Type": "Pass", "Output": "{% $states.input.n * 2 + $states.context.Map.Item.Index %}", "End": true}}});
    let inline = json!({"Type": "Map", "Items": [1, 2], "ItemSelector": selector, "MaxConcurrency": 3, "ItemProcessor": processor, "End": true});
    let mut distributed = inline.clone();
    distributed["ItemProcessor"]["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED"});
    distributed["ItemProcessor"]["States"]["Double"]["Output"] = json!("{% $count($states.input.Items) %}");
    distributed["ItemBatcher"] = json!({"MaxItemsPerBatch": 1});
    distributed["ToleratedFailureCount"] = json!(1);

    let interpreter = Interpreter::new(&jsonata(json!({"Each": inline}))).unwrap();
    let selected = json!([{"n": 1}, {"n": 2}]);
    let expected = json!({
        "status": "SUCCEEDED",
        "output": [2, 5],
        "inspectionData": {
            "input": {},
            "afterItemsPath": [1, 2],
            "afterItemSelector": selected,
            "maxConcurrency": 3,
            "result": [2, 5]
        }
    });
    assert_eq!(shown(&interpreter, "Each", json!({})), expected);
    let test = interpreter.test_state("Double", json!({"n": 5})).context(json!({"Map": {"Item": {"Index": 7}}}));
    assert_eq!(test.run().unwrap().output, Some(json!(17)));

    let interpreter = Interpreter::new(&jsonata(json!({"Each": distributed}))).unwrap();
    let seen = shown(&interpreter, "Each", json!({}))["inspectionData"].clone();
    assert_eq!(seen["afterItemBatcher"], json!([{"Items": [{"n": 1}]}, {"Items": [{"n": 2}]}]));
    assert_eq!((&seen["toleratedFailureCount"], &seen["result"]), (&json!(1), &json!([1, 1])));
}

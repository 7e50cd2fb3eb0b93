//! States that run other machines: Parallel, and Map in both its modes.

use serde_json::{Value, json};

use super::*;

fn branch(states: Value) -> Value {
    let start = states.as_object().unwrap().keys().next().unwrap().clone();
    json!({"StartAt": start, "States": states})
}

#[test]
fn branches_run_beside_each_other_and_give_a_list() {
    let wait = |seconds: u32| json!({"Type": "Wait", "Seconds": seconds, "End": true});
    let states = json!({"Both": {
        "Type": "Parallel",
        "Branches": [branch(json!({"Slow": wait(5)})), branch(json!({"A": {"Type": "Pass", "Next": "B"}, "B": wait(2)}))],
        "End": true
    }});
    let execution = run(&machine("JSONPath", states), json!(1));
    assert_eq!(execution.output(), Some(&json!([1, 1])));
    assert_eq!(execution.elapsed().as_secs(), 5);
    assert_eq!(execution.path(), ["Both", "Slow", "A", "B"]);
}

#[test]
fn a_branch_that_fails_stops_the_others() {
    let fails = json!({"Pause": {"Type": "Wait", "Seconds": 1, "Next": "Stop"}, "Stop": {"Type": "Fail", "Error": "E", "Cause": "c"}});
    let works = json!({"Long": {"Type": "Wait", "Seconds": 60, "Next": "Never"}, "Never": {"Type": "Succeed"}});
    let states = json!({
        "Both": {
            "Type": "Parallel",
            "Branches": [branch(works), branch(fails)],
            "Catch": [{"ErrorEquals": ["E"], "Next": "Caught"}],
            "End": true
        },
        "Caught": {"Type": "Succeed"}
    });
    let execution = run(&machine("JSONPath", states), json!(1));
    assert_eq!(execution.output(), Some(&json!({"Error": "E", "Cause": "c"})));
    assert_eq!(execution.elapsed().as_secs(), 1);
    assert!(!execution.path().contains(&"Never".to_owned()));
    let history = events(&execution);
    let failed = history.iter().position(|event| *event == "ParallelStateFailed").unwrap();
    assert_eq!(history[failed - 1..=failed], ["WaitStateAborted", "ParallelStateFailed"]);
    let aborted = &execution.history()[failed - 1];
    assert_eq!(execution.history()[aborted.previous_event_id() as usize - 1].state(), Some("Long"));
}

#[test]
fn what_is_inside_is_cut_short_before_what_is_around_it() {
    let wait = |seconds: u32| json!({"Type": "Wait", "Seconds": seconds, "End": true});
    let each =
        json!({"Type": "Map", "ItemProcessor": branch(json!({"Rest": wait(60)})), "MaxConcurrency": 1, "End": true});
    let fails =
        json!({"Pause": {"Type": "Wait", "Seconds": 1, "Next": "Stop"}, "Stop": {"Type": "Fail", "Error": "E"}});
    let both = json!({"Type": "Parallel", "Branches": [branch(json!({"Each": each})), branch(fails)], "End": true});
    let execution = run(&machine("JSONPath", json!({"Both": both})), json!([1, 2]));
    let aborted: Vec<_> = events(&execution).into_iter().filter(|event| event.ends_with("Aborted")).collect();
    assert_eq!(aborted, ["WaitStateAborted", "MapIterationAborted", "MapStateAborted"]);
}

#[test]
fn an_inline_map_keeps_order_and_concurrency() {
    let processor = json!({"StartAt": "Wait", "States": {
        "Wait": {"Type": "Wait", "SecondsPath": "$.pause", "Next": "Give"},
        "Give": {"Type": "Pass", "Parameters": {"i.$": "$.index", "outer.$": "$outer"}, "End": true}
    }});
    let states = json!({
        "Set": {"Type": "Pass", "Assign": {"outer": "o"}, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.pauses",
            "ItemSelector": {"pause.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index", "all.$": "$.pauses"},
            "MaxConcurrency": 2,
            "ItemProcessor": processor,
            "ResultPath": "$.results",
            "OutputPath": "$.results[*].i",
            "End": true
        }
    });
    let execution = run(&machine("JSONPath", states), json!({"pauses": [9, 1, 1, 1]}));
    assert_eq!(execution.output(), Some(&json!([0, 1, 2, 3])), "{:?}", execution.cause());
    assert_eq!(execution.elapsed().as_secs(), 9);
    let started = events(&execution).iter().filter(|name| **name == "MapIterationStarted").count();
    assert_eq!(started, 4);
}

#[test]
fn a_map_in_jsonata_selects_and_fails_as_one() {
    let processor = branch(json!({"Half": {"Type": "Pass", "Output": "{% 10 / $states.input.n %}", "Next": "IsWhole"},
        "IsWhole": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input = $floor($states.input) %}", "Next": "Good"}], "Default": "Bad"},
        "Good": {"Type": "Succeed"}, "Bad": {"Type": "Fail", "Error": "NotWhole"}}));
    let states = json!({"Each": {
        "Type": "Map",
        "Items": "{% $states.input.list %}",
        "ItemSelector": {"n": "{% $states.context.Map.Item.Value %}"},
        "ItemProcessor": processor,
        "Output": "{% $sum($states.result) %}",
        "End": true
    }});
    check(states.clone(), json!({"list": [1, 2, 5]}), json!(17));
    check_fails(&jsonata(states.clone()), json!({"list": [1, 3]}), "NotWhole", "");
    check_fails(&jsonata(states), json!({"list": 3}), "States.QueryEvaluationError", "a list is needed");
}

fn distributed(fields: Value) -> Value {
    let processor = json!({
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Check",
        "States": {
            "Check": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.bad = true %}", "Next": "Bad"}], "Default": "Good"},
            "Good": {"Type": "Succeed"},
            "Bad": {"Type": "Fail", "Error": "Bad", "Cause": "it is bad"}
        }
    });
    let mut state = json!({"Type": "Map", "ItemProcessor": processor, "Label": "Each", "End": true});
    state.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    jsonata(json!({"Each": state}))
}

#[test]
fn a_distributed_map_reads_objects_in_batches() {
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 3},
        "Arguments": {"Bucket": "b", "Key": "{% $states.input.key %}"}
    });
    let batcher = json!({"MaxItemsPerBatch": 2, "BatchInput": {"run": "{% $states.context.Execution.Name %}"}});
    let definition = distributed(json!({"ItemReader": reader, "ItemBatcher": batcher}));
    let mut interpreter = Interpreter::new(&definition).unwrap().object("b", "rows.csv", "n\n1\n2\n3\n4\n");
    let execution = interpreter.run(json!({"key": "rows.csv"})).unwrap();
    let batch = |items: Value| json!({"BatchInput": {"run": "execution"}, "Items": items});
    let expected = json!([batch(json!([{"n": "1"}, {"n": "2"}])), batch(json!([{"n": "3"}]))]);
    assert_eq!(execution.output(), Some(&expected), "{:?}", execution.cause());
    assert_eq!(
        events(&execution)[1..7],
        [
            "MapStateEntered",
            "MapStateStarted",
            "MapRunStarted",
            "MapRunSucceeded",
            "MapStateSucceeded",
            "MapStateExited"
        ]
    );
    let child = events_of(execution.children()[1].history());
    let choice = ["ChoiceStateEntered", "ChoiceStateExited", "SucceedStateEntered", "SucceedStateExited"];
    assert_eq!(child, [&["ExecutionStarted"], choice.as_slice(), &["ExecutionSucceeded"]].concat());
    let execution = interpreter.run(json!({"key": "gone"})).unwrap();
    assert_eq!(execution.error(), Some("States.ItemReaderFailed"));
}

#[test]
fn a_distributed_map_lists_objects() {
    let reader =
        json!({"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": "b", "Prefix": "in/"}});
    let definition =
        distributed(json!({"ItemReader": reader, "ItemSelector": "{% $states.context.Map.Item.Value.Key %}"}));
    let interpreter =
        Interpreter::new(&definition).unwrap().object("b", "in/2", "").object("b", "in/1", "").object("b", "x", "");
    let execution = { interpreter }.run(json!({})).unwrap();
    assert_eq!(execution.output(), Some(&json!(["in/1", "in/2"])), "{:?}", execution.cause());
}

#[test]
fn a_distributed_map_tolerates_as_many_failures_as_it_says() {
    let input = json!([{"bad": true}, {"bad": false}, {"bad": true}, {"bad": false}]);
    let run = |fields: Value| run(&distributed(fields), input.clone());
    assert_eq!(run(json!({})).error(), Some("States.ExceedToleratedFailureThreshold"));
    assert_eq!(run(json!({"ToleratedFailureCount": 1})).error(), Some("States.ExceedToleratedFailureThreshold"));
    assert_eq!(run(json!({"ToleratedFailureCount": 2})).status(), Status::Succeeded);
    assert_eq!(run(json!({"ToleratedFailurePercentage": 50})).status(), Status::Succeeded);
    assert_eq!(run(json!({"ToleratedFailurePercentage": 49})).error(), Some("States.ExceedToleratedFailureThreshold"));
    let both = json!({"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 100});
    assert_eq!(run(both).error(), Some("States.ExceedToleratedFailureThreshold"));
}

#[test]
fn a_result_writer_writes_what_succeeded_and_what_failed() {
    let writer =
        json!({"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "out", "Prefix": "results"}});
    let definition = distributed(json!({"ResultWriter": writer, "ToleratedFailureCount": 1}));
    let mut interpreter = Interpreter::new(&definition).unwrap();
    let execution = interpreter.run(json!([{"bad": false}, {"bad": true}])).unwrap();
    let key = execution.output().unwrap()["ResultWriterDetails"]["Key"].as_str().unwrap().to_owned();
    let read = |key: &str| -> Value { serde_json::from_slice(&interpreter.read_object("out", key).unwrap()).unwrap() };
    let manifest = read(&key);
    let failed = read(manifest["ResultFiles"]["FAILED"][0]["Key"].as_str().unwrap());
    assert_eq!((failed[0]["Error"].as_str(), failed[0]["Input"].as_str()), (Some("Bad"), Some("{\"bad\":true}")));
    let succeeded = read(manifest["ResultFiles"]["SUCCEEDED"][0]["Key"].as_str().unwrap());
    assert_eq!(succeeded[0]["Output"], "{\"bad\":false}");
}

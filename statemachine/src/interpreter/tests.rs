//! Whole executions: what a user of Step Functions would see.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

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
    execution.history().iter().map(HistoryEvent::event_type).collect()
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

#[test]
fn jsonata_states_give_assign_and_choose() {
    let states = json!({
        "Add": {
            "Type": "Pass",
            "Output": {"sum": "{% $states.input.a + $states.input.b %}"},
            "Assign": {"a": "{% $states.input.a %}"},
            "Next": "IsLarge"
        },
        "IsLarge": {
            "Type": "Choice",
            "Choices": [{
                "Condition": "{% $states.input.sum > 10 %}",
                "Assign": {"size": "large"},
                "Output": "{% $states.input.sum %}",
                "Next": "Say"
            }],
            "Assign": {"size": "small"},
            "Default": "Say"
        },
        "Say": {"Type": "Pass", "Output": "{% [$states.input, $a, $size, $states.context.State.Name] %}", "End": true}
    });
    check(states.clone(), json!({"a": 1, "b": 2}), json!([{"sum": 3}, 1, "small", "Say"]));
    check(states, json!({"a": 9, "b": 2}), json!([11, 9, "large", "Say"]));
}

#[test]
fn assign_sees_the_values_as_they_were_on_entry() {
    let states = json!({
        "Set": {"Type": "Pass", "Assign": {"x": 3, "a": 6}, "Next": "Swap"},
        "Swap": {"Type": "Pass", "Assign": {"x": "{% $a %}", "next": "{% $x %}"}, "Output": "{% $x %}", "Next": "Show"},
        "Show": {"Type": "Pass", "Output": "{% [$states.input, $x, $next] %}", "End": true}
    });
    check(states, json!({}), json!([3, 6, 3]));
}

#[test]
fn jsonpath_filters_data_on_its_way() {
    let states = json!({
        "Make": {
            "Type": "Pass",
            "InputPath": "$.order",
            "Parameters": {"id.$": "$.id", "run.$": "$$.Execution.Name", "text.$": "States.Format('#{}', $.id)"},
            "ResultPath": "$.made",
            "OutputPath": "$.made",
            "Assign": {"id.$": "$.id"},
            "Next": "Keep"
        },
        "Keep": {"Type": "Pass", "Result": {"x": 1}, "ResultPath": null, "Next": "Use"},
        "Use": {"Type": "Pass", "Parameters": {"first.$": "$", "id.$": "$id"}, "End": true}
    });
    let made = json!({"id": 7, "run": "execution", "text": "#7"});
    check(states, json!({"order": {"id": 7}}), json!({"first": made, "id": 7}));
}

#[test]
fn waits_take_virtual_time() {
    let wait = |fields: Value| {
        let mut wait = json!({"Type": "Wait", "End": true});
        wait.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        run(&machine("JSONPath", json!({"Wait": wait})), json!({"s": 90})).elapsed().as_secs()
    };
    assert_eq!(wait(json!({"Seconds": 10_800})), 10_800);
    assert_eq!(wait(json!({"SecondsPath": "$.s"})), 90);
    assert_eq!(wait(json!({"Timestamp": "2026-01-01T01:00:00Z"})), 3_600);
    assert_eq!(wait(json!({"Timestamp": "2020-01-01T01:00:00Z"})), 0);
    let states = json!({"Wait": {"Type": "Wait", "Seconds": "{% $states.input.s * 2 %}", "End": true}});
    assert_eq!(run(&jsonata(states), json!({"s": 4})).elapsed().as_secs(), 8);
}

#[test]
fn a_fail_state_says_why() {
    let states = json!({"Stop": {"Type": "Fail", "Error": "{% $states.input.name %}", "Cause": "because"}});
    let execution = check_fails(&jsonata(states), json!({"name": "Mine"}), "Mine", "because");
    assert_eq!(execution.status(), Status::Failed);
    let states = json!({"Stop": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.e)"}});
    check_fails(&machine("JSONPath", states), json!({"e": "E"}), "E", "E!");
}

#[test]
fn retries_back_off_as_far_as_they_may_and_then_the_catcher_has_it() {
    let task = work(json!({
        "Retry": [
            {"ErrorEquals": ["Busy"], "IntervalSeconds": 10, "BackoffRate": 3, "MaxAttempts": 4, "MaxDelaySeconds": 100},
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}
        ],
        "Catch": [{
            "ErrorEquals": ["Busy"],
            "Output": "{% [$states.errorOutput.Error, $states.input.id] %}",
            "Assign": {"cause": "{% $states.errorOutput.Cause %}"},
            "Next": "Caught"
        }]
    }));
    let caught =
        json!({"Type": "Pass", "Output": {"caught": "{% $states.input %}", "cause": "{% $cause %}"}, "End": true});
    let calls = RefCell::new(0);
    let definition = jsonata(json!({"Work": task, "Caught": caught}));
    let mut interpreter = Interpreter::new(&definition).unwrap().task("work", |_| {
        *calls.borrow_mut() += 1;
        Err(TaskError::new("Busy", "full"))
    });
    let execution = interpreter.run(json!({"id": 5})).unwrap();
    assert_eq!(execution.output(), Some(&json!({"caught": ["Busy", 5], "cause": "full"})));
    assert_eq!(execution.elapsed().as_secs(), 10 + 30 + 90 + 100);
    assert_eq!(*calls.borrow(), 5);
    assert_eq!(execution.path(), ["Work", "Caught"]);
}

#[test]
fn full_jitter_shortens_waits_the_same_way_every_time() {
    let retry = json!([{"ErrorEquals": ["Busy"], "IntervalSeconds": 1000, "JitterStrategy": "FULL"}]);
    let definition = jsonata(json!({"Work": work(json!({"Retry": retry}))}));
    let elapsed = |seed: u64| {
        let busy = |_: &Value| Err(TaskError::new("Busy", ""));
        Interpreter::new(&definition).unwrap().task("work", busy).seed(seed).run(json!({})).unwrap().elapsed()
    };
    assert_eq!(elapsed(1), elapsed(1));
    assert_ne!(elapsed(1), elapsed(2));
    assert!(elapsed(1) < Duration::from_secs(7000));
}

#[test]
fn what_a_retry_or_a_catch_cannot_name() {
    let catch_all = json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]});
    let mut broken = work(catch_all.clone());
    broken["Arguments"]["Payload"] = json!("{% $states.input.gone %}");
    let caught = json!({"Type": "Pass", "Output": "{% $states.input.Error %}", "End": true});
    let execution = run(&jsonata(json!({"Work": broken, "Caught": caught})), json!({}));
    assert_eq!(execution.output(), Some(&json!("States.QueryEvaluationError")));

    let large = |_: &Value| Ok(json!("x".repeat(300_000)));
    let definition = jsonata(json!({"Work": work(catch_all), "Caught": caught}));
    let execution = Interpreter::new(&definition).unwrap().task("work", large).run(json!({})).unwrap();
    assert_eq!(execution.error(), Some("States.DataLimitExceeded"));

    let path = json!({"Type": "Task", "Resource": "r", "Parameters": {"a.$": "$.gone"}, "Next": "Caught",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]});
    let definition = machine("JSONPath", json!({"Work": path, "Caught": {"Type": "Succeed"}}));
    check_fails(
        &definition,
        json!({}),
        "States.Runtime",
        "(entered at the event id #2). The JSONPath '$.gone' specified for the field 'a.$'",
    );
}

#[test]
fn an_answer_too_late_is_a_timeout_and_a_silent_task_loses_its_heartbeat() {
    let task = work(json!({"TimeoutSeconds": 60, "HeartbeatSeconds": 10}));
    let definition = jsonata(json!({"Work": task}));
    let after = |answer: Answer| {
        let mut interpreter = Interpreter::new(&definition).unwrap().timed_task("work", move |_| answer.clone());
        let execution = interpreter.run(json!({})).unwrap();
        (execution.error().map(str::to_owned), execution.elapsed().as_secs())
    };
    let good = Answer::from(Ok(json!(1)));
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let second = Duration::from_secs(1);
    assert_eq!(after(good.clone().after(9 * second)), (None, 9));
    assert_eq!(after(good.clone().after(30 * second).beating_every(second)), (None, 30));
    assert_eq!(after(good.clone().after(30 * second)), (Some("States.HeartbeatTimeout".into()), 10));
    assert_eq!(after(good.after(minutes(2)).beating_every(second)), (Some("States.Timeout".into()), 60));
    assert_eq!(after(Answer::never().beating_every(second)), (Some("States.Timeout".into()), 60));
}

#[test]
fn the_machines_own_timeout_ends_it() {
    let mut definition = jsonata(json!({"Wait": {"Type": "Wait", "Seconds": 100, "End": true}}));
    definition["TimeoutSeconds"] = json!(5);
    let execution = run(&definition, json!({}));
    assert_eq!((execution.status(), execution.elapsed().as_secs()), (Status::TimedOut, 5));
    assert_eq!(execution.error(), None);
    assert_eq!(events(&execution), ["ExecutionStarted", "WaitStateEntered", "ExecutionTimedOut"]);
}

#[test]
fn faults_strike_the_call_they_are_meant_for() {
    let retry = json!([{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3}]);
    let definition = jsonata(json!({"Work": work(json!({"Retry": retry, "TimeoutSeconds": 30}))}));
    let mut interpreter = Interpreter::new(&definition)
        .unwrap()
        .task("arn:aws:lambda:eu-west-1:1:function:work:live", |_| Ok(json!("wrong")))
        .task("work", |_| Ok(json!("done")))
        .fault("Work", 1, Fault::Fails(TaskError::new("Mine", "planned")))
        .fault("Work", 2, Fault::TimesOut);
    for _ in 0..2 {
        let execution = interpreter.run(json!({})).unwrap();
        assert_eq!(execution.output(), Some(&json!("done")));
        assert_eq!(execution.elapsed().as_secs(), 1 + 30 + 2);
    }
}

#[test]
fn a_function_is_known_by_its_arn_too() {
    let mut task = work(json!({}));
    task["Arguments"]["FunctionName"] = json!("arn:aws:lambda:eu-west-1:123456789012:function:work:live");
    let definition = jsonata(json!({"Work": task}));
    let mut interpreter = Interpreter::new(&definition).unwrap().task("work", |input| Ok(input.clone()));
    assert_eq!(interpreter.run(json!(3)).unwrap().output(), Some(&json!(3)));
    let direct = json!({"Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:1:function:work", "End": true});
    let definition = machine("JSONPath", json!({"Work": direct}));
    let mut interpreter = Interpreter::new(&definition).unwrap().task("work", |input| Ok(input.clone()));
    let execution = interpreter.run(json!(3)).unwrap();
    assert_eq!(execution.output(), Some(&json!(3)));
    assert!(events(&execution).contains(&"LambdaFunctionSucceeded"));
}

#[test]
fn a_task_that_nothing_answers_for_says_nothing_of_the_machine() {
    let definition = jsonata(json!({"Work": work(json!({"Retry": [{"ErrorEquals": ["States.ALL"]}]}))}));
    let error = Interpreter::new(&definition).unwrap().run(json!({})).unwrap_err();
    assert_eq!(error, RunError::UnknownTask { state: "Work".into(), resource: "work".into() });
}

#[test]
fn a_token_is_in_the_context() {
    let task = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"MessageBody": {"token": "{% $states.context.Task.Token %}"}},
        "End": true
    });
    let mut interpreter = Interpreter::new(&jsonata(json!({"Ask": task})))
        .unwrap()
        .task("arn:aws:states:::sqs:sendMessage.waitForTaskToken", |message| {
            Ok(message["MessageBody"]["token"].clone())
        });
    let execution = interpreter.run(json!({})).unwrap();
    assert_eq!(execution.output().unwrap().as_str().unwrap().len(), 36);
}

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
    assert_eq!(events(&execution)[2..4], ["MapRunStarted", "MapRunSucceeded"]);
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

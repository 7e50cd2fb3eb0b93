//! Tasks: their answers, their faults, and what Retry and Catch make of them.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

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

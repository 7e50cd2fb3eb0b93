//! Risks: what AWS takes, and what is no risk although it looks like one.

use serde_json::{Value, json};

use super::{found, sound};
use crate::check::{Code, check_definition, history};
use crate::interpreter::Interpreter;

/// The same machine with a loop: what is good comes back after a while.
fn looping(pause: u64, timeout: u64) -> Value {
    let mut definition = sound();
    definition["States"]["Good"] = json!({"Type": "Wait", "Seconds": pause, "Next": "Work"});
    definition["TimeoutSeconds"] = json!(timeout);
    definition
}

#[test]
fn a_loop_is_bounded_by_its_waits_and_the_machines_timeout() {
    // A turn is a task, a choice and a wait: nine events. 2,776 turns are 24,984.
    assert_eq!(found(&looping(10, 27_750)), []);
    let limit = [(Code::HistoryLimit, "/States/Work".to_owned())];
    assert_eq!(found(&looping(10, 27_770)), limit);
    assert_eq!(found(&looping(1, 27_750)), limit);
}

#[test]
fn a_retry_of_throttling_is_safe_and_so_is_a_call_that_can_be_told_apart() {
    let retried = |arguments: Value, error: &str| {
        let mut definition = sound();
        let work = &mut definition["States"]["Work"];
        work["Resource"] = json!("arn:aws:states:::sqs:sendMessage");
        work["Arguments"] = arguments;
        work["Retry"] = json!([{"ErrorEquals": [error]}]);
        found(&definition)
    };
    let unsafe_retry = [(Code::UnsafeRetry, "/States/Work/Retry/0".to_owned())];
    let standard = json!({"QueueUrl": "${QueueUrl}", "MessageBody": "hello"});
    assert_eq!(retried(standard.clone(), "Sqs.RequestThrottled"), []);
    assert_eq!(retried(standard.clone(), "States.Timeout"), unsafe_retry);
    assert_eq!(retried(standard, "Sqs.SdkClientException"), unsafe_retry);
    let named = json!({"QueueUrl": "${QueueUrl}", "MessageBody": "hello", "MessageDeduplicationId": "7"});
    assert_eq!(retried(named, "States.ALL"), []);
    let fifo = json!({"QueueUrl": "https://sqs/123456789012/orders.fifo", "MessageBody": "hello"});
    assert_eq!(retried(fifo, "States.ALL"), []);
}

#[test]
fn an_update_that_sets_is_idempotent_and_one_that_adds_is_not() {
    let retried = |update: &str| {
        let mut definition = sound();
        let work = &mut definition["States"]["Work"];
        work["Resource"] = json!("arn:aws:states:::dynamodb:updateItem");
        work["Arguments"] = json!({"TableName": "totals", "UpdateExpression": update});
        work["Retry"] = json!([{"ErrorEquals": ["States.TaskFailed"]}]);
        found(&definition)
    };
    assert_eq!(retried("SET address = :new"), []);
    let unsafe_retry = [(Code::UnsafeRetry, "/States/Work/Retry/0".to_owned())];
    for update in ["ADD total :one", "SET total = total + :one", "SET parts = list_append(parts, :part)"] {
        assert_eq!(retried(update), unsafe_retry, "{update}");
    }
}

/// A machine with a task whose errors nobody catches, and a Comment on it.
fn uncaught(comment: &str) -> Value {
    let mut definition = sound();
    let work = definition["States"]["Work"].as_object_mut().unwrap();
    work.shift_remove("Catch");
    work.insert("Comment".to_owned(), json!(comment));
    definition
}

#[test]
fn a_suppression_with_a_reason_marks_what_it_is_about() {
    let findings = check_definition(&uncaught("Works.\n suppress ASL304: an alarm watches failed executions \nEnds."));
    let found: Vec<_> = findings.iter().map(|finding| (finding.code(), finding.suppressed())).collect();
    assert_eq!(found, [(Code::UncaughtError, Some("an alarm watches failed executions"))]);
}

#[test]
fn a_suppression_that_suppresses_nothing_is_an_error() {
    let path = "/States/Work/Comment".to_owned();
    let work = (Code::UncaughtError, "/States/Work".to_owned());
    for unsound in ["suppress ASL304", "suppress ASL304: ", "suppress ASL999: so it is", "suppress ASL101: so it is"] {
        assert_eq!(found(&uncaught(unsound)), [work.clone(), (Code::SuppressionUnsound, path.clone())], "{unsound}");
    }
    assert_eq!(found(&uncaught("suppress ASL204: so it is")), [work, (Code::SuppressionStale, path)]);
}

#[test]
fn a_suppression_is_not_about_the_states_inside() {
    let work = json!({"Type": "Task", "Resource": "arn:aws:lambda:::f", "TimeoutSeconds": 9, "End": true});
    let branch = json!({"StartAt": "Work", "States": {"Work": work}});
    let both = json!({"Type": "Parallel", "Comment": "suppress ASL304: so it is", "Branches": [branch], "End": true});
    let found = found(&json!({"StartAt": "Both", "States": {"Both": both}}));
    let inside = (Code::UncaughtError, "/States/Both/Branches/0/States/Work".to_owned());
    assert_eq!(found, [inside, (Code::SuppressionStale, "/States/Both/Comment".to_owned())]);
}

#[test]
fn a_history_has_as_many_events_as_are_counted() {
    let nested = |state: Value| json!({"StartAt": "In", "States": {"In": state}});
    let end = |mut state: Value| {
        state["End"] = json!(true);
        state
    };
    let task =
        end(json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f"}}));
    let wait = end(json!({"Type": "Wait", "Seconds": 1}));
    let mut distributed = nested(wait.clone());
    distributed["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let states = [
        task.clone(),
        wait.clone(),
        end(json!({"Type": "Map", "Items": [1, 2], "ItemProcessor": distributed})),
        json!({"Type": "Succeed"}),
        json!({"Type": "Fail"}),
        end(json!({"Type": "Parallel", "Branches": [nested(wait.clone()), nested(task.clone())]})),
        end(json!({"Type": "Map", "Items": [1, 2, 3], "ItemProcessor": nested(task)})),
        end(json!({"Type": "Map", "Items": "{% [3..5] %}", "ItemProcessor": nested(wait)})),
    ];
    for state in states {
        let pass = json!({"Type": "Pass", "Next": "State"});
        let definition =
            json!({"QueryLanguage": "JSONata", "StartAt": "Pass", "States": {"Pass": pass, "State": state}});
        let mut interpreter = Interpreter::new(&definition).unwrap().task("f", |input| Ok(input.clone()));
        let history = interpreter.run(json!({})).unwrap().history().len();
        assert_eq!(history::length(definition.as_object().unwrap()), history as u64, "{definition}");
    }
}

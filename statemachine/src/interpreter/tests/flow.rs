//! States that decide and pass data on.

use serde_json::{Value, json};

use super::*;

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
fn the_machines_own_timeout_ends_it() {
    let mut definition = jsonata(json!({"Wait": {"Type": "Wait", "Seconds": 100, "End": true}}));
    definition["TimeoutSeconds"] = json!(5);
    let execution = run(&definition, json!({}));
    assert_eq!((execution.status(), execution.elapsed().as_secs()), (Status::TimedOut, 5));
    assert_eq!(execution.error(), None);
    assert_eq!(events(&execution), ["ExecutionStarted", "WaitStateEntered", "ExecutionTimedOut"]);
}

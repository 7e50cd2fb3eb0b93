//! Broken definitions, each with the code it must get. Each is a sound machine in which one thing is wrong.

use serde_json::{Value, json};

use super::{Code, check_definition};

mod risk;

/// A sound machine: a task with a retrier and a catcher, a fork, and two ends.
fn sound() -> Value {
    json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Work",
        "States": {
            "Work": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "work"},
                "TimeoutSeconds": 60,
                "Retry": [{
                    "ErrorEquals": ["Lambda.ServiceException"],
                    "IntervalSeconds": 2,
                    "MaxAttempts": 6,
                    "BackoffRate": 1.5,
                    "MaxDelaySeconds": 30,
                    "JitterStrategy": "FULL"
                }],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
                "Next": "IsGood"
            },
            "IsGood": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.good %}", "Next": "Good"}],
                "Default": "Failed"
            },
            "Good": {"Type": "Succeed"},
            "Failed": {"Type": "Fail", "Error": "Failed", "Cause": "{% $states.input.Cause %}"}
        }
    })
}

fn found(definition: &Value) -> Vec<(Code, String)> {
    check_definition(definition).iter().map(|finding| (finding.code(), finding.path().to_owned())).collect()
}

/// Writes `value` at the JSON Pointer `at` of a sound machine, or takes the field away where it is null, and expects
/// one finding: `code`, at `path`.
#[track_caller]
fn check(at: &str, value: Value, code: Code, path: &str) {
    let mut definition = sound();
    let (parent, field) = at.rsplit_once('/').unwrap();
    let parent = definition.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(fields), Value::Null) => drop(fields.shift_remove(field).unwrap()),
        (Value::Object(fields), value) => drop(fields.insert(field.to_owned(), value)),
        (Value::Array(items), value) => items.insert(field.parse().unwrap(), value),
        _ => panic!("{at} is not in the definition"),
    }
    assert_eq!(found(&definition), [(code, path.to_owned())], "{definition:#}");
}

#[test]
fn a_sound_machine_has_no_finding() {
    assert_eq!(found(&sound()), []);
}

#[test]
fn structure() {
    check("/StartAt", json!(null), Code::Structure, "");
    check("/States", json!({}), Code::Structure, "");
    check("/States/Good", json!("Succeed"), Code::Structure, "/States/Good");
    check("/States/Work/Resource", json!(null), Code::MissingField, "/States/Work");
    check("/States/Work/TimeoutSecond", json!(3), Code::UnknownField, "/States/Work/TimeoutSecond");
    check("/States/Good/Next", json!("Failed"), Code::UnknownField, "/States/Good/Next");
    check("/States/Good/Type", json!("Success"), Code::UnknownType, "/States/Good");
    check("/States/Work/End", json!(true), Code::Transition, "/States/Work");
    let rule = json!({"Condition": "{% true %}"});
    check("/States/IsGood/Choices/0", rule, Code::Transition, "/States/IsGood/Choices/0");
    check("/States/Work/Catch/0/Next", json!(null), Code::Transition, "/States/Work/Catch/0");
    check("/States/Work/Retry", json!({}), Code::Structure, "/States/Work/Retry");
    check("/States/Good/QueryLanguage", json!("jsonata"), Code::Structure, "/States/Good/QueryLanguage");
    let wait = json!({"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "End": true});
    check("/States/Good", wait, Code::MissingField, "/States/Good");
    assert_eq!(found(&json!([])), [(Code::Structure, String::new())]);
}

#[test]
fn transitions() {
    check("/StartAt", json!("Wrok"), Code::UnknownTarget, "/StartAt");
    check("/States/Work/Next", json!("IsGoood"), Code::UnknownTarget, "/States/Work/Next");
    check("/States/IsGood/Default", json!("Nowhere"), Code::UnknownTarget, "/States/IsGood/Default");
    check("/States/IsGood/Choices/0/Next", json!("Bad"), Code::UnknownTarget, "/States/IsGood/Choices/0/Next");
    check("/States/Work/Catch/0/Next", json!("Lost"), Code::UnknownTarget, "/States/Work/Catch/0/Next");
    check("/States/Idle", json!({"Type": "Succeed"}), Code::Unreachable, "/States/Idle");
    check("/States/IsGood/Default", json!(null), Code::MissingDefault, "/States/IsGood");
}

#[test]
fn a_loop_without_an_exit_is_endless() {
    let pass = |next: &str| json!({"Type": "Pass", "Next": next});
    let definition = json!({"StartAt": "A", "States": {"A": pass("B"), "B": pass("A")}});
    assert_eq!(found(&definition), [(Code::Endless, "/States/A".into()), (Code::Endless, "/States/B".into())]);
}

#[test]
fn names() {
    for name in [String::new(), "é".repeat(81)] {
        let mut definition = sound();
        definition["States"][&name] = json!({"Type": "Succeed"});
        definition["States"]["IsGood"]["Default"] = json!(name);
        assert_eq!(found(&definition), [(Code::InvalidName, format!("/States/{name}"))]);
    }
}

#[test]
fn errors() {
    let names = "/States/Work/Retry/0/ErrorEquals";
    check(names, json!(["States.Timeuot"]), Code::UnknownErrorName, names);
    check(names, json!(["States.ALL", "Mine"]), Code::MisplacedAll, names);
    check(names, json!([]), Code::Structure, names);
    let early = json!({"ErrorEquals": ["States.ALL"], "Next": "Failed"});
    check("/States/Work/Catch/0", early, Code::MisplacedAll, "/States/Work/Catch/0/ErrorEquals");
}

#[test]
fn retry_limits() {
    let cases = [
        ("IntervalSeconds", json!(0)),
        ("IntervalSeconds", json!(100_000_000)),
        ("MaxAttempts", json!(-1)),
        ("MaxAttempts", json!(100_000_000)),
        ("BackoffRate", json!(0.5)),
        ("MaxDelaySeconds", json!(2)),
        ("MaxDelaySeconds", json!(31_622_401)),
        ("JitterStrategy", json!("SOME")),
    ];
    for (field, value) in cases {
        let path = format!("/States/Work/Retry/0/{field}");
        check(&path, value, Code::RetryLimit, &path);
    }
}

#[test]
fn query_languages() {
    check("/States/Work/ResultPath", json!("$"), Code::MixedLanguages, "/States/Work/ResultPath");
    check("/States/Good/QueryLanguage", json!("JSONPath"), Code::MixedLanguages, "/States/Good");
    let rule = json!({"Variable": "$.good", "BooleanEquals": true, "Next": "Good"});
    check("/States/IsGood/Choices/0", rule, Code::MixedLanguages, "/States/IsGood/Choices/0");
    let definition = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Output": 1, "End": true}}});
    assert_eq!(found(&definition), [(Code::MixedLanguages, "/States/A/Output".into())]);
}

#[test]
fn timeouts() {
    let path = "/States/Work/TimeoutSeconds";
    check(path, json!(null), Code::MissingTimeout, "/States/Work");
    check(path, json!(0), Code::TimeoutLimit, path);
    check(path, json!(100_000_000), Code::TimeoutLimit, path);
    check("/TimeoutSeconds", json!("soon"), Code::TimeoutLimit, "/TimeoutSeconds");
    check("/States/Work/HeartbeatSeconds", json!(60), Code::TimeoutLimit, "/States/Work");
}

#[test]
fn nested_machines_are_checked_and_share_names() {
    let nested = |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Pass", "Next": "Gone"}}});
    let definition = json!({
        "StartAt": "All",
        "States": {"All": {"Type": "Parallel", "Branches": [nested("a/b"), nested("All")], "End": true}}
    });
    let branch = "/States/All/Branches";
    assert_eq!(
        found(&definition),
        [
            (Code::UnknownTarget, format!("{branch}/0/States/a~1b/Next")),
            (Code::DuplicateName, format!("{branch}/1/States/All")),
            (Code::UnknownTarget, format!("{branch}/1/States/All/Next")),
        ]
    );
}

#[test]
fn labels() {
    let label = |label: &str| {
        let processor = json!({"StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}});
        let each = json!({"Type": "Map", "Label": label, "ItemProcessor": processor, "End": true});
        found(&json!({"StartAt": "Each", "States": {"Each": each}}))
    };
    assert_eq!(label("orders-2026.11"), []);
    for refused in ["", "a b", "a/b", "a:b", "a\u{85}", &"a".repeat(41)] {
        assert_eq!(label(refused), [(Code::InvalidName, "/States/Each/Label".to_owned())], "{refused:?}");
    }
}

#[test]
fn data_that_no_state_may_carry() {
    let holding = |bytes: usize| {
        let pass = json!({"Type": "Pass", "Result": "x".repeat(bytes), "End": true});
        found(&json!({"StartAt": "Hold", "States": {"Hold": pass}}))
    };
    assert_eq!(holding(262_142), []);
    assert_eq!(holding(262_143), [(Code::PayloadLimit, "/States/Hold/Result".to_owned())]);
    let expression = json!({"Type": "Pass", "Output": format!("{{% '{}' %}}", "x".repeat(262_143)), "End": true});
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "Ask", "States": {"Ask": expression}});
    assert_eq!(found(&definition), [], "what an expression gives is not known");
}

#[test]
fn a_definition_of_more_than_a_mebibyte() {
    let definition = |bytes: usize| {
        let definition = json!({"Comment": "", "StartAt": "A", "States": {"A": {"Type": "Succeed"}}});
        let rest = bytes - definition.to_string().len();
        json!({"Comment": "x".repeat(rest), "StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    };
    assert_eq!(found(&definition(1 << 20)), []);
    assert_eq!(found(&definition((1 << 20) + 1)), [(Code::DefinitionLimit, String::new())]);
}

//! What a stack becomes, and what is refused, seen from outside.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use cloudformation::{
    Parameter, PolicyDocument, Raw, Removal, Stack, Statement, Test, Value, action, iam, pseudo, s3, sns, sqs, ssm,
    text,
};
use serde_json::{Value as Json, json};

/// A stack with one parameter resource, to be changed.
fn stack() -> Stack {
    let mut stack = Stack::new("A test.");
    stack.add("Greeting", ssm::Parameter::new(ssm::parameter::Type::String, "hello"));
    stack
}

/// The faults of a stack, a line each.
fn faults(stack: &Stack) -> String {
    stack.template().map_or_else(|error| error.to_string(), |_| String::new())
}

fn check_fault(build: impl FnOnce(&mut Stack), expected: &[&str]) {
    let mut stack = stack();
    build(&mut stack);
    let faults = faults(&stack);
    for part in expected {
        assert!(faults.contains(part), "`{part}` is not in: {faults}");
    }
}

fn resource(stack: &Stack, logical_id: &str) -> Json {
    stack.template().unwrap().as_json()["Resources"][logical_id].clone()
}

#[test]
fn a_name_is_taken_once_and_the_first_taker_is_named() {
    check_fault(
        |stack| _ = stack.add("Greeting", ssm::Parameter::new(ssm::parameter::Type::String, "again")),
        &["Resources/Greeting", "the name is taken at", "stack/cloudformation/tests/template.rs:"],
    );
    // A parameter and a resource are both found by Ref, so they share their names.
    check_fault(
        |stack| _ = stack.add_parameter::<String>("Greeting", Parameter::text()),
        &["Resources/Greeting", "the name is taken"],
    );
}

#[test]
fn a_name_is_letters_and_digits() {
    check_fault(|stack| _ = stack.add("my-topic", sns::Topic::new()), &["Resources/my-topic", "letters and digits"]);
}

#[test]
fn a_cycle_is_shown_as_a_path() {
    check_fault(
        |stack| {
            let first = stack.add("First", sns::Topic::new());
            let second = stack.add("Second", sns::Topic::new().display_name(text!["after ", first.topic_arn()]));
            stack.attributes(&first).depends_on(&second);
        },
        &["First -> Second -> First"],
    );
}

#[test]
fn a_handle_of_another_stack_is_refused() {
    let foreign = Stack::new("Another.").add("Elsewhere", sns::Topic::new());
    check_fault(
        |stack| _ = stack.add("Queue", sqs::Queue::new().queue_name(foreign.topic_arn())),
        &["Resources/Queue/Properties/QueueName", "`Elsewhere` is not part of this stack"],
    );
}

#[test]
fn a_reserved_name_must_be_used() {
    check_fault(
        |stack| _ = stack.reserve::<s3::Bucket>("Later", Value::imported("later")),
        &["Resources/Later", "never added"],
    );
}

#[test]
fn quotas_are_kept() {
    check_fault(
        |stack| (0..500).for_each(|index| _ = stack.add(&format!("Topic{index}"), sns::Topic::new())),
        &["501 are more than CloudFormation's 500"],
    );
    check_fault(
        |stack| (0..201).for_each(|index| _ = stack.output(&format!("Output{index}"), "", "value")),
        &["Outputs: 201 are more than CloudFormation's 200"],
    );
    check_fault(
        |stack| (0..201).for_each(|index| _ = stack.add_parameter::<String>(&format!("P{index}"), Parameter::text())),
        &["Parameters: 201 are more than CloudFormation's 200"],
    );
    check_fault(
        |stack| _ = stack.add_raw("Big", Raw::new("Custom::Big", json!({ "Text": "x".repeat(1_000_000) }))),
        &["bytes are more than 1000000"],
    );
    assert!(faults(&Stack::new("Empty.")).contains("at least one resource"));
}

#[test]
fn all_faults_are_told_at_once() {
    check_fault(
        |stack| {
            stack.add("bad-name", sns::Topic::new());
            stack.add("Greeting", sns::Topic::new());
        },
        &["2 faults", "bad-name", "Greeting"],
    );
}

#[test]
fn a_resource_names_its_source_line() {
    let mut stack = Stack::new("");
    let line = line!() + 1;
    stack.add("Topic", sns::Topic::new());
    let source = resource(&stack, "Topic")["Metadata"]["Source"].clone();
    assert_eq!(source, format!("stack/cloudformation/tests/template.rs:{line}"));
}

#[test]
fn tags_reach_lists_and_maps_and_leave_a_resources_own() {
    let mut stack = stack();
    stack.add("Topic", sns::Topic::new().tags([sns::topic::Tag::new("team", "its own")]));
    stack.tag("team", "data");
    stack.tag("region", pseudo::region());
    let tags = json!([{ "Key": "team", "Value": "its own" }, { "Key": "region", "Value": { "Ref": "AWS::Region" } }]);
    assert_eq!(resource(&stack, "Topic")["Properties"]["Tags"], tags);
    let tags = json!({ "team": "data", "region": { "Ref": "AWS::Region" } });
    assert_eq!(resource(&stack, "Greeting")["Properties"]["Tags"], tags);
}

#[test]
fn attributes_stand_beside_properties() {
    let mut stack = stack();
    let production = stack.add_parameter::<String>("Stage", Parameter::text().default_value("development"));
    let production = stack.add_condition("Production", Test::equals(production, "production"));
    let first = stack.add("First", sns::Topic::new());
    let second = stack.add("Second", sns::Topic::new());
    stack.attributes(&second).depends_on(&first).removal(Removal::Retain).condition(&production);
    let second = resource(&stack, "Second");
    assert_eq!(second["DependsOn"], json!(["First"]));
    assert_eq!((&second["DeletionPolicy"], &second["UpdateReplacePolicy"]), (&json!("Retain"), &json!("Retain")));
    assert_eq!(second["Condition"], "Production");
}

#[test]
fn functions_are_written_in_their_long_form() {
    let mut stack = stack();
    let stage = stack.add_parameter::<String>("Stage", Parameter::text());
    let production = stack.add_condition("Production", Test::equals(&stage, "production"));
    let table = BTreeMap::from([("us-east-1".to_owned(), BTreeMap::from([("zone".to_owned(), "a".to_owned())]))]);
    let zones = stack.add_mapping("Zones", &table);
    let topic = stack.add("Topic", sns::Topic::new());
    let cases: [(Value<String>, Json); 9] = [
        (topic.topic_arn().into(), json!({ "Fn::GetAtt": ["Topic", "TopicArn"] })),
        (topic.reference().into(), json!({ "Ref": "Topic" })),
        (text!["a-", topic.topic_arn(), "-${b}"], json!({ "Fn::Sub": "a-${Topic.TopicArn}-${!b}" })),
        (text!["a", "b"], json!("ab")),
        (Value::when(&production, "yes", &stage), json!({ "Fn::If": ["Production", "yes", { "Ref": "Stage" }] })),
        (Value::join(",", ["a", "b"]), json!({ "Fn::Join": [",", ["a", "b"]] })),
        (Value::select(0, Value::split(",", "a,b")), json!({ "Fn::Select": [0, { "Fn::Split": [",", "a,b"] }] })),
        (Value::import_value("other-stack-name"), json!({ "Fn::ImportValue": "other-stack-name" })),
        (zones.find(pseudo::region(), "zone"), json!({ "Fn::FindInMap": ["Zones", { "Ref": "AWS::Region" }, "zone"] })),
    ];
    for (value, expected) in cases {
        assert_eq!(value.to_json(), expected);
    }
}

#[test]
fn a_value_that_holds_a_function_is_joined() {
    let mut stack = stack();
    let imported: Value<String> = Value::import_value("name");
    stack.output("Joined", "", text!["a-", &imported]);
    let value = stack.template().unwrap().as_json()["Outputs"]["Joined"]["Value"].clone();
    assert_eq!(value, json!({ "Fn::Join": ["", ["a-", { "Fn::ImportValue": "name" }]] }));
}

#[test]
fn a_type_that_is_not_generated_refers_and_is_referred_to() {
    let mut stack = stack();
    let topic = stack.add("Topic", sns::Topic::new());
    let raw = Raw::new("AWS::Budgets::Budget", json!({ "Budget": { "BudgetType": "COST" } }));
    let budget = stack.add_raw("Budget", raw.property::<String>("Topic", topic.topic_arn()));
    let (name, arn): (Value<String>, Value<String>) = (budget.raw_reference(), budget.raw_attribute("Arn"));
    stack.output("Name", "", name).export("budget-name");
    stack.output("Arn", "", arn);
    let expected = json!({ "Budget": { "BudgetType": "COST" }, "Topic": { "Fn::GetAtt": ["Topic", "TopicArn"] } });
    assert_eq!(resource(&stack, "Budget")["Properties"], expected);
    let outputs = stack.template().unwrap().as_json()["Outputs"].clone();
    assert_eq!(outputs["Name"]["Value"], json!({ "Ref": "Budget" }));
    assert_eq!(outputs["Name"]["Export"], json!({ "Name": "budget-name" }));
    assert_eq!(outputs["Arn"]["Value"], json!({ "Fn::GetAtt": ["Budget", "Arn"] }));
}

#[test]
fn parameters_say_what_they_take() {
    let mut stack = stack();
    let size: Value<i64> = stack.add_parameter("Size", Parameter::number().default_value("1"));
    let zones: Value<Vec<String>> = stack.add_parameter("Zones", Parameter::list().description("Where."));
    let stage = Parameter::text().allowed_values(["a", "b"]).allowed_pattern("[ab]").no_echo();
    stack.add_parameter::<String>("Stage", stage);
    assert_eq!((size.to_json(), zones.to_json()), (json!({ "Ref": "Size" }), json!({ "Ref": "Zones" })));
    let expected = json!({
        "Size": { "Type": "Number", "Default": "1" },
        "Zones": { "Type": "CommaDelimitedList", "Description": "Where." },
        "Stage": { "Type": "String", "AllowedValues": ["a", "b"], "AllowedPattern": "[ab]", "NoEcho": true },
    });
    assert_eq!(stack.template().unwrap().as_json()["Parameters"], expected);
}

#[test]
fn attributes_of_another_stacks_resource_cannot_be_set() {
    let foreign = Stack::new("Another.").add("Elsewhere", sns::Topic::new());
    check_fault(
        |stack| _ = stack.attributes(&foreign).removal(Removal::Retain),
        &["Resources/Elsewhere", "`Elsewhere` is not part of this stack"],
    );
}

#[test]
fn yaml_quotes_what_readers_would_misread() {
    let mut stack = stack();
    let tricky = ["on", "no", "12:30:45", "0123", "1e3", "~", "null", "2012-10-17"];
    stack.add_raw("Tricky", Raw::new("Custom::Tricky", json!({ "List": tricky, "Number": 128, "Ratio": 0.5 })));
    let template = stack.template().unwrap();
    let yaml = template.to_yaml();
    for text in tricky {
        let quoted = [format!("\"{text}\""), format!("'{text}'")];
        assert!(quoted.iter().any(|quoted| yaml.contains(quoted)), "{text} stands bare in:\n{yaml}");
    }
    assert!(yaml.contains("Number: 128") && yaml.contains("Ratio: 0.5"), "{yaml}");
}

#[test]
fn a_grant_is_a_policy_of_its_own_and_says_why_it_is_about_any_resource() {
    let mut stack = stack();
    let trust = PolicyDocument::new([Statement::trust("lambda.amazonaws.com")]);
    let role = stack.add("Role", iam::Role::new(trust));
    let bucket = stack.add("Bucket", s3::Bucket::new());
    let statements = [
        bucket.arn().grant_read_objects("ingest/"),
        Statement::allow_on_any_resource(&[action!("xray:PutTraceSegments")], "no resource-level permission"),
    ];
    stack.grant("Policy", &role, statements);
    let policy = resource(&stack, "Policy");
    assert_eq!(policy["Metadata"]["AnyResource"], json!(["no resource-level permission"]));
    assert_eq!(policy["Properties"]["Roles"], json!([{ "Ref": "Role" }]));
    let statement = &policy["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!(statement["Resource"], json!({ "Fn::Sub": "${Bucket.Arn}/ingest/*" }));
    assert_eq!(statement["Action"], json!(["s3:GetObject", "s3:GetObjectVersion"]));
}

#[test]
fn literals_are_held_against_the_provider_schema() {
    check_fault(
        |stack| _ = stack.add("Queue", sqs::Queue::new().delay_seconds(901)),
        &["Resources/Queue/Properties/DelaySeconds", "901", "900"],
    );
}

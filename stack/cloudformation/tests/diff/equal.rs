//! What is no change.

use serde_json::{Value as Json, json};

use super::{between, one, paths, with_parameters};

#[track_caller]
fn check_equal(resource_type: &str, before: Json, after: Json) {
    let diff = between(&one(resource_type, before), &one(resource_type, after));
    assert!(diff.is_empty(), "{diff:#?}");
}

#[test]
fn order_of_keys_and_of_tags() {
    check_equal(
        "AWS::SQS::Queue",
        json!({ "DelaySeconds": 1, "QueueName": "q" }),
        json!({ "QueueName": "q", "DelaySeconds": 1 }),
    );
    let tags = |tags: &[(&str, &str)]| json!({ "Tags": tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect::<Json>() });
    check_equal("AWS::SQS::Queue", tags(&[("a", "1"), ("b", "2")]), tags(&[("b", "2"), ("a", "1")]));
    let diff = between(
        &one("AWS::SQS::Queue", tags(&[("a", "1"), ("b", "2")])),
        &one("AWS::SQS::Queue", tags(&[("b", "3"), ("a", "1")])),
    );
    assert_eq!(paths(&diff.resources[0]), ["Tags/b"]);
}

#[test]
fn a_policy_in_another_form() {
    let long = json!({ "PolicyDocument": { "Statement": [
        { "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": ["*"], "Principal": { "AWS": ["b", "a"] } },
        { "Effect": "Deny", "Action": "s3:*", "Resource": "x", "Principal": "*" },
    ], "Version": "2012-10-17" } });
    let short = json!({ "PolicyDocument": { "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Principal": "*", "Action": ["s3:*"], "Resource": ["x"] },
        { "Effect": "Allow", "Principal": { "AWS": ["a", "b"] }, "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*" },
    ] } });
    check_equal("AWS::SQS::QueuePolicy", long, short);
    let single = json!({ "PolicyDocument": { "Statement": { "Effect": "Allow", "Action": "a:B", "Resource": "*" } } });
    let list =
        json!({ "PolicyDocument": { "Statement": [{ "Effect": "Allow", "Action": ["a:B"], "Resource": "*" }] } });
    check_equal("AWS::SQS::QueuePolicy", single, list);
}

#[test]
fn a_name_of_a_statement_is_part_of_it() {
    let policy = |sid| {
        let statement = json!([{ "Sid": sid, "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*" }]);
        one("AWS::SQS::QueuePolicy", json!({ "PolicyDocument": { "Statement": statement } }))
    };
    assert_eq!(paths(&between(&policy("A"), &policy("B")).resources[0]), ["PolicyDocument"]);
}

#[test]
fn a_text_by_join_or_by_sub() {
    let value = |value: Json| json!({ "Value": value });
    for (left, right) in [
        (json!({ "Fn::GetAtt": "Other.Arn" }), json!({ "Fn::GetAtt": ["Other", "Arn"] })),
        (json!({ "Fn::Sub": "${Other.Arn}" }), json!({ "Fn::GetAtt": ["Other", "Arn"] })),
        (json!({ "Fn::Sub": "plain" }), json!("plain")),
        (
            json!({ "Fn::Join": ["", [{ "Fn::GetAtt": ["Other", "Arn"] }, "/*"]] }),
            json!({ "Fn::Sub": "${Other.Arn}/*" }),
        ),
        (
            json!({ "Fn::Join": ["-", ["a", { "Ref": "Other" }]] }),
            json!({ "Fn::Sub": ["a-${It}", { "It": { "Ref": "Other" } }] }),
        ),
        (json!({ "Fn::Join": ["", ["${", "x}"]] }), json!({ "Fn::Sub": "${!x}" })),
    ] {
        check_equal("AWS::SSM::Parameter", value(left), value(right));
    }
}

#[test]
fn scalars_that_cloudformation_converts() {
    check_equal(
        "AWS::SQS::Queue",
        json!({ "DelaySeconds": "5", "FifoQueue": "true" }),
        json!({ "DelaySeconds": 5, "FifoQueue": true }),
    );
    let definition = |attempts: Json| {
        let states = json!({ "A": { "Type": "Task", "Retry": [{ "MaxAttempts": attempts }] } });
        one("AWS::StepFunctions::StateMachine", json!({ "Definition": { "StartAt": "A", "States": states } }))
    };
    let diff = between(&definition(json!(1)), &definition(json!("1")));
    assert_eq!(paths(&diff.resources[0]), ["Definition/States/A/Retry/0/MaxAttempts"]);
}

#[test]
fn a_document_in_a_text_is_compared_as_a_document() {
    let body = |text: &str| json!({ "DashboardBody": text });
    check_equal("AWS::CloudWatch::Dashboard", body(r#"{"a":1,"b":[2]}"#), body("{ \"b\": [2],\n \"a\": 1 }"));
    let (before, after) = (body(r#"{"a":1}"#), body(r#"{"a":2}"#));
    let diff = between(&one("AWS::CloudWatch::Dashboard", before), &one("AWS::CloudWatch::Dashboard", after));
    assert_eq!(paths(&diff.resources[0]), ["DashboardBody/a"]);
}

#[test]
fn the_source_line_of_a_resource() {
    let template = |line: &str, other: &str| json!({ "Resources": { "It": { "Type": "AWS::SQS::Queue", "Metadata": { "Source": line, "Other": other } } } });
    assert!(between(&template("a.rs:1", "x"), &template("a.rs:2", "x")).is_empty());
    let diff = between(&template("a.rs:1", "x"), &template("a.rs:2", "y"));
    assert_eq!(diff.resources[0].attributes[0].path, "Metadata/Other");
}

#[test]
fn what_parameters_mappings_and_conditions_come_to() {
    let template = |name: Json, description: Json| {
        json!({
            "Parameters": { "Name": { "Type": "String", "Default": "q" }, "Stage": { "Type": "String" } },
            "Mappings": { "Names": { "prod": { "queue": "q" } } },
            "Conditions": { "IsProd": { "Fn::Equals": [{ "Ref": "Stage" }, "prod"] }, "Isnt": { "Fn::Not": [{ "Condition": "IsProd" }] } },
            "Resources": {
                "It": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": name, "Description": description } },
                "Absent": { "Type": "AWS::SQS::Queue", "Condition": "Isnt" },
            },
        })
    };
    let stage: &[(&str, &str)] = &[("Stage", "prod")];
    let plain = template(json!("q"), json!("is prod"));
    for (name, description) in [
        (json!({ "Ref": "Name" }), json!({ "Fn::Join": [" ", ["is", { "Ref": "Stage" }]] })),
        (json!({ "Fn::FindInMap": ["Names", { "Ref": "Stage" }, "queue"] }), json!({ "Fn::Sub": "is ${Stage}" })),
        (json!({ "Fn::If": ["IsProd", "q", "other"] }), json!("is prod")),
    ] {
        let diff = with_parameters((&plain, stage), (&template(name, description), stage));
        assert!(diff.is_empty(), "{diff:#?}");
    }
    let diff = with_parameters((&plain, stage), (&plain, &[("Stage", "test")]));
    assert_eq!(diff.resources[0].logical_id, "Absent");
    assert_eq!(diff.sections[0].path, "Stage/Value");
}

#[test]
fn a_secret_is_never_shown() {
    let template = json!({
        "Parameters": { "Token": { "Type": "String", "NoEcho": true } },
        "Resources": { "It": { "Type": "AWS::SSM::Parameter", "Properties": { "Value": { "Ref": "Token" } } } },
    });
    let diff = with_parameters((&template, &[("Token", "****")]), (&template, &[("Token", "secret")]));
    assert!(diff.is_empty(), "{diff:#?}");
}

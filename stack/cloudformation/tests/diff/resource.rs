//! What becomes of a resource, and of its data.

use cloudformation::diff::{Disposal, Impact, Obstacle};
use serde_json::{Value as Json, json};

use super::{between, change, one, paths, with_parameters};

#[track_caller]
fn check(resource_type: &str, before: Json, after: Json, path: &str, impact: Impact) {
    let diff = between(&one(resource_type, before), &one(resource_type, after));
    let change = change(&diff, "It");
    assert_eq!(paths(change), [path]);
    assert_eq!(change.impact, impact);
}

#[test]
fn a_property_says_what_its_change_does() {
    let function = |memory| json!({ "MemorySize": memory, "Environment": { "Variables": { "A": "b" } } });
    check("AWS::Lambda::Function", function(128), function(256), "MemorySize", Impact::Update);
    check("AWS::Lambda::Function", json!({}), json!({ "FunctionName": "f" }), "FunctionName", Impact::Replace);
    let table = |key| json!({ "KeySchema": [{ "AttributeName": key, "KeyType": "HASH" }] });
    check("AWS::DynamoDB::Table", table("a"), table("b"), "KeySchema/0/AttributeName", Impact::MayReplace);
    check("AWS::EC2::Instance", json!({ "ImageId": "a" }), json!({ "ImageId": "b" }), "ImageId", Impact::Unknown);
}

#[test]
fn a_property_within_a_structure_may_replace() {
    // The schema names a property within: a change of it replaces, above it too where it is there, beside it not.
    let key = |name| json!({ "MetricMathAnomalyDetector": { "MetricDataQueries": [{ "Id": name }] } });
    let path = "MetricMathAnomalyDetector/MetricDataQueries/0/Id";
    check("AWS::CloudWatch::AnomalyDetector", key("a"), key("b"), path, Impact::Replace);
}

#[test]
fn lists_are_aligned() {
    let queries = |names: &[&str]| json!({ "LogGroupNames": names });
    check(
        "AWS::Logs::QueryDefinition",
        queries(&["a", "b", "c"]),
        queries(&["a", "c"]),
        "LogGroupNames/1",
        Impact::Update,
    );
    check(
        "AWS::Logs::QueryDefinition",
        queries(&["a", "c"]),
        queries(&["a", "b", "c"]),
        "LogGroupNames/1",
        Impact::Update,
    );
}

#[test]
fn what_refers_to_a_replaced_resource_follows() {
    let template = |name: &str| {
        json!({
            "Resources": {
                "Topic": { "Type": "AWS::SNS::Topic", "Properties": { "TopicName": name } },
                "Subscription": { "Type": "AWS::SNS::Subscription", "Properties": { "TopicArn": { "Ref": "Topic" }, "Protocol": "sqs" } },
                "Alarm": { "Type": "AWS::CloudWatch::Alarm", "Properties": { "AlarmActions": [{ "Ref": "Topic" }] } },
                "Holder": { "Type": "AWS::SSM::Parameter", "Properties": { "Value": { "Fn::Sub": "x ${Subscription}" } } },
                "Other": { "Type": "AWS::SQS::Queue", "DependsOn": "Topic" },
            },
            "Outputs": { "Arn": { "Value": { "Ref": "Topic" } }, "Fixed": { "Value": "x" } },
        })
    };
    let diff = between(&template("a"), &template("b"));
    let actions: Vec<_> = diff.resources.iter().map(|change| (change.logical_id.as_str(), change.impact)).collect();
    let expected = [
        ("Topic", Impact::Replace),
        ("Subscription", Impact::Replace),
        ("Alarm", Impact::Update),
        ("Holder", Impact::Update),
    ];
    assert_eq!(actions, expected);
    let holder = &change(&diff, "Holder").properties[0];
    assert_eq!((holder.path.as_str(), holder.cause.as_ref().unwrap().replaced.as_str()), ("Value", "Subscription"));
    let output = &diff.sections[0];
    assert_eq!((output.path.as_str(), output.follows.as_deref()), ("Arn/Value", Some("Topic")));
    assert_eq!(diff.sections.len(), 1);
}

#[test]
fn only_what_may_be_replaced_makes_others_maybe_follow() {
    let template = |key: &str| {
        json!({ "Resources": {
            "Table": { "Type": "AWS::DynamoDB::Table", "Properties": { "KeySchema": [{ "AttributeName": key }] } },
            "Mapping": { "Type": "AWS::Lambda::EventSourceMapping", "Properties": { "EventSourceArn": { "Fn::GetAtt": ["Table", "StreamArn"] } } },
        } })
    };
    assert_eq!(change(&between(&template("a"), &template("b")), "Mapping").impact, Impact::MayReplace);
}

fn table(name: &str, policies: Json) -> Json {
    let mut template = one("AWS::DynamoDB::Table", json!({ "TableName": name }));
    template["Resources"]["It"].as_object_mut().unwrap().extend(policies.as_object().cloned().unwrap());
    template
}

#[test]
fn data_is_lost_retained_or_kept_in_a_snapshot() {
    let without = json!({ "Resources": {} });
    for (deletion, disposal) in [
        (json!({}), Disposal::Delete),
        (json!({ "DeletionPolicy": "Retain" }), Disposal::Retain),
        (json!({ "DeletionPolicy": "RetainExceptOnCreate" }), Disposal::Retain),
        (json!({ "DeletionPolicy": "Snapshot" }), Disposal::Snapshot),
        (json!({ "UpdateReplacePolicy": "Retain" }), Disposal::Delete),
    ] {
        let diff = between(&table("a", deletion), &without);
        assert_eq!((diff.resources[0].impact, diff.resources[0].disposal), (Impact::Remove, Some(disposal)));
        assert_eq!(diff.data_losses().count(), usize::from(disposal == Disposal::Delete));
    }
    // A replacement goes by the policy of the template that asks for it.
    let (retain, delete) = (json!({ "UpdateReplacePolicy": "Retain" }), json!({ "DeletionPolicy": "Retain" }));
    for (before, after, disposal) in [(&delete, &retain, Disposal::Retain), (&retain, &delete, Disposal::Delete)] {
        let diff = between(&table("a", before.clone()), &table("b", after.clone()));
        assert_eq!(diff.resources[0].disposal, Some(disposal));
        assert_eq!(diff.resources[0].loses_data(), disposal == Disposal::Delete);
    }
}

#[test]
fn a_role_that_goes_loses_no_data() {
    let diff = between(&one("AWS::IAM::Role", json!({})), &json!({ "Resources": {} }));
    assert_eq!(diff.data_losses().count(), 0);
}

#[test]
fn attributes_change_without_touching_the_resource() {
    let diff =
        between(&table("a", json!({})), &table("a", json!({ "DeletionPolicy": "Retain", "DependsOn": ["B", "A"] })));
    let change = change(&diff, "It");
    assert_eq!(change.impact, Impact::Keep);
    let paths: Vec<_> = change.attributes.iter().map(|attribute| attribute.path.as_str()).collect();
    assert_eq!(paths, ["DeletionPolicy", "DependsOn"]);
    let (one, list) = (json!({ "DependsOn": "A" }), json!({ "DependsOn": ["A"] }));
    assert!(between(&table("a", one), &table("a", list)).is_empty());
}

#[test]
fn a_new_package_is_a_change_of_code() {
    let template = json!({
        "Parameters": { "Key": { "Type": "String" } },
        "Resources": { "It": { "Type": "AWS::Lambda::Function", "Properties": { "Code": { "S3Bucket": "b", "S3Key": { "Ref": "Key" } } } } },
    });
    let (old, new) = ("3f".repeat(32), "9c".repeat(32));
    let (old_key, new_key) = (format!("{old}.zip"), format!("packages/{new}.zip"));
    let diff = with_parameters((&template, &[("Key", &old_key)]), (&template, &[("Key", &new_key)]));
    let code = change(&diff, "It").code.as_ref().unwrap();
    assert_eq!((code.before.as_ref(), code.after.as_ref()), (Some(&old), Some(&new)));
}

#[test]
fn what_cloudformation_would_refuse_is_said() {
    let diff = between(&one("AWS::SQS::Queue", json!({})), &one("AWS::SNS::Topic", json!({})));
    assert_eq!(diff.resources[0].obstacle, Some(Obstacle::TypeChanged));
    let queue = |fifo| one("AWS::SQS::Queue", json!({ "QueueName": "q", "FifoQueue": fifo }));
    assert_eq!(between(&queue(false), &queue(true)).resources[0].obstacle, None, "a queue is known by its URL");
    let bucket = |name: Json, lock| one("AWS::S3::Bucket", json!({ "BucketName": name, "ObjectLockEnabled": lock }));
    let obstacle = |before, after| between(&before, &after).resources[0].obstacle.clone();
    let kept = Some(Obstacle::NameKept("BucketName".into()));
    assert_eq!(obstacle(bucket(json!("a"), false), bucket(json!("a"), true)), kept);
    assert_eq!(obstacle(bucket(json!("a"), false), bucket(json!("b"), true)), None);
}

#[test]
fn without_a_stack_everything_is_new() {
    let diff = between(&Json::Null, &table("a", json!({})));
    assert_eq!(diff.resources[0].impact, Impact::Add);
    let diff = between(&table("a", json!({})), &table("a", json!({})));
    assert!(diff.is_empty());
}

//! A stack goes with what belongs to it, and nothing else does.

use std::process::Output;

use deployment::{Capability, StackRequest};
use local::{Clients, Emulator};
use serde_json::{Value as Json, json};
use tests::{stack, talk};

use crate::emulator;

/// The name under which the program deploys the development environment.
fn name() -> String {
    stack::pipeline::Settings::carried("development").unwrap().stack_name()
}

fn destroy(emulator: &Emulator, arguments: &[&str]) -> Output {
    stack(&[&["destroy", "--endpoint-url", &emulator.endpoint()], arguments].concat())
}

fn request(name: impl Into<String>, resources: Json) -> StackRequest {
    let request = StackRequest::new(name, json!({ "Resources": resources }).to_string());
    StackRequest { capabilities: vec![Capability::Iam], ..request }
}

#[tokio::test]
async fn data_goes_only_on_demand_and_what_is_retained_stays() {
    let (emulator, connection) = emulator().await;
    let s3 = Clients::new(&emulator.sdk_config()).s3;
    let resources = json!({
        "Inbox": { "Type": "AWS::S3::Bucket", "Properties": {
            "BucketName": "inbox", "VersioningConfiguration": { "Status": "Enabled" } } },
        "Archive": { "Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": { "BucketName": "archive" } }
    });
    connection.apply(request(name(), resources)).outcome().await.unwrap();
    for (bucket, body) in [("inbox", "one"), ("inbox", "two"), ("archive", "kept")] {
        s3.put_object().bucket(bucket).key("data").body(body.as_bytes().to_vec().into()).send().await.unwrap();
    }
    s3.delete_object().bucket("inbox").key("data").send().await.unwrap();

    let refused = destroy(&emulator, &["--yes"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(talk(&refused).contains("inbox holds 3"), "{}", talk(&refused));
    assert!(talk(&refused).contains("--purge"), "{}", talk(&refused));
    assert!(connection.stack(&name()).await.unwrap().unwrap().status.is_success());

    let destroyed = destroy(&emulator, &["--yes", "--purge", "--json"]);
    assert!(destroyed.status.success(), "{}", talk(&destroyed));
    assert!(talk(&destroyed).contains("emptied inbox: 3 versions deleted"), "{}", talk(&destroyed));
    let lines = String::from_utf8(destroyed.stdout).unwrap();
    let outcome: Json = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!((&outcome["outcome"], &outcome["retained"][0]["logical_id"]), (&json!("deleted"), &json!("Archive")));

    assert!(connection.stack(&name()).await.unwrap().is_none());
    assert!(s3.head_bucket().bucket("inbox").send().await.is_err());
    let kept = s3.get_object().bucket("archive").key("data").send().await.unwrap();
    assert_eq!(kept.body.collect().await.unwrap().into_bytes().as_ref(), b"kept");

    let again = destroy(&emulator, &["--yes"]);
    assert!(again.status.success() && talk(&again).contains("there is none"), "{}", talk(&again));
}

#[tokio::test]
async fn nothing_is_deleted_without_consent_or_against_protection() {
    let (emulator, connection) = emulator().await;
    let resources = json!({ "Topic": { "Type": "AWS::SNS::Topic" } });
    connection.apply(request(name(), resources)).outcome().await.unwrap();

    let unasked = destroy(&emulator, &[]);
    assert_eq!(unasked.status.code(), Some(1));
    assert!(talk(&unasked).contains("there is no terminal to ask on; give --yes"), "{}", talk(&unasked));

    connection.set_termination_protection(&name(), true).await.unwrap();
    let protected = destroy(&emulator, &["--yes"]);
    assert_eq!(protected.status.code(), Some(1));
    assert!(talk(&protected).contains("--lift-protection"), "{}", talk(&protected));
    assert!(connection.stack(&name()).await.unwrap().is_some());

    let lifted = destroy(&emulator, &["--yes", "--lift-protection"]);
    assert!(lifted.status.success(), "{}", talk(&lifted));
    assert!(connection.stack(&name()).await.unwrap().is_none());
}

/// The log group is another stack's here, so that nothing but the sweep can delete it.
#[tokio::test]
async fn no_log_group_of_a_function_outlives_its_stack() {
    let (emulator, connection) = emulator().await;
    let log_group =
        json!({ "Logs": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": "/aws/lambda/greeter" } } });
    connection.apply(request("logs", log_group)).outcome().await.unwrap();
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "lambda.amazonaws.com" } }] });
    let function = json!({
        "Role": { "Type": "AWS::IAM::Role", "Properties": { "AssumeRolePolicyDocument": trust } },
        "Greeter": { "Type": "AWS::Lambda::Function", "Properties": {
            "FunctionName": "greeter", "Role": { "Fn::GetAtt": ["Role", "Arn"] }, "Runtime": "python3.12",
            "Handler": "index.handler", "Code": { "ZipFile": "def handler(event, context): pass" } } }
    });
    connection.apply(request(name(), function)).outcome().await.unwrap();
    let names = ["/aws/lambda/greeter".to_owned()].into();
    assert_eq!(connection.log_groups(&names).await.unwrap(), names);

    let destroyed = destroy(&emulator, &["--yes"]);

    assert!(destroyed.status.success(), "{}", talk(&destroyed));
    assert!(talk(&destroyed).contains("deleted too: the log group /aws/lambda/greeter"), "{}", talk(&destroyed));
    assert!(connection.log_groups(&names).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_resource_that_is_in_the_way_is_named_and_can_be_left() {
    let (emulator, connection) = emulator().await;
    let network = json!({ "Network": { "Type": "AWS::EC2::VPC", "Properties": { "CidrBlock": "10.0.0.0/16" } } });
    let template = json!({ "Resources": network, "Outputs": { "Id": { "Value": { "Ref": "Network" } } } });
    connection.apply(StackRequest::new(name(), template.to_string())).outcome().await.unwrap();
    let id = connection.outputs(&name()).await.unwrap().remove("Id").unwrap();
    let subnet =
        json!({ "Subnet": { "Type": "AWS::EC2::Subnet", "Properties": { "VpcId": id, "CidrBlock": "10.0.1.0/24" } } });
    connection.apply(request("subnet", subnet)).outcome().await.unwrap();

    let failed = destroy(&emulator, &["--yes"]);
    assert_eq!(failed.status.code(), Some(1));
    for part in ["ended in DELETE_FAILED", "first cause  Network (AWS::EC2::VPC)", "`--retain` leaves"] {
        assert!(talk(&failed).contains(part), "`{part}` is not in: {}", talk(&failed));
    }

    let asked = destroy(&emulator, &[]);
    for part in ["in the way: ", "the deletion failed last time; --retain LOGICAL_ID leaves what is in the way"] {
        assert!(talk(&asked).contains(part), "`{part}` is not in: {}", talk(&asked));
    }

    let left = destroy(&emulator, &["--yes", "--retain", "Network"]);
    assert!(left.status.success(), "{}", talk(&left));
    assert!(talk(&left).contains(&format!("retained: AWS::EC2::VPC Network {id}")), "{}", talk(&left));
    assert!(connection.stack(&name()).await.unwrap().is_none());
}

//! What failed is rolled back, and what could not be rolled back is recovered.

use deployment::{Capability, DeploymentError, NextStep, StackRequest};
use serde_json::{Value as Json, json};
use tests::{stack, talk};

use crate::emulator;

/// A resource that can be made and deleted, and that no update can change: nor can the update's rollback.
fn stubborn(value: &str) -> Json {
    let code = "\
import json, urllib.request
def handler(event, context):
    status = 'FAILED' if event['RequestType'] == 'Update' else 'SUCCESS'
    answer = {'Status': status, 'Reason': 'it will not move', 'PhysicalResourceId': 'stubborn'}
    answer.update({key: event[key] for key in ('StackId', 'RequestId', 'LogicalResourceId')})
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event['ResponseURL'], data=body, method='PUT'))
";
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "lambda.amazonaws.com" } }] });
    json!({ "Resources": {
        "Role": { "Type": "AWS::IAM::Role", "Properties": { "AssumeRolePolicyDocument": trust } },
        "Provider": { "Type": "AWS::Lambda::Function", "Properties": {
            "Role": { "Fn::GetAtt": ["Role", "Arn"] }, "Runtime": "python3.12", "Handler": "index.handler",
            "Code": { "ZipFile": code } } },
        "Mule": { "Type": "Custom::Mule", "Properties": {
            "ServiceToken": { "Fn::GetAtt": ["Provider", "Arn"] }, "Value": value } }
    } })
}

fn request(name: &str, template: &Json) -> StackRequest {
    StackRequest {
        capabilities: vec![Capability::Iam],
        // Nobody knows what a custom resource holds; this one holds nothing.
        allow_replace: ["Mule".to_owned()].into(),
        ..StackRequest::new(name, template.to_string())
    }
}

fn failed(error: DeploymentError) -> deployment::Failure {
    let DeploymentError::Failed(failure) = error else { panic!("{error}") };
    *failure
}

#[tokio::test]
async fn a_failed_creation_is_undone_and_begun_again_on_consent() {
    let (_emulator, connection) = emulator().await;
    let broken = json!({ "Resources": {
        "Topic": { "Type": "AWS::SNS::Topic" },
        "Queue": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": { "Fn::GetAtt": ["Topic", "Nonsense"] } } }
    } });
    let failure = failed(connection.apply(request("orders", &broken)).outcome().await.unwrap_err());
    assert_eq!(failure.status.as_str(), "ROLLBACK_COMPLETE");
    assert_eq!(failure.cause.unwrap().logical_id, "Queue");
    assert_eq!(failure.rolled_back.iter().map(|event| event.logical_id.as_str()).collect::<Vec<_>>(), ["Topic"]);

    let sound = json!({ "Resources": { "Topic": { "Type": "AWS::SNS::Topic" } } });
    let refused = connection.apply(request("orders", &sound)).outcome().await.unwrap_err();
    assert!(matches!(refused, DeploymentError::MustBeRecreated { .. }), "{refused}");
    let again = StackRequest { recreate_failed: true, ..request("orders", &sound) };
    connection.apply(again).outcome().await.unwrap();
    assert!(connection.stack("orders").await.unwrap().unwrap().status.is_success());
}

#[tokio::test]
async fn a_rollback_that_failed_is_continued_without_what_is_in_its_way() {
    let (emulator, connection) = emulator().await;
    let name = stack::pipeline::Settings::carried("development").unwrap().stack_name();
    let endpoint = emulator.endpoint();
    let program = |arguments: &[&str]| stack(&[arguments, &["--endpoint-url", &endpoint]].concat());
    assert_eq!(program(&["status"]).status.code(), Some(2), "it is not deployed");
    connection.apply(request(&name, &stubborn("one"))).outcome().await.unwrap();
    assert_eq!(program(&["status"]).status.code(), Some(0));

    let failure = failed(connection.apply(request(&name, &stubborn("two"))).outcome().await.unwrap_err());
    assert_eq!(failure.status.as_str(), "UPDATE_ROLLBACK_FAILED");
    assert_eq!(failure.not_rolled_back[0].reason.as_deref(), Some("it will not move"));

    let status = program(&["status", "--json"]);
    assert_eq!(status.status.code(), Some(2));
    let report: Json = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((&report["status"], &report["next"]), (&json!("UPDATE_ROLLBACK_FAILED"), &json!("continue_rollback")));
    assert_eq!(report["last_operation"]["failures"][0]["logical_id"], "Mule");

    let events = program(&["events"]);
    let lines = String::from_utf8(events.stdout).unwrap();
    assert!(lines.lines().next().unwrap().contains("UPDATE_IN_PROGRESS"), "only the last operation's: {lines}");
    assert!(lines.lines().last().unwrap().contains("UPDATE_ROLLBACK_FAILED"), "{lines}");
    assert_eq!(program(&["events", "--follow"]).status.code(), Some(1), "it tells how the operation ended");

    assert_eq!(program(&["recover"]).status.code(), Some(1), "there is no terminal to ask on");
    let again = program(&["recover", "--yes"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(talk(&again).contains("it will not move"), "{}", talk(&again));

    let recovered = program(&["recover", "--yes", "--skip", "Mule", "--json"]);
    assert!(recovered.status.success(), "{}", talk(&recovered));
    let stack = connection.stack(&name).await.unwrap().unwrap();
    assert_eq!((stack.status.as_str(), stack.next_step()), ("UPDATE_ROLLBACK_COMPLETE", NextStep::Update));
    assert_eq!(program(&["status"]).status.code(), Some(2), "the last update is still to be made");
    assert_eq!(program(&["recover", "--yes"]).status.code(), Some(1), "there is nothing left to recover");
}

//! What is changed behind the stack's back is seen, also by the program; what cannot be compared or put back is said.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use deployment::{Connection, Drift, DriftStatus, StackRequest};
use local::{Clients, Emulator};
use serde_json::json;

use tests::{stack, talk};

use crate::emulator;

/// The name that the program gives the stack of its development environment.
const STACK: &str = "activity-development";

fn request(description: &str) -> StackRequest {
    let bucket = |name| {
        let properties = json!({ "BucketName": name, "VersioningConfiguration": { "Status": "Enabled" } });
        json!({ "Type": "AWS::S3::Bucket", "Properties": properties })
    };
    let template = json!({ "Description": description, "Resources": {
        "Orders": bucket("orders"),
        "Returns": bucket("returns"),
        "Dashboard": { "Type": "AWS::CloudWatch::Dashboard", "Properties": { "DashboardBody": "{}" } }
    } });
    StackRequest::new(STACK, template.to_string())
}

async fn deployed() -> (Emulator, Connection) {
    let (emulator, connection) = emulator().await;
    connection.apply(request("A shop.")).outcome().await.unwrap();
    (emulator, connection)
}

/// The stack, with versioning suspended on one of its buckets, and the other one gone.
async fn drifted() -> (Emulator, Connection) {
    let (emulator, connection) = deployed().await;
    let s3 = Clients::new(&emulator.sdk_config()).s3;
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    s3.put_bucket_versioning().bucket("orders").versioning_configuration(suspended).send().await.unwrap();
    s3.delete_bucket().bucket("returns").send().await.unwrap();
    (emulator, connection)
}

fn status(drift: &Drift, logical_id: &str) -> DriftStatus {
    drift.resources.iter().find(|resource| resource.logical_id == logical_id).unwrap().status
}

#[tokio::test]
async fn a_fresh_stack_is_in_sync_and_what_cannot_be_compared_is_told() {
    let (_emulator, connection) = deployed().await;
    let drift = connection.drift(STACK).await.unwrap();
    assert_eq!((drift.drifted().count(), drift.incomplete.as_deref()), (0, None));
    assert_eq!(drift.unchecked().map(|resource| resource.logical_id.as_str()).collect::<Vec<_>>(), ["Dashboard"]);
}

#[tokio::test]
async fn a_changed_and_a_deleted_bucket_are_drift() {
    let (_emulator, connection) = drifted().await;

    let drift = connection.drift(STACK).await.unwrap();

    assert_eq!(status(&drift, "Orders"), DriftStatus::Modified);
    assert_eq!(status(&drift, "Returns"), DriftStatus::Deleted);
    let changed = drift.drifted().find(|resource| resource.logical_id == "Orders").unwrap();
    assert_eq!(changed.physical_id, "orders");
    let [difference] = &changed.differences[..] else { panic!("one property: {changed:?}") };
    assert_eq!(difference.path, "/VersioningConfiguration/Status");
    assert_eq!((difference.expected.as_deref(), difference.actual.as_deref()), (Some("Enabled"), Some("Suspended")));
}

#[tokio::test]
async fn a_stack_that_is_not_there_has_no_drift() {
    let (_emulator, connection) = emulator().await;
    let message = connection.drift(STACK).await.unwrap_err().to_string();
    assert!(message.starts_with("there is no stack `activity-development`"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_shows_drift_and_exits_with_2() {
    let (emulator, _connection) = drifted().await;
    let endpoint = emulator.endpoint();

    let shown = stack(&["drift", "--endpoint-url", &endpoint]);
    let text = String::from_utf8_lossy(&shown.stdout);
    assert_eq!(shown.status.code(), Some(2), "{}", talk(&shown));
    assert!(text.contains("~ Orders (AWS::S3::Bucket) was modified: orders\n"), "{text}");
    assert!(text.contains("    ~ /VersioningConfiguration/Status: Enabled -> Suspended\n"), "{text}");
    assert!(text.contains("- Returns (AWS::S3::Bucket) was deleted: returns\n"), "{text}");
    assert!(talk(&shown).contains("2 of 3 resources drifted; 1 of 3 were not compared"), "{}", talk(&shown));

    let shown = stack(&["drift", "--json", "--endpoint-url", &endpoint]);
    let result: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let statuses: Vec<_> = result["resources"].as_array().unwrap().iter().map(|resource| &resource["status"]).collect();
    assert_eq!(statuses, ["NOT_CHECKED", "MODIFIED", "DELETED"]);
}

/// The emulator takes the request for a drift-aware change set and makes an ordinary one.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_cannot_revert_is_told_from_a_stack_that_need_not() {
    let (emulator, _connection) = drifted().await;
    let reverted = stack(&["drift", "--revert", "--yes", "--endpoint-url", &emulator.endpoint()]);
    assert_eq!(reverted.status.code(), Some(1), "{}", talk(&reverted));
    assert!(talk(&reverted).contains("makes no drift-aware change sets"), "{}", talk(&reverted));
}

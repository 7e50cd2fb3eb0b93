//! A change is planned, shown, and then made exactly so, or not at all.

use deployment::{Action, Connection, DeploymentError, LossKind, Moved, Outcome, Plan, Replacement, StackRequest};
use local::{Clients, Emulator};
use serde_json::json;

use crate::emulator;

/// A queue and a bucket, which holds data.
fn request(bucket: &str, timeout: u32) -> StackRequest {
    let template = json!({ "Resources": {
        "Queue": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "orders", "VisibilityTimeout": timeout } },
        "Archive": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": bucket } }
    } });
    StackRequest::new("orders", template.to_string())
}

async fn deployed() -> (Emulator, Connection) {
    let (emulator, connection) = emulator().await;
    assert_eq!(connection.apply(request("archive", 30)).outcome().await.unwrap(), Outcome::Created);
    (emulator, connection)
}

/// The plan, as whoever applies it reads it from its file.
async fn saved(connection: &Connection, request: &StackRequest) -> Plan {
    let plan = connection.plan(request).await.unwrap();
    Plan::from_json(&serde_json::to_string(&plan).unwrap()).unwrap()
}

async fn moved(connection: &Connection, plan: Plan, request: StackRequest) -> Vec<Moved> {
    match connection.apply_plan(plan, request).outcome().await.unwrap_err() {
        DeploymentError::PlanStale { moved, .. } => moved,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_plan_of_what_is_deployed_changes_nothing() {
    let (_emulator, connection) = deployed().await;
    let plan = saved(&connection, &request("archive", 30)).await;
    assert!(plan.is_unchanged() && plan.changes.is_empty());
    let outcome = connection.apply_plan(plan, request("archive", 30)).outcome().await;
    assert_eq!(outcome.unwrap(), Outcome::Unchanged);
}

#[tokio::test]
async fn a_plan_changes_nothing_until_it_is_applied_and_then_what_it_says() {
    let (emulator, connection) = deployed().await;
    let plan = saved(&connection, &request("archive", 60)).await;
    let [change] = &plan.changes[..] else { panic!("{:?}", plan.changes) };
    assert_eq!((change.logical_id.as_str(), change.action), ("Queue", Action::Modify));
    assert_ne!(change.replacement, Some(Replacement::Always));
    let before = connection.template("orders").await.unwrap();
    assert_eq!(before, request("archive", 30).template.body());

    let outcome = connection.apply_plan(plan, request("archive", 60)).outcome().await;

    assert_eq!(outcome.unwrap(), Outcome::Updated);
    assert_eq!(connection.template("orders").await.unwrap(), request("archive", 60).template.body());
    assert!(Clients::new(&emulator.sdk_config()).s3.head_bucket().bucket("archive").send().await.is_ok());
}

#[tokio::test]
async fn a_bucket_is_replaced_only_by_consent() {
    let (emulator, connection) = deployed().await;
    let s3 = Clients::new(&emulator.sdk_config()).s3;
    let plan = saved(&connection, &request("attic", 30)).await;
    let [loss] = &plan.losses()[..] else { panic!("{:?}", plan.changes) };
    // AWS is sure of it.
    assert_eq!((loss.logical_id.as_str(), loss.kind), ("Archive", LossKind::MaybeReplaced));

    let refused = connection.apply_plan(plan.clone(), request("attic", 30)).outcome().await.unwrap_err();
    assert!(
        matches!(&refused, DeploymentError::WouldLose { losses, .. } if losses == std::slice::from_ref(loss)),
        "{refused}"
    );
    assert!(refused.to_string().contains("--allow-replace"), "{refused}");
    assert!(s3.head_bucket().bucket("archive").send().await.is_ok(), "nothing was touched");

    // The refusal has left the plan as it was: consent is all that it lacked.
    let allowed = StackRequest { allow_replace: ["Archive".to_owned()].into(), ..request("attic", 30) };
    assert_eq!(connection.apply_plan(plan, allowed).outcome().await.unwrap(), Outcome::Updated);
    assert!(s3.head_bucket().bucket("attic").send().await.is_ok());
}

#[tokio::test]
async fn a_plan_goes_stale_when_somebody_else_deploys_or_something_else_is_wanted() {
    let (_emulator, connection) = deployed().await;
    let plan = saved(&connection, &request("archive", 60)).await;
    assert_eq!(moved(&connection, plan.clone(), request("archive", 90)).await, [Moved::Template]);

    connection.apply(request("archive", 45)).outcome().await.unwrap();

    let moved = moved(&connection, plan, request("archive", 60)).await;
    assert!(moved.contains(&Moved::DeployedTemplate), "{moved:?}");
    assert!(moved.iter().any(|moved| matches!(moved, Moved::ChangeSet { .. })), "{moved:?}");
    assert_eq!(connection.template("orders").await.unwrap(), request("archive", 45).template.body());
}

#[tokio::test]
async fn a_plan_is_applied_once() {
    let (_emulator, connection) = deployed().await;
    let plan = saved(&connection, &request("archive", 60)).await;
    connection.apply_plan(plan.clone(), request("archive", 60)).outcome().await.unwrap();
    assert!(!moved(&connection, plan, request("archive", 60)).await.is_empty());
}

#[tokio::test]
async fn a_plan_that_is_discarded_leaves_nothing() {
    let (_emulator, connection) = emulator().await;
    let plan = saved(&connection, &request("archive", 30)).await;
    assert!(connection.stack("orders").await.unwrap().is_some(), "its change set waits in an empty stack");
    connection.discard_plan(&plan).await.unwrap();
    assert_eq!(connection.stack("orders").await.unwrap(), None);
    assert!(!moved(&connection, plan, request("archive", 30)).await.is_empty());
}

//! The emulator has no stack refactors: a renamed resource is not deleted behind anybody's back.

use deployment::{DeploymentError, Outcome, StackRequest};
use serde_json::json;

use crate::emulator;

fn request(queue: &str) -> StackRequest {
    let template =
        json!({ "Resources": { queue: { "Type": "AWS::SQS::Queue", "Properties": { "DelaySeconds": 5 } } } });
    StackRequest::new("orders", template.to_string())
}

#[tokio::test]
async fn a_renamed_queue_is_deleted_only_by_two_consents() {
    let (_emulator, connection) = emulator().await;
    connection.apply(request("Queue")).outcome().await.unwrap();
    let before = connection.resources("orders").await.unwrap();

    let cannot = connection.plan(&request("Orders")).await.unwrap_err();
    assert!(matches!(&cannot, DeploymentError::NoRefactor { moves, .. } if moves[0].to == "Orders"), "{cannot}");
    let told = StackRequest { refactor: false, ..request("Orders") };
    let guarded = connection.apply(told.clone()).outcome().await.unwrap_err();
    assert!(matches!(&guarded, DeploymentError::WouldLose { .. }), "{guarded}");
    assert_eq!(connection.resources("orders").await.unwrap(), before, "nothing was touched");

    let allowed = StackRequest { allow_replace: ["Queue".to_owned()].into(), ..told };
    assert_eq!(connection.apply(allowed).outcome().await.unwrap(), Outcome::Updated);
    let names: Vec<_> = connection.resources("orders").await.unwrap().into_iter().map(|one| one.logical_id).collect();
    assert_eq!(names, ["Orders"]);
}

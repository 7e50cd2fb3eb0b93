//! What holds data is not replaced or deleted without consent.

use deployment::{DeploymentError, LossKind, Outcome, StackRequest};

use crate::scripted::{Script, change_set_created, changes, done, events, stack, template};

const LOSSES: [&str; 4] = [
    "Modify Table AWS::DynamoDB::Table True ReplaceAndDelete",
    "Modify Stream AWS::Kinesis::Stream Conditional",
    "Remove Bucket AWS::S3::Bucket - Delete",
    "Remove Kept AWS::S3::Bucket - Retain",
];

fn planned() -> Script {
    Script::default()
        .on("DescribeStacks", [stack("UPDATE_COMPLETE")])
        .on("GetTemplate", [template("{}")])
        .on("CreateChangeSet", [change_set_created()])
        // The changes come on two pages.
        .on("DescribeChangeSet", [changes(&LOSSES[..2], Some("more")), changes(&LOSSES[2..], None)])
}

fn request(allowed: &[&str]) -> StackRequest {
    let template = r#"{"Resources": {}}"#.to_owned();
    let allow_replace = allowed.iter().map(ToString::to_string).collect();
    StackRequest { allow_replace, ..StackRequest::new("orders", template) }
}

#[tokio::test]
async fn a_loss_stops_the_apply_before_anything_happens() {
    let stage = planned().on("DeleteChangeSet", [done("DeleteChangeSet")]).play().await;
    let error = stage.connection.apply(request(&["Table"])).outcome().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "stopped before stack `orders` loses data: Stream (AWS::Kinesis::Stream) may be replaced by an empty one; \
         Bucket (AWS::S3::Bucket) would be deleted; allow each with --allow-replace LOGICAL_ID"
    );
    let DeploymentError::WouldLose { losses, .. } = error else { panic!("{error}") };
    assert_eq!(losses.iter().map(|loss| loss.kind).collect::<Vec<_>>(), [LossKind::MaybeReplaced, LossKind::Deleted]);
    assert!(stage.requests("ExecuteChangeSet").is_empty());
    stage.assert_played();
}

#[tokio::test]
async fn a_loss_that_is_allowed_by_name_goes_through() {
    let stage = planned()
        .on("ExecuteChangeSet", [done("ExecuteChangeSet")])
        .on("DescribeStackEvents", [events(&[], None), events(&["1 orders UPDATE_COMPLETE"], None)])
        .play()
        .await;
    let outcome = stage.connection.apply(request(&["Table", "Stream", "Bucket"])).outcome().await;
    assert_eq!(outcome.unwrap(), Outcome::Updated);
    stage.assert_played();
}

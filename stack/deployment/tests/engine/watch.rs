//! An operation is watched to its end, whatever comes in between, and its failure is told from its first cause on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::Credentials;
use deployment::{Connection, DeploymentError, Failure, StackEvent};

use crate::scripted::{Answer, Script, broken, connect_with, done, events, refused, run, stack};

/// A script in which a deletion reads `pages`, each at another time.
fn deleted(pages: impl IntoIterator<Item = Answer>) -> Script {
    Script::default()
        .on("DescribeStacks", [stack("CREATE_COMPLETE")])
        .on("DeleteStack", [done("DeleteStack")])
        .on("DescribeStackEvents", pages)
}

fn ids(events: &[StackEvent]) -> Vec<&str> {
    events.iter().map(|event| event.logical_id.as_str()).collect()
}

/// More failures in a row than the SDK rides out by itself.
#[tokio::test]
async fn a_lost_connection_and_throttling_are_waited_out() {
    let mut pages = vec![events(&[], None), events(&["1 orders DELETE_IN_PROGRESS"], None)];
    pages.extend((0..7).map(|_| broken()));
    pages.extend((0..7).map(|_| refused("Throttling", "Rate exceeded")));
    pages.push(events(&["3 orders DELETE_COMPLETE", "2 Bucket DELETE_COMPLETE", "1 orders DELETE_IN_PROGRESS"], None));
    let stage = deleted(pages).play().await;

    let (seen, outcome) = run(stage.connection.delete("orders")).await;

    outcome.unwrap();
    assert_eq!(seen, ["orders DELETE_IN_PROGRESS", "Bucket DELETE_COMPLETE", "orders DELETE_COMPLETE"]);
    stage.assert_played();
}

#[tokio::test]
async fn a_connection_lost_between_two_pages_loses_no_event() {
    let mut pages = vec![events(&["0 orders CREATE_COMPLETE"], None)];
    pages.push(events(&["4 orders DELETE_COMPLETE", "3 B DELETE_COMPLETE"], Some("older")));
    pages.extend((0..7).map(|_| broken()));
    pages.push(events(&["2 A DELETE_COMPLETE", "1 orders DELETE_IN_PROGRESS", "0 orders CREATE_COMPLETE"], None));
    let stage = deleted(pages).play().await;
    let (seen, _) = run(stage.connection.delete("orders")).await;
    assert_eq!(seen, ["orders DELETE_IN_PROGRESS", "A DELETE_COMPLETE", "B DELETE_COMPLETE", "orders DELETE_COMPLETE"]);
}

fn lost_sight(error: DeploymentError) -> DeploymentError {
    let text = error.to_string();
    let DeploymentError::LostSight { stack, source } = error else { panic!("{text}") };
    assert_eq!(stack, "orders");
    assert!(text.contains("goes on by itself; `stack events --follow` takes up the watch"), "{text}");
    *source
}

#[tokio::test]
async fn credentials_that_expire_end_the_watch_and_not_the_operation() {
    let expired = refused("ExpiredToken", "The security token included in the request is expired");
    let stage = deleted([events(&[], None), events(&["1 orders DELETE_IN_PROGRESS"], None), expired]).play().await;
    let (seen, outcome) = run(stage.connection.delete("orders")).await;
    assert_eq!(seen, ["orders DELETE_IN_PROGRESS"]);
    let cause = lost_sight(outcome.unwrap_err());
    assert!(cause.to_string().contains("sign in again"), "{cause}");
}

#[tokio::test]
async fn credentials_that_cannot_be_renewed_are_not_waited_for() {
    let page = || events(&["1 orders DELETE_IN_PROGRESS"], None);
    let stage = deleted([events(&[], None)].into_iter().chain((0..50).map(|_| page()))).play().await;
    let signed_in = Arc::new(AtomicBool::new(true));
    let session = Arc::clone(&signed_in);
    // They last for no time at all, so that each request asks for new ones.
    let short_lived = provide_credentials_fn(move || {
        let credentials = Credentials::new("test", "test", None, Some(SystemTime::UNIX_EPOCH), "test");
        let signed_in = session.load(Ordering::Relaxed);
        async move {
            if signed_in { Ok(credentials) } else { Err(CredentialsError::provider_error("the session has ended")) }
        }
    });
    let connection: Connection = connect_with(&stage.endpoint, short_lived).await;

    let mut operation = connection.delete("orders");
    operation.next_event().await.unwrap();
    signed_in.store(false, Ordering::Relaxed);
    let cause = lost_sight(operation.outcome().await.unwrap_err());

    let DeploymentError::NoCredentials { reason: Some(reason) } = cause else { panic!("{cause}") };
    assert!(reason.to_string().contains("the session has ended"), "{reason}");
}

#[tokio::test]
async fn events_of_other_operations_are_none_of_ours() {
    let stage = deleted([
        events(&["2@before orders UPDATE_COMPLETE", "1@before orders UPDATE_IN_PROGRESS"], None),
        // Somebody was quicker by a moment; and an event of theirs comes after ours have begun.
        events(
            &["5@ours orders DELETE_IN_PROGRESS", "4@other orders UPDATE_COMPLETE", "3@other A UPDATE_COMPLETE"],
            None,
        ),
        events(&["7@ours A DELETE_COMPLETE", "6@before B UPDATE_COMPLETE"], None),
        events(&["8@ours orders DELETE_COMPLETE"], None),
    ])
    .play()
    .await;
    let (seen, outcome) = run(stage.connection.delete("orders")).await;
    outcome.unwrap();
    assert_eq!(seen, ["orders DELETE_IN_PROGRESS", "A DELETE_COMPLETE", "orders DELETE_COMPLETE"]);
    stage.assert_played();
}

#[tokio::test]
async fn a_watch_ends_with_its_operation_and_tells_what_came_late() {
    let stage = deleted([
        events(&[], None),
        events(
            &[
                "9@next orders UPDATE_FAILED Name is taken",
                "8@next orders UPDATE_IN_PROGRESS",
                "7@ours A DELETE_FAILED It is in use",
                "6@ours orders DELETE_FAILED",
                "5@ours orders DELETE_IN_PROGRESS",
            ],
            None,
        ),
    ])
    .play()
    .await;
    let (seen, outcome) = run(stage.connection.delete("orders")).await;
    assert_eq!(seen, ["orders DELETE_IN_PROGRESS", "orders DELETE_FAILED", "A DELETE_FAILED"]);
    assert!(outcome.unwrap_err().to_string().ends_with("A (AWS::S3::Bucket) DELETE_FAILED: It is in use"));
}

#[tokio::test]
async fn a_failure_tells_what_the_rollback_did() {
    let stage = Script::default()
        .on("DescribeStacks", [stack("UPDATE_ROLLBACK_FAILED")])
        .on("DescribeStackEvents", {
            let page = || {
                events(
                    &[
                        "12 orders UPDATE_ROLLBACK_FAILED The following resource(s) failed to update: [Table].",
                        "11 Topic DELETE_COMPLETE",
                        "10 Table UPDATE_FAILED Table is being deleted",
                        "9 Role UPDATE_COMPLETE",
                        "8 Role UPDATE_FAILED Rate exceeded",
                        "7 orders UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Queue].",
                        "6 Table UPDATE_FAILED Resource update cancelled",
                        "5 Queue CREATE_FAILED The job was cancelled by its owner",
                        "4 Role UPDATE_COMPLETE",
                        "3 Topic CREATE_COMPLETE",
                        "2 orders UPDATE_IN_PROGRESS",
                        "1 orders CREATE_COMPLETE",
                    ],
                    None,
                )
            };
            [page(), page()]
        })
        .play()
        .await;

    let error = stage.connection.attach("orders").outcome().await.unwrap_err();

    let DeploymentError::Failed(failure) = error else { panic!("{error}") };
    let Failure { status, cause, failures, rolled_back, not_rolled_back, .. } = *failure;
    assert_eq!(status.as_str(), "UPDATE_ROLLBACK_FAILED");
    assert_eq!(cause.unwrap().logical_id, "Queue");
    assert_eq!(ids(&failures), ["Queue", "Table"]);
    assert_eq!(ids(&rolled_back), ["Role", "Topic"]);
    assert_eq!(ids(&not_rolled_back), ["Table"]);
    assert_eq!(not_rolled_back[0].reason.as_deref(), Some("Table is being deleted"));
}

//! A stack that got stuck is brought back.

use deployment::DeploymentError;

use crate::scripted::{Script, done, events, run, stack};

#[tokio::test]
async fn a_failed_rollback_is_continued_without_what_is_to_be_skipped() {
    let stage = Script::default()
        .on("DescribeStacks", [stack("UPDATE_ROLLBACK_FAILED")])
        .on("ContinueUpdateRollback", [done("ContinueUpdateRollback")])
        .on(
            "DescribeStackEvents",
            [
                events(&["1@before orders UPDATE_ROLLBACK_FAILED"], None),
                events(
                    &[
                        "4@ours orders UPDATE_ROLLBACK_COMPLETE",
                        "3@ours Table UPDATE_COMPLETE Resource rollback skipped",
                        "2@ours orders UPDATE_ROLLBACK_IN_PROGRESS User Initiated",
                    ],
                    None,
                ),
            ],
        )
        .play()
        .await;

    let (seen, outcome) = run(stage.connection.recover("orders", vec!["Table".into()])).await;

    assert_eq!(outcome.unwrap().as_str(), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(seen.len(), 3);
    let request = &stage.requests("ContinueUpdateRollback")[0].fields;
    assert_eq!(request["ResourcesToSkip.member.1"], "Table");
    assert!(request["ClientRequestToken"].starts_with("recover-"));
}

/// A creation that is undone leaves a stack to delete, or none.
#[tokio::test]
async fn a_stack_that_was_told_not_to_roll_back_is_rolled_back() {
    for (before, after) in [
        ("UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"),
        ("CREATE_FAILED", "ROLLBACK_COMPLETE"),
        ("CREATE_FAILED", "DELETE_COMPLETE"),
    ] {
        let end = format!("2 orders {after}");
        let stage = Script::default()
            .on("DescribeStacks", [stack(before)])
            .on("RollbackStack", [done("RollbackStack")])
            .on("DescribeStackEvents", [events(&[], None), events(&[&end], None)])
            .play()
            .await;
        let status = stage.connection.recover("orders", Vec::new()).outcome().await.unwrap();
        assert_eq!(status.as_str(), after);
        stage.assert_played();
    }
}

#[tokio::test]
async fn a_rollback_that_fails_again_names_what_is_in_its_way() {
    let stage = Script::default()
        .on("DescribeStacks", [stack("UPDATE_ROLLBACK_FAILED")])
        .on("ContinueUpdateRollback", [done("ContinueUpdateRollback")])
        .on(
            "DescribeStackEvents",
            [
                events(&[], None),
                events(
                    &[
                        "3 orders UPDATE_ROLLBACK_FAILED The following resource(s) failed to update: [Table].",
                        "2 Table UPDATE_FAILED Table not found",
                        "1 orders UPDATE_ROLLBACK_IN_PROGRESS User Initiated",
                    ],
                    None,
                ),
            ],
        )
        .play()
        .await;
    let error = stage.connection.recover("orders", Vec::new()).outcome().await.unwrap_err();
    let DeploymentError::Failed(failure) = error else { panic!("{error}") };
    assert_eq!(failure.cause.unwrap().reason.as_deref(), Some("Table not found"));
    assert_eq!(failure.not_rolled_back.len(), 1);
}

#[tokio::test]
async fn a_sound_stack_has_nothing_to_recover() {
    for status in ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_IN_PROGRESS"] {
        let stage = Script::default().on("DescribeStacks", [stack(status)]).play().await;
        let message = stage.connection.recover("orders", Vec::new()).outcome().await.unwrap_err().to_string();
        assert!(message.contains(status) && message.ends_with("there is nothing to roll back"), "{message}");
    }
}

#[tokio::test]
async fn only_a_failed_rollback_skips_resources() {
    let stage = Script::default().on("DescribeStacks", [stack("UPDATE_FAILED")]).play().await;
    let recovered = stage.connection.recover("orders", vec!["Table".into()]).outcome().await;
    assert!(recovered.unwrap_err().to_string().ends_with("recover without --skip first"));
}

//! An operation that somebody else began is watched, or stopped.

use crate::scripted::{STACK_ID, Script, absent, done, events, run, stack};

#[tokio::test]
async fn what_is_under_way_is_watched_from_its_beginning() {
    let first = || events(&["5 B UPDATE_IN_PROGRESS", "4 A UPDATE_COMPLETE", "3 A UPDATE_IN_PROGRESS"], Some("older"));
    let second =
        || events(&["2 orders UPDATE_IN_PROGRESS", "1 orders CREATE_COMPLETE", "0 A CREATE_COMPLETE"], Some("old"));
    let stage = Script::default()
        .on("DescribeStacks", [stack("UPDATE_IN_PROGRESS")])
        .on("DescribeStackEvents", [first(), second(), first(), second()])
        .on(
            "DescribeStackEvents",
            [events(&["7 orders UPDATE_COMPLETE", "6 B UPDATE_COMPLETE"], Some("older")), first()],
        )
        .play()
        .await;

    let (seen, outcome) = run(stage.connection.attach("orders")).await;

    assert_eq!(outcome.unwrap().as_str(), "UPDATE_COMPLETE");
    assert_eq!(
        seen,
        [
            "orders UPDATE_IN_PROGRESS",
            "A UPDATE_IN_PROGRESS",
            "A UPDATE_COMPLETE",
            "B UPDATE_IN_PROGRESS",
            "B UPDATE_COMPLETE",
            "orders UPDATE_COMPLETE"
        ]
    );
    stage.assert_played();
}

#[tokio::test]
async fn a_creation_begins_after_its_review() {
    let page =
        || events(&["3 orders CREATE_COMPLETE", "2 orders CREATE_IN_PROGRESS", "1 orders REVIEW_IN_PROGRESS"], None);
    let stage = Script::default()
        .on("DescribeStacks", [stack("CREATE_COMPLETE")])
        .on("DescribeStackEvents", [page(), page()])
        .play()
        .await;
    let (seen, _) = run(stage.connection.attach("orders")).await;
    assert_eq!(seen, ["orders CREATE_IN_PROGRESS", "orders CREATE_COMPLETE"]);
}

#[tokio::test]
async fn there_is_nothing_to_watch_where_there_is_no_stack() {
    let stage = Script::default().on("DescribeStacks", [absent()]).play().await;
    let message = stage.connection.attach("orders").outcome().await.unwrap_err().to_string();
    assert!(message.starts_with("there is no stack `orders`"), "{message}");
}

/// The rollback has the token of the cancellation, and is still the end of the update that is watched.
#[tokio::test]
async fn a_cancelled_update_is_watched_to_the_end_of_its_rollback() {
    let begun = || events(&["2@deploy orders UPDATE_IN_PROGRESS", "1@before orders CREATE_COMPLETE"], None);
    let stage = Script::default()
        .on("DescribeStacks", [stack("UPDATE_IN_PROGRESS"), stack("UPDATE_IN_PROGRESS")])
        .on("CancelUpdateStack", [done("CancelUpdateStack")])
        .on("DescribeStackEvents", [begun(), begun()])
        .on(
            "DescribeStackEvents",
            [events(
                &[
                    "5@ours orders UPDATE_ROLLBACK_COMPLETE",
                    "4@ours A UPDATE_COMPLETE",
                    "3@ours orders UPDATE_ROLLBACK_IN_PROGRESS User Initiated",
                ],
                None,
            )],
        )
        .play()
        .await;

    let mut operation = stage.connection.attach("orders");
    operation.next_event().await.unwrap();
    stage.connection.cancel_update("orders").await.unwrap();
    let (seen, outcome) = run(operation).await;

    assert_eq!(seen, ["orders UPDATE_ROLLBACK_IN_PROGRESS", "A UPDATE_COMPLETE", "orders UPDATE_ROLLBACK_COMPLETE"]);
    let message = outcome.unwrap_err().to_string();
    assert!(message.ends_with("UPDATE_ROLLBACK_IN_PROGRESS: User Initiated"), "{message}");
    assert_eq!(stage.requests("CancelUpdateStack")[0].fields["StackName"], STACK_ID);
}

#[tokio::test]
async fn nothing_but_an_update_can_be_cancelled() {
    for status in ["CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_COMPLETE"] {
        let stage = Script::default().on("DescribeStacks", [stack(status)]).play().await;
        let message = stage.connection.cancel_update("orders").await.unwrap_err().to_string();
        assert!(message.contains(status) && message.contains("cancels only an update"), "{message}");
    }
}

//! A stack goes, or says what is in the way.

use deployment::{DeleteRequest, Deletion};

use crate::scripted::{Script, absent, done, events, protected_stack, run, stack};

#[tokio::test]
async fn a_deletion_says_what_it_leaves() {
    let stage = Script::default()
        .on("DescribeStacks", [stack("CREATE_COMPLETE")])
        .on("DeleteStack", [done("DeleteStack")])
        .on(
            "DescribeStackEvents",
            [
                events(&["1 orders CREATE_COMPLETE"], None),
                events(&["4 orders DELETE_COMPLETE", "3 Bucket DELETE_SKIPPED", "2 Queue DELETE_COMPLETE"], None),
            ],
        )
        .play()
        .await;
    let (seen, outcome) = run(stage.connection.delete("orders")).await;
    let Deletion::Deleted { retained } = outcome.unwrap() else { panic!("the stack was there") };
    assert_eq!(seen, ["Queue DELETE_COMPLETE", "Bucket DELETE_SKIPPED", "orders DELETE_COMPLETE"]);
    assert_eq!(retained.iter().map(|event| event.logical_id.as_str()).collect::<Vec<_>>(), ["Bucket"]);
}

#[tokio::test]
async fn a_deletion_that_fails_says_what_is_in_the_way() {
    let stage = Script::default()
        .on("DescribeStacks", [stack("CREATE_COMPLETE")])
        .on("DeleteStack", [done("DeleteStack")])
        .on(
            "DescribeStackEvents",
            [
                events(&[], None),
                events(&["3 orders DELETE_FAILED", "2 Bucket DELETE_FAILED The bucket is not empty"], None),
            ],
        )
        .play()
        .await;
    let message = stage.connection.delete("orders").outcome().await.unwrap_err().to_string();
    assert!(message.contains("Bucket (AWS::S3::Bucket) DELETE_FAILED: The bucket is not empty"), "{message}");
}

#[tokio::test]
async fn deleting_what_is_not_there_is_no_error() {
    let stage = Script::default().on("DescribeStacks", [absent()]).play().await;
    assert_eq!(stage.connection.delete("orders").outcome().await.unwrap(), Deletion::Absent);
}

#[tokio::test]
async fn a_deletion_under_way_is_watched_and_not_begun_again() {
    let page = || events(&["2 orders DELETE_IN_PROGRESS", "1 orders CREATE_COMPLETE"], None);
    let stage = Script::default()
        .on("DescribeStacks", [stack("DELETE_IN_PROGRESS")])
        .on("DescribeStackEvents", [page(), page(), events(&["3 orders DELETE_COMPLETE"], None)])
        .play()
        .await;
    let (seen, outcome) = run(stage.connection.delete("orders")).await;
    assert_eq!(outcome.unwrap(), Deletion::Deleted { retained: Vec::new() });
    assert_eq!(seen, ["orders DELETE_IN_PROGRESS", "orders DELETE_COMPLETE"]);
    assert!(stage.requests("DeleteStack").is_empty());
}

#[tokio::test]
async fn a_stack_that_must_not_be_deleted_now_is_not() {
    for (before, advice) in
        [(protected_stack(), "--lift-protection"), (stack("UPDATE_IN_PROGRESS"), "wait until that operation has ended")]
    {
        let stage = Script::default().on("DescribeStacks", [before]).play().await;
        let message = stage.connection.delete("orders").outcome().await.unwrap_err().to_string();
        assert!(message.contains(advice), "{message}");
        assert!(stage.requests("DeleteStack").is_empty());
    }
}

#[tokio::test]
async fn a_resource_is_left_behind_only_after_it_was_in_the_way() {
    let request = || DeleteRequest { retain: vec!["Bucket".into()], ..DeleteRequest::new("orders") };
    let stage = Script::default()
        .on("DescribeStacks", [stack("CREATE_COMPLETE"), stack("DELETE_FAILED")])
        .on("DeleteStack", [done("DeleteStack")])
        .on(
            "DescribeStackEvents",
            [
                events(&["1 orders DELETE_FAILED"], None),
                events(&["3 orders DELETE_COMPLETE", "2 Bucket DELETE_SKIPPED"], None),
            ],
        )
        .play()
        .await;

    let message = stage.connection.delete(request()).outcome().await.unwrap_err().to_string();
    assert!(message.contains("delete the stack without --retain first"), "{message}");

    let outcome = stage.connection.delete(request()).outcome().await.unwrap();
    assert!(matches!(outcome, Deletion::Deleted { retained } if retained.len() == 1));
    assert_eq!(stage.requests("DeleteStack")[0].fields["RetainResources.member.1"], "Bucket");
}

//! A stack goes, or says what is in the way.

use deployment::Deletion;

use crate::scripted::{Script, absent, done, events, run, stack};

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

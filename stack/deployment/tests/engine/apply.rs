//! A stack is made what its template says, whatever it was before.

use deployment::{Capability, DeploymentError, Outcome, StackRequest};

use crate::scripted::{
    Answer, STACK_ID, Script, absent, broken, change_set, change_set_created, done, events, refused, run, stack,
    template,
};

const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

const DEPLOYED: &str = r#"{"Resources": {}}"#;

fn request() -> StackRequest {
    StackRequest::new("orders", "{}".to_owned())
}

/// A script up to the moment at which the change set is executed.
fn executed(before: Answer) -> Script {
    Script::default()
        .on("DescribeStacks", [before])
        .on("CreateChangeSet", [change_set_created()])
        .on("DescribeChangeSet", [change_set("CREATE_COMPLETE", "AVAILABLE", "")])
        .on("ExecuteChangeSet", [done("ExecuteChangeSet")])
}

/// As [`executed`], for a stack that has another template than the one that is wanted.
fn existing() -> Script {
    executed(stack("CREATE_COMPLETE")).on("GetTemplate", [template(DEPLOYED)])
}

/// A script in which `page` is all that is to be read of an update.
fn updated(page: Answer) -> Script {
    existing().on("DescribeStackEvents", [events(&[], None), page])
}

fn failure(result: Result<Outcome, DeploymentError>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn a_first_deploy_creates_the_stack() {
    let stage = executed(absent())
        .on(
            "DescribeStackEvents",
            [
                events(&["1 orders REVIEW_IN_PROGRESS"], None),
                events(&["2 orders CREATE_IN_PROGRESS", "1 orders REVIEW_IN_PROGRESS"], None),
                events(&["5 orders CREATE_COMPLETE", "4 Bucket CREATE_COMPLETE", "3 Bucket CREATE_IN_PROGRESS"], None),
            ],
        )
        .play()
        .await;
    let mut request = request();
    request.capabilities.push(Capability::Iam);
    request.parameters.insert("Environment".into(), "production".into());

    let (seen, outcome) = run(stage.connection.apply(request)).await;

    assert_eq!(outcome.unwrap(), Outcome::Created);
    assert_eq!(
        seen,
        ["orders CREATE_IN_PROGRESS", "Bucket CREATE_IN_PROGRESS", "Bucket CREATE_COMPLETE", "orders CREATE_COMPLETE"]
    );
    let created = &stage.requests("CreateChangeSet")[0].fields;
    assert_eq!(created["ChangeSetType"], "CREATE");
    assert_eq!(created["Capabilities.member.1"], "CAPABILITY_IAM");
    assert_eq!(created["Parameters.member.1.ParameterValue"], "production");
    assert_eq!(stage.requests("ExecuteChangeSet")[0].fields["ClientRequestToken"], created["ChangeSetName"]);
    stage.assert_played();
}

#[tokio::test]
async fn a_stack_in_review_is_created_and_not_updated() {
    let stage = executed(stack("REVIEW_IN_PROGRESS"))
        .on("DescribeStackEvents", [events(&[], None), events(&["2 orders CREATE_COMPLETE"], None)])
        .play()
        .await;
    assert_eq!(stage.connection.apply(request()).outcome().await.unwrap(), Outcome::Created);
    assert_eq!(stage.requests("CreateChangeSet")[0].fields["ChangeSetType"], "CREATE");
}

#[tokio::test]
async fn no_change_is_success_and_leaves_nothing_behind() {
    for reason in [NO_CHANGES, "No updates are to be performed."] {
        let stage = Script::default()
            .on("DescribeStacks", [stack("UPDATE_COMPLETE")])
            .on("GetTemplate", [template(DEPLOYED)])
            .on("CreateChangeSet", [change_set_created()])
            .on(
                "DescribeChangeSet",
                [change_set("CREATE_IN_PROGRESS", "UNAVAILABLE", ""), change_set("FAILED", "UNAVAILABLE", reason)],
            )
            .on("DeleteChangeSet", [done("DeleteChangeSet")])
            .play()
            .await;
        let (seen, outcome) = run(stage.connection.apply(request())).await;
        assert_eq!((seen.len(), outcome.unwrap()), (0, Outcome::Unchanged));
        stage.assert_played();
    }
}

#[tokio::test]
async fn what_is_deployed_already_needs_no_change_set() {
    let stage = Script::default()
        .on("DescribeStacks", [stack("UPDATE_COMPLETE")])
        .on("GetTemplate", [template("{}")])
        .play()
        .await;
    assert_eq!(stage.connection.apply(request()).outcome().await.unwrap(), Outcome::Unchanged);
    stage.assert_played();
}

#[tokio::test]
async fn source_lines_that_moved_and_keys_in_another_order_are_no_change() {
    let queue = |line: u32| format!(r#""Metadata":{{"Source":"stack/src/pipeline/storage.rs:{line}","Cost":"1"}}"#);
    let deployed = format!(r#"{{"Resources":{{"Queue":{{"Type":"AWS::SQS::Queue",{}}}}}}}"#, queue(7));
    let wanted = format!(r#"{{"Resources":{{"Queue":{{{},"Type":"AWS::SQS::Queue"}}}}}}"#, queue(8));
    let stage = Script::default()
        .on("DescribeStacks", [stack("UPDATE_COMPLETE")])
        .on("GetTemplate", [template(&deployed)])
        .play()
        .await;
    let outcome = stage.connection.apply(StackRequest::new("orders", wanted)).outcome().await;
    assert_eq!(outcome.unwrap(), Outcome::Unchanged);
    stage.assert_played();
}

/// Such a change set lists no change of a resource, and must be executed all the same.
#[tokio::test]
async fn a_change_of_outputs_alone_is_applied() {
    let stage = updated(events(&["2 orders UPDATE_COMPLETE"], None)).play().await;
    assert_eq!(stage.connection.apply(request()).outcome().await.unwrap(), Outcome::Updated);
    assert_eq!(stage.requests("CreateChangeSet")[0].fields["ChangeSetType"], "UPDATE");
}

#[tokio::test]
async fn a_refused_template_leaves_no_empty_stack() {
    let stage = Script::default()
        .on("DescribeStacks", [absent()])
        .on("CreateChangeSet", [change_set_created()])
        .on("DescribeChangeSet", [change_set("FAILED", "UNAVAILABLE", "Transform X failed")])
        .on("DeleteChangeSet", [done("DeleteChangeSet")])
        .on("DeleteStack", [done("DeleteStack")])
        .play()
        .await;
    let message = failure(stage.connection.apply(request()).outcome().await);
    assert_eq!(message, "CloudFormation refuses the change to stack `orders`: Transform X failed");
    assert_eq!(stage.requests("DeleteStack")[0].fields["StackName"], STACK_ID);
    stage.assert_played();
}

#[tokio::test]
async fn a_failure_names_the_first_cause_and_not_the_cascade() {
    let stage = updated(events(
        &[
            "9 orders UPDATE_ROLLBACK_COMPLETE",
            "8 Bucket DELETE_FAILED The bucket is not empty",
            "7 orders UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Queue, Topic].",
            "6 Queue CREATE_FAILED Name is taken",
            "5 Topic CREATE_FAILED Resource creation cancelled",
            "4 Bucket CREATE_COMPLETE",
        ],
        None,
    ))
    .play()
    .await;
    let message = failure(stage.connection.apply(request()).outcome().await);
    assert_eq!(
        message,
        "stack `orders` ended in UPDATE_ROLLBACK_COMPLETE: Queue (AWS::S3::Bucket) CREATE_FAILED: Name is taken"
    );
}

#[tokio::test]
async fn a_failure_of_no_resource_has_the_stacks_reason() {
    let stage = updated(events(
        &["9 orders UPDATE_ROLLBACK_COMPLETE", "8 orders UPDATE_ROLLBACK_IN_PROGRESS Hook failed"],
        None,
    ))
    .play()
    .await;
    let message = failure(stage.connection.apply(request()).outcome().await);
    assert!(
        message.ends_with("orders (AWS::CloudFormation::Stack) UPDATE_ROLLBACK_IN_PROGRESS: Hook failed"),
        "{message}"
    );
}

#[tokio::test]
async fn no_event_is_shown_twice_or_missed_across_pages() {
    let stage = existing()
        .on(
            "DescribeStackEvents",
            [
                events(&["2 orders CREATE_COMPLETE", "1 orders CREATE_IN_PROGRESS"], None),
                // While the pages are read an event comes in, so that the second page begins with what the first had.
                events(&["6 C UPDATE_IN_PROGRESS", "5 B UPDATE_IN_PROGRESS"], Some("older")),
                events(
                    &["5 B UPDATE_IN_PROGRESS", "3 orders UPDATE_IN_PROGRESS", "2 orders CREATE_COMPLETE"],
                    Some("old"),
                ),
                // A late event stands behind later ones.
                events(&["7 C UPDATE_COMPLETE", "6 C UPDATE_IN_PROGRESS", "4 A UPDATE_COMPLETE"], Some("older")),
                events(&["5 B UPDATE_IN_PROGRESS", "3 orders UPDATE_IN_PROGRESS"], Some("old")),
                events(&["9 orders UPDATE_COMPLETE", "8 B UPDATE_COMPLETE"], Some("older")),
                events(&["7 C UPDATE_COMPLETE"], Some("old")),
            ],
        )
        .play()
        .await;

    let (seen, outcome) = run(stage.connection.apply(request())).await;

    assert_eq!(outcome.unwrap(), Outcome::Updated);
    assert_eq!(
        seen,
        [
            "orders UPDATE_IN_PROGRESS",
            "B UPDATE_IN_PROGRESS",
            "C UPDATE_IN_PROGRESS",
            "A UPDATE_COMPLETE",
            "C UPDATE_COMPLETE",
            "B UPDATE_COMPLETE",
            "orders UPDATE_COMPLETE"
        ]
    );
    assert_eq!(stage.requests("DescribeStackEvents")[2].fields["NextToken"], "older");
    stage.assert_played();
}

#[tokio::test]
async fn an_update_ends_when_its_clean_up_has_ended() {
    let stage = existing()
        .on(
            "DescribeStackEvents",
            [
                events(&[], None),
                events(&["1 orders UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"], None),
                events(&["3 orders UPDATE_COMPLETE", "2 Bucket DELETE_COMPLETE"], None),
            ],
        )
        .play()
        .await;
    let (seen, outcome) = run(stage.connection.apply(request())).await;
    assert_eq!((seen.len(), outcome.unwrap()), (3, Outcome::Updated));
}

#[tokio::test]
async fn throttling_and_a_broken_connection_are_ridden_out() {
    let stage = Script::default()
        .on("DescribeStacks", [refused("Throttling", "Rate exceeded"), stack("CREATE_COMPLETE")])
        .on("GetTemplate", [template(DEPLOYED)])
        .on("CreateChangeSet", [refused("Throttling", "Rate exceeded"), broken(), change_set_created()])
        .on("DescribeChangeSet", [broken(), change_set("CREATE_COMPLETE", "AVAILABLE", "")])
        .on("ExecuteChangeSet", [done("ExecuteChangeSet")])
        .on(
            "DescribeStackEvents",
            [events(&[], None), refused("Throttling", "Rate exceeded"), events(&["2 orders UPDATE_COMPLETE"], None)],
        )
        .play()
        .await;
    assert_eq!(stage.connection.apply(request()).outcome().await.unwrap(), Outcome::Updated);
    stage.assert_played();
}

#[tokio::test]
async fn a_stack_that_takes_no_update_says_what_to_do() {
    for (status, advice) in [
        ("UPDATE_IN_PROGRESS", "wait until that operation has ended"),
        ("ROLLBACK_COMPLETE", "it must be deleted before it can be created again"),
        ("UPDATE_ROLLBACK_FAILED", "continue the rollback"),
    ] {
        let stage = Script::default().on("DescribeStacks", [stack(status)]).play().await;
        let message = failure(stage.connection.apply(request()).outcome().await);
        assert!(message.contains(advice) && message.contains(status), "{message}");
        assert!(stage.requests("CreateChangeSet").is_empty());
    }
}

#[tokio::test]
async fn a_failed_first_create_is_replaced_on_consent() {
    let stage = executed(stack("ROLLBACK_COMPLETE"))
        .on("DescribeStacks", [stack("ROLLBACK_COMPLETE"), absent()])
        .on("DeleteStack", [done("DeleteStack")])
        .on(
            "DescribeStackEvents",
            [
                events(&["1 orders ROLLBACK_COMPLETE"], None),
                events(&["2 orders DELETE_COMPLETE"], None),
                events(&[], None),
                events(&["3 orders CREATE_COMPLETE"], None),
            ],
        )
        .play()
        .await;
    let request = StackRequest { recreate_failed: true, ..request() };
    let (seen, outcome) = run(stage.connection.apply(request)).await;
    assert_eq!(outcome.unwrap(), Outcome::Created);
    assert_eq!(seen, ["orders DELETE_COMPLETE", "orders CREATE_COMPLETE"]);
    stage.assert_played();
}

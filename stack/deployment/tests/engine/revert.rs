//! Drift is put back, or nothing is touched.

use deployment::{PropertyDifference, Reversal, RevertAction};

use crate::scripted::{Answer, STACK_ID, Script, change_set_created, done, events, run, stack, success};

const MODE: &str = "<DeploymentMode>REVERT_DRIFT</DeploymentMode>";
const NO_CHANGES: &str =
    "<Status>FAILED</Status><StatusReason>The submitted information didn't contain changes.</StatusReason>";
const READY: &str = "<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus>";

fn described(content: &str) -> Answer {
    success("DescribeChangeSet", content)
}

/// A resource's change: its id, its action, and what else is said of it.
fn change(logical_id: &str, action: &str, more: &str) -> String {
    format!(
        "<member><ResourceChange><LogicalResourceId>{logical_id}</LogicalResourceId><Action>{action}</Action>\
         <ResourceType>AWS::SQS::Queue</ResourceType>{more}</ResourceChange></member>"
    )
}

/// A script in which the change set is planned with these answers.
fn planned(answers: impl IntoIterator<Item = Answer>) -> Script {
    Script::default()
        .on("DescribeStacks", [stack("UPDATE_COMPLETE")])
        .on("CreateChangeSet", [change_set_created()])
        .on("DescribeChangeSet", answers)
        .on("DeleteChangeSet", [done("DeleteChangeSet")])
}

async fn refusal(answer: Answer) -> String {
    let stage = planned([answer]).play().await;
    let message = stage.connection.plan_revert("orders").await.unwrap_err().to_string();
    // What cannot be done leaves no change set behind.
    stage.assert_played();
    message
}

#[tokio::test]
async fn what_drifted_is_shown_from_all_pages_and_put_back() {
    let visibility = "<Replacement>False</Replacement><Details><member><Target><Attribute>Properties</Attribute>\
                      <Path>/Properties/VisibilityTimeout</Path><BeforeValue>60</BeforeValue>\
                      <AfterValue>30</AfterValue></Target></member></Details>\
                      <ResourceDriftIgnoredAttributes><member><Path>/Properties/Tags</Path>\
                      <Reason>MANAGED_BY_AWS</Reason></member></ResourceDriftIgnoredAttributes>";
    let gone = "<Replacement>True</Replacement><ResourceDriftStatus>DELETED</ResourceDriftStatus>";
    let first = change("Queue", "Modify", visibility) + &change("Gone", "Modify", gone);
    let second = change("Same", "SyncWithActual", "");
    let stage = planned([
        described(&format!("{MODE}<Status>CREATE_IN_PROGRESS</Status>")),
        described(&format!("{MODE}{READY}<Changes>{first}</Changes><NextToken>2</NextToken>")),
        described(&format!("{MODE}{READY}<Changes>{second}</Changes>")),
    ])
    .on(
        "DescribeStackEvents",
        [events(&[], None), events(&["2 orders UPDATE_COMPLETE", "1 Queue UPDATE_COMPLETE"], None)],
    )
    .on("ExecuteChangeSet", [done("ExecuteChangeSet")])
    .play()
    .await;

    let reversal: Reversal = stage.connection.plan_revert("orders").await.unwrap().unwrap();

    let shown: Vec<_> = reversal.resources.iter().map(|one| (one.logical_id.as_str(), one.action)).collect();
    assert_eq!(
        shown,
        [("Queue", RevertAction::Modify), ("Gone", RevertAction::Recreate), ("Same", RevertAction::Record)]
    );
    let expected = PropertyDifference {
        path: "/VisibilityTimeout".into(),
        expected: Some("30".into()),
        actual: Some("60".into()),
    };
    assert_eq!(reversal.resources[0].differences, [expected]);
    assert_eq!(reversal.resources[0].left, [("/Tags".to_owned(), "MANAGED_BY_AWS".to_owned())]);
    let created = &stage.requests("CreateChangeSet")[0].fields;
    assert_eq!(
        [&created["StackName"], &created["DeploymentMode"], &created["UsePreviousTemplate"]],
        [STACK_ID, "REVERT_DRIFT", "true"]
    );

    let (seen, outcome) = run(stage.connection.revert(reversal)).await;

    outcome.unwrap();
    assert_eq!(seen, ["Queue UPDATE_COMPLETE", "orders UPDATE_COMPLETE"]);
    assert_eq!(stage.requests("ExecuteChangeSet")[0].fields["ChangeSetName"], "change-set");
    assert!(stage.requests("DeleteChangeSet").is_empty());
}

#[tokio::test]
async fn where_nothing_can_be_reverted_nothing_stays() {
    let stage = planned([described(&format!("{MODE}{NO_CHANGES}"))]).play().await;
    assert!(stage.connection.plan_revert("orders").await.unwrap().is_none());
    stage.assert_played();
}

#[tokio::test]
async fn an_ordinary_change_set_is_not_taken_for_a_revert() {
    for ordinary in [NO_CHANGES.to_owned(), format!("{READY}<Changes>{}</Changes>", change("Queue", "Modify", ""))] {
        let message = refusal(described(&ordinary)).await;
        assert!(message.contains("this endpoint makes no drift-aware change sets"), "{message}");
    }
}

#[tokio::test]
async fn a_revert_that_would_replace_a_resource_is_refused() {
    for change in [
        change("Table", "Modify", "<Replacement>True</Replacement>"),
        change("Table", "Modify", "<Replacement>Conditional</Replacement>"),
        change("Table", "Remove", ""),
    ] {
        let message = refusal(described(&format!("{MODE}{READY}<Changes>{change}</Changes>"))).await;
        assert!(message.contains("would replace Table, with what they hold; nothing was changed"), "{message}");
    }
}

#[tokio::test]
async fn a_change_set_that_fails_gives_its_reason() {
    let failed = format!("{MODE}<Status>FAILED</Status><StatusReason>Access denied to read Queue</StatusReason>");
    let message = refusal(described(&failed)).await;
    assert_eq!(message, "CloudFormation refuses the change to stack `orders`: Access denied to read Queue");
}

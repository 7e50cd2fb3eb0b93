//! What somebody changed behind the stack's back.

use deployment::DriftStatus;

use crate::scripted::{Answer, Script, refused, stack_resources, success};

fn detection(status: &str, reason: &str) -> Answer {
    success(
        "DescribeStackDriftDetectionStatus",
        &format!("<DetectionStatus>{status}</DetectionStatus><DetectionStatusReason>{reason}</DetectionStatusReason>"),
    )
}

/// A page of drifts: `<logical id> <status>`, and a property that differs.
fn drifts(resources: &[&str], next: &str) -> Answer {
    let members: String = resources
        .iter()
        .filter_map(|text| text.split_once(' '))
        .map(|(id, status)| {
            format!(
                "<member><LogicalResourceId>{id}</LogicalResourceId><PropertyDifferences><member>\
                 <PropertyPath>/Value</PropertyPath><ExpectedValue>hello</ExpectedValue><ActualValue>null</ActualValue>\
                 <DifferenceType>REMOVE</DifferenceType></member></PropertyDifferences>\
                 <StackResourceDriftStatus>{status}</StackResourceDriftStatus></member>"
            )
        })
        .collect();
    let next = if next.is_empty() { String::new() } else { format!("<NextToken>{next}</NextToken>") };
    success("DescribeStackResourceDrifts", &format!("<StackResourceDrifts>{members}</StackResourceDrifts>{next}"))
}

fn detected(answers: impl IntoIterator<Item = Answer>) -> Script {
    Script::default()
        .on("DetectStackDrift", [success("DetectStackDrift", "<StackDriftDetectionId>7</StackDriftDetectionId>")])
        .on("DescribeStackDriftDetectionStatus", answers)
}

#[tokio::test]
async fn every_page_counts_and_what_nobody_compared_is_said() {
    let stage = detected([detection("DETECTION_IN_PROGRESS", ""), detection("DETECTION_COMPLETE", "")])
        .on("DescribeStackResourceDrifts", [drifts(&["Queue MODIFIED"], "2"), drifts(&["Topic DELETED"], "")])
        .on("ListStackResources", [stack_resources(&["Topic", "Queue"], "2"), stack_resources(&["Custom"], "")])
        .play()
        .await;

    let drift = stage.connection.drift("orders").await.unwrap();

    let found: Vec<_> =
        drift.resources.iter().map(|resource| (resource.logical_id.as_str(), resource.status)).collect();
    assert_eq!(
        found,
        [("Custom", DriftStatus::NotChecked), ("Queue", DriftStatus::Modified), ("Topic", DriftStatus::Deleted)]
    );
    assert_eq!((drift.drifted().count(), drift.unchecked().count(), &drift.incomplete), (2, 1, &None));
    let difference = &drift.resources[1].differences[0];
    assert_eq!((difference.path.as_str(), difference.expected.as_deref()), ("/Value", Some("hello")));
    assert_eq!(difference.actual, None);
    stage.assert_played();
}

#[tokio::test]
async fn a_detection_that_fails_at_one_resource_still_tells_of_the_others() {
    let stage = detected([detection("DETECTION_FAILED", "Failed to detect drift on resources [Topic]")])
        .on("DescribeStackResourceDrifts", [drifts(&["Queue MODIFIED", "Topic UNKNOWN"], "")])
        .on("ListStackResources", [stack_resources(&["Queue", "Topic"], "")])
        .play()
        .await;
    let drift = stage.connection.drift("orders").await.unwrap();
    assert_eq!(drift.incomplete.as_deref(), Some("Failed to detect drift on resources [Topic]"));
    assert_eq!(drift.drifted().map(|resource| resource.logical_id.as_str()).collect::<Vec<_>>(), ["Queue"]);
    assert_eq!(drift.unchecked().map(|resource| resource.logical_id.as_str()).collect::<Vec<_>>(), ["Topic"]);
}

#[tokio::test]
async fn throttling_is_ridden_out_while_a_detection_runs() {
    let stage = detected([refused("Throttling", "Rate exceeded"), detection("DETECTION_COMPLETE", "")])
        .on("DescribeStackResourceDrifts", [refused("Throttling", "Rate exceeded"), drifts(&["Queue IN_SYNC"], "")])
        .on("ListStackResources", [stack_resources(&["Queue"], "")])
        .play()
        .await;
    assert_eq!(stage.connection.drift("orders").await.unwrap().drifted().count(), 0);
    stage.assert_played();
}

#[tokio::test]
async fn a_stack_that_cannot_be_compared_says_why() {
    for (answer, expected) in [
        (refused("ValidationError", "Stack [orders] does not exist"), "there is no stack `orders`"),
        (refused("ValidationError", "Drift detection is in progress"), "cannot detect the drift of stack `orders`: "),
    ] {
        let stage = Script::default().on("DetectStackDrift", [answer]).play().await;
        let message = stage.connection.drift("orders").await.unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
}

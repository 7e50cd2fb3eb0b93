//! What a deletion would do is known beforehand.

use deployment::{DeploymentError, Fate};
use serde_json::json;

use crate::scripted::{Answer, Script, absent, json as json_answer, stack, success};

const TEMPLATE: &str = r#"{ "Resources": {
    "Archive": { "Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain" },
    "Inbox": { "Type": "AWS::S3::Bucket" },
    "Reader": { "Type": "AWS::Lambda::Function" },
    "Writer": { "Type": "AWS::Lambda::Function" },
    "WriterLogs": { "Type": "AWS::Logs::LogGroup" } } }"#;

fn template(body: &str) -> Answer {
    success("GetTemplate", &format!("<TemplateBody>{body}</TemplateBody>"))
}

/// The resources of a stack: `<logical id> <type> <physical id>`.
fn resources(resources: &[&str]) -> Answer {
    let member = |text: &&str| {
        let [logical_id, kind, physical_id] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
        format!(
            "<member><LogicalResourceId>{logical_id}</LogicalResourceId><ResourceType>{kind}</ResourceType>\
             <PhysicalResourceId>{physical_id}</PhysicalResourceId>\
             <ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>"
        )
    };
    let members: String = resources.iter().map(member).collect();
    success("ListStackResources", &format!("<StackResourceSummaries>{members}</StackResourceSummaries>"))
}

#[tokio::test]
async fn each_resource_has_its_fate_and_no_log_group_is_forgotten() {
    let stage = Script::default()
        .on("DescribeStacks", [stack("CREATE_COMPLETE")])
        .on("GetTemplate", [template(TEMPLATE)])
        .on(
            "ListStackResources",
            [resources(&[
                "Archive AWS::S3::Bucket orders-archive",
                "Inbox AWS::S3::Bucket orders-inbox",
                "Reader AWS::Lambda::Function orders-reader",
                "Writer AWS::Lambda::Function orders-writer",
                "WriterLogs AWS::Logs::LogGroup /aws/lambda/orders-writer",
            ])],
        )
        // A log group of another function begins with the same name.
        .on(
            "DescribeLogGroups",
            [json_answer(200, &json!({ "logGroups": [{ "logGroupName": "/aws/lambda/orders-reader" }] }))],
        )
        .play()
        .await;

    let removal = stage.connection.removal("orders", &[]).await.unwrap().unwrap();

    let fates: Vec<_> =
        removal.resources.iter().map(|(resource, fate)| (resource.logical_id.as_str(), *fate)).collect();
    assert_eq!(
        fates,
        [
            ("Archive", Fate::Retained),
            ("Inbox", Fate::DataLost),
            ("Reader", Fate::Deleted),
            ("Writer", Fate::Deleted),
            ("WriterLogs", Fate::DataLost)
        ]
    );
    assert_eq!(removal.buckets().collect::<Vec<_>>(), ["orders-inbox"]);
    assert_eq!(removal.log_groups.iter().collect::<Vec<_>>(), ["/aws/lambda/orders-reader"]);
    let to_sweep = removal.log_groups_to_sweep();
    assert_eq!(to_sweep.iter().collect::<Vec<_>>(), ["/aws/lambda/orders-reader", "/aws/lambda/orders-writer"]);
    stage.assert_played();
}

#[tokio::test]
async fn another_functions_log_group_is_not_taken_for_ours() {
    let groups = json!({ "logGroups": [{ "logGroupName": "/aws/lambda/orders-reader-of-others" }] });
    let stage = Script::default()
        .on("DescribeLogGroups", [json_answer(200, &groups)])
        .on(
            "DeleteLogGroup",
            [json_answer(200, &json!({})), json_answer(400, &json!({ "__type": "ResourceNotFoundException" }))],
        )
        .play()
        .await;
    let names = ["/aws/lambda/orders-reader".to_owned()].into();
    assert!(stage.connection.log_groups(&names).await.unwrap().is_empty());
    assert_eq!(stage.connection.delete_log_groups(&names).await.unwrap(), names);
    assert!(stage.connection.delete_log_groups(&names).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_deleted_now_says_so_beforehand() {
    let stage = Script::default()
        .on(
            "DescribeStacks",
            [absent(), stack("UPDATE_IN_PROGRESS"), stack("CREATE_COMPLETE"), stack("CREATE_COMPLETE")],
        )
        .on("GetTemplate", [template("Resources: {}")])
        .play()
        .await;
    assert!(stage.connection.removal("orders", &[]).await.unwrap().is_none());
    let busy = stage.connection.removal("orders", &[]).await.unwrap_err();
    assert!(matches!(busy, DeploymentError::Busy { .. }), "{busy}");
    let early = stage.connection.removal("orders", &["Inbox".into()]).await.unwrap_err();
    assert!(matches!(early, DeploymentError::RetainTooEarly { .. }), "{early}");
    let foreign = stage.connection.removal("orders", &[]).await.unwrap_err();
    assert!(foreign.to_string().contains("deployed by another tool"), "{foreign}");
}

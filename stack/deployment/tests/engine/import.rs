//! Resources that exist are taken into a stack, and nothing else changes.

use deployment::{DeploymentError, ImportError, ImportRequest, Outcome};
use serde_json::{Value as Json, json};

use crate::scripted::{
    Answer, Script, absent, change_set, change_set_created, changes, done, events, run, stack, template,
};

/// A table that refers to a key, and what the stack has beside it.
fn definition() -> Json {
    json!({
        "Parameters": { "Key": { "Type": "String", "Default": "k" }, "Unused": { "Type": "String" } },
        "Resources": {
            "Queue": { "Type": "AWS::SQS::Queue", "Properties": { "DelaySeconds": 9 } },
            "Table": { "Type": "AWS::DynamoDB::Table", "Properties": {
                "SSESpecification": { "KMSMasterKeyId": { "Ref": "Key" } },
                "Tags": [{ "Key": "stack", "Value": { "Ref": "AWS::StackName" } }] } },
            "Alarm": { "Type": "AWS::CloudWatch::Alarm", "DeletionPolicy": "Delete", "Properties": {
                "Dimensions": [{ "Name": "TableName", "Value": { "Ref": "Table" } }] } }
        },
        "Outputs": { "Table": { "Value": { "Ref": "Table" } } }
    })
}

fn deployed() -> Json {
    json!({
        "Resources": { "Queue": { "Type": "AWS::SQS::Queue" } },
        "Outputs": { "Queue": { "Value": { "Ref": "Queue" } } }
    })
}

fn request(resources: &[(&str, &str)]) -> ImportRequest {
    let resources: Vec<_> = resources.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned())).collect();
    ImportRequest::new("orders", definition().to_string(), &resources).unwrap()
}

fn existing() -> Script {
    let Answer { status, body } = stack("UPDATE_COMPLETE");
    let parameters = "<Parameters><member><ParameterKey>Size</ParameterKey></member><member><ParameterKey>Mode\
                      </ParameterKey><ParameterValue>m</ParameterValue></member></Parameters><Outputs>";
    Script::default()
        .on("DescribeStacks", [Answer { status, body: body.replace("<Outputs>", parameters) }])
        .on("GetTemplate", [template(&deployed().to_string())])
}

fn planned() -> Script {
    existing()
        .on("CreateChangeSet", [change_set_created()])
        .on("DescribeChangeSet", [changes(&["Import Table AWS::DynamoDB::Table"], None)])
}

#[tokio::test]
async fn the_deployed_template_gains_the_resource_and_nothing_else() {
    let stage = planned()
        .on("ExecuteChangeSet", [done("ExecuteChangeSet")])
        .on(
            "DescribeStackEvents",
            [events(&[], None), events(&["2@ours orders IMPORT_COMPLETE", "1@ours Table IMPORT_COMPLETE"], None)],
        )
        .play()
        .await;

    let import = stage.connection.plan_import(&request(&[("Table", "orders-items")])).await.unwrap();

    assert!(import.resources[0].lacks_deletion_policy && !import.creates_stack);
    let asked = &stage.requests("CreateChangeSet")[0].fields;
    assert_eq!(asked["ChangeSetType"], "IMPORT");
    let resource = |field: &str| asked[&format!("ResourcesToImport.member.1.{field}")].as_str();
    assert_eq!([resource("LogicalResourceId"), resource("ResourceType")], ["Table", "AWS::DynamoDB::Table"]);
    let entry = ["key", "value"].map(|field| resource(&format!("ResourceIdentifier.entry.1.{field}")));
    assert_eq!(entry, ["TableName", "orders-items"]);
    let sent: Json = serde_json::from_str(&asked["TemplateBody"]).unwrap();
    let mut expected = deployed();
    expected["Resources"]["Table"] = definition()["Resources"]["Table"].clone();
    expected["Resources"]["Table"]["DeletionPolicy"] = "Retain".into();
    expected["Parameters"] = json!({ "Key": definition()["Parameters"]["Key"] });
    assert_eq!(sent, expected);
    assert_eq!(
        (&*asked["Parameters.member.1.ParameterKey"], &*asked["Parameters.member.1.UsePreviousValue"]),
        ("Mode", "true")
    );
    assert!(!asked.keys().any(|key| key.starts_with("Tags")), "tags may not change");

    let (seen, outcome) = run(stage.connection.import(import)).await;

    assert_eq!(outcome.unwrap(), Outcome::Updated);
    assert_eq!(seen, ["Table IMPORT_COMPLETE", "orders IMPORT_COMPLETE"]);
    stage.assert_played();
}

#[tokio::test]
async fn an_import_that_fails_tells_the_first_cause() {
    let newest_first = [
        "5@ours orders IMPORT_ROLLBACK_COMPLETE",
        "4@ours Table IMPORT_ROLLBACK_COMPLETE",
        "3@ours orders IMPORT_ROLLBACK_IN_PROGRESS Table failed",
        "2@ours Table IMPORT_FAILED The table has another key",
        "1@ours orders IMPORT_IN_PROGRESS",
    ];
    let stage = planned()
        .on("ExecuteChangeSet", [done("ExecuteChangeSet")])
        .on("DescribeStackEvents", [events(&[], None), events(&newest_first, None)])
        .play()
        .await;
    let import = stage.connection.plan_import(&request(&[("Table", "items")])).await.unwrap();
    let error = stage.connection.import(import).outcome().await.unwrap_err();
    let DeploymentError::Failed(failure) = error else { panic!("{error}") };
    assert_eq!(failure.status.as_str(), "IMPORT_ROLLBACK_COMPLETE");
    assert_eq!(failure.cause.unwrap().reason.as_deref(), Some("The table has another key"));
}

#[tokio::test]
async fn a_new_stack_begins_with_what_is_imported_and_goes_when_it_is_abandoned() {
    let stage = Script::default()
        .on("DescribeStacks", [absent()])
        .on("CreateChangeSet", [change_set_created()])
        .on("DescribeChangeSet", [changes(&["Import Table AWS::DynamoDB::Table"], None)])
        .on("DeleteChangeSet", [done("DeleteChangeSet")])
        .on("DeleteStack", [done("DeleteStack")])
        .play()
        .await;
    let import = stage.connection.plan_import(&request(&[("Table", "items"), ("Alarm", "late")])).await.unwrap();
    assert!(import.creates_stack);
    let sent: Json = serde_json::from_str(&stage.requests("CreateChangeSet")[0].fields["TemplateBody"]).unwrap();
    let resources: Vec<_> = sent["Resources"].as_object().unwrap().keys().collect();
    assert_eq!(resources, ["Table", "Alarm"], "{sent}");
    assert!(sent.get("Outputs").is_none());
    stage.connection.abandon_import(import).await.unwrap();
    stage.assert_played();
}

#[tokio::test]
async fn cloudformations_reason_is_told_and_the_change_set_goes() {
    let stage = existing()
        .on("CreateChangeSet", [change_set_created()])
        .on("DescribeChangeSet", [change_set("FAILED", "UNAVAILABLE", "Table: items does not exist.")])
        .on("DeleteChangeSet", [done("DeleteChangeSet")])
        .play()
        .await;
    let error = stage.connection.plan_import(&request(&[("Table", "items")])).await.unwrap_err().to_string();
    assert!(error.ends_with("Table: items does not exist."), "{error}");
    stage.assert_played();
}

#[tokio::test]
async fn what_cannot_be_imported_is_refused_before_anything_is_asked_for() {
    for (resource, expected) in [
        (("Queue", "https://sqs/orders"), "stack `orders` has a resource `Queue` already; leave it out"),
        (("Alarm", "late"), "`Alarm` refers to Table, which stack `orders` has not; import or deploy that first"),
    ] {
        let stage = existing().play().await;
        let error = stage.connection.plan_import(&request(&[resource])).await.unwrap_err();
        assert!(matches!(error, DeploymentError::Import(_)));
        assert_eq!(error.to_string(), expected);
        assert!(stage.requests("CreateChangeSet").is_empty());
    }
    let busy = Script::default().on("DescribeStacks", [stack("UPDATE_IN_PROGRESS")]).play().await;
    let error = busy.connection.plan_import(&request(&[("Table", "items")])).await.unwrap_err();
    assert!(matches!(error, DeploymentError::Busy { .. }), "{error}");
}

#[test]
fn a_request_names_resources_of_the_definition_once() {
    let error = |resources: &[(&str, &str)]| {
        let resources: Vec<_> = resources.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned())).collect();
        ImportRequest::new("orders", definition().to_string(), &resources).unwrap_err()
    };
    assert_eq!(error(&[("Tabel", "items")]).to_string(), "the definition has no resource `Tabel`; is it `Table`?");
    assert!(error(&[("X", "items")]).to_string().ends_with("`X`; `stack synth` writes down which it has"));
    assert_eq!(error(&[("Table", "a"), ("Table", "b")]), ImportError::Twice("Table".to_owned()));
}

//! A bucket and a table that exist become a stack's, with what they hold.

use deployment::{Connection, DeploymentError, ImportRequest, Outcome, StackRequest};
use local::{Clients, Emulator};
use serde_json::{Value as Json, json};
use tests::{stack, talk};

use crate::emulator;

fn definition() -> Json {
    json!({
        "Resources": {
            "Archive": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": "archive" } },
            "Attic": { "Type": "AWS::S3::Bucket", "DeletionPolicy": "Delete", "Properties": { "BucketName": "attic" } },
            "Queue": { "Type": "AWS::SQS::Queue" }
        },
        "Outputs": { "Archive": { "Value": { "Ref": "Archive" } } }
    })
}

fn request(logical_id: &str, bucket: &str) -> ImportRequest {
    ImportRequest::new("orders", definition().to_string(), &[(logical_id.to_owned(), bucket.to_owned())]).unwrap()
}

/// An emulator with two buckets, of which one holds an object.
async fn with_buckets() -> (Emulator, Connection, Clients) {
    let (emulator, connection) = emulator().await;
    let clients = Clients::new(&emulator.sdk_config());
    for bucket in ["archive", "attic"] {
        clients.s3.create_bucket().bucket(bucket).send().await.unwrap();
    }
    clients.s3.put_object().bucket("archive").key("order").body(b"7".to_vec().into()).send().await.unwrap();
    (emulator, connection, clients)
}

async fn import(connection: &Connection, request: &ImportRequest) -> Result<Outcome, DeploymentError> {
    let import = connection.plan_import(request).await?;
    connection.import(import).outcome().await
}

#[tokio::test]
async fn buckets_become_a_stacks_one_after_the_other_and_a_deploy_makes_the_rest() {
    let (_emulator, connection, clients) = with_buckets().await;

    assert_eq!(import(&connection, &request("Archive", "archive")).await.unwrap(), Outcome::Created);
    assert_eq!(import(&connection, &request("Attic", "attic")).await.unwrap(), Outcome::Updated);
    let ids = async || {
        let resources = connection.resources("orders").await.unwrap().into_iter();
        resources.map(|one| (one.logical_id, one.physical_id)).collect::<Vec<_>>()
    };
    assert_eq!(ids().await, [("Archive", "archive"), ("Attic", "attic")].map(|(id, name)| (id.into(), name.into())));

    let again = import(&connection, &request("Archive", "archive")).await.unwrap_err();
    assert!(again.to_string().contains("has a resource `Archive` already"), "{again}");

    let whole = StackRequest::new("orders", definition().to_string());
    assert_eq!(connection.apply(whole).outcome().await.unwrap(), Outcome::Updated);
    assert_eq!(ids().await.len(), 3);
    assert!(clients.s3.head_object().bucket("archive").key("order").send().await.is_ok(), "it holds what it held");
}

#[tokio::test]
async fn what_does_not_exist_is_not_imported_and_no_stack_stays() {
    let (_emulator, connection, _clients) = with_buckets().await;
    let error = import(&connection, &request("Archive", "no-such-bucket")).await.unwrap_err();
    assert!(error.to_string().contains("Bucket not found"), "{error}");
    assert_eq!(connection.stack("orders").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_imports_the_pipelines_bucket() {
    let (emulator, connection, _clients) = with_buckets().await;
    let endpoint = emulator.endpoint();
    let program = |arguments: &[&str]| stack(&[&["import"], arguments, &["--endpoint-url", &endpoint]].concat());

    let unasked = program(&["QuarantineBucket=archive"]);
    assert_eq!(unasked.status.code(), Some(1), "there is no terminal to ask on");
    assert!(talk(&unasked).contains("BucketName: archive"), "{}", talk(&unasked));
    assert_eq!(connection.stack("activity-development").await.unwrap(), None, "nothing stays");

    let imported = program(&["QuarantineBucket=archive", "--yes", "--json"]);
    assert!(imported.status.success(), "{}", talk(&imported));
    let lines = String::from_utf8(imported.stdout).unwrap();
    let outcome: Json = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(outcome["imported"][0]["identifier"], json!({ "BucketName": "archive" }), "{lines}");
    let resources = connection.resources("activity-development").await.unwrap();
    assert_eq!(resources[0].physical_id, "archive");
}

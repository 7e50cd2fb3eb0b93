//! The real emulator: installed below the build's own folder, started, used and stopped.

#![allow(clippy::unwrap_used, reason = "what the tests call fails as they do")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, PutRequest, ScalarAttributeType,
    WriteRequest,
};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use local::{Clients, DaemonError, Emulator, ExecutionEvent, Executions, Object, Options, StartError};

/// A state machine that answers with its input, and fails where the key says so.
const ECHO: &str = r#"{"StartAt": "Choose", "States": {
    "Choose": {"Type": "Choice", "Default": "Pass",
        "Choices": [{"Variable": "$.key", "StringEquals": "bad", "Next": "Fail"}]},
    "Pass": {"Type": "Pass", "End": true},
    "Fail": {"Type": "Fail", "Error": "Bad", "Cause": "the key says so"}}}"#;

/// Options with one shared installation, a free port, and a state folder that is this test's alone.
fn options(state: &Path) -> Options {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut options = Options::in_folder(target.join("emulator"));
    options.state = state.to_owned();
    options.port = 0;
    options
}

#[tokio::test]
async fn a_file_is_uploaded_and_its_port_is_taken_while_it_runs() {
    let state = tempfile::tempdir().unwrap();
    let mut options = options(state.path());
    let emulator = Emulator::start(&options).await.unwrap();
    assert!(local::is_installed(&options));
    let clients = Clients::new(&emulator.sdk_config());
    clients.s3.create_bucket().bucket("data").send().await.unwrap();
    let versioned = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    clients.s3.put_bucket_versioning().bucket("data").versioning_configuration(versioned).send().await.unwrap();

    let mut file = tempfile::NamedTempFile::new().unwrap();
    let content = "a row\n".repeat(100_000);
    file.write_all(content.as_bytes()).unwrap();
    let key = "ingest/2015/09/12/ein Name+mehr.json";
    let uploaded = local::upload(&clients.s3, file.path(), "data", key).await.unwrap();
    assert_eq!(uploaded.size, 600_000);
    assert!(uploaded.object.version_id.is_some());
    let object = clients.s3.get_object().bucket("data").key(key).send().await.unwrap();
    assert_eq!(object.e_tag().unwrap().trim_matches('"'), uploaded.etag.unwrap());
    assert_eq!(object.body.collect().await.unwrap().into_bytes(), content.as_bytes());

    let missing = local::upload(&clients.s3, Path::new("no/such/file"), "data", "key").await.unwrap_err();
    assert!(missing.to_string().starts_with("cannot read no/such/file"), "{missing}");
    let refused = local::upload(&clients.s3, file.path(), "no-such-bucket", "key").await.unwrap_err();
    assert!(refused.to_string().contains("NoSuchBucket"), "{refused}");

    options.port = emulator.port();
    let error = Emulator::start(&options).await.unwrap_err();
    assert!(matches!(error, StartError::PortInUse { port } if port == emulator.port()), "{error}");
    emulator.stop().await;
    Emulator::start(&options).await.unwrap().stop().await;
}

#[tokio::test]
async fn executions_are_told_apart_by_their_objects() {
    let state = tempfile::tempdir().unwrap();
    let emulator = Emulator::start(&options(state.path())).await.unwrap();
    let clients = Clients::new(&emulator.sdk_config());
    let machine = clients.sfn.create_state_machine().name("echo").definition(ECHO);
    let machine = machine.role_arn("arn:aws:iam::000000000000:role/any").send().await.unwrap().state_machine_arn;
    let start = async |key: &str| {
        let input = format!(r#"{{"bucket": "data", "key": "{key}", "size": 3}}"#);
        clients.sfn.start_execution().state_machine_arn(&machine).input(input).send().await.unwrap().execution_arn
    };
    let before = start("good").await;
    let mut executions = Executions::from_now(&clients.sfn, &machine).await.unwrap();
    let bad = start("bad").await;
    let good = start("good").await;

    let object = |key: &str| Object { bucket: "data".into(), key: key.into(), version_id: None };
    let (mut started, mut ended) = (0, 0);
    let found = executions
        .wait(&[object("good"), object("bad")], Duration::from_secs(30), |event| match event {
            ExecutionEvent::Started { .. } => started += 1,
            ExecutionEvent::Ended { .. } => ended += 1,
        })
        .await
        .unwrap();
    assert_eq!((started, ended), (2, 2));
    assert_ne!(before, good);
    assert_eq!((found[0].arn.as_str(), found[1].arn.as_str()), (good.as_str(), bad.as_str()));
    assert!(found[0].succeeded() && found[0].output.as_deref().unwrap().contains("good"));
    assert!(!found[1].succeeded());
    assert_eq!((found[1].error.as_deref(), found[1].cause.as_deref()), (Some("Bad"), Some("the key says so")));

    let late = executions.wait(&[object("never")], Duration::from_millis(200), |_| {}).await.unwrap_err();
    assert!(late.to_string().contains("no execution started for s3://data/never"), "{late}");
    emulator.stop().await;
}

#[tokio::test]
async fn every_key_of_a_table_is_read_once() {
    let state = tempfile::tempdir().unwrap();
    let emulator = Emulator::start(&options(state.path())).await.unwrap();
    let clients = Clients::new(&emulator.sdk_config());
    create_table(&clients.dynamodb).await;
    let mut expected = BTreeSet::new();
    for batch in 0..20 {
        let mut requests = Vec::new();
        for item in 0..25 {
            let (user, instant) = (format!("user-{batch}"), format!("2015-09-12T00:00:{item:02}Z"));
            let put = PutRequest::builder()
                .item("user", AttributeValue::S(user.clone()))
                .item("instant", AttributeValue::S(instant.clone()))
                .item("text", AttributeValue::S("x".repeat(1000)));
            requests.push(WriteRequest::builder().put_request(put.build().unwrap()).build());
            expected.insert((user, instant));
        }
        clients.dynamodb.batch_write_item().request_items("events", requests).send().await.unwrap();
    }
    let mut found = BTreeSet::new();
    let items = local::scan_keys(&clients.dynamodb, "events", 4, |key| {
        found.insert((key.partition.as_s().unwrap().clone(), key.sort.unwrap().as_s().unwrap().clone()));
    });
    assert_eq!(items.await.unwrap(), 500);
    assert_eq!(found, expected);
    let error = local::scan_keys(&clients.dynamodb, "missing", 4, |_| {}).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot read the table missing back"), "{error}");
    emulator.stop().await;
}

async fn create_table(client: &aws_sdk_dynamodb::Client) {
    let mut request = client.create_table().table_name("events").billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("user", KeyType::Hash), ("instant", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let element = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        request = request.attribute_definitions(attribute.build().unwrap()).key_schema(element.build().unwrap());
    }
    request.send().await.unwrap();
}

#[tokio::test]
async fn a_detached_emulator_is_found_and_stopped() {
    let state = tempfile::tempdir().unwrap();
    let mut options = options(state.path());
    assert_eq!(local::running(&options).unwrap(), None);
    let daemon = local::up(&options).await.unwrap();
    assert_eq!(local::running(&options).unwrap().as_ref(), Some(&daemon));
    // A second one is the first.
    assert_eq!(local::up(&options).await.unwrap(), daemon);
    let clients = Clients::new(&local::sdk_config(&daemon.endpoint, &daemon.region));
    clients.s3.list_buckets().send().await.unwrap();

    options.region = "eu-central-1".into();
    let error = local::up(&options).await.unwrap_err();
    assert!(matches!(error, DaemonError::RunsElsewhere { .. }), "{error}");

    assert_eq!(local::down(&options).await.unwrap(), Some(daemon));
    assert_eq!(local::running(&options).unwrap(), None);
    assert_eq!(local::down(&options).await.unwrap(), None);
}

#[tokio::test]
async fn without_python_the_message_says_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::in_folder(folder.path());
    options.port = 0;
    options.search_path = "".into();
    let error = Emulator::start(&options).await.unwrap_err().to_string();
    assert!(error.contains("needs Python 3.10 or later") && error.contains("apt install python3"), "{error}");
}

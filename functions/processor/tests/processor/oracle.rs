//! What the processor sends to the table is what the plain client sends for the same items.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{self, Server, environment};
use activity::{Attribute, FileReader, Item, PARTITION_KEY, RecordContract, Row, SORT_KEY};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use contract::FileLocation;
use processor::Processor;

const CONTRACT: &str = "{user: [/user_id], time: [/timestamp], time_formats: [iso8601], limits: {max_depth: 32}}";

/// Rows of every type, escape and shape of number, two batches of them.
fn rows() -> Vec<u8> {
    let odd = [
        r#""n": [0, -0, 1.50, -1e3, 1e-7, 12345678901234567890123456789012345678, 9.9e125, 0.1E-2]"#,
        r#""s": "quote \" backslash \\ slash \/ tab \t nul \u0000 bell \u0007 e \u00e9 pair \ud83d\ude00 é 😀 del \u007f""#,
        r#""name \" \\ \n \u00e9": {" ": {"x": [true, false, null, [], {}, ""]}}"#,
        r#""deep": [[[[{"a": {"b": [{"c": "\u2028"}]}}]]]]"#,
        r#""long": "0123456789abcdef0123456789abcdef\"0123456789abcdef""#,
    ];
    (0..40)
        .map(|row| {
            let more = odd[row % odd.len()];
            format!("{{\"user_id\": \"u\\\"{row}\", \"timestamp\": \"2015-09-12T00:00:00Z\", {more}}}\n")
        })
        .collect::<String>()
        .into_bytes()
}

fn config(server: &Server) -> SdkConfig {
    support::config(&server.endpoint, Credentials::new("test", "secret", Some("token".into()), None, "test"))
}

fn value(attribute: &Attribute<'_>) -> AttributeValue {
    match attribute {
        Attribute::S(text) => AttributeValue::S(text.to_string()),
        Attribute::N(text) => AttributeValue::N(text.to_string()),
        Attribute::Bool(value) => AttributeValue::Bool(*value),
        Attribute::Null => AttributeValue::Null(true),
        Attribute::L(elements) => AttributeValue::L(elements.iter().map(value).collect()),
        Attribute::M(map) => {
            AttributeValue::M(map.iter().map(|(name, member)| (name.to_owned(), value(member))).collect())
        }
    }
}

fn write_request(item: &Item<'_>) -> WriteRequest {
    let put = item.attributes().iter().fold(PutRequest::builder(), |put, (name, member)| put.item(name, value(member)));
    let put = put.item(PARTITION_KEY, AttributeValue::S(item.user_id.to_string()));
    let put = put.item(SORT_KEY, AttributeValue::S(item.timestamp.clone()));
    WriteRequest::builder().put_request(put.build().unwrap()).build()
}

/// What of a request's headers does not change with its body, its time or the program that sends it.
fn constant(headers: &BTreeMap<String, String>) -> Vec<String> {
    let plain = ["x-amz-target", "content-type", "x-amz-security-token"].map(|name| headers[name].clone());
    let scope = headers["authorization"].split(',').next().unwrap();
    let scope: Vec<_> = scope.split('/').filter(|part| part.parse::<u32>().is_err()).collect();
    [&plain[..], &[scope.join("/")]].concat()
}

#[tokio::test]
async fn the_same_items_under_the_same_authority() {
    let file = rows();
    let ours = Server::start(&[("/activity/ingest/a.jsonl", &file)]).await;
    let contract = RecordContract::from_yaml(CONTRACT).unwrap();
    let processor = Processor::new(&config(&ours), environment(), contract.clone());
    let location = FileLocation {
        bucket: "activity".into(),
        key: "ingest/a.jsonl".into(),
        version_id: None,
        etag: None,
        size: None,
    };
    let output = processor.process(location, Duration::from_secs(60)).await.unwrap();
    assert_eq!(output.counts.written, 40);

    let theirs = Server::start(&[]).await;
    let client = aws_sdk_dynamodb::Client::new(&config(&theirs));
    let mut requests = Vec::new();
    let mut reader = FileReader::new(&contract);
    let mut sink = |row: Row<'_>| match row {
        Row::Item { item, .. } => requests.push(write_request(&item)),
        Row::Quarantined(row) | Row::Dropped(row) => panic!("{row:?}"),
    };
    reader.feed(&file, &mut sink).unwrap();
    reader.finish(&mut sink).unwrap();
    for batch in requests.chunks(25) {
        client.batch_write_item().request_items("table", batch.to_vec()).send().await.unwrap();
    }

    let (ours, theirs) = (ours.state.lock().unwrap(), theirs.state.lock().unwrap());
    assert_eq!(ours.items.len(), 40);
    assert_eq!(ours.items, theirs.items);
    assert_eq!(constant(&ours.table_requests[0]), constant(&theirs.table_requests[0]));
}

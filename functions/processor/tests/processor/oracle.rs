//! What the processor sends to the table is what the plain client sends for the same items.
//!
//! The processor writes bodies straight from the input's slices and signs them itself; the plain client is the oracle. Both have
//! their rows of one reader, whose own oracles are serde_json and jiff.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{self, Server, environment};
use activity::{Attribute, FileReader, Item, PARTITION_KEY, RecordContract, Row, SORT_KEY};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use contract::FileLocation;
use processor::Processor;
use proptest::prelude::*;

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

/// What the table has of a file by the processor, and by the plain client.
async fn both(file: &[u8]) -> [Server; 2] {
    let ours = Server::start(&[("/activity/ingest/a.jsonl", file)]).await;
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
    assert_eq!(output.counts.quarantined, 0, "{output:?}");
    assert_eq!(output.counts.written, ours.state.lock().unwrap().items.len() as u64);

    let theirs = Server::start(&[]).await;
    let client = aws_sdk_dynamodb::Client::new(&config(&theirs));
    let mut requests = Vec::new();
    let mut reader = FileReader::new(&contract);
    let mut sink = |row: Row<'_>| {
        if let Row::Item { item, .. } = row {
            requests.push(write_request(&item));
        }
    };
    reader.feed(file, &mut sink).unwrap();
    reader.finish(&mut sink).unwrap();
    for batch in requests.chunks(25) {
        client.batch_write_item().request_items("table", batch.to_vec()).send().await.unwrap();
    }
    [ours, theirs]
}

#[tokio::test]
async fn the_same_items_under_the_same_authority() {
    let [ours, theirs] = both(&rows()).await;
    let (ours, theirs) = (ours.state.lock().unwrap(), theirs.state.lock().unwrap());
    assert_eq!(ours.items.len(), 40);
    assert_eq!(ours.items, theirs.items);
    assert_eq!(constant(&ours.table_requests[0]), constant(&theirs.table_requests[0]));
}

/// A string as JSON may write it: what must be escaped is, and maybe everything else.
fn string(text: &str, escaped: bool) -> String {
    match escaped {
        true => format!("\"{}\"", text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>()),
        false => serde_json::to_string(text).unwrap(),
    }
}

/// The text of any JSON value that an item can have.
fn value_text() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?";
    let leaf = prop_oneof![
        "(null|true|false)",
        number,
        (".{0,20}", any::<bool>()).prop_map(|(text, escaped)| string(&text, escaped)),
    ];
    leaf.prop_recursive(5, 24, 5, |inner| {
        let list =
            prop::collection::vec(inner.clone(), 0..5).prop_map(|elements| format!("[{}]", elements.join(" , ")));
        prop_oneof![list, object_text(inner).prop_map(|entries| format!("{{{entries}}}"))]
    })
}

/// The entries of an object with such values.
fn object_text(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let entry = (".{1,6}", any::<bool>(), value);
    let entry = entry.prop_map(|(name, escaped, value)| format!("{}:\t{value}", string(&name, escaped)));
    prop::collection::vec(entry, 0..6).prop_map(|entries| entries.join(", "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_row_is_the_plain_clients_item(rows in prop::collection::vec((0..9_u8, object_text(value_text())), 1..40)) {
        let row = |(user, more): &(u8, String)| {
            let comma = if more.is_empty() { "" } else { ", " };
            format!("{{\"user_id\": \"u{user}\", \"timestamp\": \"2015-09-12T00:00:00Z\"{comma}{more}}}\n")
        };
        let file: String = rows.iter().map(row).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let [ours, theirs] = runtime.block_on(both(file.as_bytes()));
        let (ours, theirs) = (ours.state.lock().unwrap(), theirs.state.lock().unwrap());
        prop_assert_eq!(&ours.items, &theirs.items);
    }
}

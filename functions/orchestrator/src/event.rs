//! Reads the events that announce objects in S3.
//!
//! S3 tells a function directly, or through SNS, SQS, SNS in SQS, or EventBridge, and each way wraps the news
//! differently. Two things differ in what is inside: a notification's key is form-encoded (a space is `+`, a plus is
//! `%2B`), an EventBridge event's key is not.
//!
//! Shapes: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>.

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::s3::{S3Event, S3EventRecord};
use aws_lambda_events::event::sns::SnsEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use contract::{FileLocation, INGEST_PREFIX, INGEST_SUFFIXES};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One object that was created, as S3 announced it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedObject {
    /// Where the object is.
    pub location: FileLocation,
    /// S3's number of this change to the key. A repeated event repeats it; a second upload of the same bytes does not.
    pub sequencer: Option<String>,
}

/// What one announcement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Process this object.
    Start(CreatedObject),
    /// Nothing to do, for this reason.
    Ignore(&'static str),
}

/// What is acknowledged together: one SQS message, or a whole event of any other kind.
#[derive(Debug)]
pub struct Delivery {
    /// The SQS message's identifier.
    pub message_id: Option<String>,
    /// What it announces.
    pub notices: Result<Vec<Notice>, EventError>,
}

/// An event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is none of the known shapes.
    #[error(
        "the event is neither an S3 notification nor an EventBridge event of S3, alone or in SNS or SQS messages; \
         look at what invokes the function"
    )]
    Unknown,
    /// It has a known shape but a member of it is missing or of another type.
    #[error("the {shape} cannot be read: {source}")]
    Malformed {
        /// The shape's name.
        shape: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A record names no bucket or no key.
    #[error("a record of the S3 notification names no {0}")]
    Incomplete(&'static str),
    /// A key's bytes are not UTF-8 once they are decoded.
    #[error("an object key of the S3 notification is not UTF-8 after decoding")]
    Key,
}

/// Reads an event as the function receives it.
///
/// # Errors
///
/// The event as a whole cannot be read. What is wrong inside one delivery stands in that delivery.
pub fn deliveries(event: Value) -> Result<Vec<Delivery>, EventError> {
    if source(&event) != Some("aws:sqs") {
        return Ok(vec![Delivery { message_id: None, notices: notices(event) }]);
    }
    let event: SqsEvent = read("SQS event", event)?;
    let messages = event.records.into_iter();
    Ok(messages
        .map(|message| Delivery {
            message_id: message.message_id,
            notices: text("SQS message", message.body.as_deref().unwrap_or_default()).and_then(notices),
        })
        .collect())
}

/// Reads an event that is not of SQS, or what an SQS message carries.
fn notices(event: Value) -> Result<Vec<Notice>, EventError> {
    if event.get("Event").is_some_and(|name| name == "s3:TestEvent") {
        return Ok(vec![Notice::Ignore("S3's test event, sent when a notification is configured")]);
    }
    match source(&event) {
        Some("aws:s3") => {
            let event: S3Event = read("S3 notification", event)?;
            return event.records.into_iter().map(notification).collect();
        }
        Some("aws:sns") => {
            let event: SnsEvent = read("SNS event", event)?;
            let each: Result<Vec<_>, _> = event
                .records
                .into_iter()
                .map(|record| text("SNS message", &record.sns.message).and_then(notices))
                .collect();
            return each.map(|each| each.into_iter().flatten().collect());
        }
        _ => {}
    }
    if event.get("detail-type").is_some() {
        return bridged(event).map(|notice| vec![notice]);
    }
    // SNS without raw delivery puts its own envelope into an SQS message.
    match event.get("Message").and_then(Value::as_str) {
        Some(message) if event.get("TopicArn").is_some() => notices(text("SNS message", message)?),
        _ => Err(EventError::Unknown),
    }
}

/// One record of an S3 notification.
fn notification(record: S3EventRecord) -> Result<Notice, EventError> {
    if !record.event_name.as_deref().is_some_and(|name| name.starts_with("ObjectCreated:")) {
        return Ok(Notice::Ignore("no object was created"));
    }
    let object = record.s3.object;
    let key = decode(&object.key.ok_or(EventError::Incomplete("key"))?)?;
    Ok(wanted(CreatedObject {
        location: FileLocation {
            bucket: record.s3.bucket.name.ok_or(EventError::Incomplete("bucket"))?,
            key,
            version_id: object.version_id,
            etag: object.e_tag,
            size: object.size.and_then(|size| u64::try_from(size).ok()),
        },
        sequencer: object.sequencer,
    }))
}

/// The detail of EventBridge's "Object Created".
#[derive(Serialize, Deserialize)]
struct Detail {
    bucket: DetailBucket,
    object: DetailObject,
}

#[derive(Serialize, Deserialize)]
struct DetailBucket {
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DetailObject {
    key: String,
    version_id: Option<String>,
    etag: Option<String>,
    size: Option<u64>,
    sequencer: Option<String>,
}

/// An EventBridge event.
fn bridged(event: Value) -> Result<Notice, EventError> {
    if event.get("source").is_none_or(|source| source != "aws.s3") {
        return Err(EventError::Unknown);
    }
    if event.get("detail-type").is_none_or(|kind| kind != "Object Created") {
        return Ok(Notice::Ignore("no object was created"));
    }
    let Detail { bucket, object } = read::<EventBridgeEvent<Detail>>("EventBridge event", event)?.detail;
    Ok(wanted(CreatedObject {
        location: FileLocation {
            bucket: bucket.name,
            key: object.key,
            version_id: object.version_id,
            etag: object.etag,
            size: object.size,
        },
        sequencer: object.sequencer,
    }))
}

/// Whether the pipeline takes the object. The notification's own filter says the same, but a queue, a topic or a rule
/// of someone else's need not.
fn wanted(object: CreatedObject) -> Notice {
    let key = &object.location.key;
    if !key.starts_with(INGEST_PREFIX) {
        Notice::Ignore("the key is not below the ingest prefix")
    } else if !INGEST_SUFFIXES.iter().any(|suffix| key.ends_with(suffix)) {
        Notice::Ignore("the key has none of the known suffixes")
    } else {
        Notice::Start(object)
    }
}

/// Decodes a notification's key: `application/x-www-form-urlencoded`.
fn decode(key: &str) -> Result<String, EventError> {
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map(String::from).map_err(|_| EventError::Key)
}

/// The service that the records of `event` come from. SNS alone writes the member with a capital.
fn source(event: &Value) -> Option<&str> {
    let first = event.get("Records")?.get(0)?;
    first.get("eventSource").or_else(|| first.get("EventSource"))?.as_str()
}

fn read<T: serde::de::DeserializeOwned>(shape: &'static str, event: Value) -> Result<T, EventError> {
    serde_json::from_value(event).map_err(|source| EventError::Malformed { shape, source })
}

fn text(shape: &'static str, body: &str) -> Result<Value, EventError> {
    serde_json::from_str(body).map_err(|source| EventError::Malformed { shape, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(encoded: &str, key: &str) {
        assert_eq!(decode(encoded).unwrap(), key);
    }

    #[test]
    fn a_notification_key_is_form_encoded() {
        check("ingest/a+b.jsonl", "ingest/a b.jsonl");
        check("ingest/a%2Bb.jsonl", "ingest/a+b.jsonl");
        check("ingest/a%2520b.jsonl", "ingest/a%20b.jsonl");
        check("ingest/caf%C3%A9/%F0%9F%8E%89.jsonl", "ingest/café/🎉.jsonl");
        check("ingest/plain-._*/%21.json.gz", "ingest/plain-._*/!.json.gz");
    }

    #[test]
    fn a_key_that_is_not_utf8_is_an_error() {
        assert!(matches!(decode("ingest/%FF.jsonl"), Err(EventError::Key)));
    }

    #[test]
    fn only_the_ingest_prefix_and_the_known_suffixes_start() {
        let start = |key: &str| {
            let location =
                FileLocation { bucket: "b".into(), key: key.into(), version_id: None, etag: None, size: None };
            matches!(wanted(CreatedObject { location, sequencer: None }), Notice::Start(_))
        };
        assert!(start("ingest/2015/09/12/a.jsonl"));
        assert!(start("ingest/a.json"));
        assert!(start("ingest/a.jsonl.gz"));
        assert!(start("ingest/a.json.gz"));
        assert!(!start("ingest/a.csv"));
        assert!(!start("ingest/a.JSONL"));
        assert!(!start("ingest/a.gz"));
        assert!(!start("other/ingest/a.jsonl"));
        assert!(!start("quarantine/ingest/a.jsonl"));
        assert!(!start("ingest/"));
    }
}

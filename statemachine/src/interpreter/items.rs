//! What a distributed Map reads its items from: JSON, JSON Lines, CSV, or an inventory.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value};

use super::failure::{Failure, Flow};
use super::objects::Objects;
use super::source::{Read, Source};
use crate::ErrorName;

/// How the bytes of an object are read.
#[derive(Debug)]
pub(super) enum Format {
    Json {
        pointer: Option<String>,
    },
    JsonLines,
    /// The headers, where the first line does not hold them.
    Csv {
        headers: Option<Vec<String>>,
        delimiter: char,
    },
    /// The list of an S3 inventory, in the objects that its manifest names.
    Inventory,
}

const DELIMITERS: [(&str, char); 5] =
    [("COMMA", ','), ("PIPE", '|'), ("SEMICOLON", ';'), ("SPACE", ' '), ("TAB", '\t')];

impl Format {
    pub(super) fn read(config: Option<&Source<'_>>) -> Read<Self> {
        let Some(config) = config else { return Ok(Self::Json { pointer: None }) };
        match config.text("InputType")?.unwrap_or("JSON") {
            "JSON" => Ok(Self::Json { pointer: config.text("ItemsPointer")?.map(str::to_owned) }),
            "JSONL" => Ok(Self::JsonLines),
            "CSV" => {
                let name = config.text("CSVDelimiter")?.unwrap_or("COMMA");
                let delimiter = DELIMITERS.iter().find(|(delimiter, _)| *delimiter == name);
                let (_, delimiter) =
                    delimiter.ok_or_else(|| config.error("CSVDelimiter", "there is no such delimiter"))?;
                let are_given = config.text("CSVHeaderLocation")? == Some("GIVEN");
                let headers = are_given.then(|| config.texts("CSVHeaders")).transpose()?;
                Ok(Self::Csv { headers, delimiter: *delimiter })
            }
            "MANIFEST" if config.text("ManifestType")?.unwrap_or("S3_INVENTORY") == "S3_INVENTORY" => {
                Ok(Self::Inventory)
            }
            other => {
                Err(config
                    .error("InputType", format!("{other} is not read here, JSON, JSONL, CSV and inventories are")))
            }
        }
    }

    /// The items of an object. An inventory reads more of them, which `objects` holds.
    pub(super) fn items(&self, bytes: &[u8], objects: &Objects) -> Flow<Vec<Value>> {
        let text = std::str::from_utf8(bytes).map_err(|_| unreadable("the object is no UTF-8"))?;
        let json =
            |text: &str| serde_json::from_str(text).map_err(|error| unreadable(format!("it is no JSON: {error}")));
        match self {
            Self::Json { pointer } => {
                let mut value: Value = json(text)?;
                let place = value.pointer_mut(pointer.as_deref().unwrap_or_default());
                match place.map(Value::take) {
                    Some(Value::Array(items)) => Ok(items),
                    Some(Value::Object(fields)) => Ok(fields.into_iter().map(pair).collect()),
                    _ => Err(unreadable("it holds no list of items")),
                }
            }
            Self::JsonLines => text.lines().filter(|line| !line.trim().is_empty()).map(json).collect(),
            Self::Csv { headers, delimiter } => Ok(csv_items(text, headers.as_deref(), *delimiter)),
            Self::Inventory => inventory(&json(text)?, objects),
        }
    }
}

/// The rows of an inventory: texts, its keys URL-encoded, as S3 writes them.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html>
fn inventory(manifest: &Value, objects: &Objects) -> Flow<Vec<Value>> {
    let text = |field: &str| manifest.get(field).and_then(Value::as_str).unwrap_or_default();
    if text("fileFormat") != "CSV" {
        return Err(unreadable("the manifest is of no inventory in CSV, which is the only form that is read here"));
    }
    let headers: Vec<String> = text("fileSchema").split(',').map(|header| header.trim().to_owned()).collect();
    let bucket = text("destinationBucket").trim_start_matches("arn:aws:s3:::");
    let mut items = Vec::new();
    for file in manifest.get("files").and_then(Value::as_array).into_iter().flatten() {
        let key = file.get("key").and_then(Value::as_str).unwrap_or_default();
        let packed = objects.get(bucket, key).ok_or_else(|| missing(bucket, key))?;
        let mut rows = String::new();
        let unpacked = MultiGzDecoder::new(packed).read_to_string(&mut rows);
        unpacked.map_err(|error| unreadable(format!("s3://{bucket}/{key} is no packed text: {error}")))?;
        items.extend(csv_items(&rows, Some(&headers), ','));
    }
    Ok(items)
}

pub(super) fn missing(bucket: &str, key: &str) -> Failure {
    unreadable(format!("there is no object s3://{bucket}/{key}"))
}

pub(super) fn unreadable(reason: impl Into<String>) -> Failure {
    Failure::raised(ErrorName::ItemReaderFailed, reason)
}

fn pair((key, value): (String, Value)) -> Value {
    Value::Object(Map::from_iter([("Key".to_owned(), key.into()), ("Value".to_owned(), value)]))
}

/// A missing field is an empty text; one too many is dropped.
fn csv_items(text: &str, headers: Option<&[String]>, delimiter: char) -> Vec<Value> {
    let mut rows = records(text, delimiter).into_iter();
    let headers = match headers {
        Some(headers) => headers.to_vec(),
        None => rows.next().unwrap_or_default(),
    };
    let item = |row: Vec<String>| {
        let cells = row.into_iter().chain(std::iter::repeat(String::new()));
        headers.iter().cloned().zip(cells.map(Value::from)).collect::<Map<_, _>>().into()
    };
    rows.map(item).collect()
}

/// The records of a CSV text (RFC 4180): a field in quotes may hold delimiters, line breaks and doubled quotes.
fn records(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut field = String::new();
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
            '"' if is_quoted || field.is_empty() => is_quoted = !is_quoted,
            '\r' if !is_quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            other if other == delimiter && !is_quoted => record.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push(record);
    }
    records.retain(|record| record.iter().any(|field| !field.is_empty()));
    records
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(config: Value, text: &str, expected: Value) {
        let format = Format::read(Some(&Source::new(&config, "").unwrap())).unwrap();
        assert_eq!(format.items(text.as_bytes(), &Objects::default()).map(Value::from), Ok(expected));
    }

    #[test]
    fn each_format_gives_its_items() {
        check(json!({}), "[1, 2]", json!([1, 2]));
        check(json!({"ItemsPointer": "/a/b"}), "{\"a\": {\"b\": [3]}}", json!([3]));
        check(json!({"InputType": "JSONL"}), "{\"a\":1}\n\n{\"a\":2}\n", json!([{"a": 1}, {"a": 2}]));
        let csv = json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"});
        let quoted = "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n2\r\n3,4,5";
        check(csv, quoted, json!([{"a": "1", "b": "x, \"y\"\nz"}, {"a": "2", "b": ""}, {"a": "3", "b": "4"}]));
        let given =
            json!({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "CSVDelimiter": "PIPE"});
        check(given, "1|2\n3|4", json!([{"a": "1"}, {"a": "3"}]));
    }

    #[test]
    fn what_is_no_list_fails_the_reader() {
        let format = Format::Json { pointer: None };
        for text in ["3", "{", "\u{0}"] {
            assert_eq!(
                format.items(text.as_bytes(), &Objects::default()).unwrap_err().error,
                "States.ItemReaderFailed"
            );
        }
        assert!(Format::JsonLines.items(&[0xff], &Objects::default()).is_err());
    }
}

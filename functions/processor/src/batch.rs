//! Batches of items, written as JSON while they are gathered.
//!
//! The client's own types want a hash map for each item and copy it for each try, which costs more than reading the
//! row does. What DynamoDB is sent is short enough to write directly:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>.

use std::ops::Range;

use activity::{Attribute, Item, Line, PARTITION_KEY, SORT_KEY};

/// The most items that one `BatchWriteItem` takes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>).
const ITEMS: usize = 25;

/// A batch that has grown to this many bytes of JSON takes no more. One item is at most 400 KB, and its JSON seven times
/// as long (`{"NULL":true},` for two bytes): the request stays far below its limit of 16 MB.
const BYTES: usize = 1 << 20;

/// Items of different keys for one request, and the lines they came from.
#[derive(Default)]
pub(crate) struct Batch {
    rows: Vec<Row>,
    /// The rows' put requests, JSON.
    puts: Vec<u8>,
    /// The rows' lines.
    raw: Vec<u8>,
}

/// A row of a batch.
pub(crate) struct Row {
    user_id: String,
    timestamp: String,
    put: Range<usize>,
    number: u64,
    offset: u64,
    length: u64,
    raw: Range<usize>,
}

impl Row {
    /// The partition and the sort key.
    pub(crate) fn key(&self) -> (&str, &str) {
        (&self.user_id, &self.timestamp)
    }
}

impl Batch {
    /// Adds an item. No other in the batch may have its key: DynamoDB would refuse them all.
    pub(crate) fn push(&mut self, item: Item, line: Line<'_>) {
        let (put, raw) = (self.puts.len(), self.raw.len());
        write_put(&item, &mut self.puts);
        self.raw.extend_from_slice(line.raw);
        self.rows.push(Row {
            user_id: item.user_id,
            timestamp: item.timestamp,
            put: put..self.puts.len(),
            number: line.number,
            offset: line.offset,
            length: line.length,
            raw: raw..self.raw.len(),
        });
    }

    /// Takes the batch out, and leaves an empty one with room for as much again.
    pub(crate) fn take(&mut self) -> Self {
        let next = Self {
            rows: Vec::with_capacity(self.rows.len()),
            puts: Vec::with_capacity(self.puts.len()),
            raw: Vec::with_capacity(self.raw.len()),
        };
        std::mem::replace(self, next)
    }

    /// Whether the batch is to be written before anything is added.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= ITEMS || self.puts.len() >= BYTES
    }

    /// Bytes of JSON.
    pub(crate) fn bytes(&self) -> usize {
        self.puts.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// The line that `row`, of this batch, came from.
    pub(crate) fn line(&self, row: &Row) -> Line<'_> {
        Line { number: row.number, offset: row.offset, length: row.length, raw: &self.raw[row.raw.clone()] }
    }

    /// The body of a request that puts `rows`, of this batch, into `table`. A table's name needs no escape: it is
    /// letters, digits and `_-.:/`, whether it is a name or an ARN.
    pub(crate) fn request(&self, table: &str, rows: &[&Row]) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.puts.len() + rows.len() + table.len() + 32);
        body.extend_from_slice(br#"{"RequestItems":{""#);
        body.extend_from_slice(table.as_bytes());
        body.extend_from_slice(br#"":["#);
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            body.extend_from_slice(&self.puts[row.put.clone()]);
        }
        body.extend_from_slice(b"]}}");
        body
    }
}

/// Appends the write request that puts `item`.
fn write_put(item: &Item, to: &mut Vec<u8>) {
    to.extend_from_slice(br#"{"PutRequest":{"Item":{"#);
    write_text(PARTITION_KEY, to);
    to.extend_from_slice(br#":{"S":"#);
    write_text(&item.user_id, to);
    to.extend_from_slice(b"},");
    write_text(SORT_KEY, to);
    to.extend_from_slice(br#":{"S":"#);
    write_text(&item.timestamp, to);
    to.push(b'}');
    for (name, value) in item.attributes.iter() {
        to.push(b',');
        write_member(name, value, to);
    }
    to.extend_from_slice(b"}}}");
}

fn write_member(name: &str, value: &Attribute, to: &mut Vec<u8>) {
    write_text(name, to);
    to.push(b':');
    write_value(value, to);
}

/// Appends a value under the name of its type. The depth of the recursion is bounded: the record contract lets no row
/// through that is nested deeper than DynamoDB allows.
fn write_value(value: &Attribute, to: &mut Vec<u8>) {
    match value {
        Attribute::S(text) => {
            to.extend_from_slice(br#"{"S":"#);
            write_text(text, to);
        }
        Attribute::N(digits) => {
            to.extend_from_slice(br#"{"N":""#);
            to.extend_from_slice(digits.as_bytes());
            to.push(b'"');
        }
        Attribute::Bool(true) => to.extend_from_slice(br#"{"BOOL":true"#),
        Attribute::Bool(false) => to.extend_from_slice(br#"{"BOOL":false"#),
        Attribute::Null => to.extend_from_slice(br#"{"NULL":true"#),
        Attribute::L(elements) => {
            to.extend_from_slice(br#"{"L":["#);
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    to.push(b',');
                }
                write_value(element, to);
            }
            to.push(b']');
        }
        Attribute::M(map) => {
            to.extend_from_slice(br#"{"M":{"#);
            for (index, (name, member)) in map.iter().enumerate() {
                if index > 0 {
                    to.push(b',');
                }
                write_member(name, member, to);
            }
            to.push(b'}');
        }
    }
    to.push(b'}');
}

/// Appends a JSON string.
fn write_text(text: &str, to: &mut Vec<u8>) {
    // Writing text to memory cannot fail.
    let _ = serde_json::to_writer(to, text);
}

#[cfg(test)]
mod tests {
    use activity::{FileReader, RecordContract, Row as ReadRow};

    use super::*;

    /// The batch of the items in `lines`.
    fn batch(lines: &str) -> Batch {
        let contract =
            RecordContract::from_yaml("{user: [/user_id], time: [/timestamp], id: [/id], time_formats: [iso8601]}")
                .unwrap();
        let (mut batch, mut reader) = (Batch::default(), FileReader::new(&contract));
        let mut sink = |row: ReadRow<'_>| match row {
            ReadRow::Item { item, line } => batch.push(item, line),
            ReadRow::Quarantined(row) => panic!("{row:?}"),
        };
        reader.feed(lines.as_bytes(), &mut sink);
        reader.finish(&mut sink);
        batch
    }

    #[test]
    fn every_type_is_written_as_dynamodb_spells_it() {
        let batch = batch(
            r#"{"user_id":"u\"1","timestamp":"2015-09-12T00:00:00Z","id":"7","n":-1.50e3,"t":true,"z":null,"l":[1,["é"],{}],"m":{"a":{"b":false}}}"#,
        );
        let rows: Vec<_> = batch.rows().collect();
        let body: serde_json::Value = serde_json::from_slice(&batch.request("table", &rows)).unwrap();
        let item = serde_json::json!({
            "user_id": {"S": "u\"1"},
            "timestamp": {"S": "2015-09-12T00:00:00.000000000Z#7"},
            "id": {"S": "7"},
            "n": {"N": "-1500"},
            "t": {"BOOL": true},
            "z": {"NULL": true},
            "l": {"L": [{"N": "1"}, {"L": [{"S": "é"}]}, {"M": {}}]},
            "m": {"M": {"a": {"M": {"b": {"BOOL": false}}}}},
        });
        assert_eq!(body, serde_json::json!({"RequestItems": {"table": [{"PutRequest": {"Item": item}}]}}));
    }

    #[test]
    fn a_part_of_a_batch_is_written_alone_and_a_line_is_kept_whole() {
        let first = r#"{"user_id":"a","timestamp":"2015-09-12T00:00:00Z","id":"1"}"#;
        let second = r#"{ "user_id":"b","timestamp":"2015-09-12T00:00:00Z","id":"2"}"#;
        let batch = batch(&format!("{first}\n{second}\n"));
        let rows: Vec<_> = batch.rows().collect();
        let both: serde_json::Value = serde_json::from_slice(&batch.request("t", &rows)).unwrap();
        let last: serde_json::Value = serde_json::from_slice(&batch.request("t", &rows[1..])).unwrap();
        assert_eq!(both["RequestItems"]["t"][1], last["RequestItems"]["t"][0]);
        let line = batch.line(rows[1]);
        assert_eq!((line.number, line.offset, line.raw), (2, 60, second.as_bytes()));
    }

    #[test]
    fn a_batch_is_full_at_25_items_or_much_text() {
        let row = |id: usize, text: &str| {
            format!(
                "{{\"user_id\":\"u\",\"timestamp\":\"2015-09-12T00:00:00Z\",\"id\":\"{id}\",\"text\":\"{text}\"}}\n"
            )
        };
        let rows = |count, text: &str| batch(&(0..count).map(|id| row(id, text)).collect::<String>());
        assert!(!rows(24, "").is_full());
        assert!(rows(25, "").is_full());
        assert!(!rows(2, &"x".repeat(380_000)).is_full());
        assert!(rows(3, &"x".repeat(380_000)).is_full());
    }
}

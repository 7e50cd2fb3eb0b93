//! Batches of items, gathered as the body of the request that will write them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use activity::{Item, Line};
use bytes::Bytes;
use serde::Deserialize;

/// The most items that one `BatchWriteItem` takes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>).
const ITEMS: usize = 25;

/// A batch that has grown to this many bytes of JSON takes no more. One item is at most 400 KB, and its JSON nine times
/// as long (`{"S":""},` for one byte): the request stays far below its limit of 16 MB.
const BYTES: usize = 1 << 20;

/// What closes a body.
const TAIL: &[u8] = b"]}}";

/// Items of different keys for one request, and the lines they came from.
pub(crate) struct Batch {
    rows: Vec<Row>,
    /// The request's body, but for its end: `{"RequestItems":{"table":[`, and a put for each row with a comma before.
    body: Vec<u8>,
    /// The length of what comes before the first put.
    head: usize,
    /// The rows' lines.
    raw: Vec<u8>,
}

/// A row of a batch: where its parts lie.
pub(crate) struct Row {
    put: Range<usize>,
    raw: Range<usize>,
    number: u64,
    offset: u64,
    length: u64,
}

/// As much of a put as tells which it is. The rest is skipped, not kept.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Put<'a> {
    #[serde(borrow)]
    put_request: PutRequest<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRequest<'a> {
    #[serde(borrow)]
    item: Key<'a>,
}

/// The fields have the names of [`activity::PARTITION_KEY`] and [`activity::SORT_KEY`].
#[derive(PartialEq, Eq, Hash, Deserialize)]
struct Key<'a> {
    #[serde(borrow)]
    user_id: Text<'a>,
    #[serde(borrow)]
    timestamp: Text<'a>,
}

#[derive(PartialEq, Eq, Hash, Deserialize)]
struct Text<'a> {
    #[serde(rename = "S", borrow)]
    text: Cow<'a, str>,
}

impl Batch {
    /// An empty batch for `table`. A table's name needs no escape: it is letters, digits and `_-.:/`, whether it is a
    /// name or an ARN.
    pub(crate) fn new(table: &str) -> Self {
        let mut body = br#"{"RequestItems":{""#.to_vec();
        body.extend_from_slice(table.as_bytes());
        body.extend_from_slice(br#"":["#);
        Self { rows: Vec::new(), head: body.len(), body, raw: Vec::new() }
    }

    /// Adds an item. No other in the batch may have its key: DynamoDB would refuse them all.
    pub(crate) fn push(&mut self, item: &Item<'_>, line: Line<'_>) {
        if !self.rows.is_empty() {
            self.body.push(b',');
        }
        let (put, raw) = (self.body.len(), self.raw.len());
        self.body.extend_from_slice(br#"{"PutRequest":{"Item":"#);
        item.write_json(&mut self.body);
        self.body.extend_from_slice(b"}}");
        self.raw.extend_from_slice(line.raw);
        self.rows.push(Row {
            put: put..self.body.len(),
            raw: raw..self.raw.len(),
            number: line.number,
            offset: line.offset,
            length: line.length,
        });
    }

    /// Takes the batch out, and leaves an empty one with room for as much again.
    pub(crate) fn take(&mut self) -> Self {
        let mut body = Vec::with_capacity(with_headroom(self.body.len()));
        body.extend_from_slice(&self.body[..self.head]);
        let next = Self {
            rows: Vec::with_capacity(self.rows.len()),
            body,
            head: self.head,
            raw: Vec::with_capacity(with_headroom(self.raw.len())),
        };
        std::mem::replace(self, next)
    }

    /// Whether the batch is to be written before anything is added.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= ITEMS || self.body.len() >= BYTES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Ends the batch: its requests can be made.
    pub(crate) fn close(mut self) -> Closed {
        self.body.extend_from_slice(TAIL);
        Closed { rows: self.rows, body: self.body.into(), head: self.head, raw: self.raw }
    }
}

/// Room for as much, and for what an alike batch may be longer: to outgrow it copies all that is there.
fn with_headroom(length: usize) -> usize {
    length + length / 8 + TAIL.len()
}

/// A batch to which nothing is added any more.
pub(crate) struct Closed {
    rows: Vec<Row>,
    body: Bytes,
    head: usize,
    raw: Vec<u8>,
}

impl Closed {
    /// Bytes of memory, nearly.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len() + self.raw.len()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// The line that `row`, of this batch, came from.
    pub(crate) fn line(&self, row: &Row) -> Line<'_> {
        Line { number: row.number, offset: row.offset, length: row.length, raw: &self.raw[row.raw.clone()] }
    }

    /// The body of a request that puts `rows`, of this batch. That of all rows is there already.
    pub(crate) fn request(&self, rows: &[&Row]) -> Bytes {
        if rows.len() == self.rows.len() {
            return self.body.clone();
        }
        let mut body = self.body[..self.head].to_vec();
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            body.extend_from_slice(&self.body[row.put.clone()]);
        }
        body.extend_from_slice(TAIL);
        body.into()
    }

    /// Keeps those of `rows`, of this batch, whose keys `left` holds.
    pub(crate) fn retain(&self, rows: &mut Vec<&Row>, left: &[Put<'_>]) {
        if left.is_empty() {
            return rows.clear();
        }
        let left: HashSet<&Key<'_>> = left.iter().map(|put| &put.put_request.item).collect();
        rows.retain(|row| {
            // What this program wrote it can read.
            let put = serde_json::from_slice::<Put<'_>>(&self.body[row.put.clone()]);
            put.is_ok_and(|put| left.contains(&put.put_request.item))
        });
    }
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
        let (mut batch, mut reader) = (Batch::new("table"), FileReader::new(&contract));
        let mut sink = |row: ReadRow<'_>| match row {
            ReadRow::Item { item, line, .. } => batch.push(&item, line),
            ReadRow::Quarantined(row) | ReadRow::Dropped(row) => panic!("{row:?}"),
        };
        reader.feed(lines.as_bytes(), &mut sink).unwrap();
        reader.finish(&mut sink).unwrap();
        batch
    }

    fn row(id: usize, text: &str) -> String {
        format!(
            "{{\"user_id\":\"u\\\"1\",\"timestamp\":\"2015-09-12T00:00:00Z\",\"id\":\"{id}\",\"text\":\"{text}\"}}\n"
        )
    }

    #[test]
    fn every_type_is_written_as_dynamodb_spells_it() {
        let batch = batch(
            r#"{"user_id":"u\"1","timestamp":"2015-09-12T00:00:00Z","id":"7","n":-1.50e3,"t":true,"z":null,"l":[1,["é"],{}],"m":{"a":{"b":false}}}"#,
        )
        .close();
        let rows: Vec<_> = batch.rows().collect();
        let body: serde_json::Value = serde_json::from_slice(&batch.request(&rows)).unwrap();
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
        let lines = row(1, "") + &row(2, "");
        let batch = batch(&lines).close();
        let rows: Vec<_> = batch.rows().collect();
        let both: serde_json::Value = serde_json::from_slice(&batch.request(&rows)).unwrap();
        let last: serde_json::Value = serde_json::from_slice(&batch.request(&rows[1..])).unwrap();
        assert_eq!(both["RequestItems"]["table"].as_array().unwrap().len(), 2);
        assert_eq!(both["RequestItems"]["table"][1], last["RequestItems"]["table"][0]);
        let (line, second) = (batch.line(rows[1]), lines.lines().nth(1).unwrap());
        assert_eq!((line.number, line.offset, line.raw), (2, lines.len() as u64 / 2, second.as_bytes()));
    }

    #[test]
    fn the_rows_that_are_left_are_found_by_key_in_whatever_order_and_spelling() {
        let batch = batch(&(row(1, "") + &row(2, "") + &row(3, ""))).close();
        let mut rows: Vec<_> = batch.rows().collect();
        let left = r#"[{"PutRequest": {"Item": {"text": {"M": {"user_id": {"S": "x"}}}, "timestamp":
            {"S": "2015-09-12T00:00:00.000000000Z#2"}, "user_id": {"S": "u\u00221"}}}}]"#;
        batch.retain(&mut rows, &serde_json::from_str::<Vec<Put<'_>>>(left).unwrap());
        assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_batch_is_full_at_25_items_or_much_text() {
        let rows = |count, text: &str| batch(&(0..count).map(|id| row(id, text)).collect::<String>());
        assert!(!rows(24, "").is_full());
        assert!(rows(25, "").is_full());
        assert!(!rows(2, &"x".repeat(380_000)).is_full());
        assert!(rows(3, &"x".repeat(380_000)).is_full());
    }
}

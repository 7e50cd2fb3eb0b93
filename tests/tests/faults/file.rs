//! Files of good, bad and repeated rows, and what must become of them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use contract::Counts;

/// What the files' rows must look like.
pub(crate) const CONTRACT: &str = "
user: [/user_id]
time: [/timestamp]
id: [/id]
time_formats: [epoch_s]
fields: {/n: {type: integer, min: 0}}
";

/// The items of a table, by partition and sort key.
pub(crate) type Items = BTreeMap<(String, String), HashMap<String, AttributeValue>>;

/// One line.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    /// An event of a user, in a second before the first minute ends, with an id and a number beside.
    Good {
        user: u8,
        second: u8,
        id: u16,
        n: u16,
    },
    /// One that is not kept, and its code.
    Bad(&'static str, &'static str),
    Blank,
}

/// Lines that are not kept.
pub(crate) const BAD: [Row; 4] = [
    Row::Bad(r#"{"user_id":"u","timestamp":1"#, "JSON_SYNTAX"),
    Row::Bad(r#"{"user_id":"u","timestamp":1,"n":-1}"#, "FIELD_RANGE"),
    Row::Bad(r#"{"user_id":"","timestamp":1}"#, "KEY_EMPTY"),
    Row::Bad(r#"[1]"#, "NOT_OBJECT"),
];

impl Row {
    fn text(&self) -> String {
        match self {
            Self::Good { user, second, id, n } => {
                format!(r#"{{"user_id":"user-{user}","timestamp":{second},"id":{id},"n":{n}}}"#)
            }
            Self::Bad(text, _) => (*text).to_owned(),
            Self::Blank => String::new(),
        }
    }
}

/// A file, and what must become of it.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) counts: Counts,
    pub(crate) errors_by_code: BTreeMap<String, u64>,
    pub(crate) items: Items,
    /// The line and the code of each row in quarantine.
    pub(crate) quarantined: Vec<(u64, String)>,
}

impl File {
    /// Reads `rows` by the rules above, which are few enough to be read here once more: of two rows with one key the
    /// first is written.
    pub(crate) fn of(rows: &[Row]) -> Self {
        let mut file = Self {
            bytes: Vec::new(),
            counts: Counts::default(),
            errors_by_code: BTreeMap::new(),
            items: Items::new(),
            quarantined: Vec::new(),
        };
        for row in rows {
            file.bytes.extend_from_slice(row.text().as_bytes());
            file.bytes.push(b'\n');
            file.counts.lines += 1;
            match row {
                Row::Blank => file.counts.blank += 1,
                Row::Bad(_, code) => {
                    file.counts.quarantined += 1;
                    *file.errors_by_code.entry((*code).to_owned()).or_default() += 1;
                    file.quarantined.push((file.counts.lines, (*code).to_owned()));
                }
                Row::Good { user, second, id, n } => {
                    let key = (format!("user-{user}"), format!("1970-01-01T00:00:{second:02}.000000000Z#{id}"));
                    if file.items.contains_key(&key) {
                        file.counts.duplicates += 1;
                        continue;
                    }
                    file.counts.written += 1;
                    let item = [
                        ("user_id".to_owned(), AttributeValue::S(key.0.clone())),
                        ("timestamp".to_owned(), AttributeValue::S(key.1.clone())),
                        ("id".to_owned(), AttributeValue::N(id.to_string())),
                        ("n".to_owned(), AttributeValue::N(n.to_string())),
                    ];
                    file.items.insert(key, item.into());
                }
            }
        }
        file
    }

    /// A file of `good` rows, with bad, blank and repeated ones between them, repeated near and far: a third more lines.
    pub(crate) fn mixed(good: u16) -> Self {
        let row = |id, n| Row::Good { user: (id % 7) as u8, second: (id % 60) as u8, id, n };
        let mut rows = Vec::new();
        for id in 0..good {
            rows.push(row(id, 1));
            match id % 16 {
                3 => rows.push(row(id, 2)),
                7 => rows.push(BAD[usize::from(id / 16) % BAD.len()].clone()),
                11 => rows.extend([Row::Blank, row(id, 1)]),
                15 => rows.push(row(id / 3, 3)),
                _ => {}
            }
        }
        Self::of(&rows)
    }

    /// The same rows, compressed.
    pub(crate) fn packed(self) -> Self {
        Self { bytes: tests::gzip(&self.bytes), ..self }
    }

    /// How many batches the file makes at most 25 items each.
    pub(crate) fn batches(&self) -> usize {
        self.items.len().div_ceil(25)
    }
}

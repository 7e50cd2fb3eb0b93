//! What the fuzz targets share: a file is read, and what holds for every file is checked.

use activity::{FileReader, RecordContract, Row, Summary};

/// What became of a file's rows, and its account.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// Each row that goes somewhere, as text.
    pub rows: Vec<String>,
    /// The items' sort keys, and their JSON.
    pub items: Vec<(String, String)>,
    /// The account.
    pub summary: Summary,
}

/// Reads a file by a contract that is sound.
pub fn contract(yaml: &str) -> RecordContract {
    RecordContract::from_yaml(yaml).expect("the target's contract is sound")
}

/// Reads a file that comes in `pieces`.
pub fn read<'a>(contract: &RecordContract, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut reader = FileReader::new(contract);
    let (mut rows, mut items) = (Vec::new(), Vec::new());
    let mut sink = |row: Row<'_>| {
        rows.push(format!("{row:?}"));
        match row {
            Row::Item { item, .. } => {
                let mut json = Vec::new();
                item.write_json(&mut json);
                items.push((item.timestamp, String::from_utf8(json).expect("an item is text")));
            }
            Row::Quarantined(row) | Row::Dropped(row) => assert!(!row.reasons.is_empty(), "{row:?}"),
        }
    };
    pieces.into_iter().for_each(|piece| reader.feed(piece, &mut sink).expect("nothing spills"));
    let summary = reader.finish(&mut sink).expect("nothing spills");
    let counts = summary.counts;
    assert!(counts.reconciles(), "{counts:?}");
    assert_eq!(counts.written + counts.quarantined + counts.dropped, rows.len() as u64);
    Outcome { rows, items, summary }
}

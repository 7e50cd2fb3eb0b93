//! Files in, rows out: what becomes of good and bad input, through the public interface alone.

#![allow(clippy::unwrap_used, reason = "Clippy allows it in test functions, and these files hold their helpers too")]

mod bad_input;
mod keys;
mod parts;
mod properties;
mod refusal;
mod rules;
mod spill;

use std::io::Write;

use activity::{Code, FileReader, Item, Reason, RecordContract, Row, Summary};
use flate2::Compression;
use flate2::write::GzEncoder;

/// The contract that most tests read by.
const CONTRACT: &str = "
user: [/user_id]
time: [/timestamp]
time_formats: [iso8601, epoch_ms]
fields:
  /price: {type: number, min: 0}
limits: {max_line_bytes: 1000000}
";

/// What a reader handed out, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Quarantined {
    line: u64,
    offset: u64,
    length: u64,
    raw: Vec<u8>,
    codes: Vec<Code>,
    reasons: Vec<String>,
}

/// All that comes out of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outcome {
    items: Vec<Item<'static>>,
    quarantined: Vec<Quarantined>,
    /// What is wrong with rows that are written, and with rows that are dropped, by line.
    kept: Vec<(u64, Vec<String>)>,
    dropped: Vec<(u64, Vec<String>)>,
    summary: Summary,
}

fn read_pieces<'a>(contract: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let contract = RecordContract::from_yaml(contract).unwrap();
    let mut reader = FileReader::new(&contract);
    let mut outcome = Outcome::default();
    let mut sink = outcome.sink();
    pieces.into_iter().for_each(|piece| reader.feed(piece, &mut sink).unwrap());
    let summary = reader.finish(&mut sink).unwrap();
    drop(sink);
    Outcome { summary, ..outcome }
}

impl Outcome {
    /// Keeps the rows that a reader hands out.
    fn sink(&mut self) -> impl FnMut(Row<'_>) {
        let Outcome { items, quarantined, kept, dropped, .. } = self;
        let texts = |reasons: &[Reason]| reasons.iter().map(ToString::to_string).collect();
        move |row| match row {
            Row::Item { item, line, faults } => {
                items.push(item.into_owned());
                if !faults.is_empty() {
                    kept.push((line.number, texts(&faults)));
                }
            }
            Row::Dropped(row) => dropped.push((row.line.number, texts(&row.reasons))),
            Row::Quarantined(row) => quarantined.push(Quarantined {
                line: row.line.number,
                offset: row.line.offset,
                length: row.line.length,
                raw: row.line.raw.to_vec(),
                codes: row.reasons.iter().map(|reason| reason.code).collect(),
                reasons: texts(&row.reasons),
            }),
        }
    }
}

/// Reads a file, and checks what holds for every one.
fn read(contract: &str, file: &[u8]) -> Outcome {
    let outcome = read_pieces(contract, [file]);
    let counts = outcome.summary.counts;
    assert!(counts.reconciles(), "{counts:?}");
    assert_eq!(counts.written, outcome.items.len() as u64);
    assert_eq!(counts.quarantined, outcome.quarantined.len() as u64);
    assert!(outcome.quarantined.iter().all(|row| !row.codes.is_empty()));
    outcome
}

/// The codes of the one row of a file that must be quarantined.
fn codes(contract: &str, row: impl AsRef<[u8]>) -> Vec<Code> {
    let outcome = read(contract, row.as_ref());
    assert_eq!((outcome.summary.counts.lines, outcome.summary.counts.quarantined), (1, 1), "{:?}", outcome.summary);
    outcome.quarantined[0].codes.clone()
}

/// The item of the one row of a file that must be written.
fn item(contract: &str, row: impl AsRef<[u8]>) -> Item<'static> {
    let mut outcome = read(contract, row.as_ref());
    assert_eq!(outcome.quarantined, []);
    assert_eq!(outcome.summary.counts.lines, 1);
    outcome.items.remove(0)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A row with more fields behind the user and the time: `, "a": 1`.
fn row(more: &str) -> String {
    format!(r#"{{"user_id": "u1", "timestamp": "2026-01-02T03:04:05Z"{more}}}"#)
}

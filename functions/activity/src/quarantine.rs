//! The form in which a line is kept that did not become an item: one line of JSON.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use contract::FileLocation;
use serde::Serialize;

use crate::{FaultyRow, Line, Reason};

/// A record: one line of a quarantine object. The numbers are those of [`Line`].
#[derive(Serialize)]
struct Record<'a> {
    bucket: &'a str,
    key: &'a str,
    version_id: Option<&'a str>,
    line: u64,
    offset: u64,
    length: u64,
    /// Base64 keeps every byte, whatever is wrong with it.
    raw_base64: String,
    /// The codes of `reasons`, each once, for a query that asks for no more.
    codes: BTreeSet<&'static str>,
    reasons: &'a [Reason],
}

/// Appends the record of `line` of `file` to `records`: `{"bucket", "key", "version_id", "line", "offset", "length",
/// "raw_base64", "codes", "reasons"}` and a line feed. `length` is more than `raw_base64` holds where the line is over
/// the contract's limit.
pub fn append_record(records: &mut Vec<u8>, file: &FileLocation, line: Line<'_>, reasons: &[Reason]) {
    let record = Record {
        bucket: &file.bucket,
        key: &file.key,
        version_id: file.version_id.as_deref(),
        line: line.number,
        offset: line.offset,
        length: line.length,
        raw_base64: BASE64_STANDARD.encode(line.raw),
        codes: reasons.iter().map(|reason| reason.code.as_str()).collect(),
        reasons,
    };
    // Writing text to memory cannot fail.
    let _ = serde_json::to_writer(&mut *records, &record);
    records.push(b'\n');
}

impl FaultyRow<'_> {
    /// The row as a record of `file`; see [`append_record`].
    pub fn record(&self, file: &FileLocation) -> Vec<u8> {
        let mut record = Vec::new();
        append_record(&mut record, file, self.line, &self.reasons);
        record
    }
}

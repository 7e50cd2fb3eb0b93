//! What the quarantine bucket holds of one file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Counts, FileLocation};

/// An object with quarantined rows: JSON Lines, gzip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct QuarantineObject {
    /// Its key in the quarantine bucket.
    pub key: String,
    /// The rows in it.
    pub rows: u64,
    /// Its size, bytes.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its rows by reason code. A row with two reasons counts under both.
    pub codes: BTreeMap<String, u64>,
}

/// What a run over one file left in quarantine: the JSON object under [`QUARANTINE_MANIFEST`](crate::QUARANTINE_MANIFEST),
/// written after the objects that it lists. Where it lists none, an earlier run over the same state of the file left some,
/// and the last one nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct QuarantineManifest {
    /// The file, with the version, entity tag and size that were read.
    pub file: FileLocation,
    /// Where its lines went.
    pub counts: Counts,
    /// The quarantined rows by reason code. A row with two reasons counts under both.
    pub codes: BTreeMap<String, u64>,
    /// The objects, in the order of the file's lines; rows that the table refused come in objects of their own.
    pub objects: Vec<QuarantineObject>,
}

impl QuarantineManifest {
    /// The manifest of `objects`, which hold the quarantined rows of `file`.
    pub fn new(file: FileLocation, counts: Counts, objects: Vec<QuarantineObject>) -> Self {
        let mut codes = BTreeMap::new();
        for (code, rows) in objects.iter().flat_map(|object| &object.codes) {
            *codes.entry(code.clone()).or_default() += rows;
        }
        Self { file, counts, codes, objects }
    }
}

//! Where what a run leaves of a file lies in the quarantine bucket.

use std::time::SystemTime;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use contract::{FileLocation, QUARANTINE_MANIFEST, QUARANTINE_PREFIX, REPORT_PREFIX};
use sha2::{Digest as _, Sha256};

/// S3's limit on a key.
const KEY_BYTES: usize = 1024;

/// The most that is around a place: `quarantine/`, and `/000000000001-refused.jsonl.gz`.
const AROUND: usize = QUARANTINE_PREFIX.len() + 30;

/// `dt=2015-09-12/<key>/<revision>`, by the UTC day of the file's arrival: what a rerun finds again.
pub(crate) struct Place(String);

impl Place {
    /// The place of the state `revision` of `file`.
    pub(crate) fn new(file: &FileLocation, revision: &str, arrived: Option<SystemTime>) -> Self {
        let arrived = DateTime::from(arrived.unwrap_or(SystemTime::UNIX_EPOCH));
        // A time that a service writes is within the years that have a form.
        let time = arrived.fmt(DateTimeFormat::DateTime).unwrap_or_default();
        let day = time.split('T').next().unwrap_or_default();
        let below = |name: &str| format!("dt={day}/{name}/{revision}");
        let place = below(&file.key);
        let fits = place.len() + AROUND <= KEY_BYTES;
        Self(if fits { place } else { below(&hex::encode(Sha256::digest(&file.key))) })
    }

    /// The folder of everything in quarantine.
    pub(crate) fn quarantine_folder(&self) -> String {
        format!("{QUARANTINE_PREFIX}{}/", self.0)
    }

    /// The object of the quarantined rows from line `first_line` on; `kind` tells apart several of one line.
    pub(crate) fn quarantine_object(&self, first_line: u64, kind: &str) -> String {
        format!("{}{first_line:012}{kind}.jsonl.gz", self.quarantine_folder())
    }

    /// The manifest of those objects.
    pub(crate) fn manifest(&self) -> String {
        self.quarantine_folder() + QUARANTINE_MANIFEST
    }

    /// The run's report, as JSON or as a page.
    pub(crate) fn report(&self, extension: &str) -> String {
        format!("{REPORT_PREFIX}{}.{extension}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(key: &str, revision: &str, expected: &str) {
        let file = FileLocation { bucket: "b".into(), key: key.into(), version_id: None, etag: None, size: None };
        let place = Place::new(&file, revision, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_442_018_818)));
        let object = place.quarantine_object(1, "-refused");
        assert_eq!(object, format!("quarantine/{expected}/000000000001-refused.jsonl.gz"));
        assert_eq!(place.report("html"), format!("reports/{expected}.html"));
        assert!(object.len() <= KEY_BYTES);
    }

    #[test]
    fn each_state_of_a_file_has_a_place_of_its_own_below_the_day_of_its_arrival() {
        check("ingest/2015/a b.jsonl.gz", "v1", "dt=2015-09-12/ingest/2015/a b.jsonl.gz/v1");
        check("ingest/2015/a b.jsonl.gz", "v2", "dt=2015-09-12/ingest/2015/a b.jsonl.gz/v2");
    }

    #[test]
    fn a_key_that_would_be_too_long_is_hashed() {
        let hash = "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a";
        check(&"a".repeat(1024), "v1", &format!("dt=2015-09-12/{hash}/v1"));
    }
}

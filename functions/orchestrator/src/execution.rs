//! Names executions, so that one change to one object has one execution.

use sha2::{Digest, Sha256};

use crate::event::CreatedObject;

/// Step Functions' limit on an execution's name.
const NAME_LENGTH: usize = 80;
/// Hexadecimal digits of the hash in the name: 128 bits, beyond any chance of two objects meeting.
const HASH_LENGTH: usize = 32;

/// The name of the execution for `object`: the readable end of its key, and a hash of its bucket, key, version or
/// entity tag, and sequencer.
///
/// A repeated event has the same name, and Step Functions refuses a name for 90 days after its execution has ended; a
/// new upload under the same key has another. At most 80 characters, letters, digits, `-` and `_` only: others are
/// legal in part but break CloudWatch's logs
/// (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>).
pub fn name(object: &CreatedObject) -> String {
    let location = &object.location;
    let revision = location.version_id.as_deref().or(location.etag.as_deref());
    let parts = [Some(location.bucket.as_str()), Some(location.key.as_str()), revision, object.sequencer.as_deref()];
    let mut hash = Sha256::new();
    for part in parts.map(Option::unwrap_or_default) {
        // The length first: without it ("ab", "c") and ("a", "bc") would hash alike.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut name = readable(&location.key);
    name.push('-');
    name.push_str(&hex::encode(&hash.finalize()[..HASH_LENGTH / 2]));
    name
}

/// The start of the key's last segment, with every character that a name may not have replaced.
fn readable(key: &str) -> String {
    let segment = key.rsplit('/').next().unwrap_or_default();
    let legal = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
    segment.chars().map(legal).take(NAME_LENGTH - HASH_LENGTH - 1).collect()
}

#[cfg(test)]
mod tests {
    use contract::FileLocation;

    use super::*;

    fn object(bucket: &str, key: &str, version: Option<&str>, etag: Option<&str>, sequencer: &str) -> CreatedObject {
        CreatedObject {
            location: FileLocation {
                bucket: bucket.into(),
                key: key.into(),
                version_id: version.map(Into::into),
                etag: etag.map(Into::into),
                size: None,
            },
            sequencer: Some(sequencer.into()),
        }
    }

    #[test]
    fn the_same_change_has_the_same_name() {
        let one = object("bucket", "ingest/2015/09/12/a.jsonl.gz", Some("v1"), Some("e"), "1");
        assert_eq!(name(&one), name(&one.clone()));
        assert!(name(&one).starts_with("a_jsonl_gz-"), "{}", name(&one));
    }

    #[test]
    fn every_part_tells_two_changes_apart() {
        let one = object("bucket", "ingest/a.json", None, Some("e"), "1");
        for other in [
            object("bucket2", "ingest/a.json", None, Some("e"), "1"),
            object("bucket", "ingest/b/a.json", None, Some("e"), "1"),
            object("bucket", "ingest/a.json", Some("v"), Some("e"), "1"),
            object("bucket", "ingest/a.json", None, Some("f"), "1"),
            object("bucket", "ingest/a.json", None, Some("e"), "2"),
            object("bucketingest/a.jso", "n", None, Some("e"), "1"),
        ] {
            assert_ne!(name(&one), name(&other));
        }
    }

    #[test]
    fn a_name_is_legal_whatever_the_key() {
        for key in ["", "ingest/", "ingest/é🎉 \u{7f}<>{}*?\"#%.jsonl", &"x".repeat(1024)] {
            let name = name(&object("b", key, None, None, ""));
            assert!((1..=NAME_LENGTH).contains(&name.len()), "{name}");
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{name}");
        }
    }
}

//! The objects in S3 that Map states read and write.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// By bucket and key, in the order in which S3 lists them.
#[derive(Debug, Default)]
pub(super) struct Objects(BTreeMap<(String, String), Vec<u8>>);

impl Objects {
    pub(super) fn put(&mut self, bucket: &str, key: &str, bytes: Vec<u8>) {
        self.0.insert((bucket.to_owned(), key.to_owned()), bytes);
    }

    pub(super) fn get(&self, bucket: &str, key: &str) -> Option<&[u8]> {
        self.0.get(&(bucket.to_owned(), key.to_owned())).map(Vec::as_slice)
    }

    /// As a distributed Map gets the objects of a bucket.
    pub(super) fn list(&self, bucket: &str, prefix: &str) -> Vec<Value> {
        let matching = self.0.iter().filter(|((of, key), _)| of == bucket && key.starts_with(prefix));
        matching
            .map(|((_, key), bytes)| {
                json!({"Etag": "", "Key": key, "LastModified": 0, "Size": bytes.len(), "StorageClass": "STANDARD"})
            })
            .collect()
    }
}

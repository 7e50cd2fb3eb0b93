//! Keeps the lines that did not become items: JSON Lines in the quarantine bucket, one object for each file.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use contract::{FileLocation, QUARANTINE_PREFIX};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Receiver;
use tracing::warn;

use crate::error::Error;

/// The size of a part. S3 takes at most 10,000 parts of at least 5 MiB
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>), which makes 78 GiB here.
const PART_BYTES: usize = 8 << 20;

/// S3's limit on a key.
const KEY_BYTES: usize = 1024;

/// The quarantine object's media type.
const CONTENT_TYPE: &str = "application/x-ndjson";

/// The quarantine object's key for the state `revision` of `file`. A rerun finds the same key, and replaces the object.
pub(crate) fn key(file: &FileLocation, revision: &str) -> String {
    let key = format!("{QUARANTINE_PREFIX}{}/{revision}.jsonl", file.key);
    if key.len() <= KEY_BYTES {
        return key;
    }
    let hash = Sha256::digest(&file.key);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{QUARANTINE_PREFIX}{hash}/{revision}.jsonl")
}

/// The quarantine object while it is written. Nothing is there to see until [`finish`](Upload::finish).
pub(crate) struct Upload<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: String,
    buffer: Vec<u8>,
    /// Set with the first part. An object that fits one part is put in one request.
    upload_id: Option<String>,
    parts: Vec<CompletedPart>,
}

impl<'a> Upload<'a> {
    /// An upload that has not begun.
    pub(crate) fn new(client: &'a Client, bucket: &'a str, key: String) -> Self {
        Self { client, bucket, key, buffer: Vec::new(), upload_id: None, parts: Vec::new() }
    }

    /// Takes records until all who send them are done.
    pub(crate) async fn receive(&mut self, mut records: Receiver<Vec<u8>>) -> Result<(), Error> {
        while let Some(more) = records.recv().await {
            if self.buffer.len() >= PART_BYTES {
                self.send_part().await?;
            }
            self.buffer.extend_from_slice(&more);
        }
        Ok(())
    }

    /// Makes the object appear, and returns its key. Without any record there is no object.
    pub(crate) async fn finish(&mut self) -> Result<Option<String>, Error> {
        if self.upload_id.is_none() {
            if self.buffer.is_empty() {
                return Ok(None);
            }
            let body = ByteStream::from(std::mem::take(&mut self.buffer));
            let request = self.client.put_object().bucket(self.bucket).key(&self.key);
            let answer = request.content_type(CONTENT_TYPE).body(body).send().await;
            answer.map_err(|error| self.failed(error))?;
            return Ok(Some(self.key.clone()));
        }
        self.send_part().await?;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.parts))).build();
        let request = self.client.complete_multipart_upload().bucket(self.bucket).key(&self.key);
        let answer = request.set_upload_id(self.upload_id.clone()).multipart_upload(parts).send().await;
        answer.map_err(|error| self.failed(error))?;
        self.upload_id = None;
        Ok(Some(self.key.clone()))
    }

    /// Discards what has been sent. Parts that stay because this fails too are charged for until the bucket's lifecycle
    /// removes them.
    pub(crate) async fn abort(self) {
        let Some(upload_id) = &self.upload_id else { return };
        let request = self.client.abort_multipart_upload().bucket(self.bucket).key(&self.key).upload_id(upload_id);
        if let Err(error) = request.send().await {
            warn!(error = %self.failed(error), "a multipart upload is left behind");
        }
    }

    async fn send_part(&mut self) -> Result<(), Error> {
        if self.upload_id.is_none() {
            let request = self.client.create_multipart_upload().bucket(self.bucket).key(&self.key);
            let answer = request.content_type(CONTENT_TYPE).send().await;
            self.upload_id = answer.map_err(|error| self.failed(error))?.upload_id;
        }
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let body = ByteStream::from(std::mem::take(&mut self.buffer));
        let request = self.client.upload_part().bucket(self.bucket).key(&self.key).part_number(number);
        let answer = request.set_upload_id(self.upload_id.clone()).body(body).send().await;
        let answer = answer.map_err(|error| self.failed(error))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag);
        self.parts.push(part.set_checksum_crc32(answer.checksum_crc32).build());
        Ok(())
    }

    fn failed<E>(&self, error: SdkError<E>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        Error::service(format!("write s3://{}/{}", self.bucket, self.key), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, revision: &str, expected: &str) {
        let file = FileLocation { bucket: "b".into(), key: key.into(), version_id: None, etag: None, size: None };
        let quarantined = super::key(&file, revision);
        assert_eq!(quarantined, expected);
        assert!(quarantined.len() <= KEY_BYTES);
    }

    #[test]
    fn each_state_of_a_file_has_a_quarantine_key_of_its_own() {
        check("ingest/2015/a b.jsonl.gz", "v1", "quarantine/ingest/2015/a b.jsonl.gz/v1.jsonl");
        check("ingest/2015/a b.jsonl.gz", "v2", "quarantine/ingest/2015/a b.jsonl.gz/v2.jsonl");
    }

    #[test]
    fn a_key_that_would_be_too_long_is_hashed() {
        let hash = "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a";
        check(&"a".repeat(1024), "v1", &format!("quarantine/{hash}/v1.jsonl"));
    }
}

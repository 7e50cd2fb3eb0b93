//! Writes an object of S3 whose length is not known before, in bounded memory.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use tokio::time::timeout;
use tracing::warn;

use crate::error::Error;

/// A part is sent when it has this many bytes. S3 takes 10,000 parts, each but the last of 5 MiB at least
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const PART_BYTES: usize = 8 << 20;

/// How long discarding may take. A run that has outlasted its time does it out of what is kept for its answer.
const ABORT_WITHIN: Duration = Duration::from_secs(1);

/// An object that is being written. Nothing is there to see until [`finish`](Multipart::finish).
pub(crate) struct Multipart<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: String,
    content_type: &'static str,
    unsent: Vec<u8>,
    /// Set with the first part. An object that fits one part is put in one request.
    upload_id: Option<String>,
    parts: Vec<CompletedPart>,
}

impl<'a> Multipart<'a> {
    /// An object that has not begun.
    pub(crate) fn new(client: &'a Client, bucket: &'a str, key: String, content_type: &'static str) -> Self {
        Self { client, bucket, key, content_type, unsent: Vec::new(), upload_id: None, parts: Vec::new() }
    }

    /// The object's key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Writes behind what has been written.
    pub(crate) async fn write(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        if self.unsent.is_empty() {
            self.unsent = bytes;
        } else {
            self.unsent.extend_from_slice(&bytes);
        }
        if self.unsent.len() >= PART_BYTES {
            self.send_part().await?;
        }
        Ok(())
    }

    /// Makes the object appear.
    pub(crate) async fn finish(&mut self) -> Result<(), Error> {
        if self.upload_id.is_none() {
            let body = ByteStream::from(std::mem::take(&mut self.unsent));
            let request = self.client.put_object().bucket(self.bucket).key(&self.key).content_type(self.content_type);
            request.body(body).send().await.map_err(|error| self.failed(error))?;
            return Ok(());
        }
        self.send_part().await?;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.parts))).build();
        let request = self.client.complete_multipart_upload().bucket(self.bucket).key(&self.key);
        let answer = request.set_upload_id(self.upload_id.clone()).multipart_upload(parts).send().await;
        answer.map_err(|error| self.failed(error))?;
        self.upload_id = None;
        Ok(())
    }

    /// Discards what has been sent and has not appeared. Parts that stay because this fails too are charged for until the
    /// bucket's lifecycle removes them.
    pub(crate) async fn abort(self) {
        let Some(upload_id) = &self.upload_id else { return };
        let request = self.client.abort_multipart_upload().bucket(self.bucket).key(&self.key).upload_id(upload_id);
        let error = match timeout(ABORT_WITHIN, request.send()).await {
            Ok(answer) => answer.err().map(|error| self.failed(error).to_string()),
            Err(late) => Some(late.to_string()),
        };
        if let Some(error) = error {
            warn!(key = self.key, error, "a multipart upload is left behind");
        }
    }

    async fn send_part(&mut self) -> Result<(), Error> {
        if self.upload_id.is_none() {
            let request = self.client.create_multipart_upload().bucket(self.bucket).key(&self.key);
            let answer = request.content_type(self.content_type).send().await;
            self.upload_id = answer.map_err(|error| self.failed(error))?.upload_id;
        }
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let body = ByteStream::from(std::mem::take(&mut self.unsent));
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

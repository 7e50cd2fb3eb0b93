//! An object that is sent in parts, and an interrupted upload taken up again.
//!
//! S3 keeps the parts of an upload that nobody finished. Since a key is its content's hash, an unfinished upload of the
//! same key is of the same file, whoever began it: the parts that it has need not be sent again, if their hashes are
//! right.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, Part};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::{StreamExt, TryStreamExt, stream};

use super::content::Content;
use super::meter::Meter;
use super::{AssetStore, PARALLEL_PARTS};
use crate::DeploymentError;

/// How S3 says that an upload is finished, aborted or expired.
const NO_UPLOAD: &str = "NoSuchUpload";

/// One object and the file it comes from.
pub(super) struct Multipart<'a> {
    pub(super) store: &'a AssetStore,
    pub(super) key: &'a str,
    pub(super) content: &'a Content,
    pub(super) meter: &'a Meter,
}

/// The parts that S3 has: the entity tag by index.
type Parts = BTreeMap<usize, String>;

impl Multipart<'_> {
    /// Sends the parts that S3 has not, and makes the object of all of them. `progress` is given the bytes that S3
    /// has.
    pub(super) async fn upload(&self, progress: &(impl Fn(u64) + Sync)) -> Result<(), DeploymentError> {
        match self.send(progress).await {
            // Somebody else sent the same file, and was faster.
            Err(DeploymentError::Refused { code, .. }) if code == NO_UPLOAD && self.store.has(self.key).await? => {
                progress(self.content.size);
                Ok(())
            }
            result => result,
        }
    }

    async fn send(&self, progress: &(impl Fn(u64) + Sync)) -> Result<(), DeploymentError> {
        let (upload_id, mut parts) = match self.interrupted().await? {
            Some(interrupted) => interrupted,
            None => (self.create().await?, Parts::new()),
        };
        let sent = AtomicU64::new(parts.keys().map(|&index| self.content.part_size(index)).sum());
        progress(sent.load(Ordering::Relaxed));
        let missing = (0..self.content.parts()).filter(|index| !parts.contains_key(index)).collect::<Vec<_>>();
        let (id, counter) = (&upload_id, &sent);
        let arriving = stream::iter(missing).map(|index| async move {
            let tag = self.send_part(id, index).await?;
            let size = self.content.part_size(index);
            progress(counter.fetch_add(size, Ordering::Relaxed) + size);
            Ok::<_, DeploymentError>((index, tag))
        });
        let arrived: Vec<_> = arriving.buffer_unordered(PARALLEL_PARTS).try_collect().await?;
        parts.extend(arrived);
        self.complete(&upload_id, parts).await
    }

    /// The newest upload of this key that was begun and not finished, and what S3 has of it.
    async fn interrupted(&self) -> Result<Option<(String, Parts)>, DeploymentError> {
        let request = self.store.connection.s3.list_multipart_uploads().bucket(&self.store.bucket).prefix(self.key);
        let answer = request.send().await.map_err(DeploymentError::aws(self.action("look for an upload of")))?;
        let newest = answer
            .uploads
            .unwrap_or_default()
            .into_iter()
            .filter(|upload| upload.key.as_deref() == Some(self.key))
            // Parts without this checksum could not be told from other ones.
            .filter(|upload| upload.checksum_algorithm.as_ref().is_none_or(|name| *name == ChecksumAlgorithm::Sha256))
            .max_by_key(|upload| upload.initiated.map(|time| (time.secs(), time.subsec_nanos())));
        let Some(upload_id) = newest.and_then(|upload| upload.upload_id) else { return Ok(None) };
        Ok(self.arrived(&upload_id).await?.map(|parts| (upload_id, parts)))
    }

    /// The parts that S3 has and that are right; none where the upload is gone.
    async fn arrived(&self, upload_id: &str) -> Result<Option<Parts>, DeploymentError> {
        let request = self.store.connection.s3.list_parts().bucket(&self.store.bucket).key(self.key);
        let listed = request.upload_id(upload_id).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        match listed {
            Ok(parts) => Ok(Some(parts.into_iter().filter_map(|part| self.accept(part)).collect())),
            Err(error) if error.code() == Some(NO_UPLOAD) => Ok(None),
            Err(error) => Err(DeploymentError::aws(self.action("list the parts of"))(error)),
        }
    }

    /// The part, if it is what the file has there.
    fn accept(&self, part: Part) -> Option<(usize, String)> {
        let index = usize::try_from(part.part_number?).ok()?.checked_sub(1)?;
        let expected = BASE64.encode(self.content.part_sha256(index)?);
        (part.checksum_sha256? == expected).then_some((index, part.e_tag?))
    }

    async fn create(&self) -> Result<String, DeploymentError> {
        let request = self.store.connection.s3.create_multipart_upload().bucket(&self.store.bucket).key(self.key);
        let request = request.checksum_algorithm(ChecksumAlgorithm::Sha256);
        let answer = request.send().await.map_err(DeploymentError::aws(self.action("begin to upload")))?;
        Ok(answer.upload_id.unwrap_or_default())
    }

    /// Sends one part, and gives its entity tag. S3 refuses a part whose content has another hash.
    async fn send_part(&self, upload_id: &str, index: usize) -> Result<String, DeploymentError> {
        let body = self.meter.body(self.content.part(index).await?);
        let request = self.store.connection.s3.upload_part().bucket(&self.store.bucket).key(self.key);
        let request = request.upload_id(upload_id).part_number(number(index)).body(body);
        let request = request.set_checksum_sha256(self.content.part_sha256(index).map(|hash| BASE64.encode(hash)));
        let action = self.action(&format!("upload part {} of", number(index)));
        Ok(request.send().await.map_err(DeploymentError::aws(action))?.e_tag.unwrap_or_default())
    }

    /// Makes the object. S3 compares each part's hash and the size of the whole; the hash of the whole was compared
    /// before the first part was sent.
    async fn complete(&self, upload_id: &str, parts: Parts) -> Result<(), DeploymentError> {
        let parts = parts.into_iter().map(|(index, tag)| {
            let hash = self.content.part_sha256(index).map(|hash| BASE64.encode(hash));
            CompletedPart::builder().part_number(number(index)).e_tag(tag).set_checksum_sha256(hash).build()
        });
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let request = self.store.connection.s3.complete_multipart_upload().bucket(&self.store.bucket).key(self.key);
        let request = request.upload_id(upload_id).multipart_upload(parts);
        let request = request.set_mpu_object_size(i64::try_from(self.content.size).ok());
        request.send().await.map_err(DeploymentError::aws(self.action("finish the upload of")))?;
        Ok(())
    }

    fn action(&self, verb: &str) -> String {
        format!("{verb} {} in {}", self.key, self.store.bucket)
    }
}

/// S3 counts from one, to 10,000.
fn number(index: usize) -> i32 {
    i32::try_from(index + 1).unwrap_or(i32::MAX)
}

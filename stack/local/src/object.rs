//! Reading what a bucket holds.

use std::path::{Path, PathBuf};

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use tokio::io::AsyncWriteExt as _;

use crate::client::reason;
use crate::execution::Object;

/// A bucket could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// S3 refused, or did not answer, or the answer broke off.
    #[error("cannot read s3://{bucket}/{key}: {reason}; check that the stack is deployed, and that you may read it")]
    Get {
        /// The bucket.
        bucket: String,
        /// The key, or the prefix of keys.
        key: String,
        /// What S3 said.
        reason: String,
    },
    /// The file on this machine could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// The keys in `bucket` that begin with `prefix`, in order.
///
/// # Errors
///
/// S3 refuses, or does not answer.
pub async fn list(client: &Client, bucket: &str, prefix: &str) -> Result<Vec<String>, ObjectError> {
    let mut pages = client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed(bucket, prefix, reason(&error)))?;
        keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
    }
    Ok(keys)
}

/// Whether another state has taken the place of `object`: of its version or, where it names none, of what had this entity
/// tag. Nothing takes the place of an object that is deleted.
///
/// # Errors
///
/// S3 refuses.
pub async fn is_replaced(client: &Client, object: &Object, etag: Option<&str>) -> Result<bool, ObjectError> {
    let Object { bucket, key, version_id } = object;
    match client.head_object().bucket(bucket).key(key).send().await {
        Ok(now) if version_id.is_some() => Ok(now.version_id != *version_id),
        Ok(now) => Ok(etag.is_some() && now.e_tag.as_deref().map(|etag| etag.trim_matches('"')) != etag),
        Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(false),
        Err(error) => Err(failed(bucket, key, reason(&error))),
    }
}

/// Reads an object that is small.
///
/// # Errors
///
/// S3 refuses, or the answer breaks off.
pub async fn read(client: &Client, bucket: &str, key: &str) -> Result<Vec<u8>, ObjectError> {
    let answer = client.get_object().bucket(bucket).key(key).send().await;
    let body = answer.map_err(|error| failed(bucket, key, reason(&error)))?.body.collect().await;
    Ok(body.map_err(|error| failed(bucket, key, error.to_string()))?.into_bytes().into())
}

/// Writes an object to the file `path`, in bounded memory.
///
/// # Errors
///
/// S3 refuses, the answer breaks off, or the file cannot be written.
pub async fn download(client: &Client, bucket: &str, key: &str, path: &Path) -> Result<(), ObjectError> {
    let unwritable = |source| ObjectError::Write { path: path.to_owned(), source };
    let answer = client.get_object().bucket(bucket).key(key).send().await;
    let mut body = answer.map_err(|error| failed(bucket, key, reason(&error)))?.body;
    let mut file = tokio::fs::File::create(path).await.map_err(unwritable)?;
    while let Some(bytes) = body.try_next().await.map_err(|error| failed(bucket, key, error.to_string()))? {
        file.write_all(&bytes).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)
}

fn failed(bucket: &str, key: &str, reason: String) -> ObjectError {
    ObjectError::Get { bucket: bucket.to_owned(), key: key.to_owned(), reason }
}

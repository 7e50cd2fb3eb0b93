//! Putting a local file into a bucket.

use std::path::{Path, PathBuf};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;

use crate::client::reason;
use crate::execution::Object;

/// What S3 says of an uploaded object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// The object, with its version where the bucket is versioned.
    pub object: Object,
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// Bytes.
    pub size: u64,
}

/// A file could not be uploaded.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It could not be read.
    #[error("cannot read {path}: {source}; check the path")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// S3 refused it, or did not answer.
    #[error(
        "cannot upload {path} to s3://{bucket}/{key}: {reason}; check the bucket's name and that the stack is deployed"
    )]
    Put {
        /// The file.
        path: PathBuf,
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// What S3 said.
        reason: String,
    },
}

/// Uploads `file` to `s3://bucket/key` in one request (S3 allows 5 GiB), in bounded memory.
///
/// # Errors
///
/// The file cannot be read, or S3 refuses it.
pub async fn upload(client: &Client, file: &Path, bucket: &str, key: &str) -> Result<Uploaded, UploadError> {
    let unreadable = |source| UploadError::Read { path: file.to_owned(), source };
    let size = tokio::fs::metadata(file).await.map_err(unreadable)?.len();
    let body = ByteStream::from_path(file).await.map_err(|source| unreadable(std::io::Error::other(source)))?;
    let answer =
        client.put_object().bucket(bucket).key(key).body(body).send().await.map_err(|error| UploadError::Put {
            path: file.to_owned(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            reason: reason(&error),
        })?;
    let object =
        Object { bucket: bucket.to_owned(), key: key.to_owned(), version_id: answer.version_id().map(str::to_owned) };
    Ok(Uploaded { object, etag: answer.e_tag().map(|tag| tag.trim_matches('"').to_owned()), size })
}

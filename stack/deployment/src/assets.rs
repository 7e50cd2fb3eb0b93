//! The files that templates refer to: put into the assets bucket once, each under its hash.

mod content;
mod meter;
mod multipart;

use std::path::PathBuf;

use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

use self::content::Content;
use self::meter::Meter;
use self::multipart::Multipart;
use crate::{Connection, DeploymentError, Template};

/// CloudFormation's limits for a template in a request and in S3, bytes.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub(crate) const BODY_LIMIT: usize = 51_200;
const URL_LIMIT: usize = 1_000_000;

/// Assets on their way at one time, and parts of one asset: as many parts are in memory as the two multiplied.
const PARALLEL_ASSETS: usize = 2;
const PARALLEL_PARTS: usize = 4;

/// A file that a template refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

impl Asset {
    /// Where the file goes in the bucket: `<sha256>.zip`, with the file's own extension. The same content has the
    /// same key, so that a template changes exactly when what it refers to does.
    pub fn key(&self) -> String {
        match self.path.extension().and_then(|extension| extension.to_str()) {
            Some(extension) => format!("{}.{extension}", self.sha256),
            None => self.sha256.clone(),
        }
    }
}

/// Where an asset is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// Whether it had to be sent: false when it was there already.
    pub sent: bool,
}

/// How far the upload of an asset is. An asset that the bucket has already makes no progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadProgress<'a> {
    /// The asset.
    pub asset: &'a Asset,
    /// Bytes that the bucket has, or that have left for it.
    pub sent_bytes: u64,
    /// Bytes that the bucket has, those of an interrupted upload included.
    pub stored_bytes: u64,
    /// Bytes of the whole.
    pub total_bytes: u64,
}

/// The bucket for assets.
#[derive(Clone, Debug)]
pub struct AssetStore {
    connection: Connection,
    bucket: String,
}

impl AssetStore {
    pub(crate) fn new(connection: &Connection, bucket: &str) -> Self {
        Self { connection: connection.clone(), bucket: bucket.to_owned() }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Uploads `asset`, unless the bucket has it. S3 refuses a file whose content has another hash.
    ///
    /// # Errors
    ///
    /// The file cannot be read, its hash is wrong, or AWS refuses it.
    pub async fn upload(&self, asset: &Asset) -> Result<Upload, DeploymentError> {
        self.upload_one(asset, &|_| {}).await
    }

    /// Uploads each of `assets` that the bucket has not, and says where all of them are, in their order. `progress`
    /// hears every now and then how much has left, and of every part that has arrived.
    ///
    /// A large file goes in parts, several at a time. An upload that was interrupted is taken up where it broke off:
    /// only what is missing is sent.
    ///
    /// # Errors
    ///
    /// As [`upload`](Self::upload).
    pub async fn upload_all(
        &self,
        assets: &[Asset],
        progress: impl Fn(UploadProgress<'_>) + Sync,
    ) -> Result<Vec<Upload>, DeploymentError> {
        let uploads = stream::iter(assets).map(|asset| self.upload_one(asset, &progress));
        uploads.buffered(PARALLEL_ASSETS).try_collect().await
    }

    async fn upload_one(
        &self,
        asset: &Asset,
        progress: &(impl Fn(UploadProgress<'_>) + Sync),
    ) -> Result<Upload, DeploymentError> {
        let (key, sha256) = (asset.key(), decode_sha256(&asset.sha256)?);
        let sent = !self.has(&key).await?;
        if sent {
            let content = Content::read(asset.path.clone()).await?;
            if content.sha256 != sha256 {
                return Err(DeploymentError::AssetChanged { path: asset.path.clone() });
            }
            let (meter, total_bytes) = (Meter::default(), content.size);
            let tell = || {
                let (sent_bytes, stored_bytes) = (meter.sent().min(total_bytes), meter.stored());
                progress(UploadProgress { asset, sent_bytes, stored_bytes, total_bytes });
            };
            let stored = |bytes| {
                meter.store(bytes);
                tell();
            };
            let upload = async {
                if content.parts() > 1 {
                    return Multipart { store: self, key: &key, content: &content, meter: &meter }
                        .upload(&stored)
                        .await;
                }
                stored(0);
                self.put(&key, &sha256, meter.body(content.part(0).await?)).await?;
                stored(total_bytes);
                Ok(())
            };
            meter.watch(upload, tell).await?;
        }
        Ok(Upload { bucket: self.bucket.clone(), key, sent })
    }

    /// What to give CloudFormation for the template `body`: the text where it is short, else an object in the bucket.
    ///
    /// # Errors
    ///
    /// The template is larger than 1 MB, or cannot be uploaded.
    pub async fn template(&self, body: String) -> Result<Template, DeploymentError> {
        if body.len() > URL_LIMIT {
            return Err(DeploymentError::TemplateTooLarge { size: body.len(), limit: URL_LIMIT });
        }
        if body.len() <= BODY_LIMIT {
            return Ok(Template::from(body));
        }
        let sha256: [u8; 32] = Sha256::digest(&body).into();
        let key = format!("{}.template", hex::encode(sha256));
        if !self.has(&key).await? {
            self.put(&key, &sha256, body.clone().into_bytes().into()).await?;
        }
        Ok(Template::at(self.bucket.clone(), self.url(&key), body))
    }

    /// Sends `body` in one request. S3 refuses it where it has another hash than `sha256`.
    async fn put(&self, key: &str, sha256: &[u8; 32], body: ByteStream) -> Result<(), DeploymentError> {
        let request = self.connection.s3.put_object().bucket(&self.bucket).key(key);
        let request = request.checksum_sha256(BASE64.encode(sha256)).body(body);
        request.send().await.map_err(DeploymentError::aws(format!("upload {key} to {}", self.bucket)))?;
        Ok(())
    }

    async fn has(&self, key: &str) -> Result<bool, DeploymentError> {
        self.connection.has_object(&self.bucket, key).await
    }

    /// The object's address, as CloudFormation reads it.
    fn url(&self, key: &str) -> String {
        let (bucket, region) = (&self.bucket, self.connection.region());
        match self.connection.endpoint_url() {
            Some(endpoint) => format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')),
            None if region.starts_with("cn-") => format!("https://{bucket}.s3.{region}.amazonaws.com.cn/{key}"),
            None => format!("https://{bucket}.s3.{region}.amazonaws.com/{key}"),
        }
    }
}

impl Template {
    /// Another template, given to CloudFormation in the same way where it is as long.
    pub(crate) async fn beside(&self, connection: &Connection, body: String) -> Result<Self, DeploymentError> {
        let template = match self.bucket() {
            Some(bucket) => AssetStore::new(connection, bucket).template(body).await?,
            None => Self::from(body),
        };
        template.check_size().map(|()| template)
    }
}

impl Connection {
    /// Whether the bucket has an object of that key.
    pub(crate) async fn has_object(&self, bucket: &str, key: &str) -> Result<bool, DeploymentError> {
        match self.s3.head_object().bucket(bucket).key(key).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(false),
            Err(error) => Err(DeploymentError::aws(format!("look for {key} in {bucket}"))(error)),
        }
    }
}

pub(crate) fn decode_sha256(hexadecimal: &str) -> Result<[u8; 32], DeploymentError> {
    let invalid = || DeploymentError::Hash(hexadecimal.to_owned());
    let mut bytes = [0; 32];
    if hexadecimal.len() != 2 * bytes.len() || !hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(invalid());
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hexadecimal[2 * index..2 * index + 2], 16).map_err(|_| invalid())?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_checked_before_anything_is_sent() {
        for text in ["", "2cf2", "é", &"g".repeat(64), &"+1".repeat(32)] {
            assert!(decode_sha256(text).is_err(), "{text}");
        }
        assert_eq!(decode_sha256(&"0f".repeat(32)).unwrap(), [15; 32]);
    }
}

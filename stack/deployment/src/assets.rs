//! The bucket for the files that templates refer to, and what lies in it.

use std::path::PathBuf;

use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::apply::{Step, apply, next_step};
use crate::{Connection, DeploymentError, Operation, StackRequest, Template};

/// The usual name of the assets stack: one in an account and region, for all stacks.
pub const ASSETS_STACK: &str = "pipeline-assets";

/// The assets stack's output that names the bucket.
const BUCKET_OUTPUT: &str = "AssetsBucketName";

/// CloudFormation's limits for a template in a request and in S3, bytes.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub(crate) const BODY_LIMIT: usize = 51_200;
const URL_LIMIT: usize = 1_000_000;

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

/// The bucket for assets.
#[derive(Clone, Debug)]
pub struct AssetStore {
    connection: Connection,
    bucket: String,
}

impl Connection {
    /// Makes sure of the assets stack `name` and its bucket: private, encrypted, versioned, reached over TLS only.
    /// An operation without events is one that had nothing to do.
    ///
    /// The operation fails where `name` is some other stack's, which stays as it is.
    pub fn bootstrap(&self, name: impl Into<String>) -> Operation<AssetStore> {
        let (connection, name) = (self.clone(), name.into());
        Operation::new(|events| async move {
            if !connection.is_bootstrapped(&name).await? {
                let request = StackRequest { recreate_failed: true, ..StackRequest::new(&name, assets_template()) };
                apply(&connection, &request, &events).await?;
            }
            connection.asset_store(&name).await
        })
    }

    /// Whether the assets stack is there, with the template of this version. Two reads, where a change set that finds
    /// no change takes seconds.
    async fn is_bootstrapped(&self, name: &str) -> Result<bool, DeploymentError> {
        match self.stack(name).await? {
            Some(stack) if matches!(next_step(&stack), Step::Update) => {
                self.asset_store(name).await?;
                Ok(self.template(name).await? == assets_template())
            }
            _ => Ok(false),
        }
    }

    /// The bucket of the assets stack `name`.
    ///
    /// # Errors
    ///
    /// There is no such stack, or it is not an assets stack.
    pub async fn asset_store(&self, name: &str) -> Result<AssetStore, DeploymentError> {
        let bucket = self.outputs(name).await?.remove(BUCKET_OUTPUT);
        let bucket =
            bucket.ok_or_else(|| DeploymentError::NoOutput { stack: name.to_owned(), output: BUCKET_OUTPUT })?;
        Ok(AssetStore { connection: self.clone(), bucket })
    }
}

impl AssetStore {
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
        let body = ByteStream::from_path(&asset.path)
            .await
            .map_err(|error| DeploymentError::File { path: asset.path.clone(), source: error.into() })?;
        self.put(asset.key(), &asset.sha256, body).await
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
            return Ok(Template::Body(body));
        }
        let sha256: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
        let upload = self.put(format!("{sha256}.template"), &sha256, body.into_bytes().into()).await?;
        Ok(Template::Url(self.url(&upload.key)))
    }

    async fn put(&self, key: String, sha256: &str, body: ByteStream) -> Result<Upload, DeploymentError> {
        let checksum = BASE64.encode(decode_sha256(sha256)?);
        let sent = !self.has(&key).await?;
        if sent {
            let request = self.connection.s3.put_object().bucket(&self.bucket).key(&key);
            let request = request.checksum_sha256(checksum).body(body);
            request.send().await.map_err(DeploymentError::aws(format!("upload {key} to {}", self.bucket)))?;
        }
        Ok(Upload { bucket: self.bucket.clone(), key, sent })
    }

    async fn has(&self, key: &str) -> Result<bool, DeploymentError> {
        match self.connection.s3.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(false),
            Err(error) => Err(DeploymentError::aws(format!("look for {key} in {}", self.bucket))(error)),
        }
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

fn decode_sha256(hexadecimal: &str) -> Result<[u8; 32], DeploymentError> {
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

/// The assets stack. The bucket outlives it: deployed stacks refer to what lies in it.
fn assets_template() -> String {
    let bucket_arn = json!({ "Fn::GetAtt": ["AssetsBucket", "Arn"] });
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "A bucket for the files that other stacks' templates refer to.",
        "Resources": {
            "AssetsBucket": {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {
                    "BucketEncryption": { "ServerSideEncryptionConfiguration": [
                        { "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } }
                    ] },
                    "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
                    "PublicAccessBlockConfiguration": {
                        "BlockPublicAcls": true,
                        "BlockPublicPolicy": true,
                        "IgnorePublicAcls": true,
                        "RestrictPublicBuckets": true
                    },
                    "VersioningConfiguration": { "Status": "Enabled" },
                    "LifecycleConfiguration": { "Rules": [{
                        "Id": "ExpireOldVersions",
                        "Status": "Enabled",
                        "NoncurrentVersionExpiration": { "NoncurrentDays": 30 },
                        "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 7 }
                    }] }
                }
            },
            "AssetsBucketPolicy": {
                "Type": "AWS::S3::BucketPolicy",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {
                    "Bucket": { "Ref": "AssetsBucket" },
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{
                            "Sid": "TlsOnly",
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": [bucket_arn, { "Fn::Sub": "${AssetsBucket.Arn}/*" }],
                            "Condition": { "Bool": { "aws:SecureTransport": "false" } }
                        }]
                    }
                }
            }
        },
        "Outputs": { BUCKET_OUTPUT: { "Description": "The bucket's name.", "Value": { "Ref": "AssetsBucket" } } }
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_assets_bucket_is_closed_and_outlives_its_stack() {
        let template: Value = serde_json::from_str(&assets_template()).unwrap();
        let check =
            |pointer: &str, expected: Value| assert_eq!(template.pointer(pointer), Some(&expected), "{pointer}");
        let bucket = "/Resources/AssetsBucket";
        check(&format!("{bucket}/DeletionPolicy"), json!("Retain"));
        check(&format!("{bucket}/Properties/VersioningConfiguration/Status"), json!("Enabled"));
        for setting in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
            check(&format!("{bucket}/Properties/PublicAccessBlockConfiguration/{setting}"), json!(true));
        }
        let statement = "/Resources/AssetsBucketPolicy/Properties/PolicyDocument/Statement/0";
        check(&format!("{statement}/Effect"), json!("Deny"));
        check(&format!("{statement}/Condition"), json!({ "Bool": { "aws:SecureTransport": "false" } }));
    }

    #[test]
    fn a_hash_is_checked_before_anything_is_sent() {
        for text in ["", "2cf2", "é", &"g".repeat(64), &"+1".repeat(32)] {
            assert!(decode_sha256(text).is_err(), "{text}");
        }
        assert_eq!(decode_sha256(&"0f".repeat(32)).unwrap(), [15; 32]);
    }
}

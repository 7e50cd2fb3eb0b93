//! The assets stack's template.

use cloudformation::s3::bucket::{
    AbortIncompleteMultipartUpload, BucketEncryption, LifecycleConfiguration, NoncurrentVersionExpiration,
    ObjectOwnership, OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration, Rule, RuleStatus,
    SSEAlgorithm, ServerSideEncryptionByDefault, ServerSideEncryptionRule, VersioningConfiguration,
    VersioningConfigurationStatus,
};
use cloudformation::{Handle, PolicyDocument, Removal, Stack, Statement, s3, text};

use super::{BUCKET_OUTPUT, VERSION_OUTPUT};
use crate::DeploymentError;

/// The template's version: one more whenever the template changes, so that deployed stacks are brought up to date.
pub(super) const VERSION: u32 = 1;

/// Days that an overwritten or deleted version is kept, for who deleted the wrong one.
const OLD_VERSION_DAYS: u32 = 30;

/// Days within which an interrupted upload can be taken up again. Its parts are invisible, and are paid for.
const UNFINISHED_UPLOAD_DAYS: u32 = 7;

/// The template's text.
pub(super) fn body() -> Result<String, DeploymentError> {
    Ok(define().template().map_err(DeploymentError::AssetsTemplate)?.as_json().to_string())
}

/// Both resources outlive the stack: deployed stacks refer to what lies in the bucket.
fn define() -> Stack {
    let mut stack = Stack::new("A bucket for the files that other stacks' templates refer to.");
    let bucket = stack.add("AssetsBucket", bucket());
    stack.attributes(&bucket).removal(Removal::Retain);
    let policy = stack.add("AssetsBucketPolicy", s3::BucketPolicy::new(bucket.reference(), tls_only(&bucket)));
    stack.attributes(&policy).removal(Removal::Retain);
    stack.output(BUCKET_OUTPUT, "The bucket's name.", bucket.reference());
    stack.output(VERSION_OUTPUT, "The version of this template.", VERSION.to_string());
    stack
}

fn bucket() -> s3::Bucket {
    let encryption = ServerSideEncryptionRule::new()
        .server_side_encryption_by_default(ServerSideEncryptionByDefault::new(SSEAlgorithm::Aes256));
    let expiry = Rule::new(RuleStatus::Enabled)
        .id("expire-old-versions")
        .noncurrent_version_expiration(NoncurrentVersionExpiration::new(OLD_VERSION_DAYS));
    let unfinished = Rule::new(RuleStatus::Enabled)
        .id("abort-unfinished-uploads")
        .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::new(UNFINISHED_UPLOAD_DAYS));
    let owner = OwnershipControlsRule::new().object_ownership(ObjectOwnership::BucketOwnerEnforced);
    s3::Bucket::new()
        .bucket_encryption(BucketEncryption::new([encryption]))
        .lifecycle_configuration(LifecycleConfiguration::new([expiry, unfinished]))
        .ownership_controls(OwnershipControls::new([owner]))
        .public_access_block_configuration(
            PublicAccessBlockConfiguration::new()
                .block_public_acls(true)
                .block_public_policy(true)
                .ignore_public_acls(true)
                .restrict_public_buckets(true),
        )
        .versioning_configuration(VersioningConfiguration::new(VersioningConfigurationStatus::Enabled))
}

fn tls_only(bucket: &Handle<s3::Bucket>) -> PolicyDocument {
    let statement = Statement::deny_everyone("s3", [bucket.arn().into(), text![bucket.arn(), "/*"]])
        .sid("TlsOnly")
        .when("Bool", "aws:SecureTransport", "false");
    PolicyDocument::new([statement])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sha2::{Digest, Sha256};

    use super::*;

    fn template() -> Value {
        serde_json::from_str(&body().unwrap()).unwrap()
    }

    #[test]
    fn the_assets_bucket_is_closed_and_outlives_its_stack() {
        let template = template();
        let check =
            |pointer: &str, expected: Value| assert_eq!(template.pointer(pointer), Some(&expected), "{pointer}");
        let bucket = "/Resources/AssetsBucket";
        check(&format!("{bucket}/DeletionPolicy"), json!("Retain"));
        check(&format!("{bucket}/UpdateReplacePolicy"), json!("Retain"));
        let bucket = format!("{bucket}/Properties");
        check(&format!("{bucket}/VersioningConfiguration/Status"), json!("Enabled"));
        check(&format!("{bucket}/OwnershipControls/Rules/0/ObjectOwnership"), json!("BucketOwnerEnforced"));
        let encryption = "BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault";
        check(&format!("{bucket}/{encryption}/SSEAlgorithm"), json!("AES256"));
        for setting in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
            check(&format!("{bucket}/PublicAccessBlockConfiguration/{setting}"), json!(true));
        }
        let rules = format!("{bucket}/LifecycleConfiguration/Rules");
        check(&format!("{rules}/0/NoncurrentVersionExpiration/NoncurrentDays"), json!(30));
        check(&format!("{rules}/1/AbortIncompleteMultipartUpload/DaysAfterInitiation"), json!(7));
        let statement = "/Resources/AssetsBucketPolicy/Properties/PolicyDocument/Statement/0";
        check(&format!("{statement}/Effect"), json!("Deny"));
        check(&format!("{statement}/Condition"), json!({ "Bool": { "aws:SecureTransport": "false" } }));
    }

    /// What is deployed is judged by the version alone. Where this fails, add one to it.
    #[test]
    fn another_template_has_another_version() {
        let mut template = template();
        for resource in template["Resources"].as_object_mut().unwrap().values_mut() {
            // The source lines move, and matter to nobody who has the stack.
            resource.as_object_mut().unwrap().remove("Metadata");
        }
        let sha256 = hex::encode(Sha256::digest(template.to_string()));
        assert_eq!((VERSION, sha256.as_str()), (1, "53c395eb535cc8c74e8056aad5ea867879b27409c91885f076640520580e338e"));
    }
}

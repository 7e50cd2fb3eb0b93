//! Where data rests: the bucket that files arrive in, the bucket of quarantined rows, and the table.

use cloudformation::s3::bucket::{
    BucketEncryption, FilterRule, LambdaConfiguration, LifecycleConfiguration, NoncurrentVersionExpiration,
    NotificationConfiguration, NotificationFilter, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, Rule, RuleStatus, S3KeyFilter, SSEAlgorithm, ServerSideEncryptionByDefault,
    ServerSideEncryptionRule, VersioningConfiguration, VersioningConfigurationStatus,
};
use cloudformation::{Handle, PolicyDocument, Reserved, Stack, Statement, Value, dynamodb, lambda, pseudo, s3, text};
use contract::{INGEST_PREFIX, INGEST_SUFFIXES, RUN_PREFIX};

use super::Settings;

/// Takes the ingest bucket's name. It is chosen here and not by CloudFormation, because the processor may read the
/// bucket, and the orchestrator may be called by it, before the bucket is there.
pub(super) fn reserve_ingest_bucket(stack: &mut Stack, settings: &Settings) -> Reserved<s3::Bucket> {
    let name = Value::concatenate([
        format!("{}-ingest-", settings.stack_name()).into(),
        pseudo::account_id(),
        "-".into(),
        pseudo::region(),
    ]);
    stack.reserve("IngestBucket", name)
}

/// Adds the bucket that files arrive in, and the orchestrator's permission to be called by it.
pub(super) fn add_ingest_bucket(
    stack: &mut Stack,
    settings: &Settings,
    reserved: Reserved<s3::Bucket>,
    orchestrator: &Handle<lambda::Function>,
) -> Handle<s3::Bucket> {
    let permission = stack.add(
        "IngestBucketPermission",
        lambda::Permission::new("lambda:InvokeFunction", orchestrator.arn(), "s3.amazonaws.com")
            .source_account(pseudo::account_id())
            .source_arn(reserved.arn()),
    );
    // S3 matches suffixes literally, and two notifications may not overlap: `.json` does not end in `.jsonl`.
    let notifications = INGEST_SUFFIXES.map(|suffix| {
        let rules = [FilterRule::new("prefix", INGEST_PREFIX), FilterRule::new("suffix", suffix)];
        LambdaConfiguration::new("s3:ObjectCreated:*", orchestrator.arn())
            .filter(NotificationFilter::new(S3KeyFilter::new(rules)))
    });
    let bucket = private_bucket([expiry("expire", settings.ingest_expiration_days)])
        .notification_configuration(NotificationConfiguration::new().lambda_configurations(notifications));
    let bucket = stack.add_reserved(reserved, bucket);
    stack.attributes(&bucket).depends_on(&permission).removal(settings.removal());
    require_tls(stack, "IngestBucketPolicy", &bucket);
    bucket
}

/// Adds the bucket of quarantined rows.
pub(super) fn add_quarantine_bucket(stack: &mut Stack, settings: &Settings) -> Handle<s3::Bucket> {
    // What the parts of a split file leave for each other is of no use once the file is processed.
    let rules = [expiry("expire", settings.quarantine_expiration_days), expiry("expire-runs", 2).prefix(RUN_PREFIX)];
    let bucket = stack.add("QuarantineBucket", private_bucket(rules));
    stack.attributes(&bucket).removal(settings.removal());
    require_tls(stack, "QuarantineBucketPolicy", &bucket);
    bucket
}

/// Adds the table: one item for each event of a user, in the order of time.
pub(super) fn add_table(stack: &mut Stack, settings: &Settings) -> Handle<dynamodb::Table> {
    let table = stack.add("Table", table([("user_id", "HASH"), ("timestamp", "RANGE")], settings));
    stack.attributes(&table).removal(settings.removal());
    table
}

/// Adds the table of failures: one item for each execution that failed without a summary.
pub(super) fn add_failure_table(stack: &mut Stack, settings: &Settings) -> Handle<dynamodb::Table> {
    let table = stack.add("FailureTable", table([("execution", "HASH")], settings));
    stack.attributes(&table).removal(settings.removal());
    table
}

/// A table whose keys are texts, paid for by request, encrypted, and with backups.
fn table<const KEYS: usize>(keys: [(&str, &str); KEYS], settings: &Settings) -> dynamodb::Table {
    use dynamodb::table::{
        AttributeDefinition, AttributeType, BillingMode, KeySchema, PointInTimeRecoverySpecification, SSESpecification,
    };
    dynamodb::Table::new(keys.map(|(name, role)| KeySchema::new(name, role)))
        .attribute_definitions(keys.map(|(name, _)| AttributeDefinition::new(name, AttributeType::S)))
        .billing_mode(BillingMode::PayPerRequest)
        .point_in_time_recovery_specification(
            PointInTimeRecoverySpecification::new().point_in_time_recovery_enabled(true),
        )
        .sse_specification(SSESpecification::new(true))
        .deletion_protection_enabled(settings.retain_data)
}

/// A rule by which objects expire, and their old versions.
fn expiry(id: &str, days: u32) -> Rule {
    Rule::new(RuleStatus::Enabled)
        .id(id)
        .expiration_in_days(days)
        .noncurrent_version_expiration(NoncurrentVersionExpiration::new(7))
}

/// A bucket that is private, encrypted and versioned, and whose objects expire.
fn private_bucket(expiries: impl IntoIterator<Item = Rule>) -> s3::Bucket {
    // A multipart upload that nobody finished is invisible and is paid for.
    let uploads = Rule::new(RuleStatus::Enabled)
        .id("abort-uploads")
        .abort_incomplete_multipart_upload(s3::bucket::AbortIncompleteMultipartUpload::new(1));
    let encryption = ServerSideEncryptionRule::new()
        .server_side_encryption_by_default(ServerSideEncryptionByDefault::new(SSEAlgorithm::Aes256));
    s3::Bucket::new()
        .bucket_encryption(BucketEncryption::new([encryption]))
        .lifecycle_configuration(LifecycleConfiguration::new(expiries.into_iter().chain([uploads]).collect::<Vec<_>>()))
        .ownership_controls(OwnershipControls::new([
            OwnershipControlsRule::new().object_ownership(ObjectOwnership::BucketOwnerEnforced)
        ]))
        .public_access_block_configuration(
            PublicAccessBlockConfiguration::new()
                .block_public_acls(true)
                .block_public_policy(true)
                .ignore_public_acls(true)
                .restrict_public_buckets(true),
        )
        .versioning_configuration(VersioningConfiguration::new(VersioningConfigurationStatus::Enabled))
}

fn require_tls(stack: &mut Stack, logical_id: &str, bucket: &Handle<s3::Bucket>) {
    let statement = Statement::deny_everyone("s3", [bucket.arn().into(), text![bucket.arn(), "/*"]])
        .sid("RequireTls")
        .when("Bool", "aws:SecureTransport", "false");
    stack.add(logical_id, s3::BucketPolicy::new(bucket.reference(), PolicyDocument::new([statement])));
}

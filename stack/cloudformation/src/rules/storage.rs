//! Where data rests: buckets, tables, queues, topics, and what becomes of them.

use serde_json::Value as Json;

use super::reader::{Reader, Resource};
use super::{Report, Rule};
use crate::access::many;

pub(super) fn check(resource: Resource<'_>, reader: &Reader<'_>, report: &mut Report) {
    check_removal(resource, report);
    match resource.type_name {
        "AWS::S3::Bucket" => check_bucket(resource, reader, report),
        "AWS::DynamoDB::Table" => check_table(resource, report),
        "AWS::SNS::Topic" if !resource.has("KmsMasterKeyId") => {
            let message = "set KmsMasterKeyId, to a key whose policy lets the publishers use it";
            report.add(Rule::TopicNotEncrypted, resource, "Properties/KmsMasterKeyId", message);
        }
        "AWS::SQS::Queue" if !is_queue_encrypted(resource) => {
            let message = "leave SqsManagedSseEnabled out, or set KmsMasterKeyId";
            report.add(Rule::QueueNotEncrypted, resource, "Properties/SqsManagedSseEnabled", message);
        }
        _ => {}
    }
}

fn check_removal(resource: Resource<'_>, report: &mut Report) {
    if !crate::spec(resource.type_name).is_some_and(|spec| spec.stateful) {
        return;
    }
    for attribute in ["DeletionPolicy", "UpdateReplacePolicy"] {
        if resource.document[attribute].is_null() {
            let message = format!("say what happens to the data: set {attribute} (Attributes::removal)");
            report.add(Rule::RemovalUnsaid, resource, attribute, message);
        }
    }
}

fn check_bucket(bucket: Resource<'_>, reader: &Reader<'_>, report: &mut Report) {
    if !bucket.has("BucketEncryption/ServerSideEncryptionConfiguration") {
        let message = "set BucketEncryption to AES256, or to aws:kms with a key";
        report.add(Rule::BucketNotEncrypted, bucket, "Properties/BucketEncryption", message);
    }
    let blocks = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
    let open = blocks.iter().filter(|block| {
        !bucket.holds(&format!("PublicAccessBlockConfiguration/{block}"), |value| *value == Json::Bool(true))
    });
    let open: Vec<&str> = open.copied().collect();
    if !open.is_empty() {
        let message = format!("set {} to true", open.join(", "));
        report.add(Rule::BucketNotPrivate, bucket, "Properties/PublicAccessBlockConfiguration", message);
    }
    let mut policies = reader.of_type("AWS::S3::BucketPolicy");
    if !policies.any(|policy| bucket.is_in(&policy.properties()["Bucket"]) && denies_plain_text(policy)) {
        let message = "add a bucket policy that denies everyone s3:* where aws:SecureTransport is false";
        report.add(Rule::BucketWithoutTls, bucket, "Properties", message);
    }
    if bucket.is_retained() && !bucket.holds("VersioningConfiguration/Status", |status| status == "Enabled") {
        let message = "the bucket is kept, so its objects matter: set VersioningConfiguration to Enabled";
        report.add(Rule::BucketNotVersioned, bucket, "Properties/VersioningConfiguration", message);
    }
}

fn denies_plain_text(policy: Resource<'_>) -> bool {
    many(&policy.properties()["PolicyDocument"]["Statement"]).iter().any(|statement| {
        let transport = &statement["Condition"]["Bool"]["aws:SecureTransport"];
        let everyone = statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
        statement["Effect"] == "Deny"
            && everyone
            && many(&statement["Action"]).iter().any(|action| action == "s3:*" || action == "*")
            && (transport == "false" || *transport == Json::Bool(false))
    })
}

fn check_table(table: Resource<'_>, report: &mut Report) {
    let on = |path| table.holds(path, |value| *value == Json::Bool(true));
    if !on("SSESpecification/SSEEnabled") {
        let message = "set SSESpecification, so that a key of the account encrypts it and its use is logged";
        report.add(Rule::TableNotEncrypted, table, "Properties/SSESpecification", message);
    }
    if table.is_retained() && !on("PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled") {
        let message = "the table is kept, so its items matter: set PointInTimeRecoverySpecification";
        report.add(Rule::TableNotRecoverable, table, "Properties/PointInTimeRecoverySpecification", message);
    }
}

/// SQS encrypts with a key of its own unless told not to.
fn is_queue_encrypted(queue: Resource<'_>) -> bool {
    queue.has("KmsMasterKeyId") || queue.holds("SqsManagedSseEnabled", |value| *value != Json::Bool(false))
}

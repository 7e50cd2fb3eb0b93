//! Settings that protect a resource: what becomes weaker, and what stronger.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use super::compare::{Scalars, differences};
use super::resolve::literal;
use super::resource::type_name;

/// What a setting protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Who can reach the resource.
    Access,
    /// Whether data is encrypted, at rest or under way.
    Encryption,
    /// Whether data can be brought back.
    Recovery,
    /// Whether it can be seen later what happened.
    Record,
}

/// Which way a setting goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// It protects less.
    Weaker,
    /// It protects more.
    Stronger,
    /// It is another, of which neither can be said here.
    Different,
}

/// A change of a setting that protects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingChange {
    /// The resource's logical id.
    pub logical_id: String,
    /// The property, or the attribute `DeletionPolicy` or `UpdateReplacePolicy`.
    pub path: String,
    /// What it protects.
    pub aspect: Aspect,
    /// Which way it goes.
    pub protection: Protection,
    /// What it is; none where it is not set.
    pub before: Option<Json>,
    /// What it would be; none where it would not be set.
    pub after: Option<Json>,
}

/// How much a value protects.
enum Scale {
    /// `true` or `Enabled` does, anything else does not.
    Enabled,
    /// Being set does.
    Set,
    /// From the least, which is also what is not set, to the most.
    Ranked(&'static [&'static str]),
    /// The longer the better; what is not set is for ever.
    Days,
    /// Not known here.
    Unknown,
}

use Aspect::{Access, Encryption, Record, Recovery};
use Scale::{Days, Enabled, Ranked, Set, Unknown};

/// By type, the properties that protect.
const SETTINGS: &[(&str, &str, Aspect, Scale)] = &[
    ("AWS::ApiGatewayV2::Route", "AuthorizationType", Access, Ranked(&["NONE", "CUSTOM"])),
    ("AWS::Athena::WorkGroup", "WorkGroupConfiguration/ResultConfiguration/EncryptionConfiguration", Encryption, Set),
    (
        "AWS::CloudFront::Distribution",
        "DistributionConfig/ViewerCertificate/MinimumProtocolVersion",
        Encryption,
        Unknown,
    ),
    ("AWS::DynamoDB::Table", "DeletionProtectionEnabled", Recovery, Enabled),
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", Recovery, Enabled),
    ("AWS::DynamoDB::Table", "SSESpecification/KMSMasterKeyId", Encryption, Set),
    ("AWS::DynamoDB::Table", "SSESpecification/SSEEnabled", Encryption, Enabled),
    ("AWS::DynamoDB::Table", "TimeToLiveSpecification", Recovery, Unknown),
    ("AWS::IAM::Role", "MaxSessionDuration", Access, Unknown),
    ("AWS::IAM::Role", "PermissionsBoundary", Access, Set),
    ("AWS::KMS::Key", "Enabled", Encryption, Unknown),
    ("AWS::KMS::Key", "EnableKeyRotation", Encryption, Enabled),
    ("AWS::Kinesis::Stream", "RetentionPeriodHours", Recovery, Unknown),
    ("AWS::Kinesis::Stream", "StreamEncryption", Encryption, Set),
    ("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamEncryptionConfigurationInput", Encryption, Set),
    ("AWS::Lambda::Function", "KmsKeyArn", Encryption, Set),
    ("AWS::Lambda::Function", "VpcConfig", Access, Unknown),
    ("AWS::Lambda::Url", "AuthType", Access, Ranked(&["NONE", "AWS_IAM"])),
    ("AWS::Lambda::Url", "Cors", Access, Unknown),
    ("AWS::Logs::LogGroup", "KmsKeyId", Encryption, Set),
    ("AWS::Logs::LogGroup", "RetentionInDays", Record, Days),
    ("AWS::S3::Bucket", "BucketEncryption", Encryption, Set),
    ("AWS::S3::Bucket", "LifecycleConfiguration", Recovery, Unknown),
    ("AWS::S3::Bucket", "LoggingConfiguration", Record, Set),
    ("AWS::S3::Bucket", "ObjectLockConfiguration", Recovery, Set),
    ("AWS::S3::Bucket", "OwnershipControls", Access, Unknown),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration/BlockPublicAcls", Access, Enabled),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration/BlockPublicPolicy", Access, Enabled),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration/IgnorePublicAcls", Access, Enabled),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration/RestrictPublicBuckets", Access, Enabled),
    ("AWS::S3::Bucket", "VersioningConfiguration/Status", Recovery, Enabled),
    ("AWS::SNS::Topic", "KmsMasterKeyId", Encryption, Set),
    ("AWS::SQS::Queue", "KmsMasterKeyId", Encryption, Set),
    ("AWS::SQS::Queue", "SqsManagedSseEnabled", Encryption, Unknown),
    ("AWS::SSM::Parameter", "Type", Encryption, Unknown),
    ("AWS::StepFunctions::StateMachine", "EncryptionConfiguration", Encryption, Set),
    ("AWS::StepFunctions::StateMachine", "LoggingConfiguration/IncludeExecutionData", Record, Unknown),
    (
        "AWS::StepFunctions::StateMachine",
        "LoggingConfiguration/Level",
        Record,
        Ranked(&["OFF", "FATAL", "ERROR", "ALL"]),
    ),
];

/// What becomes of a resource that holds data, from the least to the most. Left out, it is deleted.
const POLICIES: Scale = Ranked(&["Delete", "Snapshot", "RetainExceptOnCreate", "Retain"]);

/// The settings that change, of resources that are there before and after.
pub(super) fn changes(before: &BTreeMap<String, Json>, after: &BTreeMap<String, Json>) -> Vec<SettingChange> {
    let mut changes = Vec::new();
    for (logical_id, new) in after {
        let Some(old) = before.get(logical_id).filter(|old| type_name(old) == type_name(new)) else { continue };
        let empty = Json::Null;
        let properties = |resource: &'_ Json| resource.get("Properties").unwrap_or(&empty).clone();
        let (old_properties, new_properties) = (properties(old), properties(new));
        for (_, path, aspect, scale) in SETTINGS.iter().filter(|(resource_type, ..)| *resource_type == type_name(new)) {
            changes.extend(change(logical_id, path, *aspect, scale, [&old_properties, &new_properties]));
        }
        if crate::spec(type_name(new)).is_some_and(|spec| spec.stateful) {
            for path in ["DeletionPolicy", "UpdateReplacePolicy"] {
                changes.extend(change(logical_id, path, Recovery, &POLICIES, [old, new]));
            }
        }
    }
    changes
}

fn change(logical_id: &str, path: &str, aspect: Aspect, scale: &Scale, sides: [&Json; 2]) -> Option<SettingChange> {
    let [before, after] = sides.map(|side| path.split('/').try_fold(side, |value, name| value.get(name)));
    if differences(before, after, Scalars::Converted).is_empty() {
        return None;
    }
    let protection = match (scale.strength(before), scale.strength(after)) {
        (Some(old), Some(new)) if new < old => Protection::Weaker,
        (Some(old), Some(new)) if new > old => Protection::Stronger,
        _ => Protection::Different,
    };
    Some(SettingChange {
        logical_id: logical_id.to_owned(),
        path: path.to_owned(),
        aspect,
        protection,
        before: before.cloned(),
        after: after.cloned(),
    })
}

impl Scale {
    /// How much the value protects, where that can be told.
    fn strength(&self, value: Option<&Json>) -> Option<u64> {
        let known = value.is_none_or(|value| !value.is_object());
        match self {
            Self::Set => Some(value.is_some().into()),
            Self::Enabled if known => {
                Some(value.is_some_and(|value| matches!(literal(value).as_str(), "true" | "Enabled")).into())
            }
            Self::Ranked(ranks) if known => {
                let Some(value) = value.map(literal) else { return Some(0) };
                ranks.iter().position(|rank| *rank == value).and_then(|rank| rank.try_into().ok())
            }
            Self::Days if known => value.map_or(Some(u64::MAX), |value| literal(value).parse().ok()),
            _ => None,
        }
    }
}

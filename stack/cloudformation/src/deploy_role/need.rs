//! Which actions the handlers of a resource's type need, given its properties.

use std::collections::BTreeSet;

use serde_json::Value as Json;

/// What the schemas list and IAM does not know: names of requests that another action allows, or that are none. Facts from
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.
pub(super) const NO_ACTIONS: &[&str] = &[
    "kms:ReEncrypt",
    "s3:DeleteBucketAnalyticsConfiguration",
    "s3:DeleteBucketCors",
    "s3:DeleteBucketEncryption",
    "s3:DeleteBucketLifecycle",
    "s3:DeleteBucketMetricsConfiguration",
    "s3:DeleteBucketReplication",
    "s3:GetObjectMetadata",
    "s3:PutBucketReplication",
    "s3:PutObjectLockConfiguration",
    "s3:REST.PUT.OBJECT",
];

/// What a handler calls only where the template has one of these properties: the type, what the action begins with, and
/// the properties. These are calls to other services, to data, and to what belongs to the whole account.
pub(super) const ONLY_WITH: &[(&str, &str, &[&str])] = &[
    ("AWS::DynamoDB::Table", "dynamodb:AssociateTableReplica", REPLICAS),
    ("AWS::DynamoDB::Table", "dynamodb:BatchWriteItem", REPLICAS),
    ("AWS::DynamoDB::Table", "dynamodb:CreateTableReplica", REPLICAS),
    ("AWS::DynamoDB::Table", "dynamodb:DeleteItem", REPLICAS),
    ("AWS::DynamoDB::Table", "dynamodb:GetItem", REPLICAS),
    ("AWS::DynamoDB::Table", "dynamodb:PutItem", REPLICAS),
    ("AWS::DynamoDB::Table", "dynamodb:Query", REPLICAS),
    ("AWS::DynamoDB::Table", "dynamodb:Scan", REPLICAS),
    ("AWS::DynamoDB::Table", "dynamodb:UpdateItem", REPLICAS),
    ("AWS::DynamoDB::Table", "dynamodb:DescribeImport", &["ImportSourceSpecification"]),
    ("AWS::DynamoDB::Table", "dynamodb:ImportTable", &["ImportSourceSpecification"]),
    ("AWS::DynamoDB::Table", "iam:", &["ContributorInsightsSpecification", "KinesisStreamSpecification"]),
    ("AWS::DynamoDB::Table", "kinesis:", &["KinesisStreamSpecification"]),
    ("AWS::DynamoDB::Table", "kms:", &["SSESpecification"]),
    ("AWS::DynamoDB::Table", "logs:", &["ImportSourceSpecification"]),
    ("AWS::DynamoDB::Table", "s3:", &["ImportSourceSpecification"]),
    ("AWS::Events::EventBus", "kms:", &["KmsKeyIdentifier"]),
    ("AWS::IAM::Policy", "iam:DeleteGroupPolicy", &["Groups"]),
    ("AWS::IAM::Policy", "iam:DeleteUserPolicy", &["Users"]),
    ("AWS::IAM::Policy", "iam:GetGroupPolicy", &["Groups"]),
    ("AWS::IAM::Policy", "iam:GetUserPolicy", &["Users"]),
    ("AWS::IAM::Policy", "iam:PutGroupPolicy", &["Groups"]),
    ("AWS::IAM::Policy", "iam:PutUserPolicy", &["Users"]),
    ("AWS::Lambda::Function", "ec2:", &["VpcConfig"]),
    ("AWS::Lambda::Function", "elasticfilesystem:", &["FileSystemConfigs"]),
    ("AWS::Lambda::Function", "kms:", &["KmsKeyArn"]),
    ("AWS::Lambda::Function", "lambda:GetCodeSigningConfig", &["CodeSigningConfigArn"]),
    ("AWS::Lambda::Function", "lambda:GetLayerVersion", &["Layers"]),
    ("AWS::Lambda::Function", "lambda:PassCapacityProvider", &["CapacityProviderConfig"]),
    ("AWS::Lambda::Function", "s3files:", &["FileSystemConfigs"]),
    ("AWS::Logs::LogGroup", "firehose:", NEVER),
    ("AWS::Logs::LogGroup", "logs:CreateLogDelivery", NEVER),
    ("AWS::Logs::LogGroup", "logs:DeleteResourcePolicy", &["ResourcePolicyDocument"]),
    ("AWS::Logs::LogGroup", "logs:DescribeResourcePolicies", &["ResourcePolicyDocument"]),
    ("AWS::Logs::LogGroup", "logs:PutResourcePolicy", &["ResourcePolicyDocument"]),
    ("AWS::S3::Bucket", "iam:", &["ReplicationConfiguration"]),
    // A bucket is emptied by `destroy --purge`, and by whoever may.
    ("AWS::S3::Bucket", "s3:DeleteObject", NEVER),
    ("AWS::S3::Bucket", "s3:PutObjectAcl", NEVER),
    ("AWS::S3::Bucket", "s3tables:", &["MetadataConfiguration", "MetadataTableConfiguration"]),
    ("AWS::SNS::Subscription", "iam:", &["SubscriptionRoleArn"]),
    ("AWS::SNS::Topic", "iam:", &["DeliveryStatusLogging"]),
    ("AWS::SNS::Topic", "sns:Unsubscribe", &["Subscription"]),
    ("AWS::StepFunctions::StateMachine", "kms:", &["EncryptionConfiguration"]),
    ("AWS::StepFunctions::StateMachine", "s3:", &["DefinitionS3Location"]),
];

/// A table that is made a replica copies another's items.
const REPLICAS: &[&str] = &["GlobalTableSourceArn"];
/// What a schema lists and nothing in a template causes.
const NEVER: &[&str] = &[];

/// The actions, in order. None where the type's handlers are not known.
pub(super) fn actions(type_name: &str, properties: &Json) -> BTreeSet<&'static str> {
    let Some(spec) = crate::spec(type_name) else { return BTreeSet::new() };
    let permissions = &spec.permissions;
    let handlers = [permissions.create, permissions.read, permissions.update, permissions.delete];
    let listed = handlers.into_iter().flatten().copied();
    listed.filter(|action| !NO_ACTIONS.contains(action) && is_caused(type_name, action, properties)).collect()
}

fn is_caused(type_name: &str, action: &str, properties: &Json) -> bool {
    let mut causes = ONLY_WITH.iter().filter(|(kind, prefix, _)| *kind == type_name && action.starts_with(prefix));
    causes.all(|(_, _, names)| names.iter().any(|name| !properties[name].is_null()))
}

//! Each rule, on a resource that breaks it and on one that keeps it.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use cloudformation::rules::{self, Finding, Rule, SUPPRESS};
use cloudformation::{Stack, sns};
use serde_json::{Value as Json, json};

fn findings(resources: &Json) -> Vec<Finding> {
    rules::check(&json!({ "Resources": resources }))
}

/// What breaks a rule, and what keeps it. Both are the resources of a template.
struct Case {
    rule: Rule,
    broken: Json,
    kept: Json,
}

fn one(type_name: &str, properties: Json) -> Json {
    json!({ "One": { "Type": type_name, "Properties": properties } })
}

/// A resource with these attributes beside its type.
fn with(type_name: &str, attributes: Json) -> Json {
    let mut resource = attributes;
    resource["Type"] = type_name.into();
    json!({ "One": resource })
}

fn policy(statement: Json) -> Json {
    one("AWS::IAM::Policy", json!({ "PolicyDocument": { "Statement": statement } }))
}

fn role(principal: Json) -> Json {
    let statement = json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal }]);
    one("AWS::IAM::Role", json!({ "AssumeRolePolicyDocument": { "Statement": statement } }))
}

fn topic_policy(principal: Json, condition: Json) -> Json {
    let statement =
        json!({ "Effect": "Allow", "Action": "sns:Publish", "Principal": principal, "Condition": condition });
    one("AWS::SNS::TopicPolicy", json!({ "PolicyDocument": { "Statement": statement } }))
}

fn permission(properties: Json) -> Json {
    one("AWS::Lambda::Permission", properties)
}

fn bucket_with_policy(secure_transport: &str) -> Json {
    let deny = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Condition": { "Bool": { "aws:SecureTransport": secure_transport } },
    });
    let policy = json!({ "Bucket": { "Ref": "One" }, "PolicyDocument": { "Statement": [deny] } });
    json!({ "One": { "Type": "AWS::S3::Bucket" }, "Policy": { "Type": "AWS::S3::BucketPolicy", "Properties": policy } })
}

/// A function that S3 calls.
fn called_function(properties: Json) -> Json {
    let permission = json!({ "Principal": "s3.amazonaws.com", "FunctionName": { "Fn::GetAtt": ["One", "Arn"] } });
    json!({
        "One": { "Type": "AWS::Lambda::Function", "Properties": properties },
        "Permission": { "Type": "AWS::Lambda::Permission", "Properties": permission },
    })
}

fn access_cases() -> Vec<Case> {
    let statement = |action: &str, resource: &str| json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    let table = "arn:aws:dynamodb:us-east-1:1:table/one";
    let mut reasoned = policy(statement("xray:PutTraceSegments", "*"));
    reasoned["One"]["Metadata"] = json!({ "AnyResource": ["X-Ray has none"] });
    let account = json!({ "StringEquals": { "aws:SourceAccount": "1" } });
    vec![
        Case {
            rule: Rule::WildcardAction,
            broken: policy(statement("dynamodb:*", table)),
            kept: policy(statement("dynamodb:PutItem", table)),
        },
        Case {
            rule: Rule::WildcardAction,
            broken: policy(json!({ "Effect": "Allow", "NotAction": "iam:PassRole", "Resource": table })),
            kept: policy(json!({ "Effect": "Deny", "Action": "*", "Resource": "*" })),
        },
        Case { rule: Rule::WildcardResource, broken: policy(statement("dynamodb:PutItem", "*")), kept: reasoned },
        Case {
            rule: Rule::WildcardResource,
            broken: policy(statement("s3:GetObject", "arn:aws:s3:::*")),
            kept: policy(statement("s3:GetObject", "arn:aws:s3:::one/*")),
        },
        Case {
            rule: Rule::TrustBeyondServices,
            broken: role(json!({ "AWS": "arn:aws:iam::1:root" })),
            kept: role(json!({ "Service": "lambda.amazonaws.com" })),
        },
        Case {
            rule: Rule::PublicPrincipal,
            broken: topic_policy(json!("*"), Json::Null),
            kept: topic_policy(json!("*"), account.clone()),
        },
        Case {
            rule: Rule::PublicPrincipal,
            broken: one("AWS::Lambda::Url", json!({ "AuthType": "NONE" })),
            kept: one("AWS::Lambda::Url", json!({ "AuthType": "AWS_IAM" })),
        },
        Case {
            rule: Rule::ServiceWithoutSource,
            broken: topic_policy(json!({ "Service": "cloudwatch.amazonaws.com" }), Json::Null),
            kept: topic_policy(json!({ "Service": "cloudwatch.amazonaws.com" }), account),
        },
        Case {
            rule: Rule::ServiceWithoutSource,
            broken: permission(json!({ "Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::one" })),
            kept: permission(json!({ "Principal": "s3.amazonaws.com", "SourceAccount": { "Ref": "AWS::AccountId" } })),
        },
    ]
}

fn secret_cases() -> Vec<Case> {
    let variables =
        |variables: Json| one("AWS::Lambda::Function", json!({ "Environment": { "Variables": variables } }));
    vec![
        Case {
            rule: Rule::SecretInPlainText,
            broken: variables(json!({ "KEY": "AKIAIOSFODNN7EXAMPLE" })),
            kept: variables(json!({ "KEY": "AKIAIOSFODNN7EXAMPLENOT" })),
        },
        Case {
            rule: Rule::SecretInPlainText,
            broken: variables(json!({ "DB_PASSWORD": "hunter2" })),
            kept: variables(json!({ "DB_PASSWORD": "{{resolve:secretsmanager:db}}", "TABLE": "one" })),
        },
    ]
}

fn storage_cases() -> Vec<Case> {
    let (bucket, table) = ("AWS::S3::Bucket", "AWS::DynamoDB::Table");
    let open = json!({ "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true });
    let mut closed = open.clone();
    closed["RestrictPublicBuckets"] = json!(true);
    let versioned = json!({ "VersioningConfiguration": { "Status": "Enabled" } });
    let recoverable = json!({ "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true } });
    // A condition is as good as its worse side.
    let sometimes =
        json!({ "SSESpecification": { "Fn::If": ["Production", { "SSEEnabled": true }, { "Ref": "AWS::NoValue" }] } });
    vec![
        Case {
            rule: Rule::RemovalUnsaid,
            broken: with(table, json!({ "DeletionPolicy": "Delete" })),
            kept: with(table, json!({ "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete" })),
        },
        Case {
            rule: Rule::BucketNotEncrypted,
            broken: one(bucket, json!({})),
            kept: one(bucket, json!({ "BucketEncryption": { "ServerSideEncryptionConfiguration": [{}] } })),
        },
        Case {
            rule: Rule::BucketNotPrivate,
            broken: one(bucket, json!({ "PublicAccessBlockConfiguration": open })),
            kept: one(bucket, json!({ "PublicAccessBlockConfiguration": closed })),
        },
        Case { rule: Rule::BucketWithoutTls, broken: bucket_with_policy("true"), kept: bucket_with_policy("false") },
        Case {
            rule: Rule::BucketNotVersioned,
            broken: with(bucket, json!({ "DeletionPolicy": "Retain" })),
            kept: with(bucket, json!({ "DeletionPolicy": "RetainExceptOnCreate", "Properties": versioned })),
        },
        Case {
            rule: Rule::TableNotEncrypted,
            broken: one(table, sometimes),
            kept: one(table, json!({ "SSESpecification": { "SSEEnabled": true } })),
        },
        Case {
            rule: Rule::TableNotRecoverable,
            broken: with(table, json!({ "DeletionPolicy": "Retain" })),
            kept: with(table, json!({ "DeletionPolicy": "Retain", "Properties": recoverable })),
        },
        Case {
            rule: Rule::TopicNotEncrypted,
            broken: one("AWS::SNS::Topic", json!({})),
            kept: one("AWS::SNS::Topic", json!({ "KmsMasterKeyId": { "Ref": "Key" } })),
        },
        Case {
            rule: Rule::QueueNotEncrypted,
            broken: one("AWS::SQS::Queue", json!({ "SqsManagedSseEnabled": false })),
            kept: one("AWS::SQS::Queue", json!({})),
        },
    ]
}

fn compute_cases() -> Vec<Case> {
    let (function, machine) = ("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine");
    let log_group = json!({ "Type": "AWS::Logs::LogGroup" });
    let logged = one(function, json!({ "LoggingConfig": { "LogGroup": { "Ref": "Log" } } }));
    let mut own = logged.clone();
    own["Log"] = log_group;
    let log = json!({ "Level": "ALL", "Destinations": [{}] });
    vec![
        Case { rule: Rule::FunctionWithoutLogGroup, broken: logged, kept: own },
        Case {
            rule: Rule::FunctionWithoutDeadLetters,
            broken: called_function(json!({})),
            kept: called_function(json!({ "DeadLetterConfig": { "TargetArn": { "Fn::GetAtt": ["Queue", "Arn"] } } })),
        },
        Case {
            rule: Rule::StateMachineWithoutLog,
            broken: one(machine, json!({ "LoggingConfiguration": { "Level": "OFF", "Destinations": [{}] } })),
            kept: one(machine, json!({ "LoggingConfiguration": log })),
        },
        Case {
            rule: Rule::StateMachineWithoutTraces,
            broken: one(machine, json!({})),
            kept: one(machine, json!({ "TracingConfiguration": { "Enabled": true } })),
        },
    ]
}

fn monitoring_cases() -> Vec<Case> {
    let (alarm, log_group) = ("AWS::CloudWatch::Alarm", "AWS::Logs::LogGroup");
    vec![
        Case {
            rule: Rule::LogGroupWithoutRetention,
            broken: one(log_group, json!({})),
            kept: one(log_group, json!({ "RetentionInDays": 7 })),
        },
        Case {
            rule: Rule::AlarmWithoutAction,
            broken: one(alarm, json!({ "AlarmActions": [] })),
            kept: one(alarm, json!({ "AlarmActions": [{ "Ref": "Topic" }] })),
        },
        Case {
            rule: Rule::AlarmWithoutAction,
            broken: one(alarm, json!({ "AlarmActions": ["arn"], "ActionsEnabled": false })),
            kept: one(alarm, json!({ "AlarmActions": ["arn"] })),
        },
        Case {
            rule: Rule::AlarmMissingDataUnsaid,
            broken: one(alarm, json!({})),
            kept: one(alarm, json!({ "TreatMissingData": "notBreaching" })),
        },
    ]
}

fn suppression_cases() -> Vec<Case> {
    let topic = |suppress: Json| with("AWS::SNS::Topic", json!({ "Metadata": { SUPPRESS: suppress } }));
    let sound = topic(json!({ "TOPIC_NOT_ENCRYPTED": "Public." }));
    vec![
        Case {
            rule: Rule::SuppressionUnsound,
            broken: topic(json!({ "TOPIC_NOT_ENCRYPTED": " " })),
            kept: sound.clone(),
        },
        Case {
            rule: Rule::SuppressionUnsound,
            broken: topic(json!({ "NO_SUCH_RULE": "Because." })),
            kept: sound.clone(),
        },
        Case {
            rule: Rule::SuppressionStale,
            broken: topic(json!({ "TOPIC_NOT_ENCRYPTED": "Public.", "QUEUE_NOT_ENCRYPTED": "No queue." })),
            kept: sound,
        },
    ]
}

#[test]
fn each_rule_finds_what_breaks_it_and_lets_pass_what_keeps_it() {
    let groups =
        [access_cases(), secret_cases(), storage_cases(), compute_cases(), monitoring_cases(), suppression_cases()];
    let cases: Vec<Case> = groups.into_iter().flatten().collect();
    for Case { rule, broken, kept } in &cases {
        let finds = |resources| findings(resources).iter().any(|finding| finding.rule == *rule);
        assert!(finds(broken), "{} misses {broken:#}", rule.code());
        assert!(!finds(kept), "{} finds fault with {kept:#}", rule.code());
    }
    let tried: BTreeSet<Rule> = cases.iter().map(|case| case.rule).collect();
    assert_eq!(tried.into_iter().collect::<Vec<_>>(), Rule::ALL);
}

#[test]
fn a_secret_as_a_parameters_default_is_found() {
    let check = |parameter: Json| rules::check(&json!({ "Parameters": { "DbPassword": parameter }, "Resources": {} }));
    let found = check(json!({ "Type": "String", "Default": "hunter2" }));
    assert_eq!((found[0].code(), found[0].path.as_str()), ("SECRET_IN_PLAIN_TEXT", "Parameters/DbPassword/Default"));
    assert!(!found[0].message.contains("hunter2"));
    assert_eq!(check(json!({ "Type": "String", "NoEcho": true })), []);
}

#[test]
fn a_finding_says_where_it_is_and_which_line_made_it() {
    let mut stack = Stack::new("A topic.");
    let line = line!() + 1;
    stack.add("Topic", sns::Topic::new());
    let findings = rules::check(stack.template().unwrap().as_json());
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.logical_id, "Topic");
    assert_eq!(finding.path, "Resources/Topic/Properties/KmsMasterKeyId");
    assert_eq!(finding.source, Some(format!("stack/cloudformation/tests/rules.rs:{line}")));
    assert!(!finding.is_error(), "it is a warning");
}

#[test]
fn a_suppression_without_a_reason_is_refused() {
    let mut stack = Stack::new("A topic.");
    let topic = stack.add("Topic", sns::Topic::new());
    stack.attributes(&topic).suppress(Rule::TopicNotEncrypted, " ");
    let error = stack.template().unwrap_err().to_string();
    assert!(error.contains("Resources/Topic/Metadata/Suppress/TOPIC_NOT_ENCRYPTED"), "{error}");
    assert!(error.contains("needs a reason"), "{error}");
}

#[test]
fn a_suppressed_error_leaves_the_template_sound() {
    let mut resources = one("AWS::CloudWatch::Alarm", json!({ "TreatMissingData": "missing" }));
    assert!(findings(&resources).iter().any(Finding::is_error));
    resources["One"]["Metadata"] = json!({ SUPPRESS: { "ALARM_WITHOUT_ACTION": "The dashboard shows it." } });
    assert!(!findings(&resources).iter().any(Finding::is_error));
}

#[test]
fn codes_are_told_apart_and_found_again() {
    for rule in Rule::ALL {
        assert_eq!(Rule::from_code(rule.code()), Some(*rule));
        assert!(rule.demand().ends_with('.'));
    }
}

//! What must hold of every environment's template, and what the emulator would let pass.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use stack::pipeline::{Settings, template};

const ENVIRONMENTS: [&str; 2] = ["development", "production"];

/// The resources of an environment's template.
fn resources(environment: &str) -> Map<String, Value> {
    let template = template(&Settings::carried(environment).unwrap()).unwrap();
    template.as_json()["Resources"].as_object().unwrap().clone()
}

/// Checks every resource of one type, in every environment.
fn check(type_name: &str, holds: impl Fn(&Value) -> bool) {
    for environment in ENVIRONMENTS {
        let found: Vec<_> = resources(environment).into_iter().filter(|(_, one)| one["Type"] == type_name).collect();
        assert!(!found.is_empty(), "{environment} has no {type_name}");
        for (logical_id, resource) in found {
            assert!(holds(&resource), "{environment}: {logical_id}: {resource:#}");
        }
    }
}

/// A list, where IAM also takes one item alone.
fn many(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

#[test]
fn a_policy_allows_no_wildcard_and_says_why_it_is_about_any_resource() {
    check("AWS::IAM::Policy", |policy| {
        let statements = many(&policy["Properties"]["PolicyDocument"]["Statement"]);
        let any = statements.iter().filter(|statement| many(&statement["Resource"]).contains(&&json!("*"))).count();
        let reasons = policy["Metadata"]["AnyResource"].as_array().map_or(0, Vec::len);
        let named = |action: &&Value| !action.as_str().unwrap().contains('*');
        any == reasons && statements.iter().all(|statement| many(&statement["Action"]).iter().all(named))
    });
}

#[test]
fn each_function_has_a_role_of_its_own() {
    for environment in ENVIRONMENTS {
        let functions = resources(environment).into_iter().filter(|(_, one)| one["Type"] == "AWS::Lambda::Function");
        let roles: Vec<_> = functions.map(|(_, function)| function["Properties"]["Role"].to_string()).collect();
        assert_eq!(roles.len(), 2);
        assert_eq!(roles.iter().collect::<BTreeSet<_>>().len(), roles.len());
    }
}

#[test]
fn a_bucket_is_private_encrypted_versioned_and_cleans_up() {
    check("AWS::S3::Bucket", |bucket| {
        let properties = &bucket["Properties"];
        let access = &properties["PublicAccessBlockConfiguration"];
        let blocks = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
        blocks.iter().all(|block| access[block] == true)
            && properties["BucketEncryption"]["ServerSideEncryptionConfiguration"].is_array()
            && properties["VersioningConfiguration"]["Status"] == "Enabled"
            && properties["LifecycleConfiguration"]["Rules"].as_array().is_some_and(|rules| rules.len() == 2)
    });
    check("AWS::S3::BucketPolicy", |policy| {
        let statement = &policy["Properties"]["PolicyDocument"]["Statement"][0];
        statement["Effect"] == "Deny" && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
    });
}

#[test]
fn the_table_is_encrypted_and_can_be_restored() {
    check("AWS::DynamoDB::Table", |table| {
        let properties = &table["Properties"];
        properties["SSESpecification"]["SSEEnabled"] == true
            && properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == true
            && properties["BillingMode"] == "PAY_PER_REQUEST"
    });
}

#[test]
fn what_holds_data_stays_outside_development() {
    let stateful = ["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup"];
    for (logical_id, resource) in resources("production") {
        if stateful.iter().any(|stateful| resource["Type"] == *stateful) {
            assert!(resource["DeletionPolicy"].as_str().unwrap().starts_with("Retain"), "{logical_id}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{logical_id}");
        }
    }
}

#[test]
fn every_alarm_acts_and_every_log_ends() {
    check("AWS::CloudWatch::Alarm", |alarm| {
        alarm["Properties"]["AlarmActions"] == json!([{ "Ref": "AlarmTopic" }])
            && alarm["Properties"]["TreatMissingData"].is_string()
    });
    check("AWS::Logs::LogGroup", |log_group| log_group["Properties"]["RetentionInDays"].is_u64());
}

#[test]
fn the_state_machine_and_the_functions_are_traced_and_logged() {
    check("AWS::StepFunctions::StateMachine", |machine| {
        let properties = &machine["Properties"];
        properties["TracingConfiguration"]["Enabled"] == true && properties["LoggingConfiguration"]["Level"] == "ALL"
    });
    check("AWS::Lambda::Function", |function| {
        let properties = &function["Properties"];
        properties["TracingConfig"]["Mode"] == "Active"
            && properties["LoggingConfig"]["LogFormat"] == "JSON"
            && properties["Runtime"] == "provided.al2023"
    });
}

#[test]
fn every_resource_names_its_source_line() {
    for environment in ENVIRONMENTS {
        for (logical_id, resource) in resources(environment) {
            let source = resource["Metadata"]["Source"].as_str().unwrap_or_default();
            assert!(source.starts_with("stack/src/pipeline/"), "{logical_id}: {source}");
        }
    }
}

//! What must hold of every environment's template, and what the emulator would let pass.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use cloudformation::rules::{self, Finding};
use serde_json::{Map, Value};
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

#[test]
fn no_rule_is_broken() {
    for environment in ENVIRONMENTS {
        let template = template(&Settings::carried(environment).unwrap()).unwrap();
        let errors: Vec<_> = rules::check(template.as_json()).into_iter().filter(Finding::is_error).collect();
        assert!(errors.is_empty(), "{environment}: {errors:#?}");
    }
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
fn a_bucket_cleans_up_and_the_table_is_paid_by_use() {
    check("AWS::S3::Bucket", |bucket| {
        let rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"].as_array().cloned().unwrap_or_default();
        let has = |wanted: &str| rules.iter().any(|rule| rule.get("Prefix").is_none() && rule.get(wanted).is_some());
        has("ExpirationInDays") && has("AbortIncompleteMultipartUpload")
    });
    check("AWS::DynamoDB::Table", |table| {
        let properties = &table["Properties"];
        properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == true
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
fn what_runs_logs_all_of_it_and_is_traced() {
    check("AWS::StepFunctions::StateMachine", |machine| {
        machine["Properties"]["LoggingConfiguration"]["Level"] == "ALL"
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

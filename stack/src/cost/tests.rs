use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;

/// Prices that are easy to reckon with: a unit of anything costs one dollar.
fn prices() -> Prices {
    let mut prices = Prices::carried().unwrap();
    prices.set_all(1.0);
    prices
}

fn estimate(resource_type: &str, properties: Json, usage: Option<ResourceUsage>) -> Estimate {
    let template = json!({ "Resources": { "One": { "Type": resource_type, "Properties": properties } } });
    let resources = usage.map(|usage| ("One".to_owned(), usage)).into_iter().collect();
    let none = BTreeMap::new();
    Estimate::new(&Side::new(&template, &none), &Usage { months_kept: 12.0, resources }, &prices(), "us-east-1")
}

#[track_caller]
fn check(resource_type: &str, properties: Json, usage: Option<ResourceUsage>, expected: &[(Product, f64)]) {
    let estimate = estimate(resource_type, properties, usage);
    let items: Vec<_> = estimate.items.iter().map(|item| (item.product, item.usd)).collect();
    assert_eq!(items, expected);
    assert_eq!(estimate.not_estimated, []);
    assert_eq!(estimate.total, rounded(expected.iter().map(|(_, usd)| usd).sum()));
}

#[track_caller]
fn check_not_estimated(resource_type: &str, properties: Json, usage: Option<ResourceUsage>, reason: Reason) {
    let estimate = estimate(resource_type, properties, usage);
    assert_eq!(estimate.items, []);
    assert_eq!(estimate.not_estimated.iter().map(|one| one.reason).collect::<Vec<_>>(), [reason]);
}

const GB: f64 = 1_073_741_824.0;

fn table(item_bytes: f64) -> Option<ResourceUsage> {
    Some(ResourceUsage::Table { writes: 1e6, item_bytes })
}

#[test]
fn a_table_costs_its_writes_what_it_keeps_and_what_can_be_recovered() {
    let on_demand = |rest: Json| {
        let mut properties = json!({ "BillingMode": "PAY_PER_REQUEST" });
        properties.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        properties
    };
    let kept = rounded(12.0 * 1e6 * 1124.0 / GB);
    let writes = (Product::TableWrites, 1.0);
    check("AWS::DynamoDB::Table", on_demand(json!({})), table(1024.0), &[writes, (Product::TableStorage, kept)]);
    let recoverable = json!({ "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true } });
    let expected = [writes, (Product::TableStorage, kept), (Product::TableRecovery, kept)];
    check("AWS::DynamoDB::Table", on_demand(recoverable), table(1024.0), &expected);
    // A byte more is another write unit; an index is written too.
    let with_index = on_demand(json!({ "GlobalSecondaryIndexes": [{}] }));
    assert_eq!(estimate("AWS::DynamoDB::Table", with_index, table(1025.0)).items[0].usd, 4.0);
}

#[test]
fn a_function_costs_its_requests_and_its_time_by_memory() {
    let usage = Some(ResourceUsage::Function { invocations: 1e6, seconds: 2.0, traces: 1e6, metrics: 7.0 });
    let requests = (Product::FunctionRequests, 1.0);
    let metrics = (Product::Metrics, 7.0);
    let plain = [requests, (Product::FunctionComputeX86, 250.0), metrics];
    check("AWS::Lambda::Function", json!({}), usage.clone(), &plain);
    let traced = json!({ "MemorySize": "512", "Architectures": ["arm64"], "TracingConfig": { "Mode": "Active" } });
    let expected = [requests, (Product::FunctionComputeArm, 1000.0), metrics, (Product::Traces, 1.0)];
    check("AWS::Lambda::Function", traced, usage, &expected);
}

#[test]
fn an_execution_costs_the_shortest_way_to_success() {
    let definition = json!({
        "StartAt": "Work",
        "States": {
            "Work": { "Type": "Task", "Next": "Check", "Catch": [{ "Next": "Broken" }] },
            "Check": { "Type": "Choice", "Choices": [{ "Next": "Broken" }], "Default": "Done" },
            "Broken": { "Type": "Fail" },
            "Done": { "Type": "Succeed" },
        },
    });
    let usage = Some(ResourceUsage::StateMachine { executions: 1000.0, traces: 0.0 });
    let properties = json!({ "DefinitionString": definition.to_string() });
    check("AWS::StepFunctions::StateMachine", properties, usage.clone(), &[(Product::Transitions, 4.0)]);
    let express = json!({ "DefinitionString": definition.to_string(), "StateMachineType": "EXPRESS" });
    check_not_estimated("AWS::StepFunctions::StateMachine", express, usage, Reason::NoPrice);
}

#[test]
fn what_is_kept_costs_by_how_long() {
    let usage = Some(ResourceUsage::Bucket { writes: 1e3, reads: 2e3, bytes: GB });
    let requests = [(Product::BucketWrites, 1.0), (Product::BucketReads, 2.0)];
    let stored = |months| [requests[0], requests[1], (Product::BucketStorage, months)];
    check("AWS::S3::Bucket", json!({}), usage.clone(), &stored(12.0));
    let rule = json!({
        "Status": "Enabled", "ExpirationInDays": 358.25, "NoncurrentVersionExpiration": { "NoncurrentDays": 7 },
    });
    let expiring = json!({ "LifecycleConfiguration": { "Rules": [{ "Status": "Enabled" }, rule] } });
    check("AWS::S3::Bucket", expiring, usage, &stored(12.0));

    let usage = Some(ResourceUsage::LogGroup { bytes: 100.0 * GB });
    let ingested = (Product::LogsIngested, 100.0);
    let expected = [ingested, (Product::LogsStored, rounded(15.0 * 14.0 / (365.25 / 12.0)))];
    check("AWS::Logs::LogGroup", json!({ "RetentionInDays": 14 }), usage, &expected);
}

#[test]
fn an_alarm_costs_by_the_metrics_it_watches() {
    check("AWS::CloudWatch::Alarm", json!({ "Period": 60 }), None, &[(Product::Alarms, 1.0)]);
    let metric = json!({ "MetricStat": { "Period": 300 } });
    let ratio = json!({ "Metrics": [metric, metric, { "Expression": "a / b" }] });
    check("AWS::CloudWatch::Alarm", ratio, None, &[(Product::Alarms, 2.0)]);
    check_not_estimated("AWS::CloudWatch::Alarm", json!({ "Period": 10 }), None, Reason::NoPrice);
}

#[test]
fn what_is_free_is_no_item_and_what_is_not_known_is_named() {
    check("AWS::IAM::Role", json!({}), None, &[]);
    check_not_estimated("AWS::SQS::Queue", json!({}), None, Reason::NoPrice);
    check_not_estimated("AWS::S3::Bucket", json!({}), None, Reason::NoUsage);
    check_not_estimated("AWS::DynamoDB::Table", json!({}), table(1.0), Reason::NoPrice);
}

#[test]
fn a_change_shows_what_costs_otherwise() {
    let side = |memory| {
        let usage = ResourceUsage::Function { invocations: 1e6, seconds: 1.0, traces: 0.0, metrics: 1.0 };
        estimate("AWS::Lambda::Function", json!({ "MemorySize": memory }), Some(usage))
    };
    let change = CostChange::between(&side(1024), &side(512));
    assert_eq!((change.before, change.after, change.change), (1002.0, 502.0, -500.0));
    let items: Vec<_> = change.items.iter().map(|item| (item.product, item.before, item.after, item.change)).collect();
    assert_eq!(items, [(Product::FunctionComputeX86, 1000.0, 500.0, -500.0)]);
    assert_eq!(CostChange::between(&side(512), &side(512)).items, []);
}

#[test]
fn the_usage_names_resources_of_the_pipeline_and_leaves_none_out() {
    use crate::pipeline::{self, Settings};
    for environment in ["development", "production"] {
        let settings = Settings::carried(environment).unwrap();
        let (template, usage, none) =
            (pipeline::template(&settings).unwrap(), pipeline::usage(&settings), BTreeMap::new());
        let side = Side::new(template.as_json(), &none);
        let resources = side.resources();
        let lost: Vec<_> = usage.resources.keys().filter(|name| !resources.contains_key(*name)).collect();
        assert!(lost.is_empty(), "{lost:?}");
        let estimate = Estimate::new(&side, &usage, &Prices::carried().unwrap(), "us-east-1");
        let unused: Vec<_> = estimate.not_estimated.iter().filter(|one| one.reason == Reason::NoUsage).collect();
        assert!(unused.is_empty(), "{unused:?}");
    }
}

#[test]
fn nothing_costs_nothing() {
    let (template, none) = (json!({ "Resources": {} }), BTreeMap::new());
    let estimate = Estimate::new(&Side::new(&template, &none), &Usage::default(), &prices(), "us-east-1");
    assert_eq!(format!("{:.2}", estimate.total), "0.00");
}

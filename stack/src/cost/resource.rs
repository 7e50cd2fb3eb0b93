//! How much of what a resource takes in a month, from its properties and its usage.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value as Json;

use super::usage::ResourceUsage;
use super::{Product, Reason};

/// Bytes of a GB, as AWS counts.
const GB: f64 = (1_u64 << 30) as f64;

/// A mean month, days.
const MONTH: f64 = 365.25 / 12.0;

/// What DynamoDB adds to each item that it stores, bytes:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>.
const ITEM_OVERHEAD: f64 = 100.0;

/// What a write unit writes, bytes.
const WRITE_UNIT: f64 = 1024.0;

/// What is left of a log when CloudWatch has compressed it, as its pricing page reckons:
/// <https://aws.amazon.com/cloudwatch/pricing/>.
const LOG_COMPRESSION: f64 = 0.15;

/// Types that cost nothing themselves.
const FREE: &[&str] = &[
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
];

/// How much of each product; nothing of any for what is free.
pub(super) enum Quantities {
    Known(Vec<(Product, f64)>),
    Unknown(Reason),
}

/// What a resource takes.
pub(super) fn quantities(resource_type: &str, properties: &Json, usage: Option<(&ResourceUsage, f64)>) -> Quantities {
    let known = match resource_type {
        "AWS::DynamoDB::Table" if !is(properties, "BillingMode", "PAY_PER_REQUEST", "PROVISIONED") => None,
        "AWS::DynamoDB::Table" if !is(properties, "TableClass", "STANDARD", "STANDARD") => None,
        "AWS::StepFunctions::StateMachine" if !is(properties, "StateMachineType", "STANDARD", "STANDARD") => None,
        "AWS::Logs::LogGroup" if !is(properties, "LogGroupClass", "STANDARD", "STANDARD") => None,
        "AWS::SSM::Parameter" => is(properties, "Tier", "Standard", "Standard").then(Vec::new),
        "AWS::CloudWatch::Alarm" => alarm(properties),
        "AWS::CloudWatch::Dashboard" => Some(vec![(Product::Dashboards, 1.0)]),
        free if FREE.contains(&free) => Some(Vec::new()),
        "AWS::DynamoDB::Table"
        | "AWS::Lambda::Function"
        | "AWS::Logs::LogGroup"
        | "AWS::S3::Bucket"
        | "AWS::StepFunctions::StateMachine" => match usage {
            Some((usage, months_kept)) => used(usage, properties, months_kept),
            None => return Quantities::Unknown(Reason::NoUsage),
        },
        _ => None,
    };
    known.map_or(Quantities::Unknown(Reason::NoPrice), Quantities::Known)
}

/// What a resource takes that costs by its use.
fn used(usage: &ResourceUsage, properties: &Json, months_kept: f64) -> Option<Vec<(Product, f64)>> {
    Some(match *usage {
        ResourceUsage::Table { writes, item_bytes } => table(properties, writes, item_bytes, months_kept),
        ResourceUsage::Bucket { writes, reads, bytes } => {
            let stored = bytes / GB * bucket_months(properties).unwrap_or(months_kept);
            vec![
                (Product::BucketWrites, writes / 1e3),
                (Product::BucketReads, reads / 1e3),
                (Product::BucketStorage, stored),
            ]
        }
        ResourceUsage::Function { invocations, seconds, traces, metrics } => {
            let memory = or_default(properties, "MemorySize", 128.0)?;
            let compute = match properties["Architectures"][0].as_str() {
                Some("arm64") => Product::FunctionComputeArm,
                _ => Product::FunctionComputeX86,
            };
            let traced = is(&properties["TracingConfig"], "Mode", "Active", "PassThrough");
            vec![
                (Product::FunctionRequests, invocations / 1e6),
                (compute, invocations * seconds * memory / 1024.0 / 1e3),
                (Product::Metrics, metrics),
                (Product::Traces, if traced { traces / 1e6 } else { 0.0 }),
            ]
        }
        ResourceUsage::StateMachine { executions, traces } => {
            let traced = is_true(&properties["TracingConfiguration"]["Enabled"]);
            vec![
                (Product::Transitions, executions * transitions(properties)? / 1e3),
                (Product::Traces, if traced { traces / 1e6 } else { 0.0 }),
            ]
        }
        ResourceUsage::LogGroup { bytes } => {
            let days = number(&properties["RetentionInDays"]);
            let months = days.map_or(months_kept, |days| days / MONTH);
            vec![(Product::LogsIngested, bytes / GB), (Product::LogsStored, bytes / GB * LOG_COMPRESSION * months)]
        }
    })
}

/// Each index is written and stored like the table, at most.
fn table(properties: &Json, writes: f64, item_bytes: f64, months_kept: f64) -> Vec<(Product, f64)> {
    let copies = 1.0 + properties["GlobalSecondaryIndexes"].as_array().map_or(0.0, |indexes| indexes.len() as f64);
    let stored = writes * months_kept * (item_bytes + ITEM_OVERHEAD) / GB * copies;
    let recoverable = is_true(&properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]);
    vec![
        (Product::TableWrites, writes * (item_bytes / WRITE_UNIT).ceil() * copies / 1e6),
        (Product::TableStorage, stored),
        (Product::TableRecovery, if recoverable { stored } else { 0.0 }),
    ]
}

/// An alarm costs by the metrics that it watches; one of less than a minute costs more, and is not known here.
fn alarm(properties: &Json) -> Option<Vec<(Product, f64)>> {
    let metrics: Vec<&Json> = properties["Metrics"].as_array().into_iter().flatten().collect();
    let stats: Vec<&Json> =
        metrics.iter().map(|metric| &metric["MetricStat"]).filter(|stat| stat.is_object()).collect();
    let periods = stats.iter().map(|stat| &stat["Period"]).chain([&properties["Period"]]);
    let is_slow = periods.filter(|period| !period.is_null()).all(|period| number(period).is_some_and(|s| s >= 60.0));
    is_slow.then(|| vec![(Product::Alarms, if metrics.is_empty() { 1.0 } else { stats.len() as f64 })])
}

/// For how long a bucket keeps an object, old versions included, where it deletes them at all.
fn bucket_months(properties: &Json) -> Option<f64> {
    let rules = properties["LifecycleConfiguration"]["Rules"].as_array()?;
    rules.iter().filter(|rule| rule["Status"] == "Enabled").find_map(|rule| {
        let days = number(&rule["ExpirationInDays"])?;
        let noncurrent = number(&rule["NoncurrentVersionExpiration"]["NoncurrentDays"]).unwrap_or_default();
        Some((days + noncurrent) / MONTH)
    })
}

/// The transitions of the shortest way to success: one into each state, and one out of the last. What happens within a
/// `Map` or a `Parallel` is not counted.
fn transitions(properties: &Json) -> Option<f64> {
    let text = properties["DefinitionString"].as_str()?;
    let definition: Json = serde_json::from_str(text).ok()?;
    let mut ways = VecDeque::from([(definition["StartAt"].as_str()?, 1_u32)]);
    let mut seen = BTreeSet::new();
    while let Some((name, entered)) = ways.pop_front() {
        let state = &definition["States"][name];
        if state["Type"] == "Succeed" || is_true(&state["End"]) {
            return Some(f64::from(entered + 1));
        }
        if seen.insert(name) {
            let choices = state["Choices"].as_array().into_iter().flatten();
            let next = choices.map(|choice| &choice["Next"]).chain([&state["Next"], &state["Default"]]);
            ways.extend(next.filter_map(Json::as_str).map(|next| (next, entered + 1)));
        }
    }
    None
}

/// Whether the property is `value`, which it may be by default.
fn is(properties: &Json, name: &str, value: &str, default: &str) -> bool {
    match &properties[name] {
        Json::Null => default == value,
        found => found == value,
    }
}

fn is_true(value: &Json) -> bool {
    *value == true || *value == "true"
}

/// The property's value, the default where it is not set; nothing where only the deployment knows.
fn or_default(properties: &Json, name: &str, default: f64) -> Option<f64> {
    match &properties[name] {
        Json::Null => Some(default),
        value => number(value),
    }
}

fn number(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

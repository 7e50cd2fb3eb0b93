//! Grants: the statements that let a role do one thing with one resource, and no more.
//!
//! They start from an ARN, so that a resource of this stack, a reserved one and an imported one grant alike:
//! `table.arn().grant_write_items()`.

use serde_json::{Value as JsonValue, json};

use crate::policy::{PolicyDocument, Statement};
use crate::resource::Handle;
use crate::stack::Stack;
use crate::value::{Arn, Value};
use crate::{action, dynamodb, iam, logs, s3, ssm, stepfunctions, text};

impl Stack {
    /// Gives `role` what the statements say, in a policy of its own. A policy apart from its role keeps the role
    /// free of references, which would otherwise run in a circle as soon as two functions know of each other.
    #[track_caller]
    pub fn grant(
        &mut self,
        logical_id: &str,
        role: &Handle<iam::Role>,
        statements: impl IntoIterator<Item = Statement>,
    ) -> Handle<iam::Policy> {
        let document = PolicyDocument::new(statements);
        let reasons: Vec<JsonValue> = document.any_resource_reasons().map(JsonValue::from).collect();
        let policy = iam::Policy::new(document, logical_id).roles([role.reference()]);
        let handle = self.add(logical_id, policy);
        if !reasons.is_empty() {
            self.attributes(&handle).metadata("AnyResource", json!(reasons));
        }
        handle
    }
}

impl Value<Arn<s3::Bucket>> {
    /// Reads objects, in any version, below `prefix` (`ingest/`; empty for the whole bucket).
    pub fn grant_read_objects(&self, prefix: &str) -> Statement {
        let actions = [action!("s3:GetObject"), action!("s3:GetObjectVersion")];
        Statement::allow(&actions, [self.objects(prefix)])
    }

    /// Lets a missing object be told from a forbidden one: without it, S3 answers 403 for both.
    pub fn grant_list(&self) -> Statement {
        Statement::allow(&[action!("s3:ListBucket")], [self])
    }

    /// Writes objects below `prefix`, in one request or in parts.
    pub fn grant_write_objects(&self, prefix: &str) -> Statement {
        let actions = [action!("s3:PutObject"), action!("s3:AbortMultipartUpload")];
        Statement::allow(&actions, [self.objects(prefix)])
    }

    /// The ARN pattern of every object below `prefix`.
    pub fn objects(&self, prefix: &str) -> Value<String> {
        text![self, format!("/{prefix}*")]
    }
}

impl Value<Arn<dynamodb::Table>> {
    /// Writes whole items, one by one or in batches.
    pub fn grant_write_items(&self) -> Statement {
        let actions = [action!("dynamodb:BatchWriteItem"), action!("dynamodb:PutItem")];
        Statement::allow(&actions, [self])
    }
}

impl Value<Arn<stepfunctions::StateMachine>> {
    /// Starts executions.
    pub fn grant_start_execution(&self) -> Statement {
        Statement::allow(&[action!("states:StartExecution")], [self])
    }
}

impl Value<Arn<ssm::Parameter>> {
    /// Reads the parameter.
    pub fn grant_read(&self) -> Statement {
        Statement::allow(&[action!("ssm:GetParameter")], [self])
    }
}

impl Value<Arn<logs::LogGroup>> {
    /// Writes to the log group's streams. The attribute ends in `:*`, which is the streams.
    pub fn grant_write_events(&self) -> Statement {
        let actions = [action!("logs:CreateLogStream"), action!("logs:PutLogEvents")];
        Statement::allow(&actions, [self])
    }
}

/// Sends trace segments to X-Ray.
pub fn grant_trace() -> Statement {
    let actions = [
        action!("xray:PutTraceSegments"),
        action!("xray:PutTelemetryRecords"),
        action!("xray:GetSamplingRules"),
        action!("xray:GetSamplingTargets"),
    ];
    Statement::allow_on_any_resource(&actions, "X-Ray has no resource-level permissions for these actions")
}

/// Lets Step Functions deliver an execution's log to CloudWatch Logs:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>.
pub fn grant_log_delivery() -> Statement {
    let actions = [
        action!("logs:CreateLogDelivery"),
        action!("logs:GetLogDelivery"),
        action!("logs:UpdateLogDelivery"),
        action!("logs:DeleteLogDelivery"),
        action!("logs:ListLogDeliveries"),
        action!("logs:PutResourcePolicy"),
        action!("logs:DescribeResourcePolicies"),
        action!("logs:DescribeLogGroups"),
    ];
    Statement::allow_on_any_resource(&actions, "CloudWatch Logs has no resource-level permissions for log delivery")
}

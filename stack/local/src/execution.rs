//! Waiting for the executions that uploaded objects start.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::ExecutionStatus;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::client::reason;

/// How often the state machine is asked.
const POLL: Duration = Duration::from_millis(100);

/// An object in S3, as an execution's input names it: `{"bucket": …, "key": …, "version_id": …}`, with anything beside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Object {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The version, where the bucket is versioned.
    #[serde(default)]
    pub version_id: Option<String>,
}

impl Object {
    /// Whether an execution with the input `input` is this object's. An input without a version stands for any.
    fn is_named_by(&self, input: &Object) -> bool {
        let same_version = match (&self.version_id, &input.version_id) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => true,
        };
        self.bucket == input.bucket && self.key == input.key && same_version
    }
}

/// An execution that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// How it ended: `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// The output, JSON. None unless it succeeded.
    pub output: Option<String>,
    /// The error's name, where it failed.
    pub error: Option<String>,
    /// What the error says, where it failed.
    pub cause: Option<String>,
}

impl Execution {
    /// Whether it ended well.
    pub fn succeeded(&self) -> bool {
        self.status == ExecutionStatus::Succeeded.as_str()
    }
}

/// Something happened to one of the objects waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionEvent<'a> {
    /// Its execution started.
    Started {
        /// The object's index among those waited for.
        index: usize,
        /// The execution's ARN.
        arn: &'a str,
    },
    /// Its execution ended, well or not.
    Ended {
        /// The object's index among those waited for.
        index: usize,
        /// The execution.
        execution: &'a Execution,
    },
}

/// The executions could not be followed to their end.
#[derive(Debug, thiserror::Error)]
pub enum ExecutionError {
    /// Step Functions refused, or did not answer.
    #[error("cannot follow the executions of {state_machine}: {reason}; check that the stack is deployed")]
    Service {
        /// The state machine's ARN.
        state_machine: String,
        /// What Step Functions said.
        reason: String,
    },
    /// An upload started nothing in time.
    #[error(
        "no execution started for s3://{bucket}/{key} within {seconds} seconds; the emulator's log says whether the bucket's notification matched the key and what the notified function answered"
    )]
    NotStarted {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// How long was waited, seconds.
        seconds: u64,
    },
    /// An execution did not end in time.
    #[error(
        "the execution {arn} still runs after {seconds} seconds; give it more time, or see in the emulator's log what its function does"
    )]
    NotEnded {
        /// The execution's ARN.
        arn: String,
        /// How long was waited, seconds.
        seconds: u64,
    },
}

/// The executions that one state machine starts from now on.
///
/// Made before the upload: executions that are there already belong to earlier uploads, and in a bucket without versions
/// nothing else tells them apart.
#[derive(Debug)]
pub struct Executions {
    client: Client,
    state_machine: String,
    /// The input of each execution seen, by ARN. None for one that was there before, or that names no object.
    seen: HashMap<String, Option<Object>>,
}

/// How far one object is.
enum Progress {
    Waiting,
    Running(String),
    Ended(Execution),
}

impl Executions {
    /// Follows the state machine with the ARN `state_machine` from now on.
    ///
    /// # Errors
    ///
    /// The state machine is not there, or Step Functions does not answer.
    pub async fn from_now(client: &Client, state_machine: &str) -> Result<Self, ExecutionError> {
        let mut this = Self { client: client.clone(), state_machine: state_machine.to_owned(), seen: HashMap::new() };
        this.seen = this.list().await?.into_iter().map(|(arn, _)| (arn, None)).collect();
        Ok(this)
    }

    /// Waits until the execution of each of `objects` has ended, at most `limit`, and returns them in the same order.
    /// `on_event` hears of each start and each end as they are seen.
    ///
    /// # Errors
    ///
    /// An execution does not start or not end in time, or Step Functions does not answer.
    pub async fn wait(
        &mut self,
        objects: &[Object],
        limit: Duration,
        mut on_event: impl FnMut(ExecutionEvent<'_>),
    ) -> Result<Vec<Execution>, ExecutionError> {
        let deadline = Instant::now() + limit;
        let mut progress: Vec<Progress> = objects.iter().map(|_| Progress::Waiting).collect();
        loop {
            self.advance(objects, &mut progress, &mut on_event).await?;
            if progress.iter().all(|one| matches!(one, Progress::Ended(_))) {
                return Ok(progress.into_iter().filter_map(Progress::ended).collect());
            }
            if Instant::now() >= deadline {
                return Err(late(objects, &progress, limit));
            }
            sleep(POLL).await;
        }
    }

    /// Brings `progress` up to what Step Functions says now.
    async fn advance(
        &mut self,
        objects: &[Object],
        progress: &mut [Progress],
        on_event: &mut impl FnMut(ExecutionEvent<'_>),
    ) -> Result<(), ExecutionError> {
        let listed = self.list().await?;
        for (arn, _) in &listed {
            if !self.seen.contains_key(arn) {
                let input = self.describe(arn).await?.input.and_then(|text| serde_json::from_str(&text).ok());
                self.seen.insert(arn.clone(), input);
            }
        }
        for (index, object) in objects.iter().enumerate() {
            if matches!(progress[index], Progress::Waiting)
                && let Some((arn, _)) = listed.iter().find(|(arn, _)| self.names(arn, object))
            {
                on_event(ExecutionEvent::Started { index, arn });
                progress[index] = Progress::Running(arn.clone());
            }
            if let Progress::Running(arn) = &progress[index]
                && listed.iter().any(|(listed, status)| listed == arn && has_ended(status))
            {
                let execution = execution(self.describe(arn).await?);
                on_event(ExecutionEvent::Ended { index, execution: &execution });
                progress[index] = Progress::Ended(execution);
            }
        }
        Ok(())
    }

    fn names(&self, arn: &str, object: &Object) -> bool {
        matches!(self.seen.get(arn), Some(Some(input)) if object.is_named_by(input))
    }

    /// Every execution's ARN and status, the latest first.
    async fn list(&self) -> Result<Vec<(String, ExecutionStatus)>, ExecutionError> {
        let mut pages =
            self.client.list_executions().state_machine_arn(&self.state_machine).into_paginator().items().send();
        let mut listed = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| self.error(reason(&error)))?;
            listed.push((item.execution_arn, item.status));
        }
        Ok(listed)
    }

    async fn describe(&self, arn: &str) -> Result<DescribeExecutionOutput, ExecutionError> {
        let answer = self.client.describe_execution().execution_arn(arn).send().await;
        answer.map_err(|error| self.error(reason(&error)))
    }

    fn error(&self, reason: impl ToString) -> ExecutionError {
        ExecutionError::Service { state_machine: self.state_machine.clone(), reason: reason.to_string() }
    }
}

impl Progress {
    fn ended(self) -> Option<Execution> {
        match self {
            Self::Ended(execution) => Some(execution),
            _ => None,
        }
    }
}

fn has_ended(status: &ExecutionStatus) -> bool {
    !matches!(status, ExecutionStatus::Running | ExecutionStatus::PendingRedrive)
}

fn execution(described: DescribeExecutionOutput) -> Execution {
    // The emulator gives a failed execution an output too; AWS does not.
    let succeeded = described.status == ExecutionStatus::Succeeded;
    Execution {
        arn: described.execution_arn,
        status: described.status.as_str().to_owned(),
        output: described.output.filter(|_| succeeded),
        error: described.error,
        cause: described.cause,
    }
}

/// The first object that is not done, as an error.
fn late(objects: &[Object], progress: &[Progress], limit: Duration) -> ExecutionError {
    let seconds = limit.as_secs();
    let running = progress.iter().find_map(|one| match one {
        Progress::Running(arn) => Some(arn.clone()),
        _ => None,
    });
    let waiting = objects.iter().zip(progress).find(|(_, one)| matches!(one, Progress::Waiting));
    match (waiting, running) {
        (Some((object, _)), _) => {
            ExecutionError::NotStarted { bucket: object.bucket.clone(), key: object.key.clone(), seconds }
        }
        (None, running) => ExecutionError::NotEnded { arn: running.unwrap_or_default(), seconds },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether an upload of `a/b` with the version `version` is matched by an execution with `input`.
    fn check(version: Option<&str>, input: &str, expected: bool) {
        let object = Object { bucket: "data".into(), key: "a/b".into(), version_id: version.map(str::to_owned) };
        let named = serde_json::from_str(input).is_ok_and(|input| object.is_named_by(&input));
        assert_eq!(named, expected, "{input}");
    }

    #[test]
    fn an_input_names_bucket_key_and_version() {
        check(None, r#"{"bucket":"data","key":"a/b"}"#, true);
        check(Some("1"), r#"{"bucket":"data","key":"a/b","version_id":"1","size":9}"#, true);
        check(Some("1"), r#"{"bucket":"data","key":"a/b","version_id":"2"}"#, false);
        check(Some("1"), r#"{"bucket":"data","key":"a/b"}"#, true);
        check(None, r#"{"bucket":"data","key":"a/c"}"#, false);
        check(None, r#"{"bucket":"other","key":"a/b"}"#, false);
        check(None, r#"{"something":"else"}"#, false);
        check(None, "[]", false);
    }

    #[test]
    fn what_is_late_is_named() {
        let object = |key: &str| Object { bucket: "data".into(), key: key.into(), version_id: None };
        let objects = [object("a"), object("b")];
        let limit = Duration::from_secs(3);
        let error = late(&objects, &[Progress::Running("arn:a".into()), Progress::Waiting], limit).to_string();
        assert!(error.contains("no execution started for s3://data/b within 3 seconds"), "{error}");
        let running = [Progress::Running("arn:a".into()), Progress::Running("arn:b".into())];
        let error = late(&objects, &running, limit).to_string();
        assert!(error.contains("arn:a still runs after 3 seconds"), "{error}");
    }
}

//! Stack events: what happened to which resource, each once and in order.

use std::collections::HashSet;
use std::fmt;

use aws_sdk_cloudformation::types::StackEvent as SdkEvent;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;

use crate::{Connection, DeploymentError};

/// The type of a stack in its own events.
const STACK_TYPE: &str = "AWS::CloudFormation::Stack";

/// The status of a stack or a resource, in CloudFormation's words: `CREATE_COMPLETE`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Status(String);

impl Status {
    /// The status by its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether more is to come.
    pub fn is_in_progress(&self) -> bool {
        self.0.ends_with("_IN_PROGRESS")
    }

    /// Whether something failed here. A rollback that completes is no failure of its own.
    pub fn is_failed(&self) -> bool {
        self.0.ends_with("_FAILED")
    }

    /// Whether a stack is as its template wants it: an operation ended, and was not rolled back.
    pub fn is_success(&self) -> bool {
        self.0.ends_with("_COMPLETE") && !self.is_unwanted()
    }

    /// Whether a stack failed, or is on its way back.
    fn is_unwanted(&self) -> bool {
        self.is_failed() || self.0.contains("ROLLBACK")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One step of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StackEvent {
    /// CloudFormation's id of the event.
    pub id: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The resource's name in the template; the stack's own name for the stack.
    pub logical_id: String,
    /// The resource's name or ARN on AWS, once there is one.
    pub physical_id: Option<String>,
    /// `AWS::S3::Bucket`, say.
    pub resource_type: String,
    /// What the resource came to.
    pub status: Status,
    /// Why, where CloudFormation says so.
    pub reason: Option<String>,
}

impl StackEvent {
    fn from_sdk(event: SdkEvent) -> Self {
        let timestamp = event.timestamp.and_then(|time| Timestamp::new(time.secs(), time.subsec_nanos() as i32).ok());
        Self {
            id: event.event_id.unwrap_or_default(),
            timestamp: timestamp.unwrap_or_default(),
            logical_id: event.logical_resource_id.unwrap_or_default(),
            physical_id: event.physical_resource_id.filter(|id| !id.is_empty()),
            resource_type: event.resource_type.unwrap_or_default(),
            status: Status::new(event.resource_status.as_ref().map_or("", |status| status.as_str())),
            reason: event.resource_status_reason.filter(|reason| !reason.is_empty()),
        }
    }

    /// Whether this is about the stack `stack_id` itself, and not about a resource or a nested stack.
    fn is_about(&self, stack_id: &str) -> bool {
        self.resource_type == STACK_TYPE && self.physical_id.as_deref() == Some(stack_id)
    }

    /// Whether the resource failed only because another one had.
    fn is_cancelled(&self) -> bool {
        self.reason.as_deref().is_some_and(|reason| reason.contains("cancelled"))
    }
}

/// The events of one stack from one moment on.
pub(crate) struct EventLog {
    connection: Connection,
    stack_id: String,
    /// The newest event of the time before. What lies behind it is not read.
    marker: Option<String>,
    seen: HashSet<String>,
}

impl EventLog {
    /// Starts after the newest event that there is now. `stack_id` is the ARN: a deleted stack has no other name.
    pub(crate) async fn from_now(connection: &Connection, stack_id: &str) -> Result<Self, DeploymentError> {
        let mut log =
            Self { connection: connection.clone(), stack_id: stack_id.to_owned(), marker: None, seen: HashSet::new() };
        let (events, _) = log.page(None).await?;
        log.marker = events.first().map(|event| event.id.clone());
        log.seen = events.into_iter().map(|event| event.id).collect();
        Ok(log)
    }

    /// The events that were not returned before, oldest first.
    ///
    /// CloudFormation lists the newest first, and an event that comes in while pages are read moves the others: one
    /// can be on two pages, and a late one can lie behind those already seen.
    async fn unread(&mut self) -> Result<Vec<StackEvent>, DeploymentError> {
        let mut unread = Vec::new();
        let mut token = None;
        loop {
            let (page, next) = self.page(token).await?;
            let (mut reached_marker, before) = (false, unread.len());
            for event in page {
                reached_marker |= self.marker.as_ref() == Some(&event.id);
                if !reached_marker && self.seen.insert(event.id.clone()) {
                    unread.push(event);
                }
            }
            token = next;
            if reached_marker || token.is_none() || unread.len() == before {
                unread.reverse();
                unread.sort_by_key(|event| event.timestamp);
                return Ok(unread);
            }
        }
    }

    async fn page(&self, token: Option<String>) -> Result<(Vec<StackEvent>, Option<String>), DeploymentError> {
        let request = self.connection.cloudformation.describe_stack_events().stack_name(&self.stack_id);
        let page =
            request.set_next_token(token).send().await.map_err(DeploymentError::aws("read the stack's events"))?;
        let events = page.stack_events.unwrap_or_default().into_iter().map(StackEvent::from_sdk).collect();
        Ok((events, page.next_token))
    }
}

/// How an operation ended.
pub(crate) struct Ending {
    pub(crate) status: Status,
    /// Resources that the operation left alone because their deletion policy says so.
    pub(crate) retained: Vec<StackEvent>,
    failures: Vec<StackEvent>,
    /// Where the stack itself first gave a reason for its failure: a quota, say, that is no resource's fault.
    stack_failure: Option<StackEvent>,
}

impl Ending {
    /// The operation's success, or its first failure. `stack` is the stack's name.
    pub(crate) fn into_result(self, stack: &str) -> Result<Self, DeploymentError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let first = self.failures.iter().find(|event| !event.is_cancelled()).or(self.failures.first());
        let cause = first.cloned().or(self.stack_failure).map(Box::new);
        Err(DeploymentError::Failed { stack: stack.to_owned(), status: self.status, cause })
    }
}

/// Reports the events of `log` to `events` until the stack itself has come to an end.
pub(crate) async fn watch(mut log: EventLog, events: &UnboundedSender<StackEvent>) -> Result<Ending, DeploymentError> {
    let (mut retained, mut failures, mut stack_failure) = (Vec::new(), Vec::new(), None);
    loop {
        let mut stack_status = None;
        for event in log.unread().await? {
            if event.is_about(&log.stack_id) {
                stack_status = Some(event.status.clone());
                if stack_failure.is_none() && event.reason.is_some() && event.status.is_unwanted() {
                    stack_failure = Some(event.clone());
                }
            } else if event.status.is_failed() {
                failures.push(event.clone());
            } else if event.status.as_str() == "DELETE_SKIPPED" {
                retained.push(event.clone());
            }
            // Nobody listens where the operation is only awaited.
            let _ = events.send(event);
        }
        if let Some(status) = stack_status.filter(|status| !status.is_in_progress()) {
            return Ok(Ending { status, retained, failures, stack_failure });
        }
        tokio::time::sleep(log.connection.poll_interval).await;
    }
}

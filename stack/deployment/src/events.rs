//! Stack events: what happened to which resource, each once and in order.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_cloudformation::types::StackEvent as SdkEvent;
use jiff::Timestamp;
use serde::Serialize;

use crate::stack::{is_absent, timestamp};
use crate::{Connection, DeploymentError, Status};

/// The type of a stack in its own events.
const STACK_TYPE: &str = "AWS::CloudFormation::Stack";

/// For how long a watch waits for an answer, counted in poll intervals: ten minutes on AWS.
const PATIENCE: u32 = 300;

/// The longest wait between two attempts, counted in poll intervals: half a minute on AWS.
const LONGEST_WAIT: u32 = 15;

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
    /// The token of the request that began the operation; none where it had no token.
    pub operation: Option<String>,
}

impl StackEvent {
    fn from_sdk(event: SdkEvent) -> Self {
        Self {
            id: event.event_id.unwrap_or_default(),
            timestamp: event.timestamp.and_then(timestamp).unwrap_or_default(),
            logical_id: event.logical_resource_id.unwrap_or_default(),
            physical_id: event.physical_resource_id.filter(|id| !id.is_empty()),
            resource_type: event.resource_type.unwrap_or_default(),
            status: Status::new(event.resource_status.as_ref().map_or("", |status| status.as_str())),
            reason: event.resource_status_reason.filter(|reason| !reason.is_empty()),
            operation: event.client_request_token.filter(|token| !token.is_empty()),
        }
    }

    /// Whether this is about a stack itself, and not about a resource of it. A nested stack is a resource: the ARN that
    /// is its physical id has another name in it.
    pub fn is_of_stack(&self) -> bool {
        let name = self.physical_id.as_deref().and_then(|arn| arn.split('/').nth(1));
        self.resource_type == STACK_TYPE && name == Some(self.logical_id.as_str())
    }

    /// Whether this is about the stack `stack_id` itself, and not about a resource or a nested stack.
    fn is_about(&self, stack_id: &str) -> bool {
        self.resource_type == STACK_TYPE && self.physical_id.as_deref() == Some(stack_id)
    }

    /// Whether the resource failed only because another one had: `Resource creation cancelled`.
    pub fn is_cancelled(&self) -> bool {
        self.reason.as_deref().is_some_and(|text| text.starts_with("Resource ") && text.ends_with(" cancelled"))
    }
}

/// Which of a stack's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventRange {
    /// Those of the operation under way, or of the last one.
    LastOperation,
    /// Those from a moment on.
    Since(Timestamp),
    /// All that CloudFormation keeps: 90 days.
    All,
}

impl Connection {
    /// The events of the stack `name`, oldest first.
    ///
    /// # Errors
    ///
    /// There is no such stack, or AWS does not answer.
    pub async fn events(&self, name: &str, range: EventRange) -> Result<Vec<StackEvent>, DeploymentError> {
        let stack = self.stack(name).await?.ok_or_else(|| self.no_stack(name))?;
        let mut log = EventLog::new(self, &stack.name, &stack.id);
        match range {
            EventRange::LastOperation => log = EventLog::of_last_operation(self, &stack.name, &stack.id).await?,
            EventRange::Since(moment) => log.since = Some(moment),
            EventRange::All => {}
        }
        log.unread().await
    }
}

/// The events of one stack from one moment on.
pub(crate) struct EventLog {
    connection: Connection,
    stack: String,
    stack_id: String,
    /// The newest event of the time before. What lies behind it is not read.
    marker: Option<String>,
    /// The moment before which nothing is read.
    since: Option<Timestamp>,
    seen: HashSet<String>,
    /// The operation whose events these are, where it is known, and whether one of them has come.
    operation: Option<String>,
    begun: bool,
    /// Operations that went before. An event of theirs that comes late is none of ours.
    others: HashSet<String>,
}

impl EventLog {
    /// All events.
    fn new(connection: &Connection, stack: &str, stack_id: &str) -> Self {
        Self {
            connection: connection.clone(),
            stack: stack.to_owned(),
            stack_id: stack_id.to_owned(),
            marker: None,
            since: None,
            seen: HashSet::new(),
            operation: None,
            begun: true,
            others: HashSet::new(),
        }
    }

    /// The events of an operation that begins now, with the token `operation`. `stack_id` is the ARN: a deleted stack
    /// has no other name.
    pub(crate) async fn from_now(
        connection: &Connection,
        stack: &str,
        stack_id: &str,
        operation: &str,
    ) -> Result<Self, DeploymentError> {
        let mut log = Self::new(connection, stack, stack_id);
        let (events, _) = log.page(None).await?;
        log.marker = events.first().map(|event| event.id.clone());
        log.others = events.iter().filter_map(|event| event.operation.clone()).collect();
        log.others.remove(operation);
        log.seen = events.into_iter().map(|event| event.id).collect();
        log.operation = Some(operation.to_owned());
        log.begun = false;
        Ok(log)
    }

    /// The events of the operation that is under way, or else of the last one, from its beginning.
    pub(crate) async fn of_last_operation(
        connection: &Connection,
        stack: &str,
        stack_id: &str,
    ) -> Result<Self, DeploymentError> {
        let mut log = Self::new(connection, stack, stack_id);
        let (mut token, mut inside) = (None, false);
        loop {
            let (page, next) = log.page(token).await?;
            for event in page.into_iter().filter(|event| event.is_about(stack_id)) {
                // An operation begins behind the stack's last rest, or behind its review.
                if inside && (!event.status.is_in_progress() || event.status.as_str() == "REVIEW_IN_PROGRESS") {
                    log.marker = Some(event.id);
                    return Ok(log);
                }
                inside = true;
            }
            token = next;
            if token.is_none() {
                return Ok(log);
            }
        }
    }

    /// The stack's name.
    pub(crate) fn stack(&self) -> &str {
        &self.stack
    }

    /// Whether `event` is about the stack itself.
    pub(crate) fn is_about_stack(&self, event: &StackEvent) -> bool {
        event.is_about(&self.stack_id)
    }

    /// The events that were not returned before, oldest first. Throttling and a lost connection are waited out.
    ///
    /// CloudFormation lists the newest first, and an event that comes in while pages are read moves the others: one
    /// can be on two pages, and a late one can lie behind those already seen.
    pub(crate) async fn unread(&mut self) -> Result<Vec<StackEvent>, DeploymentError> {
        let mut unread = Vec::new();
        let mut token = None;
        loop {
            let (page, next) = self.page_at_last(token).await?;
            let (mut reached_end, before) = (false, unread.len());
            for event in page {
                reached_end |= self.marker.as_ref() == Some(&event.id);
                reached_end |= self.since.is_some_and(|moment| event.timestamp < moment);
                if !reached_end && self.seen.insert(event.id.clone()) {
                    unread.push(event);
                }
            }
            token = next;
            if reached_end || token.is_none() || unread.len() == before {
                unread.reverse();
                unread.sort_by_key(|event| event.timestamp);
                unread.retain(|event| self.is_ours(event));
                return Ok(unread);
            }
        }
    }

    /// Whether an event belongs to the operation. From its first event to its end all do: a cancellation, which has a
    /// token of its own, is a part of what it cancels.
    fn is_ours(&mut self, event: &StackEvent) -> bool {
        let Some(operation) = &event.operation else { return true };
        self.begun |= self.operation.as_ref() == Some(operation);
        if !self.begun {
            self.others.insert(operation.clone());
        }
        !self.others.contains(operation)
    }

    /// Waits before the next look.
    pub(crate) async fn pause(&self) {
        tokio::time::sleep(self.connection.poll_interval).await;
    }

    /// A page, waited for with growing patience.
    async fn page_at_last(&self, token: Option<String>) -> Result<(Vec<StackEvent>, Option<String>), DeploymentError> {
        let mut waits = waits(self.connection.poll_interval);
        loop {
            let error = match self.page(token.clone()).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            match waits.next().filter(|_| error.is_transient()) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    async fn page(&self, token: Option<String>) -> Result<(Vec<StackEvent>, Option<String>), DeploymentError> {
        let request = self.connection.cloudformation.describe_stack_events().stack_name(&self.stack_id);
        match request.set_next_token(token).send().await {
            Ok(page) => {
                let events = page.stack_events.unwrap_or_default().into_iter().map(StackEvent::from_sdk).collect();
                Ok((events, page.next_token))
            }
            Err(error) if is_absent(&error) => Err(self.connection.no_stack(&self.stack)),
            Err(error) => Err(DeploymentError::aws(format!("read the events of stack `{}`", self.stack))(error)),
        }
    }
}

/// The waits between attempts: each twice the one before up to [`LONGEST_WAIT`], until [`PATIENCE`] is used up.
fn waits(interval: Duration) -> impl Iterator<Item = Duration> {
    let lengths = std::iter::successors(Some(1), |&length: &u32| Some((2 * length).min(LONGEST_WAIT)));
    let spent = lengths.scan(0, |spent, length| {
        *spent += length;
        (*spent <= PATIENCE).then_some(length)
    });
    spent.map(move |length| interval * length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_after_about_ten_minutes() {
        let waits: Vec<_> = waits(Duration::from_secs(2)).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits[..6], [2, 4, 8, 16, 30, 30]);
        assert!((570..=600).contains(&waits.iter().sum::<u64>()), "{waits:?}");
    }
}

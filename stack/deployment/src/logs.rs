//! What a stack's functions and state machines write to CloudWatch Logs.
//!
//! Read by polling `FilterLogEvents`, also to follow. Live Tail (`StartLiveTail`) would push, but it samples above 500
//! events a second, drops what is not taken in time, ends after three hours, shows nothing of the time before, and
//! needs a permission of its own: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/CloudWatchLogs_LiveTail.html>.

use std::collections::{HashMap, VecDeque};

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use jiff::Timestamp;
use serde::Serialize;

use crate::{Connection, DeploymentError, Resource};

/// How far behind the newest event of a log group is read again, milliseconds: CloudWatch takes events in some seconds
/// late and out of order, and a late one lies behind those already seen.
const OVERLAP: i64 = 60_000;

/// Something that writes a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSource {
    /// The resource's name in the template: `ProcessorFunction`.
    pub logical_id: String,
    /// Its name for people: `processor`.
    pub name: String,
    /// The function's or state machine's own name or ARN.
    pub physical_id: String,
    /// The log group that it writes to.
    pub log_group: String,
}

impl LogSource {
    fn new(resource: Resource, log_group: String) -> Self {
        let Resource { logical_id, physical_id, .. } = resource;
        Self { name: short_name(&logical_id), logical_id, physical_id, log_group }
    }

    /// Whether `name` means this: its short name, its logical id or its physical id.
    pub fn is_called(&self, name: &str) -> bool {
        [&self.name, &self.logical_id].iter().any(|own| own.eq_ignore_ascii_case(name)) || self.physical_id == name
    }
}

/// `state-machine` of `StateMachine`, `processor` of `ProcessorFunction`.
fn short_name(logical_id: &str) -> String {
    let stem = logical_id.strip_suffix("Function").filter(|stem| !stem.is_empty()).unwrap_or(logical_id);
    let mut name = String::with_capacity(stem.len());
    let mut before_is_small = false;
    for letter in stem.chars() {
        if before_is_small && letter.is_ascii_uppercase() {
            name.push('-');
        }
        before_is_small = letter.is_ascii_lowercase();
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogEvent {
    /// When it was written.
    pub timestamp: Timestamp,
    /// The name of its source: `processor`.
    pub source: String,
    /// The log group.
    pub log_group: String,
    /// The log stream in it.
    pub log_stream: String,
    /// The text, as it was written.
    pub message: String,
}

impl Connection {
    /// The functions and state machines of the stack `name` that write logs, in the order of their names.
    ///
    /// # Errors
    ///
    /// There is no such stack, or AWS does not answer.
    pub async fn log_sources(&self, name: &str) -> Result<Vec<LogSource>, DeploymentError> {
        let mut sources = Vec::new();
        for resource in self.resources(name).await? {
            let log_group = match resource.resource_type.as_str() {
                "AWS::Lambda::Function" => Some(self.function_log_group(&resource.physical_id).await?),
                "AWS::StepFunctions::StateMachine" => self.state_machine_log_group(&resource.physical_id).await?,
                _ => None,
            };
            sources.extend(log_group.map(|log_group| LogSource::new(resource, log_group)));
        }
        // A stack that is gone can still list what it has: nothing.
        if sources.is_empty() && self.stack(name).await?.is_none() {
            return Err(self.no_stack(name));
        }
        sources.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(sources)
    }

    /// A function may be gone and its log be all that is left to read.
    async fn function_log_group(&self, name: &str) -> Result<String, DeploymentError> {
        let set = match self.lambda.get_function_configuration().function_name(name).send().await {
            Ok(function) => function.logging_config.and_then(|logging| logging.log_group),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => None,
            Err(error) => return Err(DeploymentError::aws(format!("read the function {name}"))(error)),
        };
        Ok(set.filter(|group| !group.is_empty()).unwrap_or_else(|| format!("/aws/lambda/{name}")))
    }

    async fn state_machine_log_group(&self, arn: &str) -> Result<Option<String>, DeploymentError> {
        let machine = self.sfn.describe_state_machine().state_machine_arn(arn).send().await;
        let machine = machine.map_err(DeploymentError::aws(format!("read the state machine {arn}")))?;
        let destinations = machine.logging_configuration.and_then(|logging| logging.destinations).unwrap_or_default();
        let arn =
            destinations.into_iter().find_map(|destination| destination.cloud_watch_logs_log_group?.log_group_arn);
        Ok(arn.and_then(|arn| Some(arn.split_once(":log-group:")?.1.trim_end_matches(":*").to_owned())))
    }

    /// A reader of the logs of `sources` from `since` on. `filter` is a pattern of CloudWatch's:
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
    pub fn read_logs(&self, sources: Vec<LogSource>, since: Timestamp, filter: Option<String>) -> LogReader {
        let since = since.as_millisecond();
        LogReader {
            client: aws_sdk_cloudwatchlogs::Client::new(self.sdk_config()),
            poll_interval: self.poll_interval,
            filter,
            cursors: sources.into_iter().map(|source| Cursor::new(source, since)).collect(),
        }
    }
}

/// Reads several logs as one, in the order of time.
#[derive(Debug)]
pub struct LogReader {
    client: aws_sdk_cloudwatchlogs::Client,
    poll_interval: std::time::Duration,
    filter: Option<String>,
    cursors: Vec<Cursor>,
}

impl LogReader {
    /// The next events, oldest first and each once; none when everything that there is now has been read. Later calls
    /// give what has been written since: ask again after a [`pause`](Self::pause).
    ///
    /// Call it again also after an error: nothing is skipped.
    ///
    /// # Errors
    ///
    /// CloudWatch refuses the filter, or AWS does not answer.
    pub async fn next_events(&mut self) -> Result<Vec<LogEvent>, DeploymentError> {
        let mut events = Vec::new();
        while events.is_empty() && !self.cursors.iter().all(Cursor::is_at_end) {
            for cursor in &mut self.cursors {
                cursor.fill(&self.client, self.filter.as_deref()).await?;
            }
            events = merge(&mut self.cursors);
        }
        if events.is_empty() {
            self.cursors.iter_mut().for_each(Cursor::rewind);
        }
        Ok(events)
    }

    /// Waits as long as is proper before asking again: CloudWatch throttles eager readers.
    pub async fn pause(&self) {
        tokio::time::sleep(self.poll_interval).await;
    }
}

/// Takes the earliest events, as far as is known that none earlier is still to be read.
fn merge(cursors: &mut [Cursor]) -> Vec<LogEvent> {
    let mut events = Vec::new();
    while cursors.iter().all(|cursor| !cursor.buffer.is_empty() || cursor.page == Page::Last) {
        let heads = cursors.iter_mut().filter(|cursor| !cursor.buffer.is_empty());
        let earliest = heads.min_by_key(|cursor| cursor.buffer.front().map(|event| event.timestamp));
        match earliest.and_then(|cursor| cursor.buffer.pop_front()) {
            Some(event) => events.push(event),
            None => break,
        }
    }
    events
}

/// Which page of a log group comes next.
#[derive(Debug, PartialEq, Eq)]
enum Page {
    First,
    Next(String),
    /// The last one has been read.
    Last,
}

/// The place in one log group.
#[derive(Debug)]
struct Cursor {
    source: LogSource,
    /// The time to read from, milliseconds.
    start: i64,
    /// The time of the newest event.
    newest: i64,
    page: Page,
    /// What was read and not yet given out.
    buffer: VecDeque<LogEvent>,
    /// What may be met again, with its time.
    seen: HashMap<String, i64>,
    /// How often each line without an id was met in this round.
    met: HashMap<String, u32>,
}

impl Cursor {
    fn new(source: LogSource, start: i64) -> Self {
        let (page, buffer) = (Page::First, VecDeque::new());
        Self { source, start, newest: start, page, buffer, seen: HashMap::new(), met: HashMap::new() }
    }

    fn is_at_end(&self) -> bool {
        self.page == Page::Last && self.buffer.is_empty()
    }

    /// Back to the first page, of the time that can still bring something new.
    fn rewind(&mut self) {
        self.start = self.start.max(self.newest - OVERLAP);
        self.met.clear();
        self.page = Page::First;
    }

    /// Reads until there is an event to give out, or no page is left. Pages can be empty.
    async fn fill(
        &mut self,
        client: &aws_sdk_cloudwatchlogs::Client,
        filter: Option<&str>,
    ) -> Result<(), DeploymentError> {
        while self.buffer.is_empty() && self.page != Page::Last {
            let group = &self.source.log_group;
            let request = client.filter_log_events().log_group_name(group).start_time(self.start);
            let request = request.set_filter_pattern(filter.map(str::to_owned));
            let request = match &self.page {
                Page::Next(token) => request.next_token(token),
                Page::First | Page::Last => request,
            };
            match request.send().await {
                Ok(answer) => {
                    self.page = answer.next_token.map_or(Page::Last, Page::Next);
                    answer.events.unwrap_or_default().into_iter().for_each(|event| self.take(event));
                    // Pages go forward in time, and the next round begins here.
                    self.seen.retain(|_, timestamp| *timestamp >= self.newest - OVERLAP);
                }
                // Lambda makes a function's log group when it first writes.
                Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
                    self.page = Page::Last;
                }
                Err(error) => return Err(DeploymentError::aws(format!("read the log group {group}"))(error)),
            }
        }
        Ok(())
    }

    fn take(&mut self, event: FilteredLogEvent) {
        let timestamp = event.timestamp.unwrap_or_default();
        let (log_stream, message) = (event.log_stream_name.unwrap_or_default(), event.message.unwrap_or_default());
        let id = event.event_id.unwrap_or_else(|| self.invent_id(&log_stream, timestamp, &message));
        self.newest = self.newest.max(timestamp);
        if self.seen.insert(id, timestamp).is_none() {
            self.buffer.push_back(LogEvent {
                timestamp: Timestamp::from_millisecond(timestamp).unwrap_or_default(),
                source: self.source.name.clone(),
                log_group: self.source.log_group.clone(),
                log_stream,
                message,
            });
        }
    }

    /// An id for an event that has none, as an emulator's: equal lines are told apart by their order.
    fn invent_id(&mut self, log_stream: &str, timestamp: i64, message: &str) -> String {
        let line = format!("{log_stream} {timestamp} {message}");
        let count = self.met.entry(line.clone()).and_modify(|count| *count += 1).or_insert(1);
        format!("{count} {line}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_what_people_say() {
        for (logical_id, expected) in [
            ("ProcessorFunction", "processor"),
            ("StateMachine", "state-machine"),
            ("Function", "function"),
            ("SQSReaderFunction", "sqsreader"),
        ] {
            assert_eq!(short_name(logical_id), expected);
        }
    }
}

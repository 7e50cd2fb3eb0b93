//! How an operation is shown while it runs, and what it came to.
//!
//! On a terminal: a line for each resource that is done, and below them those under way. Elsewhere: a line an event,
//! in fixed columns. Both end in a chart of what took how long. With `--json`: a stream of JSON lines on standard output,
//! and nothing else there.

mod failure;
mod gantt;
mod interrupt;
mod live;
mod progress;

use std::collections::BTreeMap;
use std::time::Duration;

use deployment::{Connection, EventRange, Operation, StackEvent, Timeline, Typical};
use jiff::{SignedDuration, Timestamp};
use miette::Result;
use serde::Serialize;
use serde_json::Value as Json;

use self::interrupt::Interrupts;
pub use self::interrupt::Left;
use self::live::Live;
use crate::terminal;

/// How often a terminal is drawn anew.
const FRAME: Duration = Duration::from_millis(250);

/// The room for a line where there is no terminal to say it.
const PLAIN_WIDTH: usize = 100;

/// For how long back a stack's events are read to learn how long its resources usually take.
const MEMORY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How the operations of one stack are shown.
pub struct View {
    form: Form,
    /// The Rust source line of each resource, by logical id.
    sources: BTreeMap<String, String>,
    /// The stack on which this program begins operations: it may cancel them, and the stack's earlier events say how long
    /// its resources usually take.
    stack: Option<(Connection, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Live,
    Plain,
    Json,
}

impl View {
    /// A view for people, on standard error; or with `json` for programs, as lines of JSON on standard output.
    pub fn new(json: bool) -> Self {
        let form = match () {
            () if json => Form::Json,
            () if terminal::is_live() => Form::Live,
            () => Form::Plain,
        };
        Self { form, sources: BTreeMap::new(), stack: None }
    }

    /// Names the Rust source line of a resource that fails, as `template` has it.
    pub fn template(mut self, template: &Json) -> Self {
        let resources = template["Resources"].as_object().into_iter().flatten();
        let source = |resource: &Json| Some(resource["Metadata"][cloudformation::SOURCE].as_str()?.to_owned());
        self.sources = resources.filter_map(|(id, resource)| Some((id.clone(), source(resource)?))).collect();
        self
    }

    /// Says that the operations are this program's own, on the stack `name`: they may be cancelled. Shows how long things
    /// usually take there, by its own earlier events.
    pub fn stack(mut self, connection: &Connection, name: &str) -> Self {
        self.stack = Some((connection.clone(), name.to_owned()));
        self
    }

    /// Ends the stream of JSON with what the operation came to. People are told by the verb itself.
    pub fn outcome(&self, outcome: &impl Serialize) -> Result<()> {
        if self.form == Form::Json { terminal::print_json(&Line::Outcome(outcome)) } else { Ok(()) }
    }

    /// How long things usually take; nothing where no stack is named or its events cannot be read: a watch must not
    /// fail for want of an ornament.
    async fn typical(&self) -> Typical {
        let Some((connection, name)) = &self.stack else { return Typical::default() };
        let range = EventRange::Since(Timestamp::now() - MEMORY);
        connection.events(name, range).await.unwrap_or_default().iter().collect::<Timeline>().typical()
    }
}

/// A line of the stream for programs.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a, T> {
    Event(&'a StackEvent),
    Outcome(&'a T),
    Failure(&'a T),
    Left(&'a T),
}

/// Shows an operation's events until it ends, and gives its outcome. The error is [`Left`] where somebody ends the watch.
pub async fn follow<T>(mut operation: Operation<T>, view: &View) -> Result<T> {
    let mut interrupts = Interrupts::take()?;
    let mut live = (view.form == Form::Live).then(|| Live::new(view));
    let mut timeline = Timeline::default();
    let mut frames = tokio::time::interval(FRAME);
    let mut typical = std::pin::pin!(view.typical());
    let mut learns = live.is_some();
    loop {
        tokio::select! {
            event = operation.next_event() => match (event, &mut live) {
                (None, _) => break,
                (Some(event), Some(live)) => live.show(&event),
                (Some(event), None) if view.form == Form::Json => terminal::print_json(&Line::<()>::Event(&event))?,
                (Some(event), None) => {
                    timeline.add(&event);
                    eprintln!("{}", plain(&event));
                }
            },
            typical = &mut typical, if learns => {
                learns = false;
                live.iter_mut().for_each(|live| live.learn(typical.clone()));
            }
            _ = frames.tick(), if live.is_some() => live.iter().for_each(Live::draw),
            signal = interrupts.next() => {
                live.iter_mut().for_each(Live::pause);
                if let Err(left) = interrupts.answer(signal, view.stack.as_ref()).await {
                    if view.form == Form::Json {
                        terminal::print_json(&Line::Left(&left))?;
                    }
                    return Err(left.into());
                }
            }
        }
    }
    match live {
        Some(live) => live.end(),
        None => show_gantt(&timeline, PLAIN_WIDTH),
    }
    operation.outcome().await.or_else(|error| failure::report(error, view))
}

/// Shows what took how long, where that is worth a look.
fn show_gantt(timeline: &Timeline, width: usize) {
    if let Some(gantt) = gantt::worth_a_look(timeline, width) {
        eprint!("\n{gantt}\n");
    }
}

/// Watches to its end what somebody else has begun on the stack `name`. How it ended is told, and is no error here.
pub async fn look_on(connection: &Connection, name: &str) -> Result<()> {
    match follow(connection.attach(name), &View::new(false)).await {
        Err(error) if error.is::<Left>() => Err(error),
        Err(error) => {
            eprintln!("{error}");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

/// An event as one line.
pub fn plain(event: &StackEvent) -> String {
    let StackEvent { timestamp, status, resource_type, logical_id, .. } = event;
    let reason = event.reason.as_deref().map(|reason| format!("  {reason}")).unwrap_or_default();
    format!("{timestamp:.0}  {:<28}  {resource_type:<34}  {logical_id}{reason}", status.as_str())
}

/// A length of time: `0:42`, `1:02:03`.
fn clock(length: Duration) -> String {
    let seconds = length.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployment::Status;

    /// An event: `<second> <logical id> <type> <status> <reason>`. `orders` is the stack.
    pub(super) fn event(text: &str) -> StackEvent {
        let mut parts = text.splitn(5, ' ');
        let mut next = || parts.next().unwrap_or_default();
        let (second, logical_id, resource_type, status, reason) = (next(), next(), next(), next(), next());
        let physical_id = match logical_id {
            "orders" => "arn:aws:cloudformation:eu-west-1:000000000000:stack/orders/1".to_owned(),
            _ => format!("orders-{}-1A2B", logical_id.to_lowercase()),
        };
        StackEvent {
            id: second.to_owned(),
            timestamp: Timestamp::new(1_767_225_600 + second.parse::<i64>().unwrap(), 0).unwrap(),
            logical_id: logical_id.to_owned(),
            physical_id: Some(physical_id),
            resource_type: format!("AWS::{resource_type}"),
            status: Status::new(status),
            reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
            operation: None,
        }
    }

    /// The events of an update that fails and is rolled back.
    pub(super) fn failed_update() -> Vec<StackEvent> {
        [
            "0 orders CloudFormation::Stack UPDATE_IN_PROGRESS User Initiated",
            "2 Table DynamoDB::Table UPDATE_IN_PROGRESS",
            "3 Queue SQS::Queue CREATE_IN_PROGRESS",
            "3 Topic SNS::Topic CREATE_IN_PROGRESS",
            "14 Table DynamoDB::Table UPDATE_COMPLETE",
            "20 Queue SQS::Queue CREATE_FAILED Resource of type 'AWS::SQS::Queue' already exists.",
            "21 Topic SNS::Topic CREATE_FAILED Resource creation cancelled",
            "22 orders CloudFormation::Stack UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Queue].",
            "24 Table DynamoDB::Table UPDATE_IN_PROGRESS",
            "40 Table DynamoDB::Table UPDATE_COMPLETE",
            "41 orders CloudFormation::Stack UPDATE_ROLLBACK_COMPLETE",
        ]
        .map(event)
        .into()
    }

    #[test]
    fn away_from_a_terminal_an_event_is_a_line() {
        let lines: Vec<_> = failed_update().iter().map(plain).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        2026-01-01T00:00:00Z  UPDATE_IN_PROGRESS            AWS::CloudFormation::Stack          orders  User Initiated
        2026-01-01T00:00:02Z  UPDATE_IN_PROGRESS            AWS::DynamoDB::Table                Table
        2026-01-01T00:00:03Z  CREATE_IN_PROGRESS            AWS::SQS::Queue                     Queue
        2026-01-01T00:00:03Z  CREATE_IN_PROGRESS            AWS::SNS::Topic                     Topic
        2026-01-01T00:00:14Z  UPDATE_COMPLETE               AWS::DynamoDB::Table                Table
        2026-01-01T00:00:20Z  CREATE_FAILED                 AWS::SQS::Queue                     Queue  Resource of type 'AWS::SQS::Queue' already exists.
        2026-01-01T00:00:21Z  CREATE_FAILED                 AWS::SNS::Topic                     Topic  Resource creation cancelled
        2026-01-01T00:00:22Z  UPDATE_ROLLBACK_IN_PROGRESS   AWS::CloudFormation::Stack          orders  The following resource(s) failed to create: [Queue].
        2026-01-01T00:00:24Z  UPDATE_IN_PROGRESS            AWS::DynamoDB::Table                Table
        2026-01-01T00:00:40Z  UPDATE_COMPLETE               AWS::DynamoDB::Table                Table
        2026-01-01T00:00:41Z  UPDATE_ROLLBACK_COMPLETE      AWS::CloudFormation::Stack          orders
        ");
    }

    #[test]
    fn for_programs_an_event_is_an_object() {
        let line = serde_json::to_string(&Line::<()>::Event(&failed_update()[5])).unwrap();
        insta::assert_snapshot!(line, @r#"
        {"type":"event","id":"20","timestamp":"2026-01-01T00:00:20Z","logical_id":"Queue","physical_id":"orders-queue-1A2B","resource_type":"AWS::SQS::Queue","status":"CREATE_FAILED","reason":"Resource of type 'AWS::SQS::Queue' already exists.","operation":null}
        "#);
    }

    #[test]
    fn lengths_of_time_are_read_like_a_clock() {
        let lengths = [0, 42, 65, 3723].map(|seconds| clock(Duration::from_secs(seconds)));
        assert_eq!(lengths, ["0:00", "0:42", "1:05", "1:02:03"]);
    }

    #[test]
    fn a_template_says_where_its_resources_come_from() {
        let template = serde_json::json!({"Resources": {
            "Table": {"Type": "AWS::DynamoDB::Table", "Metadata": {"Source": "stack/src/pipeline/storage.rs:31"}},
            "Topic": {"Type": "AWS::SNS::Topic"},
        }});
        let view = View::new(false).template(&template);
        assert_eq!(view.sources, BTreeMap::from([("Table".into(), "stack/src/pipeline/storage.rs:31".into())]));
    }
}

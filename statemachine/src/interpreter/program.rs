//! A definition made ready to run: names resolved, expressions parsed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::choice::Rule;
use super::failure::Failure;
use super::failure::Flow;
use super::intrinsic::Query;
use super::path::Path;
use super::scope::Scope;
use super::template::Template;
use crate::check::QueryLanguage;

/// The machine, and every state of it and of the machines nested in it, by number.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) machine: Machine,
    pub(super) timeout: Option<Duration>,
    /// The name of each state, by its number.
    pub(super) names: Vec<Arc<str>>,
    /// The ways out of each state, by its number.
    pub(super) edges: Vec<Vec<(Edge, Option<Arc<str>>)>>,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) start: usize,
    pub(super) states: Vec<State>,
}

impl Machine {
    /// The state of this name, here or nested.
    pub(super) fn find(&self, name: &str) -> Option<&State> {
        self.states.iter().find_map(|state| match &state.kind {
            _ if &*state.name == name => Some(state),
            Kind::Parallel { branches, .. } => branches.iter().find_map(|branch| branch.find(name)),
            Kind::Map { map, .. } => map.machine.find(name),
            _ => None,
        })
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) name: Arc<str>,
    /// Its number in the whole definition.
    pub(super) number: usize,
    pub(super) language: QueryLanguage,
    pub(super) entered: &'static str,
    pub(super) exited: &'static str,
    /// The event of a state that is cut short, which takes a state that lasts.
    pub(super) aborted: &'static str,
    pub(super) input: Selection,
    pub(super) output_path: Selection,
    pub(super) output: Option<Template>,
    pub(super) assign: Option<Template>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Pass { result: Option<Value>, parameters: Option<Template>, result_path: ResultPath, next: Next },
    Wait { until: Until, next: Next },
    Choice { rules: Vec<Rule>, default: Option<usize> },
    Succeed,
    Fail { error: Option<Text>, cause: Option<Text> },
    Task { task: Box<Task>, work: Box<Work> },
    Parallel { branches: Vec<Machine>, work: Box<Work> },
    Map { map: Box<Map>, work: Box<Work> },
}

/// A way out of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Edge {
    Next,
    /// A rule of a Choice, by its place in the list.
    Choice(usize),
    Default,
    Catch(usize),
    /// Back into the same state.
    Retry(usize),
}

impl std::fmt::Display for Edge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Next => formatter.write_str("Next"),
            Self::Choice(index) => write!(formatter, "Choices[{index}]"),
            Self::Default => formatter.write_str("Default"),
            Self::Catch(index) => write!(formatter, "Catch[{index}]"),
            Self::Retry(index) => write!(formatter, "Retry[{index}]"),
        }
    }
}

/// Where a state goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    State(usize),
    End,
}

/// What InputPath and OutputPath select.
#[derive(Debug)]
pub(super) enum Selection {
    All,
    /// `null`: an empty object.
    Nothing,
    Path(Path),
}

/// Where a result goes in the state's input.
#[derive(Debug)]
pub(super) enum ResultPath {
    Replace,
    /// `null`: the result is dropped.
    Discard,
    At(Path),
}

/// What states that work have in common.
#[derive(Debug)]
pub(super) struct Work {
    /// Arguments or Parameters.
    pub(super) arguments: Option<Template>,
    pub(super) result_selector: Option<Template>,
    pub(super) result_path: ResultPath,
    pub(super) retriers: Vec<Retrier>,
    pub(super) catchers: Vec<Catcher>,
    pub(super) next: Next,
}

#[derive(Debug)]
pub(super) struct Retrier {
    pub(super) errors: Vec<String>,
    pub(super) interval_seconds: f64,
    pub(super) attempts: u64,
    pub(super) backoff_rate: f64,
    pub(super) longest_seconds: f64,
    pub(super) is_jittered: bool,
}

impl Retrier {
    /// The wait before retry number `retry`, counted from 0; `share` is what chance leaves of it.
    pub(super) fn delay(&self, retry: u64, share: f64) -> Duration {
        let exponent = i32::try_from(retry).unwrap_or(i32::MAX);
        let seconds = (self.interval_seconds * self.backoff_rate.powi(exponent)).min(self.longest_seconds);
        let seconds = if self.is_jittered { seconds * share } else { seconds };
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

#[derive(Debug)]
pub(super) struct Catcher {
    pub(super) errors: Vec<String>,
    pub(super) output: Option<Template>,
    pub(super) assign: Option<Template>,
    pub(super) result_path: ResultPath,
    pub(super) next: usize,
}

#[derive(Debug)]
pub(super) struct Task {
    pub(super) resource: String,
    pub(super) timeout: Option<Number>,
    pub(super) heartbeat: Option<Number>,
}

#[derive(Debug)]
pub(super) struct Map {
    pub(super) machine: Machine,
    pub(super) is_distributed: bool,
    pub(super) items: Items,
    pub(super) reader: Option<Reader>,
    pub(super) selector: Option<Template>,
    pub(super) batcher: Option<Batcher>,
    pub(super) writer: Option<Writer>,
    pub(super) concurrency: Option<Number>,
    pub(super) tolerated_count: Option<Number>,
    pub(super) tolerated_percentage: Option<Number>,
    pub(super) label: Option<String>,
}

#[derive(Debug)]
pub(super) enum Items {
    Input,
    Path(Path),
    Template(Template),
}

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) is_listing: bool,
    pub(super) arguments: Option<Template>,
    pub(super) format: super::items::Format,
    pub(super) most: Option<Number>,
}

/// What becomes of the results of a distributed Map.
#[derive(Debug)]
pub(super) struct Writer {
    /// Whether they are written to S3.
    pub(super) is_exported: bool,
    pub(super) arguments: Option<Template>,
    pub(super) transformation: Transformation,
    /// Whether they are written as JSON Lines.
    pub(super) is_in_lines: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Transformation {
    /// The outputs, and what is known of their executions.
    None,
    /// The outputs.
    Compact,
    /// The outputs, and of those that are lists their items.
    Flatten,
}

#[derive(Debug)]
pub(super) struct Batcher {
    pub(super) items: Option<Number>,
    pub(super) bytes: Option<Number>,
    pub(super) input: Option<Template>,
}

/// What a Wait state waits for.
#[derive(Debug)]
pub(super) enum Until {
    Seconds(Number),
    Timestamp(Text),
}

/// A number in the definition, or from elsewhere.
#[derive(Debug)]
pub(super) enum Number {
    Literal(f64),
    Template(Template),
    Path(Path, &'static str),
}

impl Number {
    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Flow<f64> {
        let value = match self {
            Self::Literal(number) => return Ok(*number),
            Self::Template(template) => template.evaluate(scope)?.into_json(),
            Self::Path(path, field) => path.read(scope, field)?,
        };
        value
            .as_f64()
            .filter(|number| *number >= 0.0)
            .ok_or_else(|| self.refused(&value, "a number that is not negative"))
    }

    fn refused(&self, value: &Value, wanted: &str) -> Failure {
        refused(matches!(self, Self::Template(_)), value, wanted)
    }
}

/// A text in the definition, or from elsewhere.
#[derive(Debug)]
pub(super) enum Text {
    Literal(String),
    Template(Template),
    Query(Query, &'static str),
}

impl Text {
    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Flow<String> {
        let value = match self {
            Self::Literal(text) => return Ok(text.clone()),
            Self::Template(template) => template.evaluate(scope)?.into_json(),
            Self::Query(query, field) => query.evaluate(scope, field)?,
        };
        match value {
            Value::String(text) => Ok(text),
            other => Err(refused(matches!(self, Self::Template(_)), &other, "a text")),
        }
    }
}

/// A value of the wrong type: an error that JSONata's states can handle, and JSONPath's cannot.
fn refused(is_jsonata: bool, value: &Value, wanted: &str) -> Failure {
    let cause = format!("An expression gave {value}, where {wanted} is needed");
    if is_jsonata { Failure::query(cause) } else { Failure::runtime(cause) }
}

/// The numbers of states while a definition is read.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) names: Vec<Arc<str>>,
    pub(super) edges: Vec<Vec<(Edge, Option<Arc<str>>)>>,
}

impl Numbers {
    pub(super) fn next(&mut self, name: &str) -> (Arc<str>, usize) {
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.edges.push(Vec::new());
        (name, self.names.len() - 1)
    }
}

/// The places of a machine's states, by name.
pub(super) type Places<'a> = HashMap<&'a str, usize>;

//! One state by itself, as the TestState API of AWS runs one: what it gives, where it goes, and what became of its data
//! on the way.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html>

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::data::Data;
use super::engine::Engine;
use super::failure::Failure;
use super::journal::{Journal, Line};
use super::program::{Edge, State};
use super::{Interpreter, RunError, context};

/// A test of one state: [`Interpreter::test_state`] begins one.
pub struct StateTest<'i, 'h> {
    interpreter: &'i Interpreter<'h>,
    name: String,
    input: Value,
    variables: Value,
    context: Value,
    retries: u64,
}

impl<'h> Interpreter<'h> {
    /// Tests one state, nested or not, with an input. It is tried once: a retrier or a catcher that takes the error is
    /// told, and not followed. Handlers and faults are those of whole executions.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use statemachine::interpreter::{Interpreter, StateStatus, TaskError};
    /// # let definition = json!({"QueryLanguage": "JSONata", "StartAt": "Charge", "States": {
    /// #     "Charge": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
    /// #         "Arguments": {"FunctionName": "charge", "Payload": {"due": "{% $states.input.total + $postage %}"}},
    /// #         "Retry": [{"ErrorEquals": ["Bank.Busy"], "IntervalSeconds": 5, "MaxAttempts": 2}],
    /// #         "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}], "End": true},
    /// #     "Failed": {"Type": "Fail"}}});
    /// let busy = |_: &_| Err(TaskError::new("Bank.Busy", "come back later"));
    /// let interpreter = Interpreter::new(&definition)?.task("charge", busy);
    ///
    /// let tested = interpreter.test_state("Charge", json!({"total": 7})).variables(json!({"postage": 2})).run()?;
    /// assert_eq!(tested.status, StateStatus::Retriable);
    /// assert_eq!(tested.inspection.retry_backoff_interval_seconds, Some(5.0));
    /// assert_eq!(tested.inspection.after_arguments.unwrap()["Payload"], json!({"due": 9}));
    ///
    /// // The same after both retries:
    /// let tested = interpreter.test_state("Charge", json!({"total": 7})).variables(json!({"postage": 2})).retries(2).run()?;
    /// assert_eq!((tested.status, tested.next.as_deref()), (StateStatus::CaughtError, Some("Failed")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn test_state(&self, name: impl Into<String>, input: Value) -> StateTest<'_, 'h> {
        StateTest {
            interpreter: self,
            name: name.into(),
            input,
            variables: Value::Null,
            context: Value::Null,
            retries: 0,
        }
    }
}

impl StateTest<'_, '_> {
    /// The variables that states before it have assigned: an object.
    pub fn variables(self, variables: Value) -> Self {
        Self { variables, ..self }
    }

    /// Parts of the context object, as `{"Execution": {…}}` or, within a Map, `{"Map": {…}}`. Others are what they are
    /// in an execution.
    pub fn context(self, context: Value) -> Self {
        Self { context, ..self }
    }

    /// How often the state has been tried again before.
    pub fn retries(self, retries: u64) -> Self {
        Self { retries, ..self }
    }

    /// Runs the state.
    ///
    /// # Errors
    ///
    /// There is no such state, or a task has no handler.
    pub fn run(self) -> Result<TestedState, RunError> {
        let Some(state) = self.interpreter.program.machine.find(&self.name) else {
            return Err(RunError::UnknownState(self.name));
        };
        let mut engine = self.interpreter.engine();
        let watch = engine.watched.insert(Watch { state: state.number, retries: self.retries, ..Watch::default() });
        watch.seen.get_mut().input = Some(self.input.clone());
        let input = Data::from(self.input);
        let journal = Journal::default();
        let mut line = Line::new(&journal, context(&input, &engine.world));
        for (name, part) in fields(self.context) {
            line.context = std::mem::take(&mut line.context).with(name, part);
        }
        line.variables = Rc::new(fields(self.variables).collect());
        let before = Rc::clone(&line.variables);
        let outcome = engine.world.clock.run(engine.state(state, input, &mut line));
        if let Some(error) = engine.broken.take() {
            return Err(error);
        }
        let is_new =
            |(name, value): &(&String, &Data)| before.get(*name).is_none_or(|before| before.json() != value.json());
        let assigned = line.variables.iter().filter(is_new).map(|(name, value)| (name.clone(), value.json().clone()));
        let Watch { seen, caught, .. } = engine.watched.take().unwrap_or_default();
        let tested = TestedState {
            status: StateStatus::Failed,
            output: None,
            next: None,
            assigned: assigned.collect(),
            error: None,
            cause: None,
            inspection: seen.into_inner(),
        };
        Ok(match outcome {
            Some(Ok(step)) => {
                let is_caught = matches!(step.edge, Some(Edge::Catch(_)));
                TestedState {
                    status: if is_caught { StateStatus::CaughtError } else { StateStatus::Succeeded },
                    output: Some(step.output.into_json()),
                    next: step.edge.and_then(|edge| self.interpreter.target(state, edge)),
                    ..tested.with(caught.into_inner())
                }
            }
            failed => {
                let is_retriable = tested.inspection.retry_index.is_some();
                let status = if is_retriable { StateStatus::Retriable } else { StateStatus::Failed };
                TestedState { status, ..tested.with(failed.and_then(Result::err)) }
            }
        })
    }
}

fn fields(object: Value) -> impl Iterator<Item = (String, Data)> {
    let fields = match object {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    };
    fields.into_iter().map(|(name, value)| (name, value.into()))
}

/// What became of one state.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestedState {
    /// How it ended.
    pub status: StateStatus,
    /// What it gave on; nothing where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Where it goes; nothing at an end.
    #[serde(rename = "nextState", skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The variables that it set to another value.
    #[serde(rename = "variables", skip_serializing_if = "BTreeMap::is_empty")]
    pub assigned: BTreeMap<String, Value>,
    /// The error, whoever takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What became of its data on the way.
    #[serde(rename = "inspectionData")]
    pub inspection: Inspection,
}

impl TestedState {
    fn with(self, failure: Option<Failure>) -> Self {
        let (error, cause) = failure.map(|failure| (failure.error, failure.cause)).unzip();
        Self { error, cause: cause.flatten(), ..self }
    }
}

/// How a state ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StateStatus {
    /// It gave its output to the next state.
    Succeeded,
    /// It failed, and nothing takes the error.
    Failed,
    /// It failed, and a retrier would try again.
    Retriable,
    /// It failed, and a catcher took the error.
    CaughtError,
}

impl std::fmt::Display for StateStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Retriable => "RETRIABLE",
            Self::CaughtError => "CAUGHT_ERROR",
        })
    }
}

/// Declares what an inspection shows, in the order in which a state comes by it.
macro_rules! inspection {
    ($($(#[$doc:meta])* $field:ident: $type:ty,)+) => {
        /// What became of a state's data: of each step that the state has, its result. The names are those of AWS.
        ///
        /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html>
        #[derive(Clone, Debug, Default, PartialEq, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct Inspection {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)+
        }
    };
}

inspection! {
    /// What the state was given.
    input: Value,
    /// What InputPath left of it; in JSONPath.
    after_input_path: Value,
    /// What Parameters made of it; in JSONPath.
    after_parameters: Value,
    /// What Arguments made of it; in JSONata.
    after_arguments: Value,
    /// The items of a Map.
    after_items_path: Value,
    /// The items as ItemSelector makes them.
    after_item_selector: Value,
    /// The batches of items.
    after_item_batcher: Value,
    /// How many items run at once, at most.
    #[serde(serialize_with = "whole")]
    max_concurrency: f64,
    /// How many items may fail.
    #[serde(serialize_with = "whole")]
    tolerated_failure_count: f64,
    /// How many items of a hundred may fail.
    #[serde(serialize_with = "whole")]
    tolerated_failure_percentage: f64,
    /// What the task, the branches or the items gave.
    result: Value,
    /// What ResultSelector made of it; in JSONPath.
    after_result_selector: Value,
    /// What ResultPath made of it and of the input; in JSONPath.
    after_result_path: Value,
    /// Which retrier would try again, from 0.
    retry_index: usize,
    /// After how many seconds.
    #[serde(serialize_with = "whole")]
    retry_backoff_interval_seconds: f64,
    /// Which catcher took the error, from 0.
    catch_index: usize,
}

/// A number without `.0`.
fn whole<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => serializer.serialize_some(&(*number as i64)),
        other => other.serialize(serializer),
    }
}

/// The state that is tested, and what was seen of it.
#[derive(Debug, Default)]
pub(super) struct Watch {
    state: usize,
    retries: u64,
    seen: RefCell<Inspection>,
    caught: RefCell<Option<Failure>>,
}

impl Engine<'_, '_> {
    fn watch(&self, state: &State) -> Option<&Watch> {
        self.watched.as_ref().filter(|watch| watch.state == state.number)
    }

    /// Notes what became of a state's data, if the state is tested.
    pub(super) fn inspect(&self, state: &State, note: impl FnOnce(&mut Inspection)) {
        if let Some(watch) = self.watch(state) {
            note(&mut watch.seen.borrow_mut());
        }
    }

    /// How often a state was tried again before it was entered: never, except in a test.
    pub(super) fn retries_before(&self, state: &State) -> u64 {
        self.watch(state).map_or(0, |watch| watch.retries)
    }

    /// Whether the state is tested, so that its retry is told and not made.
    pub(super) fn tells_retry(&self, state: &State, index: usize, delay: Duration) -> bool {
        self.inspect(state, |seen| {
            (seen.retry_index, seen.retry_backoff_interval_seconds) = (Some(index), Some(delay.as_secs_f64()));
        });
        self.watch(state).is_some()
    }

    pub(super) fn tell_catch(&self, state: &State, index: usize, failure: &Failure) {
        self.inspect(state, |seen| seen.catch_index = Some(index));
        if let Some(watch) = self.watch(state) {
            watch.caught.replace(Some(failure.clone()));
        }
    }
}

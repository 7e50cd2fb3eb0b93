//! Runs a definition in this process: against closures, in virtual time, the same way every time.
//!
//! ```
//! use serde_json::json;
//! use statemachine::interpreter::{Fault, Interpreter, Status, TaskError};
//!
//! let definition = json!({
//!     "QueryLanguage": "JSONata",
//!     "StartAt": "Charge",
//!     "States": {
//!         "Charge": {
//!             "Type": "Task",
//!             "Resource": "arn:aws:states:::lambda:invoke",
//!             "Arguments": {"FunctionName": "charge", "Payload": "{% $states.input %}"},
//!             "Output": "{% $states.result.Payload %}",
//!             "Retry": [{"ErrorEquals": ["Bank.Busy"], "IntervalSeconds": 3600, "MaxAttempts": 2}],
//!             "End": true
//!         }
//!     }
//! });
//! let mut interpreter = Interpreter::new(&definition)?
//!     .task("charge", |order| Ok(json!({"charged": order["total"]})))
//!     .fault("Charge", 1, Fault::Fails(TaskError::new("Bank.Busy", "come back later")));
//! let execution = interpreter.run(json!({"total": 7}))?;
//! assert_eq!(execution.status(), Status::Succeeded);
//! assert_eq!(execution.output(), Some(&json!({"charged": 7})));
//! assert_eq!(execution.elapsed().as_secs(), 3600); // and no time at all for the test
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The interpreter does what AWS documents. Where it knowingly does not: a query in JSONPath (a path that may select
//! several values) follows RFC 9535; of a Map's items, Parquet and Athena's manifests are not read.

mod choice;
mod clock;
mod compile;
mod coverage;
mod data;
mod digest;
mod engine;
mod failure;
mod history;
mod intrinsic;
mod items;
mod journal;
mod jsonata;
mod map;
mod objects;
mod path;
mod program;
mod scope;
mod source;
mod state_test;
pub(crate) mod syntax;
mod task;
mod template;
mod world;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, select};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::coverage::Coverage;
pub use self::coverage::Report;
use self::data::Data;
use self::engine::Engine;
pub(crate) use self::engine::PAYLOAD_LIMIT;
use self::failure::{Failure, Flow};
use self::history::Details;
pub use self::history::HistoryEvent;
pub(crate) use self::journal::EVENT_LIMIT;
use self::journal::{Journal, Line};
use self::objects::Objects;
use self::program::{Program, State};
use self::scope::ContextObject;
pub use self::source::DefinitionError;
pub use self::state_test::{Inspection, StateStatus, StateTest, TestedState};
use self::task::Tasks;
use self::world::World;
use crate::Raised;

/// Runs one definition, any number of times. What the runs have come by adds up in its [`coverage`](Self::coverage).
pub struct Interpreter<'h> {
    program: Program,
    tasks: RefCell<Tasks<'h>>,
    coverage: RefCell<Coverage>,
    objects: RefCell<Objects>,
    seed: u64,
}

impl<'h> Interpreter<'h> {
    /// Reads a definition, expressions and all.
    ///
    /// # Errors
    ///
    /// A field is missing, a target does not exist, or an expression cannot be parsed.
    pub fn new(definition: &Value) -> Result<Self, DefinitionError> {
        let program = Program::read(definition)?;
        let coverage = RefCell::new(Coverage::new(program.names.len()));
        Ok(Self { program, tasks: RefCell::default(), coverage, objects: RefCell::default(), seed: 0 })
    }

    /// Says what answers for a resource: a function by its name, its ARN or a placeholder, all else by the state's
    /// `Resource`. A function gets its payload, another service its arguments.
    pub fn task(
        self,
        name: impl Into<String>,
        mut handler: impl FnMut(&Value) -> Result<Value, TaskError> + 'h,
    ) -> Self {
        self.timed_task(name, move |input| handler(input).into())
    }

    /// As [`task`](Self::task), where the answer takes its time.
    pub fn timed_task(self, name: impl Into<String>, mut handler: impl FnMut(&Value) -> Answer + 'h) -> Self {
        self.tasks.borrow_mut().handle(name.into(), Box::new(move |input| Ok(handler(input))));
        self
    }

    /// Says which function answers, by the types it is written in: the very handler that runs on Lambda, or a stand-in.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use serde_json::json;
    /// # use statemachine::interpreter::Interpreter;
    /// # use statemachine::{ErrorName, ErrorOutput, Fail, Raised, StateMachine, Task, field};
    /// #[derive(Serialize, Deserialize)]
    /// struct Order { total: u64 }
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// enum ChargeError {
    ///     #[error("the bank refuses {0}")]
    ///     Declined(u64),
    /// }
    ///
    /// impl Raised for ChargeError {
    ///     fn name(&self) -> &str { "Declined" }
    /// }
    ///
    /// // What the function's main hands to lambda_runtime.
    /// async fn charge(order: Order) -> Result<u64, ChargeError> {
    ///     if order.total > 100 { Err(ChargeError::Declined(order.total)) } else { Ok(order.total) }
    /// }
    ///
    /// let mut machine = StateMachine::<Order, u64>::builder("Charges an order.");
    /// let failed = machine.add("Failed", Fail::new(field!(ErrorOutput, Error), field!(ErrorOutput, Cause).unwrap_or("")));
    /// let task = Task::lambda::<Order, u64>("charge").timeout_seconds(30).catch([ErrorName::All], &failed).end();
    /// let task = machine.add("Charge", task);
    /// let machine = machine.build(&task)?;
    ///
    /// let runtime = tokio::runtime::Runtime::new()?;
    /// let mut interpreter = Interpreter::new(machine.definition())?
    ///     .function("charge", |order| runtime.block_on(charge(order)));
    /// assert_eq!(interpreter.run(json!({"total": 7}))?.output(), Some(&json!(7)));
    /// let declined = interpreter.run(json!({"total": 101}))?;
    /// assert_eq!((declined.error(), declined.cause()), (Some("Declined"), Some("the bank refuses 101")));
    ///
    /// // What the function does not take is no failure of the machine that it could catch, but one of the test:
    /// assert!(interpreter.run(json!({"sum": 7})).unwrap_err().to_string().contains("missing field `total`"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn function<In: DeserializeOwned, Out: Serialize, E: Into<TaskError>>(
        self,
        name: impl Into<String>,
        mut handler: impl FnMut(In) -> Result<Out, E> + 'h,
    ) -> Self {
        let answer = move |input: &Value| {
            let input = In::deserialize(input).map_err(|error| error.to_string())?;
            let result = handler(input).map_err(Into::into);
            let result = result.map(|output| serde_json::to_value(output).map_err(|error| error.to_string()));
            Ok(match result {
                Ok(output) => Answer::from(Ok(output?)),
                Err(error) => Answer::from(Err(error)),
            })
        };
        self.tasks.borrow_mut().handle(name.into(), Box::new(answer));
        self
    }

    /// Lets call number `call` of a Task state, counted from 1 in each run, go wrong. Its handler is not asked.
    pub fn fault(self, state: impl Into<String>, call: u64, fault: Fault) -> Self {
        self.tasks.borrow_mut().fault(state.into(), call, fault);
        self
    }

    /// Puts an object into S3, for a distributed Map to read.
    pub fn object(self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.objects.borrow_mut().put(bucket, key, bytes.into());
        self
    }

    /// An object in S3: one that was put there, or one that a ResultWriter wrote.
    pub fn read_object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        self.objects.borrow().get(bucket, key).map(<[u8]>::to_vec)
    }

    /// Sets what chance begins with: jitter, `$random`, `$uuid` and their like. Runs of one seed are the same.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs an execution to its end.
    ///
    /// # Errors
    ///
    /// A task has no handler, or the input is larger than AWS accepts: neither is a failure of the machine.
    pub fn run(&mut self, input: Value) -> Result<Execution, RunError> {
        let engine = self.engine();
        let input = Data::from(input);
        if input.text().len() > PAYLOAD_LIMIT {
            return Err(RunError::InputTooLarge { bytes: input.text().len() });
        }
        let journal = Journal::default();
        let mut line = Line::new(&journal, context(&input, &engine.world));
        let outcome = line.begin(&engine.world, &input).and_then(|()| {
            let machine = Box::pin(engine.machine(&self.program.machine, input, &mut line));
            let limit = engine.world.clock.sleep(self.program.timeout.unwrap_or(Duration::MAX));
            match engine.world.clock.run(select(machine, limit)) {
                Some(Either::Left((outcome, _))) => outcome.map(Some),
                Some(Either::Right(_)) | None => Ok(None),
            }
        });
        let previous = line.previous;
        drop(line);
        if let Some(error) = engine.broken.take() {
            return Err(error);
        }
        let ended = Ended::of(outcome);
        journal.close(
            ended.event,
            if ended.status == Status::TimedOut { 0 } else { previous },
            &engine.world,
            ended.details,
        );
        Ok(Execution {
            status: ended.status,
            output: ended.output,
            failure: ended.failure,
            elapsed: engine.world.clock.now(),
            path: engine.path.take().iter().map(ToString::to_string).collect(),
            history: journal.into_events(),
            children: engine.children.take(),
        })
    }

    /// What all runs so far have come by.
    pub fn coverage(&self) -> Report {
        self.coverage.borrow().report(&self.program)
    }

    fn engine(&self) -> Engine<'_, 'h> {
        self.tasks.borrow_mut().begin();
        Engine {
            tasks: &self.tasks,
            coverage: &self.coverage,
            objects: &self.objects,
            world: Rc::new(World::new(self.seed)),
            path: RefCell::default(),
            children: RefCell::default(),
            watched: None,
            broken: RefCell::default(),
        }
    }

    fn target(&self, state: &State, edge: program::Edge) -> Option<String> {
        let edges = &self.program.edges[state.number];
        let (_, target) = edges.iter().find(|(other, _)| *other == edge)?;
        target.as_ref().map(ToString::to_string)
    }
}

/// The machine's ARN, which is made up.
const MACHINE_ARN: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";

/// The context object that an execution begins with.
fn context(input: &Data, world: &World) -> ContextObject {
    let execution = json!({
        "Id": "arn:aws:states:us-east-1:123456789012:execution:machine:execution",
        "Input": input.json(),
        "Name": "execution",
        "RoleArn": "arn:aws:iam::123456789012:role/machine",
        "StartTime": world.now(),
        "RedriveCount": 0,
    });
    let machine = json!({"Id": MACHINE_ARN, "Name": "machine"});
    ContextObject::default().with("Execution", execution.into()).with("StateMachine", machine.into())
}

/// How an execution ended, before it is written down.
struct Ended {
    status: Status,
    output: Option<Value>,
    failure: Option<Failure>,
    event: &'static str,
    details: Details,
}

impl Ended {
    fn of(outcome: Flow<Option<Data>>) -> Self {
        let ended = |status, event, details| Self { status, output: None, failure: None, event, details };
        match outcome {
            Ok(Some(output)) => {
                let details = Details::Succeeded { output: output.text().clone() };
                Self { output: Some(output.into_json()), ..ended(Status::Succeeded, "ExecutionSucceeded", details) }
            }
            Ok(None) => {
                let details = Details::Failed { error: "States.Timeout".to_owned(), cause: None };
                ended(Status::TimedOut, "ExecutionTimedOut", details)
            }
            Err(failure) => {
                let details = Details::failed(&failure);
                Self { failure: Some(failure), ..ended(Status::Failed, "ExecutionFailed", details) }
            }
        }
    }
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It has an output.
    Succeeded,
    /// It has an error.
    Failed,
    /// The machine's own TimeoutSeconds ran out.
    TimedOut,
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
        })
    }
}

/// An execution that has ended.
#[derive(Clone, Debug)]
pub struct Execution {
    status: Status,
    output: Option<Value>,
    failure: Option<Failure>,
    elapsed: Duration,
    path: Vec<String>,
    history: Vec<HistoryEvent>,
    children: Vec<ChildExecution>,
}

impl Execution {
    /// How it ended.
    pub fn status(&self) -> Status {
        self.status
    }

    /// What it gave, if it succeeded.
    pub fn output(&self) -> Option<&Value> {
        self.output.as_ref()
    }

    /// The error's name, if it failed.
    pub fn error(&self) -> Option<&str> {
        self.failure.as_ref().map(|failure| failure.error.as_str())
    }

    /// What was said of the error.
    pub fn cause(&self) -> Option<&str> {
        self.failure.as_ref()?.cause.as_deref()
    }

    /// How long it took in virtual time.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The states in the order in which they were entered, those of branches, items and child executions included.
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// What happened, as AWS reports it.
    pub fn history(&self) -> &[HistoryEvent] {
        &self.history
    }

    /// The executions that distributed Map states started, in the order in which they ended. Each has a history of its
    /// own, as on AWS.
    pub fn children(&self) -> &[ChildExecution] {
        &self.children
    }
}

/// An execution that a distributed Map started, for an item or a batch of items.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildExecution {
    execution_arn: String,
    events: Vec<HistoryEvent>,
}

impl ChildExecution {
    /// Its ARN, which is made up.
    pub fn arn(&self) -> &str {
        &self.execution_arn
    }

    /// What happened in it, as AWS reports it.
    pub fn history(&self) -> &[HistoryEvent] {
        &self.events
    }
}

/// An error that a task reports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub struct TaskError {
    error: String,
    cause: String,
}

impl TaskError {
    /// An error's name, as Retry and Catch know it, and its cause.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: error.into(), cause: cause.into() }
    }
}

/// The error of a function as Lambda reports it: its name, and what it says.
impl<E: Raised + std::fmt::Display> From<E> for TaskError {
    fn from(error: E) -> Self {
        Self::new(error.name(), error.to_string())
    }
}

/// A task's answer, and when it comes.
#[derive(Clone, Debug)]
pub struct Answer {
    result: Result<Value, TaskError>,
    after: Option<Duration>,
    beats_every: Option<Duration>,
}

impl From<Result<Value, TaskError>> for Answer {
    fn from(result: Result<Value, TaskError>) -> Self {
        Self { result, after: Some(Duration::ZERO), beats_every: None }
    }
}

impl Answer {
    /// No answer: the task runs into its timeout.
    pub fn never() -> Self {
        Self { after: None, ..Self::from(Ok(Value::Null)) }
    }

    /// The answer comes after this long, in virtual time.
    pub fn after(self, delay: Duration) -> Self {
        Self { after: Some(delay), ..self }
    }

    /// Until then the task sends a heartbeat this often.
    pub fn beating_every(self, pause: Duration) -> Self {
        Self { beats_every: Some(pause), ..self }
    }
}

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The task reports an error.
    Fails(TaskError),
    /// No answer comes.
    TimesOut,
}

/// A run that says nothing about the machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A task that nothing answers for.
    #[error("the state {state:?} calls {resource:?}, which nothing answers for; give it a task of that name")]
    UnknownTask {
        /// The state.
        state: String,
        /// The function's name or the resource.
        resource: String,
    },
    /// A function that does not take what a state gives it, or gives what is no JSON.
    #[error("the state {state:?} and the function {resource:?} do not agree: {reason}")]
    WrongTypes {
        /// The state.
        state: String,
        /// The function's name.
        resource: String,
        /// What is wrong.
        reason: String,
    },
    /// A state to test that the definition does not have.
    #[error("the definition has no state {0:?}")]
    UnknownState(String),
    /// An input that StartExecution refuses.
    #[error("the input has {bytes} bytes; Step Functions takes at most {PAYLOAD_LIMIT}")]
    InputTooLarge {
        /// Its size.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests;

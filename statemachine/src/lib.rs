//! State machines for AWS Step Functions: written in types, checked, run in a test, and drawn. Nothing here is about one
//! pipeline but the module [`pipeline`], and nothing needs AWS.
//!
//! | to | there is |
//! |---|---|
//! | write a machine | [`StateMachine::builder`]; its states are [`Task`], [`Choice`], [`Map`], [`DistributedMap`], [`Parallel`], [`Wait`], [`Pass`], [`Succeed`], [`Fail`] |
//! | say what flows | [`field!`], [`object!`], [`Expression`], [`Variable`] |
//! | say what fails | [`Retry`], [`Work::catch`], [`Raised`], [`ErrorName`] |
//! | call a service | [`service`], and [how to add one](service) |
//! | know what is wrong with a definition | [`check_definition`]; the findings are listed in [`Code`] |
//! | know what the role must be allowed | [`StateMachine::permissions`], [`known_permissions`] |
//! | run it without AWS | [`Interpreter`](interpreter::Interpreter) |
//! | test one state | [`Interpreter::test_state`](interpreter::Interpreter::test_state) |
//! | see it | [`Graph`](graph::Graph), with the way of an execution over it |
//!
//! The last five take any definition, by whatever means it was written.
//!
//! # A machine
//!
//! States are added from the last to the first, because a state can only name what already exists: adding one returns
//! a [`Next`], and only a [`Next`] is a target. A dangling transition therefore does not compile, and neither does one
//! to a state that takes another type. A loop is closed with [`Builder::declare`].
//!
//! ```
//! use statemachine::{ErrorName, ErrorOutput, Fail, Retry, StateMachine, Succeed, Task, check_definition, field};
//! # #[derive(serde::Serialize, serde::Deserialize)] struct Order { id: String }
//! # #[derive(serde::Serialize, serde::Deserialize)] struct Receipt { total: u64 }
//!
//! let mut machine = StateMachine::<Order, Receipt>::builder("Charges an order.");
//! let charged = machine.add("Charged", Succeed::new());
//! let failed = machine.add("NotCharged", Fail::new(field!(ErrorOutput, Error), field!(ErrorOutput, Cause).unwrap_or("")));
//! let charge = machine.add(
//!     "Charge",
//!     Task::lambda::<Order, Receipt>("${ChargeFunctionArn}")
//!         .timeout_seconds(30)
//!         .retry(Retry::on(ErrorName::LAMBDA_TRANSIENT).max_attempts(6))
//!         .catch([ErrorName::All], &failed)
//!         .then(&charged),
//! );
//! let machine = machine.build(&charge)?;
//! assert_eq!(machine.definition()["StartAt"], "Charge"); // `println!("{machine}")` prints it all
//! assert!(check_definition(machine.definition()).is_empty());
//! # Ok::<(), statemachine::BuildError>(())
//! ```
//!
//! A type that flows needs no trait: only its fields are read. Their names in Rust are their names in JSON.
//!
//! # A test
//!
//! ```
//! # use statemachine::{ErrorName, ErrorOutput, Fail, Retry, StateMachine, Succeed, Task, field};
//! # struct Order { id: String }
//! # struct Receipt { total: u64 }
//! # let mut machine = StateMachine::<Order, Receipt>::builder("Charges an order.");
//! # let charged = machine.add("Charged", Succeed::new());
//! # let failed = machine.add("NotCharged", Fail::new(field!(ErrorOutput, Error), field!(ErrorOutput, Cause).unwrap_or("")));
//! # let charge = Task::lambda::<Order, Receipt>("${ChargeFunctionArn}").timeout_seconds(30)
//! #     .retry(Retry::on(ErrorName::LAMBDA_TRANSIENT).max_attempts(6)).catch([ErrorName::All], &failed).then(&charged);
//! # let charge = machine.add("Charge", charge);
//! # let machine = machine.build(&charge)?;
//! use serde_json::json;
//! use statemachine::graph::{Graph, Trace};
//! use statemachine::interpreter::{Fault, Interpreter, StateStatus, TaskError};
//!
//! let busy = TaskError::new(ErrorName::LambdaService.as_str(), "again, please");
//! let mut interpreter = Interpreter::new(machine.definition())?
//!     .task("${ChargeFunctionArn}", |order| Ok(json!({"total": 7, "of": order["id"]})))
//!     .fault("Charge", 1, Fault::Fails(busy))
//!     .fault("Charge", 2, Fault::TimesOut);
//!
//! // The retry is made, in virtual time; the timeout is caught.
//! let execution = interpreter.run(json!({"id": "a"}))?;
//! assert_eq!(execution.path(), ["Charge", "NotCharged"]);
//! assert_eq!(execution.error(), Some("States.Timeout"));
//!
//! // One state by itself: it fails in its first call, and would be tried again.
//! let tested = interpreter.test_state("Charge", json!({"id": "a"})).run()?;
//! assert_eq!((tested.status, tested.inspection.retry_index), (StateStatus::Retriable, Some(0)));
//!
//! // What no test has come by yet, and what this one did, in Mermaid.
//! assert_eq!(interpreter.coverage().missed_states(), ["Charged"]);
//! println!("{}", Graph::of(machine.definition()).mermaid(&Trace::of(&execution)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`function`](interpreter::Interpreter::function) lets a Lambda function's own handler answer.
//!
//! # Query languages
//!
//! Machines speak JSONata, as AWS advises for new ones. [`StateMachine::json_path_builder`] begins one in JSONPath, whose
//! states have InputPath, Parameters, ResultSelector, ResultPath and OutputPath instead of Arguments and Output. A state
//! in JSONPath does not fit into a machine in JSONata:
//!
//! ```compile_fail,E0308
//! # use statemachine::{JsonPath, StateMachine, Step, Wait};
//! let wait: Step<String, String, JsonPath> = Wait::seconds(5).end();
//! StateMachine::<String, String>::builder("").add("Wait", wait);
//! ```
//!
//! and neither do the fields of one language into a state of the other:
//!
//! ```compile_fail,E0599
//! # use statemachine::{Expression, JsonPath, Step, Task};
//! # use statemachine::service::lambda;
//! let input = Expression::<String, String, JsonPath>::input();
//! let charge: Step<String, u64, JsonPath> =
//!     Task::call(lambda::invoke::<_, _, u64, _>("arn", input)).output(|_, result| result).end();
//! ```
//!
//! In its own language each of the two is right:
//!
//! ```
//! # use statemachine::{Expression, JsonPath, StateMachine, Step, Task, Wait, field};
//! # use statemachine::service::lambda;
//! let wait: Step<String, String> = Wait::seconds(5).end();
//! StateMachine::<String, String>::builder("").add("Wait", wait);
//!
//! let input = Expression::<String, String, JsonPath>::input();
//! let charge: Step<String, u64, JsonPath> = Task::call(lambda::invoke::<_, _, u64, _>("arn", input))
//!     .output_path(|result| field!(result.Payload))
//!     .end();
//! ```
//!
//! What is read and written is the [Amazon States Language].
//!
//! [Amazon States Language]: https://states-language.net/spec.html

mod assignment;
mod builder;
mod check;
mod condition;
mod context;
mod definition;
mod error_name;
mod expression;
pub mod graph;
pub mod interpreter;
mod language;
mod map;
mod parallel;
mod permission;
pub mod pipeline;
mod placeholder;
mod retry;
pub mod service;
mod state;
mod task;
mod variable;
mod work;

pub use builder::{BuildError, Builder, Next, StateMachine};
pub use check::{Code, Finding, Severity, check_definition};
pub use condition::{Condition, Rule};
pub use context::{Context, ExecutionContext, StateContext, StateMachineContext};
pub use error_name::{ErrorName, ErrorOutput, Names, Raised};
pub use expression::{Comparable, Expression, Number, Object, Ordered};
pub use language::{JsonPath, Jsonata, Kind, Language};
pub use map::{
    Batch, Batcher, Delimiter, DistributedMap, ExecutionType, InventoryObject, Items, ListedObject, Map, Reader,
    ResultManifest, ResultWriter, Settled, WrittenResults,
};
pub use parallel::{Branches, Parallel};
pub use permission::{Permission, PermissionError, Resource, known_permissions, permissions};
pub use placeholder::{PlaceholderError, placeholders};
pub use retry::{Jitter, Retry};
pub use state::{Choice, Fail, Pass, Step, Succeed, Wait};
pub use task::{Call, Callback, Job, Service, Task};
pub use variable::Variable;
pub use work::Work;

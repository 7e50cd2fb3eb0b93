//! Typed [Amazon States Language]: a builder in which what flows into a state is what that state takes, a checker for
//! the rules that types cannot hold, and [the pipeline's machine](pipeline).
//!
//! States are added from the last to the first, because a state can only name what already exists: adding one returns
//! a [`Next`], and only a [`Next`] is a target. A dangling transition therefore does not compile, and neither does one
//! to a state that takes another type. A loop is closed with [`Builder::declare`].
//!
//! ```
//! use statemachine::{ErrorName, ErrorOutput, Fail, Retry, StateMachine, Succeed, Task, field};
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
//! assert_eq!(machine.definition()["StartAt"], "Charge");
//! # Ok::<(), statemachine::BuildError>(())
//! ```
//!
//! What a state reads, makes and keeps is said with [`field!`], [`object!`], [`Expression`] and [`Variable`]; which
//! errors a task can raise, with [`Raised`]; which service it calls, with [`service`]. What the machine's role may do
//! follows from that: [`StateMachine::permissions`].
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
//! [Amazon States Language]: https://states-language.net/spec.html

mod assignment;
mod builder;
mod check;
mod condition;
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

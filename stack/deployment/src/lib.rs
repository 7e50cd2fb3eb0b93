//! Deploys CloudFormation stacks and the assets they refer to.
//!
//! The only client of AWS's control plane in this workspace. It knows templates and assets, and no particular stack:
//!
//! - a [`Connection`] is an account and a region, or an emulator's endpoint;
//! - [`Connection::bootstrap`] makes sure of a bucket for assets, the [`AssetStore`]: files named by their hash,
//!   uploaded once; [`Connection::assets_stack`] says beforehand what it would do;
//! - [`Connection::apply`] creates or updates a stack through a change set, [`Connection::delete`] deletes one. Both
//!   return an [`Operation`]: a stream of [`StackEvent`]s that ends in an outcome;
//! - [`Connection::plan`] says what an apply would do, and [`Connection::apply_plan`] does exactly that, or refuses. A
//!   resource that has another logical id and the same content is moved first, by a [`Refactor`];
//! - [`Connection::plan_import`] and [`Connection::import`] take resources that exist into a stack;
//! - [`Connection::attach`] watches an operation that is under way, [`Connection::cancel_update`] stops one, and
//!   [`Connection::recover`] brings a stack back that got stuck; [`Stack::next_step`] says which of these a stack takes;
//! - [`Connection::removal`] says what would go with a stack; [`Connection::purge_bucket`] and
//!   [`Connection::delete_log_groups`] do away with what CloudFormation does not;
//! - [`Connection::hotswap`] swaps code and definitions of a development stack in seconds, [`Connection::reconcile`]
//!   puts back what was swapped;
//! - [`Connection::read_logs`] reads what its functions and state machines write;
//! - [`Connection::stack`], [`Connection::outputs`] and [`Connection::template`] read what is deployed.
//!
//! ```no_run
//! use deployment::{ConnectOptions, Connection, StackRequest};
//!
//! # async fn deploy(template: String) -> Result<(), deployment::DeploymentError> {
//! let connection = Connection::connect(&ConnectOptions::default()).await?;
//! let mut operation = connection.apply(StackRequest::new("pipeline", template));
//! while let Some(event) = operation.next_event().await {
//!     eprintln!("{} {} {}", event.timestamp, event.logical_id, event.status);
//! }
//! println!("{:?}", operation.outcome().await?);
//! println!("{:?}", connection.outputs("pipeline").await?);
//! # Ok(())
//! # }
//! ```

mod apply;
mod assets;
mod attach;
mod bootstrap;
mod change;
mod change_set;
mod connection;
mod delete;
mod drift;
mod error;
mod events;
mod failure;
mod hint;
mod hotswap;
mod import;
mod log_groups;
mod logs;
mod operation;
mod plan;
mod purge;
mod recover;
mod refactor;
mod removal;
mod request;
mod resource;
mod revert;
mod stack;
mod stale;
mod state;
mod status;
mod timeline;
mod watch;

pub use apply::Outcome;
pub use assets::{Asset, AssetStore, Upload, UploadProgress};
pub use bootstrap::{ASSETS_STACK, AssetsStack};
pub use change::{Action, Change, Detail, Loss, LossKind, Replacement};
pub use change_set::{ChangeSet, ChangeSetKind};
pub use connection::{ConnectOptions, Connection};
pub use delete::{DeleteRequest, Deletion};
pub use drift::{Drift, DriftStatus, PropertyDifference, ResourceDrift};
pub use error::DeploymentError;
pub use events::{EventRange, StackEvent};
pub use failure::Failure;
pub use hint::hint;
pub use hotswap::{Hotswap, Swap, SwapContent};
pub use import::{Import, ImportError, ImportRequest, ImportedResource};
pub use logs::{LogEvent, LogReader, LogSource};
pub use operation::Operation;
pub use plan::{Before, Plan, Step};
pub use purge::BucketContent;
pub use refactor::Refactor;
pub use removal::{Fate, Removal};
pub use request::{AssetLocation, Capability, DeployOptions, StackRequest, Template};
pub use resource::Resource;
pub use revert::{Reversal, RevertAction, RevertedResource};
pub use stack::Stack;
pub use stale::Moved;
pub use state::NextStep;
pub use status::Status;
pub use timeline::{Span, Timeline, Typical};

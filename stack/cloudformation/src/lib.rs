//! CloudFormation templates in typed Rust.
//!
//! A [`Stack`] is built by adding resources. Each [`add`](Stack::add) returns a [`Handle`], and a handle is the only way
//! to refer to a resource, so a reference neither dangles nor points to the wrong kind of thing. Resource types, their
//! structures and the facts about them are generated from CloudFormation's own provider schemas.
//!
//! The crate is pure: it reads no file, no clock and no network, and holds no AWS client.

pub mod access;
mod condition;
mod constraint;
pub mod deploy_role;
pub mod diff;
mod expression;
mod generated;
mod grant;
mod metric;
mod named;
mod parameter;
mod policy;
mod reader;
mod resource;
pub mod rules;
mod spec;
mod stack;
mod template;
mod token;
mod value;

pub use condition::{Condition, Test};
pub use generated::*;
pub use grant::{grant_log_delivery, grant_trace};
pub use metric::Metric;
pub use parameter::{Mapping, Parameter};
pub use policy::{Action, PolicyDocument, Principal, Statement};
pub use reader::{ReadError, read_template};
pub use resource::{Handle, Properties, Referable, Resource};
pub use spec::{Constraint, Permissions, ResourceSpec, Rule, TagShape, Tagging};
pub use stack::{Attributes, Named, OutputOptions, Raw, Removal, Reserved, Stack};
pub use template::{Fault, SOURCE, Template, TemplateError};
pub use token::Tokens;
pub use value::{Arn, Id, Json, Name, Textual, Url, Value, pseudo};

/// The README's examples compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

//! Writes the resource types of the `cloudformation` crate from CloudFormation's resource-provider schemas.
//!
//! The inputs in `schemas/` are trimmed to facts and committed, so that generation needs no network and gives the same
//! bytes everywhere. The way through: [`import`] trims the published schemas; `model` turns a schema into the Rust
//! structures, enumerations and attributes that it means, with `reference` saying which texts are ARNs and names of
//! what; `constraint` lists what literals must satisfy; `render` writes all that down.

mod constraint;
mod error;
mod generate;
mod import;
mod model;
mod names;
mod reference;
mod render;
mod schema;

pub use error::Error;
pub use generate::{check, write};
pub use import::import;

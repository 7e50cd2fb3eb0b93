//! What stops generation.

use std::path::PathBuf;

/// Generation failed. The message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("cannot read or write {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not the JSON that it should be.
    #[error("{path} is not a schema: {source}")]
    Parse {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A wanted type has no schema in the folder given.
    #[error("no schema of {type_name} under {path}: give the cfn-lint package's folder of resource schemas")]
    NoSchema {
        /// The type.
        type_name: String,
        /// The folder.
        path: PathBuf,
    },
    /// The service specification lacks what it must have.
    #[error("{path} lacks {what}: give `db.json.gz` of @aws-cdk/aws-service-spec")]
    NoSpecification {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// Two things of a resource would get one Rust name.
    #[error("{type_name}: `{name}` would name two things: give one another name in names.rs")]
    Name {
        /// The resource type.
        type_name: String,
        /// The name.
        name: String,
    },
    /// A schema names a definition that it does not have.
    #[error("{type_name}: there is no definition {name}: import the schemas again")]
    NoDefinition {
        /// The resource type.
        type_name: String,
        /// The definition.
        name: String,
    },
    /// Generated files differ from what is committed.
    #[error("generated code is stale: run `cargo run -p codegen` and commit the result\n{0}")]
    Stale(String),
}

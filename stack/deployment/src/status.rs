//! The status of a stack or of one of its resources.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The status of a stack or a resource, in CloudFormation's words: `CREATE_COMPLETE`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Status(String);

impl Status {
    /// The status by its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether more is to come.
    pub fn is_in_progress(&self) -> bool {
        self.0.ends_with("_IN_PROGRESS")
    }

    /// Whether something failed here. A rollback that completes is no failure of its own.
    pub fn is_failed(&self) -> bool {
        self.0.ends_with("_FAILED")
    }

    /// Whether a stack is as its template wants it: an operation ended, and was not rolled back.
    pub fn is_success(&self) -> bool {
        self.0.ends_with("_COMPLETE") && !self.is_unwanted()
    }

    /// Whether a stack is on its way back, or has been.
    pub fn is_rollback(&self) -> bool {
        self.0.contains("ROLLBACK")
    }

    /// Whether a stack failed, or is on its way back.
    pub(crate) fn is_unwanted(&self) -> bool {
        self.is_failed() || self.is_rollback()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

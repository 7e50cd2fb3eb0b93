//! How an operation went wrong, and what its rollback made of it.

use std::fmt;

use serde::Serialize;

use crate::{StackEvent, Status};

/// An operation that ended badly: why, and what became of what it had done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The stack's name.
    pub stack: String,
    /// The status it ended in.
    pub status: Status,
    /// The first failure, from which the others follow. It is the stack itself where no resource is to blame: a quota,
    /// say. None where CloudFormation gives no reason.
    pub cause: Option<StackEvent>,
    /// Every resource that failed before the rollback, the cause and those cancelled because of it among them.
    pub failures: Vec<StackEvent>,
    /// The resources that the rollback removed or brought back, by what it did last to each.
    pub rolled_back: Vec<StackEvent>,
    /// The resources that the rollback could neither remove nor bring back, and why.
    pub not_rolled_back: Vec<StackEvent>,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stack, status, .. } = self;
        write!(formatter, "stack `{stack}` ended in {status}: ")?;
        match &self.cause {
            Some(event) => {
                let reason = event.reason.as_deref().unwrap_or("no reason given");
                write!(formatter, "{} ({}) {}: {reason}", event.logical_id, event.resource_type, event.status)
            }
            None => formatter.write_str("CloudFormation gives no reason; see the stack's events in its console"),
        }
    }
}

//! Deletes a stack.

use tokio::sync::mpsc::UnboundedSender;

use crate::events::{EventLog, watch};
use crate::{Connection, DeploymentError, Operation, StackEvent};

/// What a deletion did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The stack is gone.
    Deleted {
        /// The resources that stay, because their deletion policy is `Retain`: they are nobody's now.
        retained: Vec<StackEvent>,
    },
    /// There was no such stack.
    Absent,
}

impl Connection {
    /// Deletes the stack `name`, and watches it to its end. Resources with the deletion policy `Retain` stay.
    ///
    /// The operation fails where a resource cannot be deleted (a bucket that is not empty, say), or another operation
    /// is under way.
    pub fn delete(&self, name: impl Into<String>) -> Operation<Deletion> {
        let (connection, name) = (self.clone(), name.into());
        Operation::new(|events| async move { delete(&connection, &name, &events).await })
    }
}

pub(crate) async fn delete(
    connection: &Connection,
    name: &str,
    events: &UnboundedSender<StackEvent>,
) -> Result<Deletion, DeploymentError> {
    let Some(stack) = connection.stack(name).await? else {
        return Ok(Deletion::Absent);
    };
    if stack.status.is_in_progress() && stack.status.as_str() != "REVIEW_IN_PROGRESS" {
        return Err(DeploymentError::Busy { stack: stack.name, status: stack.status });
    }
    let log = EventLog::from_now(connection, &stack.id).await?;
    let request = connection.cloudformation.delete_stack().stack_name(&stack.id);
    request.send().await.map_err(DeploymentError::aws(format!("delete stack `{name}`")))?;
    let ending = watch(log, events).await?.into_result(name)?;
    Ok(Deletion::Deleted { retained: ending.retained })
}

//! Deletes a stack.

use tokio::sync::mpsc::UnboundedSender;

use crate::events::EventLog;
use crate::operation::operation_token;
use crate::watch::watch;
use crate::{Connection, DeploymentError, NextStep, Operation, Stack, StackEvent};

/// A stack that is to go.
///
/// There is no way here to CloudFormation's mode `FORCE_DELETE_STACK`, which leaves behind whatever cannot be deleted:
/// what stays is to be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteRequest {
    /// The stack's name or ARN.
    pub name: String,
    /// The logical ids of resources to leave where they are. CloudFormation takes them only where a deletion has
    /// failed because of them.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html>
    pub retain: Vec<String>,
}

impl DeleteRequest {
    /// Deletes all that the stack's template does not retain.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), retain: Vec::new() }
    }
}

impl From<&str> for DeleteRequest {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// What a deletion did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The stack is gone.
    Deleted {
        /// The resources that stay, because their deletion policy is `Retain` or the request said so: they are
        /// nobody's now.
        retained: Vec<StackEvent>,
    },
    /// There was no such stack.
    Absent,
}

impl Connection {
    /// Deletes a stack, and watches it to its end. Resources with the deletion policy `Retain` stay. A deletion that
    /// is already under way is watched.
    ///
    /// The operation fails where the stack is protected, a resource cannot be deleted (a bucket that is not empty,
    /// say), or another operation is under way.
    pub fn delete(&self, request: impl Into<DeleteRequest>) -> Operation<Deletion> {
        let (connection, request) = (self.clone(), request.into());
        Operation::new(|events| async move { delete(&connection, &request, &events).await })
    }

    /// Protects the stack `name` from deletion, or lifts the protection.
    ///
    /// # Errors
    ///
    /// There is no such stack, or AWS refuses.
    pub async fn set_termination_protection(&self, name: &str, protected: bool) -> Result<(), DeploymentError> {
        let request = self.cloudformation.update_termination_protection();
        let request = request.stack_name(name).enable_termination_protection(protected);
        request.send().await.map_err(DeploymentError::aws(format!("set the protection of stack `{name}`")))?;
        Ok(())
    }
}

impl Stack {
    /// Whether the stack's status allows a deletion that leaves `retain` behind, or is one.
    pub(crate) fn check_removable(&self, retain: &[String]) -> Result<(), DeploymentError> {
        let (stack, status) = (self.name.clone(), self.status.clone());
        match status.as_str() {
            "DELETE_IN_PROGRESS" | "DELETE_FAILED" => Ok(()),
            _ if self.next_step() == NextStep::Wait => Err(self.refusal()),
            _ if !retain.is_empty() => Err(DeploymentError::RetainTooEarly { stack, status }),
            _ => Ok(()),
        }
    }
}

pub(crate) async fn delete(
    connection: &Connection,
    request: &DeleteRequest,
    events: &UnboundedSender<StackEvent>,
) -> Result<Deletion, DeploymentError> {
    let Some(stack) = connection.stack(&request.name).await? else {
        return Ok(Deletion::Absent);
    };
    let log = match stack.status.as_str() {
        "DELETE_COMPLETE" => return Ok(Deletion::Absent),
        "DELETE_IN_PROGRESS" => EventLog::of_last_operation(connection, &stack.name, &stack.id).await?,
        _ => {
            stack.check_removable(&request.retain)?;
            if stack.termination_protection {
                return Err(DeploymentError::Protected { stack: stack.name });
            }
            let token = operation_token("destroy");
            let log = EventLog::from_now(connection, &stack.name, &stack.id, &token).await?;
            let retain = (!request.retain.is_empty()).then(|| request.retain.clone());
            let deletion = connection.cloudformation.delete_stack().stack_name(&stack.id).client_request_token(token);
            let deletion = deletion.set_retain_resources(retain);
            deletion.send().await.map_err(DeploymentError::aws(format!("delete stack `{}`", stack.name)))?;
            log
        }
    };
    let ending = watch(log, events).await?.into_result()?;
    Ok(Deletion::Deleted { retained: ending.retained })
}

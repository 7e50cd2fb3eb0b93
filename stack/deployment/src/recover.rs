//! Brings a stack whose operation got stuck back to a state that takes updates.

use tokio::sync::mpsc::UnboundedSender;

use crate::events::EventLog;
use crate::operation::operation_token;
use crate::watch::watch;
use crate::{Connection, DeploymentError, NextStep, Operation, Stack, StackEvent, Status};

impl Connection {
    /// Rolls the stack `name` back to where it last stood, and watches it to its end. A rollback that failed is
    /// continued; a stack that was told not to roll back is rolled back now. Gives the status that it came to:
    /// `UPDATE_ROLLBACK_COMPLETE`, or `ROLLBACK_COMPLETE` or `DELETE_COMPLETE` for one whose creation had failed.
    ///
    /// `skip` are the logical ids of resources that a continued rollback leaves as they are: they, and the template,
    /// then differ from what is really there until the next update sets them right.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html>
    ///
    /// The operation fails where there is nothing to roll back, or a resource cannot be rolled back still.
    pub fn recover(&self, name: impl Into<String>, skip: Vec<String>) -> Operation<Status> {
        let (connection, name) = (self.clone(), name.into());
        Operation::new(|events| async move { recover(&connection, &name, skip, &events).await })
    }
}

async fn recover(
    connection: &Connection,
    name: &str,
    skip: Vec<String>,
    events: &UnboundedSender<StackEvent>,
) -> Result<Status, DeploymentError> {
    let stack = connection.stack(name).await?.ok_or_else(|| connection.no_stack(name))?;
    let continues = match stack.next_step() {
        NextStep::ContinueRollback => true,
        NextStep::RollBack if skip.is_empty() => false,
        NextStep::RollBack => return Err(DeploymentError::NothingToSkip { stack: stack.name, status: stack.status }),
        _ => return Err(DeploymentError::NothingToRecover { stack: stack.name, status: stack.status }),
    };
    let token = operation_token("recover");
    let log = EventLog::from_now(connection, &stack.name, &stack.id, &token).await?;
    if continues {
        continue_rollback(connection, &stack, skip, token).await?;
    } else {
        roll_back(connection, &stack, token).await?;
    }
    let ending = watch(log, events).await?;
    match ending.status.as_str() {
        "UPDATE_ROLLBACK_COMPLETE" | "ROLLBACK_COMPLETE" | "DELETE_COMPLETE" => Ok(ending.status),
        _ => Err(ending.into_failure()),
    }
}

async fn continue_rollback(
    connection: &Connection,
    stack: &Stack,
    skip: Vec<String>,
    token: String,
) -> Result<(), DeploymentError> {
    let request = connection.cloudformation.continue_update_rollback().stack_name(&stack.id);
    let request = request.client_request_token(token).set_resources_to_skip((!skip.is_empty()).then_some(skip));
    let action = format!("continue the rollback of stack `{}`", stack.name);
    request.send().await.map_err(DeploymentError::aws(action)).map(drop)
}

async fn roll_back(connection: &Connection, stack: &Stack, token: String) -> Result<(), DeploymentError> {
    let request = connection.cloudformation.rollback_stack().stack_name(&stack.id).client_request_token(token);
    request.send().await.map_err(DeploymentError::aws(format!("roll back stack `{}`", stack.name))).map(drop)
}

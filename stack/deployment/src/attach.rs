//! Joins an operation that somebody has begun: to watch it, or to stop it.

use crate::events::EventLog;
use crate::operation::operation_token;
use crate::watch::watch;
use crate::{Connection, DeploymentError, Operation, Status};

impl Connection {
    /// Watches the operation that is under way on the stack `name`, from its first event to its end, whoever began it.
    /// Where there is none, the last one is told again. Gives the status that the stack came to.
    ///
    /// The operation fails as the one that is watched did.
    pub fn attach(&self, name: impl Into<String>) -> Operation<Status> {
        let (connection, name) = (self.clone(), name.into());
        Operation::new(|events| async move {
            let stack = connection.stack(&name).await?.ok_or_else(|| connection.no_stack(&name))?;
            let log = EventLog::of_last_operation(&connection, &stack.name, &stack.id).await?;
            Ok(watch(log, &events).await?.into_result()?.status)
        })
    }

    /// Stops the update that is under way on the stack `name`: what it did is rolled back. Whoever watches the update
    /// sees that too.
    ///
    /// # Errors
    ///
    /// There is no such stack, or what is under way is no update: CloudFormation cancels nothing else.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html>
    pub async fn cancel_update(&self, name: &str) -> Result<(), DeploymentError> {
        let stack = self.stack(name).await?.ok_or_else(|| self.no_stack(name))?;
        if !stack.can_be_cancelled() {
            return Err(DeploymentError::CannotCancel { stack: stack.name, status: stack.status });
        }
        let request = self.cloudformation.cancel_update_stack().stack_name(&stack.id);
        let request = request.client_request_token(operation_token("cancel"));
        request.send().await.map_err(DeploymentError::aws(format!("cancel the update of stack `{}`", stack.name)))?;
        Ok(())
    }
}

//! Change sets: CloudFormation's own plan of a change, made before anything is touched.

use aws_sdk_cloudformation::types::{
    Capability as SdkCapability, ChangeSetStatus, ChangeSetType, ExecutionStatus, Parameter, Tag,
};

use crate::{Connection, DeploymentError, StackRequest, Template};

/// How CloudFormation says that there is nothing to do.
pub(crate) const NO_CHANGES: [&str; 2] =
    ["The submitted information didn't contain changes", "No updates are to be performed"];

/// A change set that can be executed.
pub(crate) struct ChangeSet {
    pub(crate) id: String,
    pub(crate) stack_id: String,
}

/// What became of a change set's creation.
pub(crate) enum Creation {
    Ready(ChangeSet),
    NoChanges,
}

/// Creates the change set from the stack as it is to the one that `request` wants, and waits until it is made.
///
/// One that cannot be executed is deleted again, and with it the empty stack that its creation made.
pub(crate) async fn create(
    connection: &Connection,
    request: &StackRequest,
    kind: ChangeSetType,
    token: &str,
) -> Result<Creation, DeploymentError> {
    let change_set = submit(connection, request, kind.clone(), token).await?;
    let result = wait(connection, &change_set, &request.name).await;
    match result {
        Ok(true) => Ok(Creation::Ready(change_set)),
        Ok(false) => discard(connection, &change_set, &kind).await.map(|()| Creation::NoChanges),
        Err(error) => {
            if let Err(left) = discard(connection, &change_set, &kind).await {
                tracing::warn!("the failed change set {} stays: {left}", change_set.id);
            }
            Err(error)
        }
    }
}

async fn submit(
    connection: &Connection,
    request: &StackRequest,
    kind: ChangeSetType,
    token: &str,
) -> Result<ChangeSet, DeploymentError> {
    let parameters = request
        .parameters
        .iter()
        .map(|(key, value)| Parameter::builder().parameter_key(key).parameter_value(value).build());
    let tags = request.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let capabilities = request.capabilities.iter().map(|capability| SdkCapability::from(capability.name()));
    let builder = connection.cloudformation.create_change_set();
    let builder = match &request.template {
        Template::Body(body) => builder.template_body(body),
        Template::Url(url) => builder.template_url(url),
    };
    let answer = builder
        .stack_name(&request.name)
        .change_set_name(token)
        .client_token(token)
        .change_set_type(kind)
        .set_parameters(Some(parameters.collect()))
        .set_tags(Some(tags.collect()))
        .set_capabilities(Some(capabilities.collect()))
        .send()
        .await
        .map_err(DeploymentError::aws(format!("create a change set for stack `{}`", request.name)))?;
    Ok(ChangeSet { id: answer.id.unwrap_or_default(), stack_id: answer.stack_id.unwrap_or_default() })
}

/// Waits until the change set is made; says whether there is something to execute.
///
/// A change set without resource changes can be ready all the same, and must be executed: only outputs differ.
async fn wait(connection: &Connection, change_set: &ChangeSet, stack: &str) -> Result<bool, DeploymentError> {
    loop {
        let state = connection
            .cloudformation
            .describe_change_set()
            .change_set_name(&change_set.id)
            .stack_name(&change_set.stack_id)
            .send()
            .await
            .map_err(DeploymentError::aws(format!("describe the change set of stack `{stack}`")))?;
        let reason = state.status_reason.unwrap_or_default();
        match state.status {
            Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {}
            Some(ChangeSetStatus::CreateComplete) if state.execution_status == Some(ExecutionStatus::Available) => {
                return Ok(true);
            }
            Some(ChangeSetStatus::Failed) if NO_CHANGES.iter().any(|text| reason.contains(text)) => return Ok(false),
            status => {
                let status = status.as_ref().map_or("", |status| status.as_str());
                let reason = if reason.is_empty() { format!("the change set is {status}") } else { reason };
                return Err(DeploymentError::ChangeSet { stack: stack.to_owned(), reason });
            }
        }
        tokio::time::sleep(connection.poll_interval).await;
    }
}

async fn discard(connection: &Connection, change_set: &ChangeSet, kind: &ChangeSetType) -> Result<(), DeploymentError> {
    let client = &connection.cloudformation;
    let action = "delete a change set that is not needed";
    client
        .delete_change_set()
        .change_set_name(&change_set.id)
        .stack_name(&change_set.stack_id)
        .send()
        .await
        .map_err(DeploymentError::aws(action))?;
    if *kind == ChangeSetType::Create {
        // It holds no resource: a stack in review is only a place for change sets.
        let request = client.delete_stack().stack_name(&change_set.stack_id);
        request.send().await.map_err(DeploymentError::aws(action))?;
    }
    Ok(())
}

/// Starts the change. `token` marks the events that follow from it.
pub(crate) async fn execute(
    connection: &Connection,
    change_set: &ChangeSet,
    token: &str,
) -> Result<(), DeploymentError> {
    connection
        .cloudformation
        .execute_change_set()
        .change_set_name(&change_set.id)
        .stack_name(&change_set.stack_id)
        .client_request_token(token)
        .send()
        .await
        .map_err(DeploymentError::aws("execute the change set"))?;
    Ok(())
}

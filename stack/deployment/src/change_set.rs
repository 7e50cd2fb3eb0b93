//! Change sets: CloudFormation's own plan of a change, made before anything is touched.

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability as SdkCapability, ChangeSetStatus, ChangeSetType, DeploymentConfig, DeploymentConfigMode,
    ExecutionStatus, Parameter, ResourceChange, Tag,
};
use serde::{Deserialize, Serialize};

use crate::operation::operation_token;
use crate::{Change, Connection, DeployOptions, DeploymentError, Stack, StackRequest};

/// How CloudFormation says that there is nothing to do.
pub(crate) const NO_CHANGES: [&str; 2] =
    ["The submitted information didn't contain changes", "No updates are to be performed"];

/// A change set that can be executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSet {
    /// The change set's ARN.
    pub id: String,
    /// Its name, which is the token of the operation that executes it too.
    pub name: String,
    /// The stack's ARN.
    pub stack_id: String,
    /// What it does to the stack.
    pub kind: ChangeSetKind,
}

/// What a change set does to its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSetKind {
    /// Creates it.
    Create,
    /// Updates it.
    Update,
    /// Takes resources that exist into it.
    Import,
    /// Creates it of resources that exist.
    CreateByImport,
}

impl ChangeSetKind {
    /// Whether there is no stack before.
    pub(crate) fn creates_stack(self) -> bool {
        matches!(self, Self::Create | Self::CreateByImport)
    }
}

impl From<ChangeSetKind> for ChangeSetType {
    fn from(kind: ChangeSetKind) -> Self {
        match kind {
            ChangeSetKind::Create => Self::Create,
            ChangeSetKind::Update => Self::Update,
            ChangeSetKind::Import | ChangeSetKind::CreateByImport => Self::Import,
        }
    }
}

/// What became of a change set's creation.
pub(crate) enum Creation {
    Ready(ChangeSet, Vec<Change>),
    NoChanges,
}

/// Creates the change set from the stack as it is to the one that `request` wants, and waits until it is made.
pub(crate) async fn create(
    connection: &Connection,
    request: &StackRequest,
    kind: ChangeSetKind,
) -> Result<Creation, DeploymentError> {
    let change_set = submit(connection, request, kind).await?;
    settle(connection, change_set, &request.name).await
}

/// Waits until a change set that was begun is made.
///
/// One that cannot be executed is deleted again, and with it the empty stack that its creation made.
pub(crate) async fn settle(
    connection: &Connection,
    change_set: ChangeSet,
    stack: &str,
) -> Result<Creation, DeploymentError> {
    match wait(connection, &change_set, stack).await {
        Ok(Some(changes)) => Ok(Creation::Ready(change_set, changes)),
        Ok(None) => discard(connection, &change_set).await.map(|()| Creation::NoChanges),
        Err(error) => {
            if let Err(left) = discard(connection, &change_set).await {
                tracing::warn!("the failed change set {} stays: {left}", change_set.id);
            }
            Err(error)
        }
    }
}

async fn submit(
    connection: &Connection,
    request: &StackRequest,
    kind: ChangeSetKind,
) -> Result<ChangeSet, DeploymentError> {
    let token = operation_token("deploy");
    let given = request.parameters.iter();
    let given = given.map(|(key, value)| Parameter::builder().parameter_key(key).parameter_value(value).build());
    let tags = request.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let capabilities = request.capabilities.iter().map(|capability| SdkCapability::from(capability.name()));
    let builder = connection.cloudformation.create_change_set();
    let builder = match request.template.url() {
        Some(url) => builder.template_url(url),
        None => builder.template_body(request.template.body()),
    };
    let answer = builder
        .stack_name(&request.name)
        .change_set_name(&token)
        .client_token(&token)
        .change_set_type(kind.into())
        .set_parameters(Some(given.collect()))
        .set_tags(Some(tags.collect()))
        .set_capabilities(Some(capabilities.collect()))
        .set_deployment_config(deployment_config(request.options))
        .send()
        .await
        .map_err(DeploymentError::aws(format!("create a change set for stack `{}`", request.name)))?;
    let (id, stack_id) = (answer.id.unwrap_or_default(), answer.stack_id.unwrap_or_default());
    Ok(ChangeSet { id, name: token, stack_id, kind })
}

/// The stack's parameters, as they are.
pub(crate) fn kept_parameters(stack: &Stack) -> Vec<Parameter> {
    let keys = stack.parameters.keys();
    keys.map(|key| Parameter::builder().parameter_key(key).use_previous_value(true).build()).collect()
}

/// All capabilities, for a change set that makes nothing which was not agreed to when it was made.
pub(crate) fn every_capability() -> Vec<SdkCapability> {
    vec![SdkCapability::CapabilityIam, SdkCapability::CapabilityNamedIam, SdkCapability::CapabilityAutoExpand]
}

/// Express mode, with rollback said either way: it has another default there.
fn deployment_config(options: DeployOptions) -> Option<DeploymentConfig> {
    options.express.then(|| {
        let config = DeploymentConfig::builder().mode(DeploymentConfigMode::Express);
        config.disable_rollback(options.disable_rollback).build()
    })
}

/// Waits until the change set is made; gives its changes, or none where there is nothing to execute.
///
/// A change set without resource changes can be ready all the same, and must be executed: only outputs differ.
async fn wait(
    connection: &Connection,
    change_set: &ChangeSet,
    stack: &str,
) -> Result<Option<Vec<Change>>, DeploymentError> {
    loop {
        let page = describe(connection, change_set, None).await?;
        let reason = page.status_reason.clone().unwrap_or_default();
        match &page.status {
            Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {}
            Some(ChangeSetStatus::CreateComplete) if page.execution_status == Some(ExecutionStatus::Available) => {
                let changes = changes(connection, change_set, page).await?.into_iter().map(Change::from_sdk);
                return Ok(Some(match connection.is_local() {
                    true => changes.map(Change::without_idle_doubts).collect(),
                    false => changes.collect(),
                }));
            }
            Some(ChangeSetStatus::Failed) if NO_CHANGES.iter().any(|text| reason.contains(text)) => return Ok(None),
            status => {
                let status = status.as_ref().map_or("", |status| status.as_str());
                let reason = if reason.is_empty() { format!("the change set is {status}") } else { reason };
                return Err(DeploymentError::ChangeSet { stack: stack.to_owned(), reason });
            }
        }
        tokio::time::sleep(connection.poll_interval).await;
    }
}

/// One page of the change set.
pub(crate) async fn describe(
    connection: &Connection,
    change_set: &ChangeSet,
    token: Option<String>,
) -> Result<DescribeChangeSetOutput, DeploymentError> {
    let request = connection.cloudformation.describe_change_set();
    let request = request.change_set_name(&change_set.id).stack_name(&change_set.stack_id).set_next_token(token);
    request.include_property_values(true).send().await.map_err(DeploymentError::aws("describe the change set"))
}

/// The changes of `page` and of those that follow it.
pub(crate) async fn changes(
    connection: &Connection,
    change_set: &ChangeSet,
    mut page: DescribeChangeSetOutput,
) -> Result<Vec<ResourceChange>, DeploymentError> {
    let mut changes = Vec::new();
    loop {
        changes.extend(page.changes.unwrap_or_default().into_iter().filter_map(|change| change.resource_change));
        match page.next_token {
            Some(token) => page = describe(connection, change_set, Some(token)).await?,
            None => return Ok(changes),
        }
    }
}

/// Deletes a change set, and the empty stack where it was to create one. Another change set that waits there to create
/// the stack goes too.
pub(crate) async fn discard(connection: &Connection, change_set: &ChangeSet) -> Result<(), DeploymentError> {
    let client = &connection.cloudformation;
    let action = "delete a change set that is not needed";
    client
        .delete_change_set()
        .change_set_name(&change_set.id)
        .stack_name(&change_set.stack_id)
        .send()
        .await
        .map_err(DeploymentError::aws(action))?;
    if change_set.kind.creates_stack() {
        // It holds no resource: a stack in review is only a place for change sets.
        let request = client.delete_stack().stack_name(&change_set.stack_id);
        request.send().await.map_err(DeploymentError::aws(action))?;
    }
    Ok(())
}

/// Starts the change.
pub(crate) async fn execute(
    connection: &Connection,
    change_set: &ChangeSet,
    options: DeployOptions,
) -> Result<(), DeploymentError> {
    // In express mode the change set itself says whether it rolls back.
    let disable_rollback = options.disable_rollback && !options.express;
    connection
        .cloudformation
        .execute_change_set()
        .change_set_name(&change_set.id)
        .stack_name(&change_set.stack_id)
        .client_request_token(&change_set.name)
        .set_disable_rollback(disable_rollback.then_some(true))
        .send()
        .await
        .map_err(DeploymentError::aws("execute the change set"))?;
    Ok(())
}

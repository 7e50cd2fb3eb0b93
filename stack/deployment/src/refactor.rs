//! Stack refactors: resources that have another logical id from now on, and stay what they are.
//!
//! A refactor takes no other change: it is given the deployed template with the new names. Parameters, conditions,
//! mappings and properties stay as they are deployed, and a change set makes the rest afterwards.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-refactoring.html>

use std::collections::BTreeSet;

use aws_sdk_cloudformation::operation::describe_stack_refactor::DescribeStackRefactorOutput;
use aws_sdk_cloudformation::types::{
    ResourceLocation, ResourceMapping, StackDefinition, StackRefactorAction, StackRefactorActionType,
    StackRefactorExecutionStatus, StackRefactorStatus,
};
use cloudformation::diff::{Diff, Rename, Side, moves, renamed};
use cloudformation::read_template;
use serde::{Deserialize, Serialize};

use crate::{Change, Connection, DeploymentError, Stack, StackRequest, Template};

/// How an endpoint says that it does not know an action.
const UNKNOWN_ACTION: [&str; 2] = ["InvalidAction", "UnknownOperation"];

/// A stack refactor that can be executed. CloudFormation has no way to delete one: left alone, it is obsolete as soon as
/// the stack changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refactor {
    /// Its id.
    pub id: String,
    /// The stack's ARN.
    pub stack_id: String,
    /// The resources that have another logical id afterwards.
    pub moves: Vec<Rename>,
}

/// Makes ready the refactor that `request` asks for, and says what is to be changed after it; none where no resource of
/// the stack has another logical id.
///
/// What comes after is this program's own judgement: CloudFormation makes a change set only of a stack as it is.
pub(crate) async fn prepare(
    connection: &Connection,
    request: &StackRequest,
    stack: &Stack,
    deployed: &str,
) -> Result<Option<(Refactor, Vec<Change>)>, DeploymentError> {
    // Templates of other tools need not be readable here: CloudFormation has the last word on them.
    let (Ok(before), Ok(after)) = (read_template(deployed), read_template(request.template.body())) else {
        return Ok(None);
    };
    let mut moves = moves(&before, &after);
    if moves.is_empty() {
        return Ok(None);
    }
    // A resource whose condition does not hold is in the template alone.
    let resources = connection.resources(&stack.id).await?;
    let exist: BTreeSet<&str> = resources.iter().map(|resource| resource.logical_id.as_str()).collect();
    moves.retain(|rename| exist.contains(rename.from.as_str()));
    if moves.is_empty() {
        return Ok(None);
    }
    let template = renamed(&before, &moves).to_string();
    let template = request.template.beside(connection, template).await?;
    let rest =
        Diff::after_moves(&Side::new(&before, &stack.parameters), &Side::new(&after, &request.parameters), &moves);
    let refactor = create(connection, stack, &template, moves).await?;
    Ok(Some((refactor, rest.resources.into_iter().map(Change::expected).collect())))
}

/// Begins the refactor.
async fn submit(
    connection: &Connection,
    stack: &Stack,
    template: &Template,
    moves: Vec<Rename>,
) -> Result<Refactor, DeploymentError> {
    let location = |id: &str| ResourceLocation::builder().stack_name(&stack.name).logical_resource_id(id).build();
    let mapping = |rename: &Rename| {
        ResourceMapping::builder().source(location(&rename.from)).destination(location(&rename.to)).build()
    };
    let definition = StackDefinition::builder().stack_name(&stack.name);
    let definition = match template.url() {
        Some(url) => definition.template_url(url),
        None => definition.template_body(template.body()),
    };
    let request = connection.cloudformation.create_stack_refactor().stack_definitions(definition.build());
    let answer = request
        .set_resource_mappings(Some(moves.iter().map(mapping).collect()))
        .send()
        .await
        .map_err(DeploymentError::aws(format!("create a refactor of stack `{}`", stack.name)));
    match answer {
        Ok(answer) => {
            let id = answer.stack_refactor_id.unwrap_or_default();
            Ok(Refactor { id, stack_id: stack.id.clone(), moves })
        }
        Err(DeploymentError::Refused { code, .. }) if UNKNOWN_ACTION.contains(&code.as_str()) => {
            Err(DeploymentError::NoRefactor { stack: stack.name.clone(), moves })
        }
        Err(error) => Err(error),
    }
}

/// Creates the refactor, and waits until CloudFormation has made sure that it can be executed.
async fn create(
    connection: &Connection,
    stack: &Stack,
    template: &Template,
    moves: Vec<Rename>,
) -> Result<Refactor, DeploymentError> {
    let refactor = submit(connection, stack, template, moves).await?;
    let refused = |reason| DeploymentError::RefactorRefused { stack: stack.name.clone(), reason };
    loop {
        let state = describe(connection, &refactor).await?;
        match (&state.status, &state.execution_status) {
            (Some(StackRefactorStatus::CreateInProgress), _) => {}
            (Some(StackRefactorStatus::CreateComplete), Some(StackRefactorExecutionStatus::Available)) => break,
            _ => return Err(refused(reason(state))),
        }
        tokio::time::sleep(connection.poll_interval).await;
    }
    match beyond(connection, &refactor).await?.as_slice() {
        [] => Ok(refactor),
        others => Err(refused(format!("it would do more than that: {}", others.join("; ")))),
    }
}

/// Where the refactor stands.
pub(crate) async fn describe(
    connection: &Connection,
    refactor: &Refactor,
) -> Result<DescribeStackRefactorOutput, DeploymentError> {
    let request = connection.cloudformation.describe_stack_refactor().stack_refactor_id(&refactor.id);
    request.send().await.map_err(DeploymentError::aws("describe the stack refactor"))
}

/// CloudFormation's reason for where the refactor stands, or else its statuses.
pub(crate) fn reason(state: DescribeStackRefactorOutput) -> String {
    let status = state.status.map(|status| status.to_string()).unwrap_or_default();
    let execution = state.execution_status.map(|status| status.to_string()).unwrap_or_default();
    let reasons = [state.execution_status_reason, state.status_reason];
    let reason = reasons.into_iter().flatten().find(|reason| !reason.is_empty());
    reason.unwrap_or_else(|| format!("it is {status}, {execution}"))
}

/// What the refactor would do beside the moves.
async fn beyond(connection: &Connection, refactor: &Refactor) -> Result<Vec<String>, DeploymentError> {
    let request = connection.cloudformation.list_stack_refactor_actions().stack_refactor_id(&refactor.id);
    let pages = request.into_paginator().send().collect::<Result<Vec<_>, _>>().await;
    let pages = pages.map_err(DeploymentError::aws("list what the stack refactor does"))?;
    let actions = pages.into_iter().flat_map(|page| page.stack_refactor_actions.unwrap_or_default());
    Ok(actions.filter(|action| !is_planned(action, &refactor.moves)).map(|action| in_words(&action)).collect())
}

fn ids(action: &StackRefactorAction) -> Option<(&str, &str)> {
    let mapping = action.resource_mapping.as_ref()?;
    Some((mapping.source()?.logical_resource_id()?, mapping.destination()?.logical_resource_id()?))
}

/// Whether the action is one of the moves, or moves a resource to where it is.
fn is_planned(action: &StackRefactorAction, moves: &[Rename]) -> bool {
    action.action == Some(StackRefactorActionType::Move)
        && ids(action).is_some_and(|(from, to)| {
            from == to || moves.iter().any(|rename| (&*rename.from, &*rename.to) == (from, to))
        })
}

fn in_words(action: &StackRefactorAction) -> String {
    let verb = action.action.as_ref().map_or("", |action| action.as_str());
    match ids(action) {
        Some((from, to)) => format!("{verb} {from} -> {to}"),
        None => format!("{verb} {}", action.description().unwrap_or("without a resource")),
    }
}

/// Executes the refactor, and waits until the stack takes its next change.
pub(crate) async fn execute(connection: &Connection, stack: &str, refactor: &Refactor) -> Result<(), DeploymentError> {
    let request = connection.cloudformation.execute_stack_refactor().stack_refactor_id(&refactor.id);
    request.send().await.map_err(DeploymentError::aws(format!("refactor stack `{stack}`")))?;
    let lost = |source| DeploymentError::LostSight { stack: stack.to_owned(), source: Box::new(source) };
    loop {
        let state = describe(connection, refactor).await.map_err(lost)?;
        match &state.execution_status {
            Some(StackRefactorExecutionStatus::ExecuteComplete) => break,
            Some(
                StackRefactorExecutionStatus::Available
                | StackRefactorExecutionStatus::ExecuteInProgress
                | StackRefactorExecutionStatus::RollbackInProgress,
            ) => {}
            _ => return Err(DeploymentError::RefactorFailed { stack: stack.to_owned(), reason: reason(state) }),
        }
        tokio::time::sleep(connection.poll_interval).await;
    }
    // The stack itself is in progress for some seconds more.
    while connection.stack(&refactor.stack_id).await.map_err(lost)?.is_some_and(|stack| stack.status.is_in_progress()) {
        tokio::time::sleep(connection.poll_interval).await;
    }
    Ok(())
}

//! Puts back what was changed behind the stack's back, with a drift-aware change set: CloudFormation compares what is
//! there with the deployed template, and changes what is not the same.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html>

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    ChangeAction, ChangeSetStatus, ChangeSetType, DeploymentMode, Replacement, ResourceChange, ResourceChangeDetail,
    StackResourceDriftStatus, Tag,
};
use serde::Serialize;

use crate::change_set::NO_CHANGES;
use crate::operation::operation_token;
use crate::{
    ChangeSet, ChangeSetKind, Connection, DeployOptions, DeploymentError, Operation, PropertyDifference, Stack, apply,
    change_set,
};

/// What reverting a stack's drift would do. Nothing is done yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// What becomes of each resource.
    pub resources: Vec<RevertedResource>,
    stack: String,
    change_set: ChangeSet,
}

/// What becomes of a resource that has drifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevertedResource {
    /// The resource's name in the template.
    pub logical_id: String,
    /// `AWS::S3::Bucket`, say.
    pub resource_type: String,
    /// What is done.
    pub action: RevertAction,
    /// The properties that are put back, from what is there to what the template says.
    pub differences: Vec<PropertyDifference>,
    /// The properties that stay as they are, with CloudFormation's reason: `MANAGED_BY_AWS`.
    pub left: Vec<(String, String)>,
}

/// What is done about a resource's drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RevertAction {
    /// It is gone, and is made again: without what was in it.
    Recreate,
    /// It is changed in place.
    Modify,
    /// It stays as it is, and CloudFormation takes note of that.
    Record,
}

impl Connection {
    /// Says what reverting the drift of the stack `name` would do: its template and parameters stay as they are
    /// deployed. None where there is nothing to revert.
    ///
    /// What is said is done by [`revert`](Self::revert), or must be [abandoned](Self::abandon_revert).
    ///
    /// # Errors
    ///
    /// There is no such stack, it takes no update, or the endpoint knows no drift-aware change sets. So does a
    /// resource that would be replaced: putting a setting back is no consent to lose what the resource holds.
    pub async fn plan_revert(&self, name: &str) -> Result<Option<Reversal>, DeploymentError> {
        let stack = self.stack(name).await?.ok_or_else(|| self.no_stack(name))?;
        let change_set = self.create_revert(&stack).await?;
        let changes = self.drifted_changes(&stack.name, &change_set).await;
        match changes.and_then(|changes| changes.map(|changes| reverted(name, changes)).transpose()) {
            Ok(Some(resources)) => Ok(Some(Reversal { resources, stack: stack.name, change_set })),
            nothing => {
                if let Err(left) = change_set::discard(self, &change_set).await {
                    tracing::warn!("the change set {} stays: {left}", change_set.id);
                }
                nothing.map(|_| None)
            }
        }
    }

    /// Does what was planned, and watches it to its end.
    ///
    /// The operation fails where a resource does. CloudFormation then puts back what was there before: the drift.
    pub fn revert(&self, reversal: Reversal) -> Operation<()> {
        let connection = self.clone();
        Operation::new(|events| async move {
            let Reversal { stack, change_set, .. } = reversal;
            apply::execute(&connection, &stack, &change_set, DeployOptions::default(), &events).await.map(drop)
        })
    }

    /// Takes back a plan that is not to be done: it would stay with the stack.
    ///
    /// # Errors
    ///
    /// AWS refuses, or does not answer.
    pub async fn abandon_revert(&self, reversal: Reversal) -> Result<(), DeploymentError> {
        change_set::discard(self, &reversal.change_set).await
    }

    /// Begins a change set to the deployed template itself.
    async fn create_revert(&self, stack: &Stack) -> Result<ChangeSet, DeploymentError> {
        let token = operation_token("revert");
        let tags = stack.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let request = self.cloudformation.create_change_set().stack_name(&stack.id).change_set_name(&token);
        let answer = request
            .client_token(&token)
            .change_set_type(ChangeSetType::Update)
            .deployment_mode(DeploymentMode::RevertDrift)
            .use_previous_template(true)
            .set_parameters(Some(change_set::kept_parameters(stack)))
            .set_tags(Some(tags.collect()))
            .set_capabilities(Some(change_set::every_capability()))
            .send()
            .await
            .map_err(DeploymentError::aws(format!("plan to revert the drift of stack `{}`", stack.name)))?;
        let id = answer.id.unwrap_or_default();
        Ok(ChangeSet { id, name: token, stack_id: stack.id.clone(), kind: ChangeSetKind::Update })
    }

    /// Waits until the change set is made. Gives what it changes, or none where it changes nothing.
    async fn drifted_changes(
        &self,
        stack: &str,
        change_set: &ChangeSet,
    ) -> Result<Option<Vec<ResourceChange>>, DeploymentError> {
        let (page, stack) = (self.made(change_set).await?, stack.to_owned());
        // An endpoint that does not know the mode makes an ordinary change set, which sees no drift.
        if page.deployment_mode != Some(DeploymentMode::RevertDrift) {
            return Err(DeploymentError::NoRevert { stack });
        }
        if page.status != Some(ChangeSetStatus::CreateComplete) {
            let reason = page.status_reason.unwrap_or_default();
            let is_empty = NO_CHANGES.iter().any(|text| reason.contains(text));
            return if is_empty { Ok(None) } else { Err(DeploymentError::ChangeSet { stack, reason }) };
        }
        change_set::changes(self, change_set, page).await.map(Some)
    }

    async fn made(&self, change_set: &ChangeSet) -> Result<DescribeChangeSetOutput, DeploymentError> {
        loop {
            let page = change_set::describe(self, change_set, None).await?;
            match page.status {
                Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                    tokio::time::sleep(self.poll_interval).await;
                }
                _ => return Ok(page),
            }
        }
    }
}

/// The changes as reversals, unless one of them is more than that.
fn reverted(stack: &str, changes: Vec<ResourceChange>) -> Result<Vec<RevertedResource>, DeploymentError> {
    let (mut resources, mut replaced) = (Vec::new(), Vec::new());
    for change in changes {
        let logical_id = change.logical_resource_id.unwrap_or_default();
        let is_gone = change.resource_drift_status == Some(StackResourceDriftStatus::Deleted);
        let action = match (change.action, change.replacement) {
            _ if is_gone => RevertAction::Recreate,
            (Some(ChangeAction::Add), _) => RevertAction::Recreate,
            (Some(ChangeAction::Modify), None | Some(Replacement::False)) => RevertAction::Modify,
            (Some(ChangeAction::SyncWithActual), _) => RevertAction::Record,
            _ => {
                replaced.push(logical_id);
                continue;
            }
        };
        let left = change.resource_drift_ignored_attributes.unwrap_or_default().into_iter();
        resources.push(RevertedResource {
            logical_id,
            resource_type: change.resource_type.unwrap_or_default(),
            action,
            differences: change.details.unwrap_or_default().into_iter().filter_map(difference).collect(),
            left: left
                .map(|left| (left.path.unwrap_or_default(), left.reason.map(|reason| reason.to_string())))
                .map(|(path, reason)| (property(path), reason.unwrap_or_default()))
                .collect(),
        });
    }
    match replaced.is_empty() {
        true => Ok(resources),
        false => Err(DeploymentError::RevertReplaces { stack: stack.to_owned(), resources: replaced }),
    }
}

/// What the template says is what comes after; what is there came before.
fn difference(detail: ResourceChangeDetail) -> Option<PropertyDifference> {
    let target = detail.target?;
    let path = target.path.or(target.name).map(property)?;
    Some(PropertyDifference { path, expected: target.after_value, actual: target.before_value })
}

/// The path within the properties, as drift has it.
fn property(path: String) -> String {
    path.strip_prefix("/Properties").map(str::to_owned).unwrap_or(path)
}

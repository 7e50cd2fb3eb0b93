//! What becomes of a stack's resources when the stack is deleted.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as Json;

use crate::{Connection, DeploymentError, NextStep, Resource, Stack};

const LOG_GROUP: &str = "AWS::Logs::LogGroup";

/// What becomes of a resource when its stack is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is deleted. It can be made again as it was.
    Deleted,
    /// It is deleted, and with it what it holds.
    DataLost,
    /// It is deleted after a snapshot of it was taken.
    Snapshot,
    /// It stays.
    Retained,
}

impl Fate {
    /// What CloudFormation does under a deletion policy.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html>
    fn of(policy: Option<&str>, resource_type: &str) -> Self {
        let stateful = || cloudformation::spec(resource_type).is_some_and(|spec| spec.stateful);
        match policy {
            Some("Retain" | "RetainExceptOnCreate") => Self::Retained,
            Some("Snapshot") => Self::Snapshot,
            _ if stateful() => Self::DataLost,
            _ => Self::Deleted,
        }
    }
}

/// A stack that is to go, and what goes with it.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The stack.
    pub stack: Stack,
    /// Its resources, each with its fate.
    pub resources: Vec<(Resource, Fate)>,
    /// Log groups that the stack's functions made, and that belong to no stack. A retained one is none of them.
    pub log_groups: BTreeSet<String>,
}

impl Removal {
    /// The names of the buckets that are to be deleted.
    pub fn buckets(&self) -> impl Iterator<Item = &str> {
        self.doomed("AWS::S3::Bucket")
    }

    /// The names of the log groups that must not outlive the stack: those of its functions, and those it declares,
    /// which a function makes again if it writes while it is being deleted.
    pub fn log_groups_to_sweep(&self) -> BTreeSet<String> {
        let declared = self.doomed(LOG_GROUP).map(str::to_owned);
        declared.chain(self.function_log_groups()).collect()
    }

    /// The names of the log groups that Lambda makes for the functions, without those that are resources of their own.
    fn function_log_groups(&self) -> BTreeSet<String> {
        let declared = self.resources.iter().filter(|(resource, _)| resource.resource_type == LOG_GROUP);
        let declared: BTreeSet<_> = declared.map(|(resource, _)| resource.physical_id.as_str()).collect();
        let implied = self.doomed("AWS::Lambda::Function").map(|function| format!("/aws/lambda/{function}"));
        implied.filter(|name| !declared.contains(name.as_str())).collect()
    }

    fn doomed(&self, resource_type: &str) -> impl Iterator<Item = &str> {
        let doomed = move |(resource, fate): &&(Resource, Fate)| {
            *fate != Fate::Retained && resource.resource_type == resource_type
        };
        self.resources.iter().filter(doomed).map(|(resource, _)| resource.physical_id.as_str())
    }
}

impl Connection {
    /// What a deletion of the stack `name` would do, with the resources `retain` left where they are; none where there
    /// is no stack. Reads, and changes nothing.
    ///
    /// # Errors
    ///
    /// The stack is in a state in which it cannot be deleted so, its template is no JSON, or AWS does not answer.
    pub async fn removal(&self, name: &str, retain: &[String]) -> Result<Option<Removal>, DeploymentError> {
        let Some(stack) = self.stack(name).await? else { return Ok(None) };
        stack.check_removable(retain)?;
        let template = self.template_to_remove(&stack).await?;
        let fate = |resource: &Resource| {
            if retain.contains(&resource.logical_id) {
                return Fate::Retained;
            }
            let policy = template["Resources"][&resource.logical_id]["DeletionPolicy"].as_str();
            Fate::of(policy, &resource.resource_type)
        };
        let resources = self.resources(&stack.id).await?.into_iter().map(|resource| {
            let fate = fate(&resource);
            (resource, fate)
        });
        let mut removal = Removal { stack, resources: resources.collect(), log_groups: BTreeSet::new() };
        removal.log_groups = self.log_groups(&removal.function_log_groups()).await?;
        Ok(Some(removal))
    }

    async fn template_to_remove(&self, stack: &Stack) -> Result<Json, DeploymentError> {
        // A stack in review has no template yet, and no resource.
        if stack.next_step() == NextStep::Create {
            return Ok(Json::Null);
        }
        let template = self.template(&stack.id).await?;
        serde_json::from_str(&template)
            .map_err(|source| DeploymentError::ForeignTemplate { stack: stack.name.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_policy_and_the_type_decide() {
        for (policy, resource_type, expected) in [
            (None, "AWS::SSM::Parameter", Fate::Deleted),
            (Some("Delete"), "AWS::S3::Bucket", Fate::DataLost),
            (None, "AWS::DynamoDB::Table", Fate::DataLost),
            (Some("Retain"), "AWS::DynamoDB::Table", Fate::Retained),
            (Some("RetainExceptOnCreate"), "AWS::S3::Bucket", Fate::Retained),
            (Some("Snapshot"), "AWS::RDS::DBInstance", Fate::Snapshot),
        ] {
            assert_eq!(Fate::of(policy, resource_type), expected, "{policy:?} {resource_type}");
        }
    }
}

//! What a change set does to each resource, in CloudFormation's own judgement.

use std::fmt;

use aws_sdk_cloudformation::types::{ChangeAction, PolicyAction, ResourceChange, ResourceChangeDetail};
use cloudformation::diff::{Disposal, Impact, PropertyChange, ResourceChange as ResourceDifference};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What becomes of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The resource's name in the template.
    pub logical_id: String,
    /// Its name or ARN on AWS, where it exists.
    pub physical_id: Option<String>,
    /// `AWS::S3::Bucket`, say.
    pub resource_type: String,
    /// What is done.
    pub action: Action,
    /// Whether a new resource takes its place. Only a modification says so.
    pub replacement: Option<Replacement>,
    /// What becomes of the old resource, by its policies: `Delete`, `ReplaceAndRetain` …
    pub policy_action: Option<String>,
    /// Whether the resource holds data that would go with it. A type that the tables do not know is taken to.
    pub stateful: bool,
    /// What of it changes, and why.
    pub details: Vec<Detail>,
}

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is created.
    Add,
    /// It is changed in place, or replaced.
    Modify,
    /// It leaves the stack.
    Remove,
    /// It exists, and becomes the stack's.
    Import,
    /// CloudFormation cannot tell yet.
    Dynamic,
    /// It stays as it is, and CloudFormation takes note of that.
    Sync,
}

/// Whether a resource is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// It is changed in place.
    Never,
    /// It depends on values that are known only on the way.
    Conditional,
    /// It is.
    Always,
}

/// One property or attribute that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Where: `/Properties/TableName`; the attribute alone where it is none of a property, or no path is given.
    pub path: String,
    /// The value before, where CloudFormation gives it. It abbreviates long ones.
    pub before: Option<String>,
    /// The value after, likewise.
    pub after: Option<String>,
    /// Whether this alone replaces the resource: `Never`, `Conditionally`, `Always`.
    pub requires_recreation: Option<String>,
    /// The resource or parameter that the change comes from: `Table.Arn`. None where the template itself changed.
    pub cause: Option<String>,
}

/// A change at which data can be lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The resource's name in the template.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// Its name or ARN on AWS.
    pub physical_id: Option<String>,
    /// How.
    pub kind: LossKind,
}

/// How data can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// The resource is deleted.
    Deleted,
    /// A new, empty resource takes its place.
    Replaced,
    /// Perhaps so.
    MaybeReplaced,
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            LossKind::Deleted => "would be deleted",
            LossKind::Replaced => "would be replaced by an empty one",
            LossKind::MaybeReplaced => "may be replaced by an empty one",
        };
        write!(formatter, "{} ({}) {what}", self.logical_id, self.resource_type)
    }
}

impl Change {
    pub(crate) fn from_sdk(change: ResourceChange) -> Self {
        let resource_type = change.resource_type.unwrap_or_default();
        Self {
            logical_id: change.logical_resource_id.unwrap_or_default(),
            physical_id: change.physical_resource_id.filter(|id| !id.is_empty()),
            stateful: is_stateful(&resource_type),
            resource_type,
            action: match change.action {
                Some(ChangeAction::Add) => Action::Add,
                Some(ChangeAction::Modify) => Action::Modify,
                Some(ChangeAction::Remove) => Action::Remove,
                Some(ChangeAction::Import) => Action::Import,
                Some(ChangeAction::SyncWithActual) => Action::Sync,
                _ => Action::Dynamic,
            },
            replacement: change.replacement.and_then(|replacement| match replacement.as_str() {
                "True" => Some(Replacement::Always),
                "Conditional" => Some(Replacement::Conditional),
                "False" => Some(Replacement::Never),
                _ => None,
            }),
            policy_action: change.policy_action.map(|action| action.to_string()),
            details: change.details.unwrap_or_default().into_iter().map(Detail::from_sdk).collect(),
        }
    }

    /// Without the doubts that the type's schema does not share. For an emulator, which has them of most properties; AWS
    /// knows more than its schemas say, and its doubts stand.
    pub(crate) fn without_idle_doubts(self) -> Self {
        match self.replacement {
            Some(Replacement::Conditional) if !self.can_be_replaced() => {
                Self { replacement: Some(Replacement::Never), ..self }
            }
            _ => self,
        }
    }

    /// Whether one of the properties that are in doubt can replace the resource. Where none is named, any may be meant.
    fn can_be_replaced(&self) -> bool {
        let Some(spec) = cloudformation::spec(&self.resource_type) else { return true };
        let is_doubtful = |detail: &&Detail| detail.requires_recreation.as_deref().is_some_and(|word| word != "Never");
        let mut doubtful = self.details.iter().filter(is_doubtful).peekable();
        doubtful.peek().is_none()
            || doubtful.any(|detail| match detail.path.strip_prefix("/Properties/") {
                Some(path) => spec.can_replace(&path.split('/').collect::<Vec<_>>()),
                None => true,
            })
    }

    /// The change that this program's own comparison of two templates finds.
    pub(crate) fn expected(change: ResourceDifference) -> Self {
        let (action, replacement) = match change.impact {
            Impact::Add => (Action::Add, None),
            Impact::Remove => (Action::Remove, None),
            Impact::Keep | Impact::Update => (Action::Modify, Some(Replacement::Never)),
            Impact::Unknown | Impact::MayReplace => (Action::Modify, Some(Replacement::Conditional)),
            Impact::Replace => (Action::Modify, Some(Replacement::Always)),
        };
        let policy_action = match (action, change.disposal) {
            (Action::Remove, Some(Disposal::Retain)) => Some(PolicyAction::Retain),
            (Action::Remove, Some(Disposal::Snapshot)) => Some(PolicyAction::Snapshot),
            (Action::Remove, _) => Some(PolicyAction::Delete),
            _ => None,
        };
        let properties = change.properties.into_iter().map(|property| Detail::expected("/Properties/", property));
        let attributes = change.attributes.into_iter().map(|attribute| Detail::expected("/", attribute));
        Self {
            logical_id: change.logical_id,
            physical_id: None,
            stateful: is_stateful(&change.resource_type),
            resource_type: change.resource_type,
            action,
            replacement,
            policy_action: policy_action.map(|action| action.to_string()),
            details: properties.chain(attributes).collect(),
        }
    }

    /// Whether the change is one of `expected`, or only follows from what another resource comes to. It may do less.
    pub(crate) fn is_among(&self, expected: &[Self]) -> bool {
        let same = |other: &&Self| other.logical_id == self.logical_id && other.action == self.action;
        match expected.iter().find(same) {
            Some(other) => self.replacement <= other.replacement || self.follows(),
            None => self.follows(),
        }
    }

    /// Whether all of it comes from other resources, and can be done in place. CloudFormation lists what refers to a
    /// changed resource, since the value may be another one then.
    fn follows(&self) -> bool {
        let is_caused = |detail: &Detail| detail.cause.is_some();
        self.action == Action::Modify
            && self.replacement != Some(Replacement::Always)
            && !self.details.is_empty()
            && self.details.iter().all(is_caused)
    }

    /// Whether the resource, and its data with it, would be deleted or replaced.
    ///
    /// What leaves the stack and is retained loses nothing. What is replaced and retained does: the stack goes on with
    /// an empty one.
    pub fn loss(&self) -> Option<Loss> {
        let kind = match (self.action, self.replacement) {
            (Action::Remove, _) if self.policy_action.as_deref() != Some(PolicyAction::Retain.as_str()) => {
                LossKind::Deleted
            }
            (Action::Modify, Some(Replacement::Always)) => LossKind::Replaced,
            (Action::Modify, Some(Replacement::Conditional)) | (Action::Dynamic, _) => LossKind::MaybeReplaced,
            _ => return None,
        };
        self.stateful.then(|| Loss {
            logical_id: self.logical_id.clone(),
            resource_type: self.resource_type.clone(),
            physical_id: self.physical_id.clone(),
            kind,
        })
    }
}

impl Detail {
    fn expected(section: &str, change: PropertyChange) -> Self {
        let text = |value: Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let requires_recreation = match change.impact {
            Impact::Replace => "Always",
            Impact::MayReplace | Impact::Unknown => "Conditionally",
            _ => "Never",
        };
        Self {
            path: format!("{section}{}", change.path),
            before: change.before.map(text),
            after: change.after.map(text),
            requires_recreation: Some(requires_recreation.to_owned()),
            cause: change.cause.map(|cause| cause.replaced),
        }
    }

    fn from_sdk(detail: ResourceChangeDetail) -> Self {
        let target = detail.target;
        let target = target.as_ref();
        let attribute = target.and_then(|target| target.attribute()).map_or("", |attribute| attribute.as_str());
        let path = target.and_then(|target| target.path()).map(str::to_owned);
        let name = target.and_then(|target| target.name()).filter(|name| !name.is_empty());
        Self {
            path: path.unwrap_or_else(|| match name {
                Some(name) => format!("/{attribute}/{name}"),
                None => format!("/{attribute}"),
            }),
            before: target.and_then(|target| target.before_value()).map(str::to_owned),
            after: target.and_then(|target| target.after_value()).map(str::to_owned),
            requires_recreation: target.and_then(|target| target.requires_recreation()).map(ToString::to_string),
            cause: detail.causing_entity.filter(|cause| !cause.is_empty()),
        }
    }
}

/// Nobody knows what a custom resource or a nested stack holds.
fn is_stateful(resource_type: &str) -> bool {
    cloudformation::spec(resource_type).is_none_or(|spec| spec.stateful)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(resource_type: &str, action: &str, replacement: &str, policy_action: &str) -> Option<LossKind> {
        let mut change = ResourceChange::builder().resource_type(resource_type).action(action.into());
        if !replacement.is_empty() {
            change = change.replacement(replacement.into());
        }
        if !policy_action.is_empty() {
            change = change.policy_action(policy_action.into());
        }
        Change::from_sdk(change.build()).loss().map(|loss| loss.kind)
    }

    #[test]
    fn what_holds_data_is_lost_when_it_is_deleted_or_replaced() {
        for (action, replacement, policy_action, expected) in [
            ("Remove", "", "Delete", Some(LossKind::Deleted)),
            ("Remove", "", "Snapshot", Some(LossKind::Deleted)),
            ("Remove", "", "", Some(LossKind::Deleted)),
            ("Remove", "", "Retain", None),
            ("Modify", "True", "ReplaceAndDelete", Some(LossKind::Replaced)),
            ("Modify", "True", "ReplaceAndRetain", Some(LossKind::Replaced)),
            ("Modify", "Conditional", "", Some(LossKind::MaybeReplaced)),
            ("Modify", "False", "", None),
            ("Dynamic", "", "", Some(LossKind::MaybeReplaced)),
            ("Add", "", "", None),
            ("Import", "", "", None),
        ] {
            let found = loss("AWS::DynamoDB::Table", action, replacement, policy_action);
            assert_eq!(found, expected, "{action} {replacement} {policy_action}");
        }
    }

    #[test]
    fn an_emulators_doubt_counts_where_the_types_schema_lets_the_property_replace() {
        let detail = |path: &str, requires_recreation: &str| Detail {
            path: path.into(),
            before: None,
            after: None,
            requires_recreation: Some(requires_recreation.into()),
            cause: None,
        };
        let change = ResourceChange::builder().resource_type("AWS::DynamoDB::Table").action(ChangeAction::Modify);
        let change = Change::from_sdk(change.replacement("Conditional".into()).build());
        for (details, expected) in [
            (vec![], Replacement::Conditional),
            (vec![detail("/Properties", "Conditionally")], Replacement::Conditional),
            (vec![detail("/Properties/TableName", "Conditionally")], Replacement::Conditional),
            (vec![detail("/Properties/KeySchema/0/KeyType", "Conditionally")], Replacement::Conditional),
            (vec![detail("/Properties/BillingMode", "Conditionally")], Replacement::Never),
            (
                vec![detail("/Properties/TableName", "Never"), detail("/Properties/BillingMode", "Conditionally")],
                Replacement::Never,
            ),
        ] {
            let settled = Change { details, ..change.clone() }.without_idle_doubts();
            assert_eq!(settled.replacement, Some(expected), "{settled:?}");
        }
    }

    #[test]
    fn what_holds_no_data_is_not_lost_and_the_unknown_is_taken_to_hold_some() {
        assert_eq!(loss("AWS::Lambda::Function", "Remove", "", "Delete"), None);
        assert_eq!(loss("Custom::Database", "Remove", "", "Delete"), Some(LossKind::Deleted));
    }
}

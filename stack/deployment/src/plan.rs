//! Plans: a change that is made ready now and applied later, exactly as it was shown.

use std::collections::BTreeMap;

use cloudformation::SOURCE;
use cloudformation::diff::Rename;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::change_set::{self, Creation};
use crate::request::sha256;
use crate::{
    AssetLocation, Capability, Change, ChangeSet, ChangeSetKind, Connection, DeployOptions, DeploymentError, Loss,
    NextStep, Refactor, Stack, StackRequest, Status, refactor,
};

/// The version of the plan's form.
pub(crate) const FORMAT: u32 = 1;

/// What stands for the value of a parameter that is not to be shown.
const HIDDEN: &str = "****";

/// A change that waits to be applied, and what it rests on. Applying it is refused when any of that has moved.
///
/// It can be kept in a file. Values of parameters that the template marks `NoEcho` are not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of this form: 1.
    pub format: u32,
    /// The stack's name.
    pub stack: String,
    /// The account's number.
    pub account: String,
    /// The region.
    pub region: String,
    /// The endpoint, where it is not AWS's own.
    pub endpoint: Option<String>,
    /// The template's SHA-256, hexadecimal.
    pub template_sha256: String,
    /// The template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// The objects that the parameters refer to.
    pub assets: Vec<AssetLocation>,
    /// The stack's tags.
    pub tags: BTreeMap<String, String>,
    /// What the template may do beside making resources.
    pub capabilities: Vec<Capability>,
    /// How CloudFormation goes about it.
    pub options: DeployOptions,
    /// The stack as it was; none where there was none.
    pub before: Option<Before>,
    /// What applying the plan does.
    pub step: Step,
    /// What that does to each resource. After a refactor, it is what is expected of the change set then: one that does
    /// more is not executed.
    pub changes: Vec<Change>,
}

/// A stack's state when a change of it was planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// The stack's ARN.
    pub stack_id: String,
    /// Its status.
    pub status: Status,
    /// When it was last updated.
    pub updated: Option<jiff::Timestamp>,
    /// The deployed template's SHA-256, hexadecimal.
    pub template_sha256: String,
    /// The deployed parameters.
    pub parameters: BTreeMap<String, String>,
}

/// What applying a plan does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Nothing: the stack is already so.
    Nothing,
    /// A change set is executed.
    ChangeSet(ChangeSet),
    /// A stack refactor is executed, and then a change set that is made of what is left.
    Refactor(Refactor),
}

impl Plan {
    /// Whether the stack is already as it is wanted.
    pub fn is_unchanged(&self) -> bool {
        self.step == Step::Nothing
    }

    /// The resources that are moved to another logical id first.
    pub fn moves(&self) -> &[Rename] {
        match &self.step {
            Step::Refactor(refactor) => &refactor.moves,
            Step::Nothing | Step::ChangeSet(_) => &[],
        }
    }

    /// The changes at which data can be lost.
    pub fn losses(&self) -> Vec<Loss> {
        self.changes.iter().filter_map(Change::loss).collect()
    }

    /// Reads a plan from a file's text.
    ///
    /// # Errors
    ///
    /// It is no plan, or one of another version of this program.
    pub fn from_json(text: &str) -> Result<Self, DeploymentError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        match serde_json::from_str(text) {
            Ok(Version { format }) if format != FORMAT => Err(DeploymentError::PlanFormat { found: format }),
            _ => serde_json::from_str(text).map_err(DeploymentError::PlanSyntax),
        }
    }
}

impl Connection {
    /// Makes a plan: asks CloudFormation what it takes to make the stack what `request` wants. Changes nothing yet; the
    /// plan's change set waits in the account until it is applied or [discarded](Self::discard_plan).
    ///
    /// Where the deployed template, parameters and tags are what `request` says, no change set is made; another order of
    /// keys, and other source lines, say the same. Where resources have another logical id, a refactor is made ready
    /// instead: a change set would delete and create them.
    ///
    /// # Errors
    ///
    /// CloudFormation refuses the template, the stack is in a state that takes no change, or resources are to be moved
    /// and the endpoint cannot.
    pub async fn plan(&self, request: &StackRequest) -> Result<Plan, DeploymentError> {
        let (account, prepared) = tokio::try_join!(self.account(), prepare(self, request))?;
        let Prepared { before, step, changes } = prepared;
        Ok(Plan {
            format: FORMAT,
            stack: request.name.clone(),
            account,
            region: self.region().to_owned(),
            endpoint: self.endpoint_url().map(str::to_owned),
            template_sha256: request.template.sha256(),
            parameters: shown_parameters(request),
            assets: request.assets.clone(),
            tags: request.tags.clone(),
            capabilities: request.capabilities.clone(),
            options: request.options,
            before,
            step,
            changes,
        })
    }

    /// Deletes the change set of a plan that is not to be applied, and the empty stack that it was to create.
    ///
    /// # Errors
    ///
    /// AWS refuses.
    pub async fn discard_plan(&self, plan: &Plan) -> Result<(), DeploymentError> {
        match &plan.step {
            Step::ChangeSet(change_set) => change_set::discard(self, change_set).await,
            // CloudFormation cannot delete a refactor, and keeps nothing for it.
            Step::Nothing | Step::Refactor(_) => Ok(()),
        }
    }
}

/// The parameters of `request`, without those that the template hides.
pub(crate) fn shown_parameters(request: &StackRequest) -> BTreeMap<String, String> {
    let template: Json = serde_json::from_str(request.template.body()).unwrap_or_default();
    let is_hidden = |name: &str| {
        matches!(&template["Parameters"][name]["NoEcho"], Json::Bool(true))
            || template["Parameters"][name]["NoEcho"] == "true"
    };
    let shown = |(name, value): (&String, &String)| {
        (name.clone(), if is_hidden(name) { HIDDEN.to_owned() } else { value.clone() })
    };
    request.parameters.iter().map(shown).collect()
}

/// A change that is ready to be made.
pub(crate) struct Prepared {
    pub(crate) before: Option<Before>,
    pub(crate) step: Step,
    pub(crate) changes: Vec<Change>,
}

/// Makes ready what makes the stack that `request` wants out of what is there.
pub(crate) async fn prepare(connection: &Connection, request: &StackRequest) -> Result<Prepared, DeploymentError> {
    request.template.check_size()?;
    let stack = connection.stack(&request.name).await?;
    let Some(stack) = stack.filter(|stack| stack.next_step() != NextStep::Create) else {
        let (step, changes) = change_set(connection, request, ChangeSetKind::Create).await?;
        return Ok(Prepared { before: None, step, changes });
    };
    match stack.next_step() {
        NextStep::Update => {}
        NextStep::RollBack if request.options.disable_rollback => {}
        _ => return Err(stack.refusal()),
    }
    let deployed = connection.template(&stack.id).await?;
    let before = Before::of(&stack, &deployed);
    if is_deployed(request, &stack, &deployed) {
        return Ok(Prepared { before: Some(before), step: Step::Nothing, changes: Vec::new() });
    }
    if request.refactor
        && let Some((refactor, changes)) = refactor::prepare(connection, request, &stack, &deployed).await?
    {
        return Ok(Prepared { before: Some(before), step: Step::Refactor(refactor), changes });
    }
    let (step, changes) = change_set(connection, request, ChangeSetKind::Update).await?;
    Ok(Prepared { before: Some(before), step, changes })
}

impl Before {
    pub(crate) fn of(stack: &Stack, template: &str) -> Self {
        Self {
            stack_id: stack.id.clone(),
            status: stack.status.clone(),
            updated: stack.updated,
            template_sha256: sha256(template),
            parameters: stack.parameters.clone(),
        }
    }
}

async fn change_set(
    connection: &Connection,
    request: &StackRequest,
    kind: ChangeSetKind,
) -> Result<(Step, Vec<Change>), DeploymentError> {
    Ok(match change_set::create(connection, request, kind).await? {
        Creation::Ready(change_set, changes) => (Step::ChangeSet(change_set), changes),
        Creation::NoChanges => (Step::Nothing, Vec::new()),
    })
}

/// Whether a change set would say that nothing changes but source lines, which move with every edit above them. Where the
/// template alone cannot tell, because a macro or a parameter's value lies elsewhere, CloudFormation is asked.
fn is_deployed(request: &StackRequest, stack: &Stack, deployed: &str) -> bool {
    let (Some(template), Some(wanted)) = (without_sources(deployed), without_sources(request.template.body())) else {
        return false;
    };
    if !stack.status.is_success() || template != wanted || stack.tags != request.tags {
        return false;
    }
    let default = |name: &str| match &template["Parameters"][name]["Default"] {
        Json::String(text) => Some(text.clone()),
        Json::Null => None,
        other => Some(other.to_string()),
    };
    let lies_elsewhere =
        |parameter: &Json| parameter["Type"].as_str().is_none_or(|kind| kind.starts_with("AWS::SSM::Parameter::"));
    let parameters = template["Parameters"].as_object();
    template.get("Transform").is_none()
        && !parameters.is_some_and(|parameters| parameters.values().any(lies_elsewhere))
        && stack.parameters.iter().all(|(name, value)| match request.parameters.get(name) {
            Some(wanted) => wanted == value,
            None => default(name).as_ref() == Some(value),
        })
        && request.parameters.keys().all(|name| stack.parameters.contains_key(name))
}

/// The template without the lines that define its resources; none where it is no JSON.
fn without_sources(template: &str) -> Option<Json> {
    let mut template: Json = serde_json::from_str(template).ok()?;
    let resources = template.get_mut("Resources").and_then(Json::as_object_mut);
    for resource in resources.into_iter().flat_map(|resources| resources.values_mut()) {
        if let Some(metadata) = resource.get_mut("Metadata").and_then(Json::as_object_mut) {
            metadata.remove(SOURCE);
        }
    }
    Some(template)
}

//! What a plan rests on, and whether it still holds.

use std::fmt;

use aws_sdk_cloudformation::types::{ChangeSetStatus, ExecutionStatus, StackRefactorExecutionStatus};

use crate::plan::shown_parameters;
use crate::{ChangeSet, Connection, DeploymentError, Plan, Refactor, StackRequest, Step, change_set, refactor};

/// Something that a plan rests on and that is no longer so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moved {
    /// The credentials are another account's.
    Account {
        /// The plan's.
        planned: String,
        /// The connection's.
        now: String,
    },
    /// The connection leads to another region.
    Region {
        /// The plan's.
        planned: String,
        /// The connection's.
        now: String,
    },
    /// The connection leads to another endpoint.
    Endpoint {
        /// The plan's; none is AWS's own.
        planned: Option<String>,
        /// The connection's.
        now: Option<String>,
    },
    /// Another stack is wanted.
    Name {
        /// The plan's.
        planned: String,
        /// The request's.
        now: String,
    },
    /// Another template is wanted.
    Template,
    /// A parameter is to have another value.
    Parameter {
        /// Its name.
        name: String,
    },
    /// What a parameter refers to has another content.
    Asset {
        /// The parameter's name.
        parameter: String,
    },
    /// An object that a parameter refers to is gone.
    AssetGone {
        /// The object's key.
        key: String,
    },
    /// Other tags are wanted.
    Tags,
    /// Other capabilities are given.
    Capabilities,
    /// CloudFormation is to go about it in another way: rollback, or express mode.
    Options,
    /// The stack is gone, or is another of the same name.
    Stack,
    /// The stack has another status.
    Status {
        /// When it was planned.
        planned: String,
        /// Now.
        now: String,
    },
    /// The stack was updated.
    Updated,
    /// The deployed template is another.
    DeployedTemplate,
    /// The deployed parameters are others.
    DeployedParameters,
    /// The stack refactor cannot be executed.
    Refactor {
        /// Why.
        reason: String,
    },
    /// The change set cannot be executed.
    ChangeSet {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Moved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = |endpoint: &Option<String>| endpoint.clone().unwrap_or_else(|| "AWS".to_owned());
        match self {
            Self::Account { planned, now } => write!(formatter, "the account is {now}, and the plan is for {planned}"),
            Self::Region { planned, now } => write!(formatter, "the region is {now}, and the plan is for {planned}"),
            Self::Endpoint { planned, now } => {
                write!(formatter, "the endpoint is {}, and the plan is for {}", endpoint(now), endpoint(planned))
            }
            Self::Name { planned, now } => write!(formatter, "the stack is `{now}`, and the plan is for `{planned}`"),
            Self::Template => formatter.write_str("the template is another"),
            Self::Parameter { name } => write!(formatter, "the parameter {name} has another value"),
            Self::Asset { parameter } => {
                write!(formatter, "the asset of the parameter {parameter} has another content")
            }
            Self::AssetGone { key } => write!(formatter, "the asset {key} is no longer in its bucket"),
            Self::Tags => formatter.write_str("the tags are others"),
            Self::Capabilities => formatter.write_str("the capabilities are others"),
            Self::Options => formatter.write_str("rollback or express mode is set otherwise"),
            Self::Stack => formatter.write_str("the stack is gone, or is another of the same name"),
            Self::Status { planned, now } => write!(formatter, "the stack is {now}, and was {planned}"),
            Self::Updated => formatter.write_str("the stack was updated"),
            Self::DeployedTemplate => formatter.write_str("the deployed template is another"),
            Self::DeployedParameters => formatter.write_str("the deployed parameters are others"),
            Self::Refactor { reason } => write!(formatter, "the stack refactor cannot be executed: {reason}"),
            Self::ChangeSet { reason } => write!(formatter, "the change set {reason}"),
        }
    }
}

impl Connection {
    /// Makes sure that `plan` is for this account, region and endpoint, and for the stack `name`: before anything is made
    /// or sent in the wrong one.
    ///
    /// # Errors
    ///
    /// It is not, or AWS does not say whose credentials these are.
    pub async fn check_destination(&self, plan: &Plan, name: &str) -> Result<(), DeploymentError> {
        refuse(plan, destination(self, plan, &self.account().await?, name))
    }

    /// Makes sure that all that `plan` rests on is still so, of what there is and of what `request` wants.
    /// [`apply_plan`](Self::apply_plan) does it too; this says it before anybody is asked.
    ///
    /// # Errors
    ///
    /// Something has moved, and the error says all that has; or AWS does not answer.
    pub async fn check_plan(&self, plan: &Plan, request: &StackRequest) -> Result<(), DeploymentError> {
        check(self, plan, request).await
    }
}

/// Refuses a plan that no longer holds, and says all that has moved.
pub(crate) async fn check(connection: &Connection, plan: &Plan, request: &StackRequest) -> Result<(), DeploymentError> {
    let mut moved = destination(connection, plan, &connection.account().await?, &request.name);
    // In another account, or of another stack, there is nothing to compare with.
    if moved.is_empty() {
        moved = wanted(plan, request);
        moved.extend(assets(connection, plan).await?);
        moved.extend(stack(connection, plan).await?);
        match &plan.step {
            Step::Nothing => {}
            Step::ChangeSet(planned) => moved.extend(change_set(connection, planned).await?),
            Step::Refactor(planned) => moved.extend(refactor(connection, planned).await?),
        }
    }
    refuse(plan, moved)
}

fn refuse(plan: &Plan, moved: Vec<Moved>) -> Result<(), DeploymentError> {
    if moved.is_empty() { Ok(()) } else { Err(DeploymentError::PlanStale { stack: plan.stack.clone(), moved }) }
}

fn destination(connection: &Connection, plan: &Plan, account: &str, name: &str) -> Vec<Moved> {
    let mut moved = Vec::new();
    if account != plan.account {
        moved.push(Moved::Account { planned: plan.account.clone(), now: account.to_owned() });
    }
    if connection.region() != plan.region {
        moved.push(Moved::Region { planned: plan.region.clone(), now: connection.region().to_owned() });
    }
    if connection.endpoint_url() != plan.endpoint.as_deref() {
        let now = connection.endpoint_url().map(str::to_owned);
        moved.push(Moved::Endpoint { planned: plan.endpoint.clone(), now });
    }
    if name != plan.stack {
        moved.push(Moved::Name { planned: plan.stack.clone(), now: name.to_owned() });
    }
    moved
}

fn wanted(plan: &Plan, request: &StackRequest) -> Vec<Moved> {
    let mut moved = Vec::new();
    if request.template.sha256() != plan.template_sha256 {
        moved.push(Moved::Template);
    }
    let now = shown_parameters(request);
    let names = plan.parameters.keys().chain(now.keys().filter(|name| !plan.parameters.contains_key(*name)));
    for name in names.filter(|name| plan.parameters.get(*name) != now.get(*name)) {
        let planned = plan.parameters.get(name);
        let is_asset = plan.assets.iter().any(|asset| Some(&asset.key) == planned);
        let name = name.clone();
        moved.push(if is_asset { Moved::Asset { parameter: name } } else { Moved::Parameter { name } });
    }
    if request.tags != plan.tags {
        moved.push(Moved::Tags);
    }
    if request.capabilities != plan.capabilities {
        moved.push(Moved::Capabilities);
    }
    if request.options != plan.options {
        moved.push(Moved::Options);
    }
    moved
}

async fn assets(connection: &Connection, plan: &Plan) -> Result<Vec<Moved>, DeploymentError> {
    let mut moved = Vec::new();
    for asset in &plan.assets {
        if !connection.has_object(&asset.bucket, &asset.key).await? {
            moved.push(Moved::AssetGone { key: asset.key.clone() });
        }
    }
    Ok(moved)
}

async fn stack(connection: &Connection, plan: &Plan) -> Result<Vec<Moved>, DeploymentError> {
    let now = connection.stack(&plan.stack).await?;
    let Some(before) = &plan.before else {
        // The change set made an empty stack, which nobody may have filled or deleted since.
        let planned = "REVIEW_IN_PROGRESS";
        return Ok(match (now, &plan.step) {
            (None, Step::Nothing) => Vec::new(),
            (Some(now), Step::ChangeSet(change_set)) if now.id == change_set.stack_id => {
                let status = now.status.to_string();
                let moved = Moved::Status { planned: planned.to_owned(), now: status };
                if now.status.as_str() == planned { Vec::new() } else { vec![moved] }
            }
            _ => vec![Moved::Stack],
        });
    };
    let Some(now) = now.filter(|now| now.id == before.stack_id) else { return Ok(vec![Moved::Stack]) };
    let template = connection.template(&now.id).await?;
    let now = crate::plan::Before::of(&now, &template);
    let mut moved = Vec::new();
    if now.status != before.status {
        moved.push(Moved::Status { planned: before.status.to_string(), now: now.status.to_string() });
    }
    if now.updated != before.updated {
        moved.push(Moved::Updated);
    }
    if now.template_sha256 != before.template_sha256 {
        moved.push(Moved::DeployedTemplate);
    }
    if now.parameters != before.parameters {
        moved.push(Moved::DeployedParameters);
    }
    Ok(moved)
}

async fn refactor(connection: &Connection, planned: &Refactor) -> Result<Option<Moved>, DeploymentError> {
    let state = refactor::describe(connection, planned).await?;
    let can_be_executed = state.execution_status == Some(StackRefactorExecutionStatus::Available);
    Ok((!can_be_executed).then(|| Moved::Refactor { reason: refactor::reason(state) }))
}

async fn change_set(connection: &Connection, planned: &ChangeSet) -> Result<Option<Moved>, DeploymentError> {
    let reason = match change_set::describe(connection, planned, None).await {
        Ok(page) => match (page.status, page.execution_status) {
            (Some(ChangeSetStatus::CreateComplete), Some(ExecutionStatus::Available)) => return Ok(None),
            (_, Some(ExecutionStatus::Obsolete)) => "is obsolete: the stack has changed since".to_owned(),
            (_, Some(ExecutionStatus::ExecuteComplete | ExecutionStatus::ExecuteInProgress)) => {
                "was applied already".to_owned()
            }
            (_, Some(ExecutionStatus::ExecuteFailed)) => "was applied already, and failed".to_owned(),
            (status, _) => format!("is {}", status.as_ref().map_or("unknown", |status| status.as_str())),
        },
        Err(DeploymentError::Refused { code, .. }) if code.starts_with("ChangeSetNotFound") => {
            "is gone: another one was applied, or it was deleted".to_owned()
        }
        // With an empty stack its change sets go.
        Err(DeploymentError::Refused { code, message, .. })
            if planned.kind.creates_stack() && code == "ValidationError" && message.contains("does not exist") =>
        {
            "is gone with its stack".to_owned()
        }
        Err(error) => return Err(error),
    };
    Ok(Some(Moved::ChangeSet { reason }))
}

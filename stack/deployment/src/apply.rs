//! Makes a stack what its template says, whatever it was before.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::ChangeSetType;
use tokio::sync::mpsc::UnboundedSender;

use crate::assets::BODY_LIMIT;
use crate::change_set::{self, Creation};
use crate::delete::delete;
use crate::events::EventLog;
use crate::operation::operation_token;
use crate::watch::watch;
use crate::{Connection, DeleteRequest, DeploymentError, NextStep, Operation, StackEvent};

/// A stack as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackRequest {
    /// The stack's name: a letter, then letters, digits and hyphens, at most 128.
    pub name: String,
    /// The template.
    pub template: Template,
    /// The template's parameters. One that is left out takes its default.
    pub parameters: BTreeMap<String, String>,
    /// The tags of the stack and of every resource that can be tagged.
    pub tags: BTreeMap<String, String>,
    /// What the template may do beside making resources.
    pub capabilities: Vec<Capability>,
    /// Consent to delete a stack whose first creation failed, so that it can be created again. It holds no resources
    /// but those that the failed creation could not delete.
    pub recreate_failed: bool,
}

impl StackRequest {
    /// A stack without parameters and tags, and without capabilities.
    pub fn new(name: impl Into<String>, template: impl Into<Template>) -> Self {
        Self {
            name: name.into(),
            template: template.into(),
            parameters: BTreeMap::new(),
            tags: BTreeMap::new(),
            capabilities: Vec::new(),
            recreate_failed: false,
        }
    }
}

/// A template, as CloudFormation is given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    /// The text, JSON or YAML: at most 51,200 bytes. [`AssetStore::template`](crate::AssetStore::template) takes more.
    Body(String),
    /// An object in S3: at most 1 MB.
    Url(String),
}

impl From<String> for Template {
    fn from(body: String) -> Self {
        Self::Body(body)
    }
}

/// What a template may do beside making resources; without it, CloudFormation refuses.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Make IAM resources whose names CloudFormation chooses.
    Iam,
    /// Make IAM resources with names of their own.
    NamedIam,
    /// Use macros.
    AutoExpand,
}

impl Capability {
    /// CloudFormation's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iam => "CAPABILITY_IAM",
            Self::NamedIam => "CAPABILITY_NAMED_IAM",
            Self::AutoExpand => "CAPABILITY_AUTO_EXPAND",
        }
    }
}

/// What an apply did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The stack is new.
    Created,
    /// The stack was changed.
    Updated,
    /// The stack was already so.
    Unchanged,
}

impl Connection {
    /// Creates or updates a stack through a change set, and watches it to its end.
    ///
    /// The operation fails where CloudFormation refuses the template, a resource fails (the error names the first
    /// one), another operation is under way, or the stack is in a state that takes no update.
    pub fn apply(&self, request: StackRequest) -> Operation<Outcome> {
        let connection = self.clone();
        Operation::new(|events| async move { apply(&connection, &request, &events).await })
    }
}

pub(crate) async fn apply(
    connection: &Connection,
    request: &StackRequest,
    events: &UnboundedSender<StackEvent>,
) -> Result<Outcome, DeploymentError> {
    if let Template::Body(body) = &request.template
        && body.len() > BODY_LIMIT
    {
        return Err(DeploymentError::TemplateNeedsBucket { size: body.len(), limit: BODY_LIMIT });
    }
    let kind = match connection.stack(&request.name).await? {
        None => ChangeSetType::Create,
        Some(stack) => match stack.next_step() {
            NextStep::Create => ChangeSetType::Create,
            NextStep::Update => ChangeSetType::Update,
            NextStep::Recreate if request.recreate_failed => {
                delete(connection, &DeleteRequest::new(&request.name), events).await?;
                ChangeSetType::Create
            }
            _ => return Err(stack.refusal()),
        },
    };

    let token = operation_token("deploy");
    let change_set = match change_set::create(connection, request, kind.clone(), &token).await? {
        Creation::Ready(change_set) => change_set,
        Creation::NoChanges => return Ok(Outcome::Unchanged),
    };
    let log = EventLog::from_now(connection, &request.name, &change_set.stack_id, &token).await?;
    change_set::execute(connection, &change_set, &token).await?;
    watch(log, events).await?.into_result()?;
    Ok(if kind == ChangeSetType::Create { Outcome::Created } else { Outcome::Updated })
}

//! What is deployed.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::primitives::DateTime;
use aws_sdk_cloudformation::types::{Stack as SdkStack, TemplateStage};
use jiff::Timestamp;

use crate::{Connection, DeploymentError, Status};

/// A deployed stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The ARN. It stays valid when the stack is deleted, and names no later stack of the same name.
    pub id: String,
    /// The name.
    pub name: String,
    /// The status.
    pub status: Status,
    /// Why it has that status, where CloudFormation says so.
    pub reason: Option<String>,
    /// The outputs by name.
    pub outputs: BTreeMap<String, String>,
    /// The parameters by name. Those marked `NoEcho` are asterisks.
    pub parameters: BTreeMap<String, String>,
    /// The stack's tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it was last updated; never, where it was only created.
    pub updated: Option<Timestamp>,
    /// Whether it refuses to be deleted.
    pub termination_protection: bool,
    /// What the last drift detection found: `IN_SYNC`, `DRIFTED`, `NOT_CHECKED`.
    pub drift: Option<String>,
}

impl Stack {
    fn from_sdk(stack: SdkStack) -> Self {
        let outputs = stack.outputs.unwrap_or_default().into_iter();
        let parameters = stack.parameters.unwrap_or_default().into_iter();
        let tags = stack.tags.unwrap_or_default().into_iter();
        Self {
            id: stack.stack_id.unwrap_or_default(),
            name: stack.stack_name.unwrap_or_default(),
            status: Status::new(stack.stack_status.as_ref().map_or("", |status| status.as_str())),
            reason: stack.stack_status_reason.filter(|reason| !reason.is_empty()),
            outputs: outputs.filter_map(|output| Some((output.output_key?, output.output_value?))).collect(),
            parameters: parameters.filter_map(|p| Some((p.parameter_key?, p.parameter_value?))).collect(),
            tags: tags.filter_map(|tag| Some((tag.key?, tag.value?))).collect(),
            created: stack.creation_time.and_then(timestamp),
            updated: stack.last_updated_time.and_then(timestamp),
            termination_protection: stack.enable_termination_protection.unwrap_or_default(),
            drift: stack.drift_information.and_then(|drift| drift.stack_drift_status).map(|status| status.to_string()),
        }
    }
}

/// The SDK's time as this crate's.
pub(crate) fn timestamp(time: DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

impl Connection {
    /// The stack `name`, or none. `name` may also be an ARN, which finds deleted stacks too.
    ///
    /// # Errors
    ///
    /// AWS refuses to say, or does not answer.
    pub async fn stack(&self, name: &str) -> Result<Option<Stack>, DeploymentError> {
        match self.cloudformation.describe_stacks().stack_name(name).send().await {
            Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next().map(Stack::from_sdk)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(DeploymentError::aws(format!("describe stack `{name}`"))(error)),
        }
    }

    /// The outputs of the stack `name`.
    ///
    /// # Errors
    ///
    /// There is no such stack, or AWS does not answer.
    pub async fn outputs(&self, name: &str) -> Result<BTreeMap<String, String>, DeploymentError> {
        let stack = self.stack(name).await?;
        stack.map(|stack| stack.outputs).ok_or_else(|| self.no_stack(name))
    }

    /// The template of the stack `name`, as it was deployed.
    ///
    /// # Errors
    ///
    /// There is no such stack, or AWS does not answer.
    pub async fn template(&self, name: &str) -> Result<String, DeploymentError> {
        match self.cloudformation.get_template().stack_name(name).template_stage(TemplateStage::Original).send().await {
            Ok(answer) => Ok(answer.template_body.unwrap_or_default()),
            Err(error) if is_absent(&error) => Err(self.no_stack(name)),
            Err(error) => Err(DeploymentError::aws(format!("read the template of stack `{name}`"))(error)),
        }
    }

    pub(crate) fn no_stack(&self, name: &str) -> DeploymentError {
        DeploymentError::NoStack { stack: name.to_owned(), region: self.region().to_owned() }
    }
}

/// CloudFormation has no code of its own for a stack that does not exist: only the message tells.
pub(crate) fn is_absent(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("ValidationError") && error.message().is_some_and(|text| text.contains("does not exist"))
}

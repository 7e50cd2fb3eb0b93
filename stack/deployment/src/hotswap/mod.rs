//! Changes a function's code and a state machine's definition behind CloudFormation's back, in seconds.
//!
//! For development stacks only: the stack then differs from its template. CloudFormation compares templates and never
//! what runs, so a deployment of the very template that was there before a swap would change nothing. Therefore nothing
//! here is remembered: what runs is read from Lambda and Step Functions each time, and compared with what a template
//! says. A package's key is its SHA-256, and Lambda tells the SHA-256 of what it runs; a definition is compared by what
//! it means. [`Connection::hotswapped`] says what differs from the deployed template, whoever changed it, and
//! [`Connection::reconcile`] puts it back.

mod resolve;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::LastUpdateStatus;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cloudformation::diff::{Diff, ResourceChange, SectionChange, Side};
use serde::Serialize;
use serde_json::Value as Json;

use self::resolve::Known;
use crate::assets::decode_sha256;
use crate::{Connection, DeploymentError, Stack};

/// How often a function is asked whether it has taken its code: it needs a second or two.
const POLL: Duration = Duration::from_millis(500);

/// A resource that runs something else than a template says, or did until it was swapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Swap {
    /// The resource's name in the template.
    pub logical_id: String,
    /// Its name or ARN on AWS.
    pub physical_id: String,
    /// What the template says.
    pub content: SwapContent,
}

/// What can be swapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapContent {
    /// A function's code: an object in S3, whose key is its SHA-256.
    Code {
        /// The bucket.
        bucket: String,
        /// The key: `<sha256>.zip`.
        key: String,
    },
    /// A state machine's definition, with the substitutions made.
    Definition(String),
}

/// What a hot-swap did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hotswap {
    /// What runs something else now.
    pub swapped: Vec<Swap>,
    /// What also differs from the deployed template, and takes a deployment: logical ids, and names of sections. A
    /// function or state machine among them is not swapped: its new code may need what the deployment brings.
    pub needs_deploy: Vec<String>,
}

impl Connection {
    /// Makes the functions and state machines of the stack `name` run what `template` says with `parameters`, and
    /// leaves everything else as it is. The packages must be in S3 already.
    ///
    /// Only what is called without a version sees the swap: none is published. Executions that are under way keep
    /// their definition.
    ///
    /// # Errors
    ///
    /// There is no such stack, an operation on it is under way, its template is not JSON, or Lambda or Step Functions
    /// refuse the change.
    pub async fn hotswap(
        &self,
        name: &str,
        template: &Json,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Hotswap, DeploymentError> {
        let (stack, deployed) = self.deployed(name).await?;
        let diff = Diff::between(&Side::new(&deployed, &stack.parameters), &Side::new(template, parameters));
        let wanted = self.contents(&stack, template, parameters).await?;
        let is_known = |id: &str| wanted.iter().any(|swap| swap.logical_id == id);
        let resources = diff.resources.iter().filter(|change| !is_swappable(change) || !is_known(&change.logical_id));
        let sections = diff.sections.iter().filter(|change| !is_parameter_value(change)).map(|c| c.section.clone());
        let mut needs_deploy: Vec<String> = resources.map(|c| c.logical_id.clone()).chain(sections).collect();
        needs_deploy.dedup();
        let wanted = wanted.into_iter().filter(|swap| !needs_deploy.contains(&swap.logical_id));
        Ok(Hotswap { swapped: self.swap(wanted.collect()).await?, needs_deploy })
    }

    /// What runs something else than the deployed template of the stack `name` says. Code whose key is no SHA-256
    /// cannot be compared, and is not among it.
    ///
    /// # Errors
    ///
    /// As [`hotswap`](Self::hotswap).
    pub async fn hotswapped(&self, name: &str) -> Result<Vec<Swap>, DeploymentError> {
        let (stack, deployed) = self.deployed(name).await?;
        let mut differing = Vec::new();
        for swap in self.contents(&stack, &deployed, &stack.parameters).await? {
            if self.differs(&swap).await? {
                differing.push(swap);
            }
        }
        Ok(differing)
    }

    /// Makes the stack `name` run again what its deployed template says, and says what did not. After a deployment, it
    /// undoes the swaps that the deployment did not overwrite.
    ///
    /// # Errors
    ///
    /// As [`hotswap`](Self::hotswap).
    pub async fn reconcile(&self, name: &str) -> Result<Vec<Swap>, DeploymentError> {
        let (stack, deployed) = self.deployed(name).await?;
        let wanted = self.contents(&stack, &deployed, &stack.parameters).await?;
        self.swap(wanted).await
    }

    /// The stack, at rest, and its template.
    async fn deployed(&self, name: &str) -> Result<(Stack, Json), DeploymentError> {
        let stack = self.stack(name).await?.ok_or_else(|| self.no_stack(name))?;
        if stack.status.is_in_progress() {
            return Err(DeploymentError::Busy { stack: stack.name, status: stack.status });
        }
        let text = self.template(name).await?;
        let template = serde_json::from_str(&text)
            .map_err(|source| DeploymentError::TemplateNotJson { stack: stack.name.clone(), source })?;
        Ok((stack, template))
    }

    /// What `template` says that the stack's functions and state machines run.
    async fn contents(
        &self,
        stack: &Stack,
        template: &Json,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Vec<Swap>, DeploymentError> {
        let resources = self.resources(&stack.name).await?;
        let known = Known::new(stack, template, parameters, &resources);
        let swaps = resources.iter().filter_map(|resource| {
            let properties = &template["Resources"][&resource.logical_id]["Properties"];
            let content = match resource.resource_type.as_str() {
                "AWS::Lambda::Function" => code(&known, properties)?,
                "AWS::StepFunctions::StateMachine" => SwapContent::Definition(definition(&known, properties)?),
                _ => return None,
            };
            let (logical_id, physical_id) = (resource.logical_id.clone(), resource.physical_id.clone());
            Some(Swap { logical_id, physical_id, content })
        });
        Ok(swaps.collect())
    }

    async fn differs(&self, swap: &Swap) -> Result<bool, DeploymentError> {
        match &swap.content {
            SwapContent::Code { key, .. } => {
                let function = self.settled_function(&swap.physical_id).await?;
                Ok(function.code_sha256 != key_sha256(key))
            }
            SwapContent::Definition(wanted) => {
                let request = self.sfn.describe_state_machine().state_machine_arn(&swap.physical_id);
                let machine = request.send().await;
                let machine =
                    machine.map_err(DeploymentError::aws(format!("read the state machine {}", swap.logical_id)))?;
                let meaning = |text: &str| serde_json::from_str::<Json>(text).ok();
                Ok(meaning(&machine.definition) != meaning(wanted))
            }
        }
    }

    /// Changes what differs, and gives it. One after the other: Lambda and Step Functions throttle eager writers.
    async fn swap(&self, wanted: Vec<Swap>) -> Result<Vec<Swap>, DeploymentError> {
        let mut swapped = Vec::new();
        for swap in wanted {
            if self.differs(&swap).await? {
                match &swap.content {
                    SwapContent::Code { bucket, key } => self.swap_code(&swap, bucket, key).await?,
                    SwapContent::Definition(definition) => self.swap_definition(&swap, definition).await?,
                }
                swapped.push(swap);
            }
        }
        Ok(swapped)
    }

    async fn swap_code(&self, swap: &Swap, bucket: &str, key: &str) -> Result<(), DeploymentError> {
        let request = self.lambda.update_function_code().function_name(&swap.physical_id);
        let request = request.s3_bucket(bucket).s3_key(key).publish(false).send();
        request.await.map_err(DeploymentError::aws(format!("swap the code of {}", swap.logical_id)))?;
        let function = self.settled_function(&swap.physical_id).await?;
        match function.last_update_status {
            Some(LastUpdateStatus::Failed) => Err(DeploymentError::CodeNotTaken {
                logical_id: swap.logical_id.clone(),
                reason: function.last_update_status_reason.unwrap_or_else(|| "Lambda gives no reason".to_owned()),
            }),
            _ => Ok(()),
        }
    }

    async fn swap_definition(&self, swap: &Swap, definition: &str) -> Result<(), DeploymentError> {
        let request = self.sfn.update_state_machine().state_machine_arn(&swap.physical_id).definition(definition);
        let answer = request.send().await;
        answer.map_err(DeploymentError::aws(format!("swap the definition of {}", swap.logical_id)))?;
        Ok(())
    }

    /// The function, once no update of it is under way: Lambda takes one at a time.
    async fn settled_function(&self, name: &str) -> Result<GetFunctionConfigurationOutput, DeploymentError> {
        loop {
            let function = self.lambda.get_function_configuration().function_name(name).send().await;
            let function = function.map_err(DeploymentError::aws(format!("read the function {name}")))?;
            if function.last_update_status != Some(LastUpdateStatus::InProgress) {
                return Ok(function);
            }
            tokio::time::sleep(self.poll_interval.min(POLL)).await;
        }
    }
}

/// Whether nothing but code or a definition changes.
fn is_swappable(change: &ResourceChange) -> bool {
    let swappable: &[&str] = match change.resource_type.as_str() {
        "AWS::Lambda::Function" => &["Code"],
        "AWS::StepFunctions::StateMachine" => &["Definition", "DefinitionString", "DefinitionSubstitutions"],
        _ => return false,
    };
    let root = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    let mut roots = change.properties.iter().map(|property| root(&property.path));
    change.attributes.is_empty()
        && !change.properties.is_empty()
        && roots.all(|root| swappable.contains(&root.as_str()))
}

/// Whether a parameter has another value: what that changes is told of the resources.
fn is_parameter_value(change: &SectionChange) -> bool {
    change.section == "Parameters" && change.path.ends_with("/Value")
}

fn code(known: &Known<'_>, properties: &Json) -> Option<SwapContent> {
    let literal = |name: &str| Some(known.resolve(&properties["Code"][name])?.as_str()?.to_owned());
    let (bucket, key) = (literal("S3Bucket")?, literal("S3Key")?);
    key_sha256(&key).is_some().then_some(SwapContent::Code { bucket, key })
}

/// The SHA-256 that a key is named by, as Lambda writes it.
fn key_sha256(key: &str) -> Option<String> {
    Some(BASE64.encode(decode_sha256(Path::new(key).file_stem()?.to_str()?).ok()?))
}

/// The definition as CloudFormation would give it to Step Functions: a placeholder without a substitution stays.
fn definition(known: &Known<'_>, properties: &Json) -> Option<String> {
    let text = match (&properties["DefinitionString"], &properties["Definition"]) {
        (Json::Null, Json::Null) => return None,
        (Json::Null, definition) => known.resolve(definition)?.to_string(),
        (text, _) => known.resolve(text)?.as_str()?.to_owned(),
    };
    let substitutions = properties["DefinitionSubstitutions"].as_object().into_iter().flatten();
    substitutions.into_iter().try_fold(text, |text, (name, value)| {
        let value = known.resolve(value)?;
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(text.replace(&format!("${{{name}}}"), &value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_the_hash_as_lambda_does() {
        let key = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.zip";
        assert_eq!(key_sha256(key).as_deref(), Some("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
        assert_eq!(key_sha256("packages/latest.zip"), None);
    }
}

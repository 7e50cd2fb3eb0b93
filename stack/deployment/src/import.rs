//! Takes resources that exist into a stack, as they are.
//!
//! CloudFormation wants nothing else to change meanwhile: no other resource, no output, no tag. So the template of an
//! import is the deployed one with the resources of the definition added. An import into a stack that does not exist
//! creates it, with these resources alone.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html>

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::ResourceToImport;
use cloudformation::diff::targets;
use cloudformation::read_template;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use similar::get_close_matches;
use thiserror::Error;

use crate::change_set::{self, Creation};
use crate::operation::operation_token;
use crate::{
    ChangeSet, ChangeSetKind, Connection, DeployOptions, DeploymentError, NextStep, Operation, Outcome, Stack,
    Template, apply,
};

/// The attribute without which CloudFormation imports nothing.
const DELETION_POLICY: &str = "DeletionPolicy";

/// Resources that are to be taken into a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRequest {
    stack: String,
    template: Template,
    definition: Json,
    resources: Vec<ImportedResource>,
}

/// A resource that is to be taken into a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportedResource {
    /// The resource's name in the template.
    pub logical_id: String,
    /// `AWS::S3::Bucket`, say.
    pub resource_type: String,
    /// What identifies it, by property: `BucketName`.
    pub identifier: BTreeMap<String, String>,
    /// Whether the definition says nothing of what becomes of it when it leaves the stack. It is imported with the
    /// deletion policy `Retain` then, which the next update takes away.
    pub lacks_deletion_policy: bool,
}

/// An import that is ready to be made. Nothing is done yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The resources.
    pub resources: Vec<ImportedResource>,
    /// Whether it creates the stack.
    pub creates_stack: bool,
    stack: String,
    change_set: ChangeSet,
}

/// What is wrong with a request for an import.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The template cannot be read.
    #[error("the template cannot be read: {0}")]
    Template(String),
    /// The definition has no such resource.
    #[error("the definition has no resource `{logical_id}`{}", suggestion(similar.as_deref()))]
    NotDefined {
        /// What was asked for.
        logical_id: String,
        /// A resource that may be meant.
        similar: Option<String>,
    },
    /// A resource is asked for more than once.
    #[error("`{0}` is given twice; a resource is imported once")]
    Twice(String),
    /// The identifier is none of the type's.
    #[error("{resource_type} is identified by {}: give {}", keys.join(" and "), form(logical_id, keys))]
    Identifier {
        /// The resource.
        logical_id: String,
        /// Its type.
        resource_type: String,
        /// The properties that identify it.
        keys: Vec<String>,
    },
    /// The type is not among those whose identifier is known.
    #[error("what identifies {resource_type} is not known here: give '{logical_id}={{\"PROPERTY\": \"VALUE\"}}'")]
    UnknownType {
        /// The resource.
        logical_id: String,
        /// Its type.
        resource_type: String,
    },
    /// The stack has the resource.
    #[error("stack `{stack}` has a resource `{logical_id}` already; leave it out")]
    InStack {
        /// The resource.
        logical_id: String,
        /// The stack's name.
        stack: String,
    },
    /// The resource refers to others that the stack has not.
    #[error("`{logical_id}` refers to {}, which stack `{stack}` has not; import or deploy that first", missing.join(", "))]
    Unresolved {
        /// The resource.
        logical_id: String,
        /// The stack's name.
        stack: String,
        /// What it refers to.
        missing: Vec<String>,
    },
}

fn suggestion(similar: Option<&str>) -> String {
    similar.map_or_else(|| "; `stack synth` writes down which it has".to_owned(), |name| format!("; is it `{name}`?"))
}

/// How an identifier is written.
fn form(logical_id: &str, keys: &[String]) -> String {
    let values = keys.iter().map(|key| key.to_uppercase()).collect::<Vec<_>>().join("|");
    let fields: Map<String, Json> = keys.iter().map(|key| (key.clone(), "…".into())).collect();
    match keys {
        [_] => format!("{logical_id}={values}"),
        _ => format!("'{logical_id}={values}' or '{logical_id}={}'", Json::from(fields)),
    }
}

impl ImportRequest {
    /// A request to take resources into the stack `stack`: of each its logical id in `template` and its identifier.
    ///
    /// An identifier is the value of the property that identifies the type, such as a bucket's name. Where several
    /// properties do, their values are joined with `|` in the order of the type's schema, or it is a JSON object.
    ///
    /// # Errors
    ///
    /// The template has no such resource, or the identifier is none of its type's.
    pub fn new(
        stack: impl Into<String>,
        template: impl Into<Template>,
        resources: &[(String, String)],
    ) -> Result<Self, ImportError> {
        let template = template.into();
        let definition = read_template(template.body()).map_err(|error| ImportError::Template(error.to_string()))?;
        let mut imported: Vec<ImportedResource> = Vec::new();
        for (logical_id, identifier) in resources {
            if imported.iter().any(|other| other.logical_id == *logical_id) {
                return Err(ImportError::Twice(logical_id.clone()));
            }
            imported.push(ImportedResource::new(&definition, logical_id, identifier)?);
        }
        Ok(Self { stack: stack.into(), template, definition, resources: imported })
    }
}

impl ImportedResource {
    fn new(definition: &Json, logical_id: &str, identifier: &str) -> Result<Self, ImportError> {
        let defined = definition["Resources"].as_object();
        let Some(resource) = defined.and_then(|resources| resources.get(logical_id)) else {
            let known: Vec<&str> = defined.into_iter().flat_map(Map::keys).map(String::as_str).collect();
            let similar = get_close_matches(logical_id, &known, 1, 0.6).first().map(ToString::to_string);
            return Err(ImportError::NotDefined { logical_id: logical_id.to_owned(), similar });
        };
        let resource_type = resource["Type"].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            logical_id: logical_id.to_owned(),
            identifier: parse(logical_id, &resource_type, identifier)?,
            resource_type,
            lacks_deletion_policy: resource.get(DELETION_POLICY).is_none(),
        })
    }

    /// The resource as it goes into the template of the import.
    fn definition(&self, definition: &Json) -> Json {
        let mut resource = definition["Resources"][&self.logical_id].clone();
        if self.lacks_deletion_policy {
            resource[DELETION_POLICY] = "Retain".into();
        }
        resource
    }

    fn to_sdk(&self) -> ResourceToImport {
        let resource = ResourceToImport::builder();
        let resource = resource.resource_type(&self.resource_type).logical_resource_id(&self.logical_id);
        resource.set_resource_identifier(Some(self.identifier.clone().into_iter().collect())).build()
    }
}

/// Reads what identifies a resource.
fn parse(logical_id: &str, resource_type: &str, text: &str) -> Result<BTreeMap<String, String>, ImportError> {
    let object: Option<BTreeMap<String, String>> = serde_json::from_str(text).ok();
    let Some(spec) = cloudformation::spec(resource_type) else {
        let (logical_id, resource_type) = (logical_id.to_owned(), resource_type.to_owned());
        return object.ok_or(ImportError::UnknownType { logical_id, resource_type });
    };
    let keys: Vec<String> = spec.primary_identifier.iter().map(ToString::to_string).collect();
    let identifier = object.unwrap_or_else(|| match keys.as_slice() {
        [key] => [(key.clone(), text.to_owned())].into(),
        keys => keys.iter().cloned().zip(text.split('|').map(str::to_owned)).collect(),
    });
    let is_whole = identifier.len() == keys.len() && keys.iter().all(|key| identifier.contains_key(key));
    let is_filled = identifier.values().all(|value| !value.is_empty()) && (keys.len() > 1 || !text.is_empty());
    if is_whole && is_filled {
        return Ok(identifier);
    }
    Err(ImportError::Identifier { logical_id: logical_id.to_owned(), resource_type: resource_type.to_owned(), keys })
}

impl Connection {
    /// Makes an import ready. What is ready is done by [`import`](Self::import), or must be
    /// [abandoned](Self::abandon_import).
    ///
    /// # Errors
    ///
    /// The stack has such a resource already or is in a state that takes no change, a resource refers to another that
    /// the stack has not, or CloudFormation finds no resource of that identifier.
    pub async fn plan_import(&self, request: &ImportRequest) -> Result<Import, DeploymentError> {
        let stack = self.stack(&request.stack).await?.filter(|stack| stack.next_step() != NextStep::Create);
        if let Some(stack) = stack.as_ref().filter(|stack| stack.next_step() != NextStep::Update) {
            return Err(stack.refusal());
        }
        let deployed = match &stack {
            None => json!({ "AWSTemplateFormatVersion": "2010-09-09" }),
            Some(stack) => serde_json::from_str(&self.template(&stack.id).await?)
                .map_err(|source| DeploymentError::ForeignTemplate { stack: stack.name.clone(), source })?,
        };
        let template = request.template.beside(self, request.added_to(deployed)?.to_string()).await?;
        let change_set = submit(self, request, stack.as_ref(), &template).await?;
        match change_set::settle(self, change_set, &request.stack).await? {
            Creation::Ready(change_set, _) => Ok(Import {
                resources: request.resources.clone(),
                creates_stack: stack.is_none(),
                stack: request.stack.clone(),
                change_set,
            }),
            Creation::NoChanges => {
                let reason = "it finds nothing to import".to_owned();
                Err(DeploymentError::ChangeSet { stack: request.stack.clone(), reason })
            }
        }
    }

    /// Takes the resources into the stack, and watches that to its end.
    ///
    /// The operation fails where CloudFormation cannot import one of them. All stay as they are then, outside the stack.
    pub fn import(&self, import: Import) -> Operation<Outcome> {
        let connection = self.clone();
        Operation::new(|events| async move {
            apply::execute(&connection, &import.stack, &import.change_set, DeployOptions::default(), &events).await
        })
    }

    /// Takes back an import that is not to be made: it would stay with the stack.
    ///
    /// # Errors
    ///
    /// AWS refuses, or does not answer.
    pub async fn abandon_import(&self, import: Import) -> Result<(), DeploymentError> {
        change_set::discard(self, &import.change_set).await
    }
}

impl ImportRequest {
    /// The deployed template with the imported resources, and the parameters that they need.
    fn added_to(&self, mut template: Json) -> Result<Json, ImportError> {
        for resource in &self.resources {
            let logical_id = resource.logical_id.clone();
            if template["Resources"].get(&logical_id).is_some() {
                return Err(ImportError::InStack { logical_id, stack: self.stack.clone() });
            }
            template["Resources"][&logical_id] = resource.definition(&self.definition);
        }
        for resource in &self.resources {
            let mut missing = Vec::new();
            for name in targets(&template["Resources"][&resource.logical_id]) {
                let parameter = self.definition["Parameters"].get(&name);
                let is_there = ["Resources", "Parameters"].iter().any(|section| template[section].get(&name).is_some());
                match parameter {
                    _ if is_there || name.starts_with("AWS::") => {}
                    Some(parameter) => template["Parameters"][&name] = parameter.clone(),
                    None => missing.push(name),
                }
            }
            if !missing.is_empty() {
                let (logical_id, stack) = (resource.logical_id.clone(), self.stack.clone());
                return Err(ImportError::Unresolved { logical_id, stack, missing });
            }
        }
        Ok(template)
    }
}

async fn submit(
    connection: &Connection,
    request: &ImportRequest,
    stack: Option<&Stack>,
    template: &Template,
) -> Result<ChangeSet, DeploymentError> {
    let token = operation_token("import");
    let kind = if stack.is_some() { ChangeSetKind::Import } else { ChangeSetKind::CreateByImport };
    let builder = connection.cloudformation.create_change_set();
    let builder = match template.url() {
        Some(url) => builder.template_url(url),
        None => builder.template_body(template.body()),
    };
    let answer = builder
        .stack_name(&request.stack)
        .change_set_name(&token)
        .client_token(&token)
        .change_set_type(kind.into())
        .set_parameters(stack.map(change_set::kept_parameters))
        .set_capabilities(Some(change_set::every_capability()))
        .set_resources_to_import(Some(request.resources.iter().map(ImportedResource::to_sdk).collect()))
        .send()
        .await
        .map_err(DeploymentError::aws(format!("import resources into stack `{}`", request.stack)))?;
    let (id, stack_id) = (answer.id.unwrap_or_default(), answer.stack_id.unwrap_or_default());
    Ok(ChangeSet { id, name: token, stack_id, kind })
}

impl From<ImportError> for DeploymentError {
    fn from(error: ImportError) -> Self {
        Self::Import(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifier(resource_type: &str, text: &str) -> Result<Vec<(String, String)>, String> {
        parse("It", resource_type, text)
            .map(|identifier| identifier.into_iter().collect())
            .map_err(|error| error.to_string())
    }

    fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn an_identifier_is_a_value_several_or_an_object() {
        let composite = pairs([("ApiId", "a1"), ("RouteId", "r2")]);
        for (resource_type, text, expected) in [
            ("AWS::S3::Bucket", "logs", pairs([("BucketName", "logs")])),
            ("AWS::S3::Bucket", r#"{"BucketName": "logs"}"#, pairs([("BucketName", "logs")])),
            ("AWS::SSM::Parameter", "/a|b=c", pairs([("Name", "/a|b=c")])),
            ("AWS::ApiGatewayV2::Route", "a1|r2", composite.clone()),
            ("AWS::ApiGatewayV2::Route", r#"{"RouteId": "r2", "ApiId": "a1"}"#, composite),
            ("AWS::EC2::Instance", r#"{"InstanceId": "i-1"}"#, pairs([("InstanceId", "i-1")])),
        ] {
            assert_eq!(identifier(resource_type, text), Ok(expected), "{resource_type} {text}");
        }
    }

    #[test]
    fn a_wrong_identifier_is_answered_with_the_right_form() {
        for (resource_type, text, expected) in [
            (
                "AWS::S3::Bucket",
                r#"{"Name": "logs"}"#,
                "AWS::S3::Bucket is identified by BucketName: give It=BUCKETNAME",
            ),
            ("AWS::S3::Bucket", "", "give It=BUCKETNAME"),
            ("AWS::ApiGatewayV2::Route", "a1", "by ApiId and RouteId: give 'It=APIID|ROUTEID' or"),
            ("AWS::ApiGatewayV2::Route", "a1|", r#"'It={"ApiId":"…","RouteId":"…"}'"#),
            ("AWS::EC2::Instance", "i-1", r#"give 'It={"PROPERTY": "VALUE"}'"#),
        ] {
            let message = identifier(resource_type, text).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}

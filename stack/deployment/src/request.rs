//! What a stack is to be.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::DeploymentError;
use crate::assets::BODY_LIMIT;

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
    /// The objects that the parameters refer to: a plan does not apply when one of them is gone.
    pub assets: Vec<AssetLocation>,
    /// How CloudFormation goes about it.
    pub options: DeployOptions,
    /// Whether a resource that has another logical id and the same content is moved there. Otherwise it is deleted, and
    /// created under its new name.
    pub refactor: bool,
    /// Consent to delete a stack whose first creation failed, so that it can be created again. It holds no resources
    /// but those that the failed creation could not delete.
    pub recreate_failed: bool,
    /// Consent to replace or delete these resources, by logical id, although they hold data.
    pub allow_replace: BTreeSet<String>,
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
            assets: Vec::new(),
            options: DeployOptions::default(),
            refactor: true,
            recreate_failed: false,
            allow_replace: BTreeSet::new(),
        }
    }
}

/// A template, as CloudFormation is given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    body: String,
    object: Option<Object>,
}

/// Where a template lies in S3.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Object {
    bucket: String,
    url: String,
}

impl Template {
    /// A template that lies in S3 too, where CloudFormation reads it: at most 1 MB.
    pub(crate) fn at(bucket: String, url: String, body: String) -> Self {
        Self { body, object: Some(Object { bucket, url }) }
    }

    /// Makes sure that a request takes the text, where it does not lie in S3.
    pub(crate) fn check_size(&self) -> Result<(), DeploymentError> {
        let size = self.body.len();
        let fits = self.object.is_some() || size <= BODY_LIMIT;
        if fits { Ok(()) } else { Err(DeploymentError::TemplateNeedsBucket { size, limit: BODY_LIMIT }) }
    }

    /// The bucket in which it lies.
    pub(crate) fn bucket(&self) -> Option<&str> {
        self.object.as_ref().map(|object| object.bucket.as_str())
    }

    /// The text, JSON or YAML.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Where CloudFormation reads it. Without an address it goes with the request, which takes at most 51,200 bytes;
    /// [`AssetStore::template`](crate::AssetStore::template) takes more.
    pub fn url(&self) -> Option<&str> {
        self.object.as_ref().map(|object| object.url.as_str())
    }

    /// The SHA-256 of the text, hexadecimal.
    pub fn sha256(&self) -> String {
        sha256(&self.body)
    }
}

impl From<String> for Template {
    fn from(body: String) -> Self {
        Self { body, object: None }
    }
}

/// The SHA-256 of `text`, hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// What a template may do beside making resources; without it, CloudFormation refuses.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Capability {
    /// Make IAM resources whose names CloudFormation chooses.
    #[serde(rename = "CAPABILITY_IAM")]
    Iam,
    /// Make IAM resources with names of their own.
    #[serde(rename = "CAPABILITY_NAMED_IAM")]
    NamedIam,
    /// Use macros.
    #[serde(rename = "CAPABILITY_AUTO_EXPAND")]
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

/// An object that a parameter refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetLocation {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
}

/// How CloudFormation goes about a change. Neither is for a stack that others depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployOptions {
    /// Leaves the stack as it failed, to look at; without it, CloudFormation rolls back.
    pub disable_rollback: bool,
    /// Ends as soon as the configuration is applied: resources become ready afterwards.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-express-mode.html>
    pub express: bool,
}

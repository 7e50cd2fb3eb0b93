//! What a stack consists of.

use aws_sdk_cloudformation::types::StackResourceSummary;
use serde::Serialize;

use crate::stack::is_absent;
use crate::{Connection, DeploymentError, Status};

/// A resource of a deployed stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// The resource's name in the template.
    pub logical_id: String,
    /// Its name or ARN on AWS: what `Ref` gives.
    pub physical_id: String,
    /// `AWS::S3::Bucket`, say.
    pub resource_type: String,
    /// What it came to.
    pub status: Status,
    /// Why, where CloudFormation says so.
    pub reason: Option<String>,
}

impl Resource {
    /// The resource, where it exists: one that could not be made has no physical id.
    fn from_sdk(summary: StackResourceSummary) -> Option<Self> {
        Some(Self {
            logical_id: summary.logical_resource_id?,
            physical_id: summary.physical_resource_id.filter(|id| !id.is_empty())?,
            resource_type: summary.resource_type?,
            status: Status::new(summary.resource_status.as_ref().map_or("", |status| status.as_str())),
            reason: summary.resource_status_reason.filter(|reason| !reason.is_empty()),
        })
        .filter(|resource| resource.status.as_str() != "DELETE_COMPLETE")
    }
}

impl Connection {
    /// The resources of the stack `name` that exist, in CloudFormation's order.
    ///
    /// # Errors
    ///
    /// There is no such stack, or AWS does not answer.
    pub async fn resources(&self, name: &str) -> Result<Vec<Resource>, DeploymentError> {
        let mut pages = self.cloudformation.list_stack_resources().stack_name(name).into_paginator().send();
        let mut resources = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| match is_absent(&error) {
                true => self.no_stack(name),
                false => DeploymentError::aws(format!("list the resources of stack `{name}`"))(error),
            })?;
            let summaries = page.stack_resource_summaries.unwrap_or_default();
            resources.extend(summaries.into_iter().filter_map(Resource::from_sdk));
        }
        Ok(resources)
    }
}

//! Drift: what somebody changed behind the stack's back.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{
    DifferenceType, PropertyDifference as SdkDifference, StackDriftDetectionStatus, StackResourceDrift,
};
use serde::Serialize;

use crate::stack::is_absent;
use crate::{Connection, DeploymentError};

/// A stack's resources beside what its template says of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Every resource of the stack, by logical id.
    pub resources: Vec<ResourceDrift>,
    /// Why not all of them could be compared, where CloudFormation failed at some.
    pub incomplete: Option<String>,
}

impl Drift {
    /// The resources that are not as their template says.
    pub fn drifted(&self) -> impl Iterator<Item = &ResourceDrift> {
        self.resources.iter().filter(|resource| resource.status.is_drifted())
    }

    /// The resources that nobody compared: CloudFormation cannot read their type, or failed.
    pub fn unchecked(&self) -> impl Iterator<Item = &ResourceDrift> {
        let unknown = [DriftStatus::NotChecked, DriftStatus::Unknown];
        self.resources.iter().filter(move |resource| unknown.contains(&resource.status))
    }
}

/// A resource beside what its template says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceDrift {
    /// The resource's name in the template.
    pub logical_id: String,
    /// The resource's name or ARN on AWS.
    pub physical_id: String,
    /// `AWS::S3::Bucket`, say.
    pub resource_type: String,
    /// Whether it is as its template says.
    pub status: DriftStatus,
    /// The properties that are not. Only properties that the template sets are compared.
    pub differences: Vec<PropertyDifference>,
}

/// Whether a resource is as its template says, in CloudFormation's words.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDrift.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DriftStatus {
    /// It is.
    InSync,
    /// Some of its properties are not.
    Modified,
    /// It is gone.
    Deleted,
    /// Nobody looked: CloudFormation cannot compare resources of its type.
    NotChecked,
    /// CloudFormation could not tell.
    Unknown,
}

impl DriftStatus {
    fn from_name(name: &str) -> Self {
        match name {
            "IN_SYNC" => Self::InSync,
            "MODIFIED" => Self::Modified,
            "DELETED" => Self::Deleted,
            "NOT_CHECKED" | "UNSUPPORTED" => Self::NotChecked,
            _ => Self::Unknown,
        }
    }

    /// Whether the resource is not as its template says.
    pub fn is_drifted(self) -> bool {
        matches!(self, Self::Modified | Self::Deleted)
    }
}

/// A property that is not as the template says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PropertyDifference {
    /// Where it is in the resource's properties: `/RedrivePolicy/maxReceiveCount`.
    pub path: String,
    /// What the template says; none where it says nothing. A structure is JSON.
    pub expected: Option<String>,
    /// What is there; none where nothing is.
    pub actual: Option<String>,
}

impl PropertyDifference {
    fn from_sdk(difference: SdkDifference) -> Self {
        // What is not there is spelt `null`, as a text `null` is.
        let kind = difference.difference_type;
        Self {
            path: difference.property_path.unwrap_or_default(),
            expected: difference.expected_value.filter(|_| kind != Some(DifferenceType::Add)),
            actual: difference.actual_value.filter(|_| kind != Some(DifferenceType::Remove)),
        }
    }
}

impl Connection {
    /// Compares the resources of the stack `name` with its template, and waits for the result: a few seconds, or
    /// minutes where there are hundreds.
    ///
    /// # Errors
    ///
    /// There is no such stack, it is in a state in which AWS does not compare, or a comparison is under way already.
    pub async fn drift(&self, name: &str) -> Result<Drift, DeploymentError> {
        let incomplete = self.detect_drift(name).await?;
        let mut drifts = self.resource_drifts(name).await?;
        let resources = self.resources(name).await?.into_iter().map(|resource| {
            let drift = drifts.remove(&resource.logical_id);
            ResourceDrift {
                logical_id: resource.logical_id,
                physical_id: resource.physical_id,
                resource_type: resource.resource_type,
                status: drift.as_ref().map_or(DriftStatus::NotChecked, status),
                differences: drift.and_then(|drift| drift.property_differences).map(differences).unwrap_or_default(),
            }
        });
        let mut resources: Vec<_> = resources.collect();
        resources.sort_by(|left, right| left.logical_id.cmp(&right.logical_id));
        Ok(Drift { resources, incomplete })
    }

    /// Runs one detection to its end. Gives CloudFormation's reason where it failed at some resources: the results of
    /// the others stand.
    async fn detect_drift(&self, name: &str) -> Result<Option<String>, DeploymentError> {
        let action = || format!("detect the drift of stack `{name}`");
        let id = match self.cloudformation.detect_stack_drift().stack_name(name).send().await {
            Ok(answer) => answer.stack_drift_detection_id,
            Err(error) if is_absent(&error) => return Err(self.no_stack(name)),
            Err(error) => return Err(DeploymentError::aws(action())(error)),
        };
        loop {
            let request = self.cloudformation.describe_stack_drift_detection_status();
            let request = request.set_stack_drift_detection_id(id.clone());
            let state = request.send().await.map_err(DeploymentError::aws(action()))?;
            match state.detection_status {
                Some(StackDriftDetectionStatus::DetectionComplete) => return Ok(None),
                Some(StackDriftDetectionStatus::DetectionFailed) => {
                    let reason = state.detection_status_reason;
                    return Ok(Some(reason.unwrap_or_else(|| "CloudFormation gives no reason".to_owned())));
                }
                _ => tokio::time::sleep(self.poll_interval).await,
            }
        }
    }

    async fn resource_drifts(&self, name: &str) -> Result<BTreeMap<String, StackResourceDrift>, DeploymentError> {
        let pages = self.cloudformation.describe_stack_resource_drifts().stack_name(name).into_paginator();
        let pages = pages.send().collect::<Result<Vec<_>, _>>().await;
        let pages = pages.map_err(DeploymentError::aws(format!("read the drift of stack `{name}`")))?;
        let drifts = pages.into_iter().flat_map(|page| page.stack_resource_drifts.unwrap_or_default());
        Ok(drifts.map(|drift| (drift.logical_resource_id.clone().unwrap_or_default(), drift)).collect())
    }
}

fn status(drift: &StackResourceDrift) -> DriftStatus {
    DriftStatus::from_name(drift.stack_resource_drift_status.as_ref().map_or("", |status| status.as_str()))
}

fn differences(differences: Vec<SdkDifference>) -> Vec<PropertyDifference> {
    differences.into_iter().map(PropertyDifference::from_sdk).collect()
}

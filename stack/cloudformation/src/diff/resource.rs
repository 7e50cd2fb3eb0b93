//! What becomes of each resource.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::compare::{Difference, Scalars, differences};
use super::policy;
use super::replacement::{impact, kept_name, propagate};
use super::resolve::section;
use crate::template::SOURCE;

/// Properties that are documents of their own, in which `1` is not `"1"`.
const DOCUMENTS: [&str; 4] = ["Definition", "EventPattern", "FilterPattern", "Content"];

/// Where the key of a package is.
const CODE: [&str; 3] = ["Code/S3Key", "Content/S3Key", "Code/ImageUri"];

/// What becomes of a resource, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// It stays as it is; what the template says about it changes, such as its deletion policy.
    Keep,
    /// It is changed in place.
    Update,
    /// It is changed; whether in place cannot be told, since the type is not among the generated ones.
    Unknown,
    /// It is new.
    Add,
    /// It is replaced under conditions that the provider schema does not state.
    MayReplace,
    /// Another takes its place, with another physical id.
    Replace,
    /// It leaves the stack.
    Remove,
}

/// What becomes of the physical resource that a stack no longer needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposal {
    /// It is deleted.
    Delete,
    /// It stays, outside the stack.
    Retain,
    /// A snapshot is made, and it is deleted.
    Snapshot,
}

/// Why CloudFormation would refuse the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// A logical id keeps its type.
    #[error("CloudFormation refuses another type under the same logical id; give the resource another logical id")]
    TypeChanged,
    /// Old and new exist at one time, and both would have the name.
    #[error("the replacement would have the same {0}, which is taken until the old one is gone; change the name too")]
    NameKept(String),
}

/// Why a property changes though the template says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The resource whose replacement gives the property another value, known after deployment.
    pub replaced: String,
}

/// A change of one property.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PropertyChange {
    /// The names and list positions that lead there, joined with `/`: `Environment/Variables/TABLE`.
    pub path: String,
    /// What is there; none where there is nothing.
    pub before: Option<Json>,
    /// What would be there; none where there would be nothing.
    pub after: Option<Json>,
    /// What the change does to the resource: update, may replace, replace, or unknown.
    pub impact: Impact,
    /// Why the value changes though the template says the same of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// Another package for a function or a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeChange {
    /// The hash that names the package, or its whole key.
    pub before: Option<String>,
    /// The hash that would.
    pub after: Option<String>,
}

/// What becomes of one resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResourceChange {
    /// The logical id.
    pub logical_id: String,
    /// The type, such as `AWS::S3::Bucket`.
    pub resource_type: String,
    /// What becomes of it.
    pub impact: Impact,
    /// Whether it holds data that replacing or deleting it loses; none where the type is not among the generated ones.
    pub stateful: Option<bool>,
    /// What becomes of the physical resource, where the stack would have no more need of it.
    pub disposal: Option<Disposal>,
    /// The code, where that changes.
    pub code: Option<CodeChange>,
    /// The properties that change. A resource that is new or goes has none here.
    pub properties: Vec<PropertyChange>,
    /// The attributes that change: `DeletionPolicy`, `DependsOn`, `Condition` …
    pub attributes: Vec<PropertyChange>,
    /// Why CloudFormation would refuse the change, where it would.
    pub obstacle: Option<Obstacle>,
    /// The Rust source line that makes the resource, or made it.
    pub source: Option<String>,
}

impl ResourceChange {
    /// Whether data is lost, or may be.
    pub fn loses_data(&self) -> bool {
        self.stateful == Some(true) && self.disposal == Some(Disposal::Delete)
    }
}

/// A template, and its resources resolved.
type Resolved<'a> = (&'a Json, &'a BTreeMap<String, Json>);

/// What becomes of every resource that does not stay as it is.
pub(super) fn changes(before: Resolved<'_>, after: Resolved<'_>) -> Vec<ResourceChange> {
    let (old, new) = (before.1, after.1);
    let mut changes: Vec<ResourceChange> = Vec::new();
    let mut pairs = Vec::new();
    for name in names(after.0) {
        let Some(new) = new.get(name) else { continue };
        let old = old.get(name);
        changes.push(match old {
            Some(old) => update(name, old, new),
            None => add(name, new),
        });
        pairs.push((old, new));
    }
    propagate(&mut changes, &pairs);
    for (change, (_, new)) in changes.iter_mut().zip(&pairs) {
        if matches!(change.impact, Impact::MayReplace | Impact::Replace) {
            change.disposal = Some(disposal(new, "UpdateReplacePolicy"));
            change.obstacle = change.obstacle.take().or_else(|| kept_name(change, new));
        }
    }
    let mut changes: Vec<ResourceChange> = changes.into_iter().filter(|change| !is_nothing(change)).collect();
    let gone = names(before.0).filter(|name| !new.contains_key(*name));
    changes.extend(gone.filter_map(|name| Some(remove(name, old.get(name)?))));
    changes
}

fn names(template: &Json) -> impl Iterator<Item = &String> {
    section(template, "Resources").into_iter().flat_map(serde_json::Map::keys)
}

fn is_nothing(change: &ResourceChange) -> bool {
    change.impact == Impact::Keep && change.attributes.is_empty()
}

fn change(name: &str, resource: &Json, impact: Impact) -> ResourceChange {
    let resource_type = type_name(resource).to_owned();
    ResourceChange {
        logical_id: name.to_owned(),
        impact,
        stateful: crate::spec(&resource_type).map(|spec| spec.stateful),
        disposal: None,
        code: None,
        properties: Vec::new(),
        attributes: Vec::new(),
        obstacle: None,
        source: resource["Metadata"][SOURCE].as_str().map(str::to_owned),
        resource_type,
    }
}

pub(super) fn type_name(resource: &Json) -> &str {
    resource["Type"].as_str().unwrap_or_default()
}

fn add(name: &str, resource: &Json) -> ResourceChange {
    change(name, resource, Impact::Add)
}

/// The policy of the template that is deployed decides: the new one says nothing of the resource any more.
fn remove(name: &str, resource: &Json) -> ResourceChange {
    ResourceChange { disposal: Some(disposal(resource, "DeletionPolicy")), ..change(name, resource, Impact::Remove) }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html>
fn disposal(resource: &Json, attribute: &str) -> Disposal {
    // A database's is a snapshot where nothing else is said.
    let is_cluster_member = resource["Properties"].get("DBClusterIdentifier").is_some();
    let default = match type_name(resource) {
        "AWS::RDS::DBCluster" => "Snapshot",
        "AWS::RDS::DBInstance" if !is_cluster_member => "Snapshot",
        _ => "Delete",
    };
    match resource.get(attribute).and_then(Json::as_str).unwrap_or(default) {
        "Retain" | "RetainExceptOnCreate" => Disposal::Retain,
        "Snapshot" => Disposal::Snapshot,
        _ => Disposal::Delete,
    }
}

fn update(name: &str, old: &Json, new: &Json) -> ResourceChange {
    let mut change = change(name, new, Impact::Keep);
    change.attributes = attributes(old, new);
    let spec = crate::spec(type_name(new));
    if type_name(old) != type_name(new) {
        change.impact = Impact::Replace;
        change.obstacle = Some(Obstacle::TypeChanged);
        return change;
    }
    change.properties = properties(old, new)
        .into_iter()
        .map(|difference| {
            let impact = impact(spec, &difference);
            let Difference { path, before, after } = difference;
            PropertyChange { path: path.join("/"), before, after, impact, cause: None }
        })
        .collect();
    change.code = code(&change);
    settle(&mut change);
    change
}

/// The impact of a resource is the most that one of its properties asks for.
pub(super) fn settle(change: &mut ResourceChange) {
    change.impact = change.properties.iter().map(|property| property.impact).fold(change.impact, Ord::max);
}

fn properties(old: &Json, new: &Json) -> Vec<Difference> {
    let empty = Map::new();
    let of = |resource: &'_ Json| resource.get("Properties").and_then(Json::as_object).unwrap_or(&empty).clone();
    let (old, new) = (of(old), of(new));
    let added = new.keys().filter(|name| !old.contains_key(*name));
    let names = old.keys().chain(added);
    names.flat_map(|name| property(name, old.get(name), new.get(name))).collect()
}

fn property(name: &str, old: Option<&Json>, new: Option<&Json>) -> Vec<Difference> {
    let scalars = if DOCUMENTS.contains(&name) { Scalars::Exact } else { Scalars::Converted };
    let mut found = differences(old, new, scalars);
    found.iter_mut().for_each(|difference| difference.path.insert(0, name.to_owned()));
    found
}

fn attributes(old: &Json, new: &Json) -> Vec<PropertyChange> {
    let of = |resource: &Json| {
        let mut attributes = resource.as_object().cloned().unwrap_or_default();
        attributes.shift_remove("Properties");
        if let Some(Json::Object(metadata)) = attributes.get_mut("Metadata") {
            metadata.shift_remove(SOURCE);
        }
        attributes.retain(|name, value| name != "Metadata" || value != &Json::Object(Map::new()));
        if let Some(names) = attributes.get_mut("DependsOn") {
            *names = policy::set(&Json::Array(policy::many(Some(names)).to_vec()));
        }
        Json::Object(attributes)
    };
    let found = differences(Some(&of(old)), Some(&of(new)), Scalars::Converted).into_iter();
    let change = |Difference { path, before, after }| PropertyChange {
        path: path.join("/"),
        before,
        after,
        impact: Impact::Keep,
        cause: None,
    };
    found.map(change).collect()
}

/// A package's key is its hash, or ends in it.
fn code(change: &ResourceChange) -> Option<CodeChange> {
    let property = change.properties.iter().find(|property| CODE.contains(&property.path.as_str()))?;
    let hash = |value: &Option<Json>| {
        let key = value.as_ref()?.as_str()?;
        let name = key.rsplit('/').next().unwrap_or(key);
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        let is_hash = stem.len() == 64 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(if is_hash { stem } else { key }.to_owned())
    };
    Some(CodeChange { before: hash(&property.before), after: hash(&property.after) })
}

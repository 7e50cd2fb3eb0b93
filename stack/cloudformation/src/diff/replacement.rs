//! Which changes replace a resource, and what follows for those that refer to it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::compare::Difference;
use super::policy;
use super::reference::targets;
use super::resolve::intrinsic;
use super::resource::{Cause, Impact, Obstacle, PropertyChange, ResourceChange, settle, type_name};
use crate::spec::ResourceSpec;

/// A resource before, where it was there, and after.
pub(super) type Pair<'a> = (Option<&'a Json>, &'a Json);

/// What a change of a property does to its resource.
pub(super) fn impact(spec: Option<&ResourceSpec>, difference: &Difference) -> Impact {
    let path: Vec<&str> = difference.path.iter().map(String::as_str).collect();
    let sides = [difference.before.as_ref(), difference.after.as_ref()];
    let matches = |paths: &[&str]| paths.iter().any(|pattern| touches(pattern, &path, sides));
    match spec {
        None => Impact::Unknown,
        Some(spec) if matches(spec.create_only) => Impact::Replace,
        Some(spec) if matches(spec.conditional_create_only) => Impact::MayReplace,
        Some(_) => Impact::Update,
    }
}

/// Whether a change at `path` changes something at `pattern`: it lies there, beneath, or above with something there.
fn touches(pattern: &str, path: &[&str], sides: [Option<&Json>; 2]) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let common = pattern.len().min(path.len());
    let agree = pattern.iter().zip(path).all(|(pattern, name)| *pattern == "*" || pattern == name);
    agree && (path.len() >= pattern.len() || sides.into_iter().flatten().any(|value| has(value, &pattern[common..])))
}

fn has(value: &Json, path: &[&str]) -> bool {
    let Some((name, rest)) = path.split_first() else { return true };
    match value {
        Json::Array(items) => items.iter().any(|item| has(item, rest)),
        Json::Object(fields) if *name == "*" => fields.values().any(|value| has(value, rest)),
        Json::Object(fields) => fields.get(*name).is_some_and(|value| has(value, rest)),
        _ => false,
    }
}

/// A replaced resource has another physical id and other attributes: what refers to it changes too, and may be replaced
/// in turn.
pub(super) fn propagate(changes: &mut [ResourceChange], pairs: &[Pair<'_>]) {
    loop {
        let replaced: BTreeMap<String, Impact> = changes
            .iter()
            .filter(|change| matches!(change.impact, Impact::Replace | Impact::MayReplace))
            .map(|change| (change.logical_id.clone(), change.impact))
            .collect();
        let mut moved = false;
        for (change, (old, new)) in changes.iter_mut().zip(pairs) {
            if old.is_some() {
                moved |= follow(change, new, &replaced);
            }
        }
        if !moved {
            return;
        }
    }
}

/// Adds to a change what follows from the replaced resources. Whether anything did.
fn follow(change: &mut ResourceChange, resource: &Json, replaced: &BTreeMap<String, Impact>) -> bool {
    let Some(properties) = resource.get("Properties") else { return false };
    let spec = crate::spec(type_name(resource));
    let mut moved = false;
    references(properties, &mut Vec::new(), &mut |path, value| {
        let Some((name, by)) = targets(value).into_iter().find_map(|name| replaced.get_key_value(&name)) else {
            return;
        };
        let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
        let joined = path.join("/");
        let difference = Difference { path, before: Some(value.clone()), after: Some(value.clone()) };
        let impact = impact(spec, &difference).min(*by);
        let within = |known: &&mut PropertyChange| is_within(&joined, &known.path) || is_within(&known.path, &joined);
        let known = change.properties.iter_mut().find(within);
        match known {
            Some(known) if known.cause.is_some() && known.impact < impact => known.impact = impact,
            Some(_) => return,
            None => change.properties.push(PropertyChange {
                path: joined,
                before: difference.before,
                after: difference.after,
                impact,
                cause: Some(Cause { replaced: name.clone() }),
            }),
        }
        moved = true;
    });
    settle(change);
    moved
}

fn is_within(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Calls `found` with the path of each expression, and of each policy as a whole.
fn references<'a>(value: &'a Json, path: &mut Vec<&'a str>, found: &mut dyn FnMut(&[&str], &Json)) {
    match value {
        Json::Object(fields) if intrinsic(fields).is_none() && !policy::is_document(value) => {
            for (name, value) in fields {
                path.push(name);
                references(value, path, found);
                path.pop();
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let index = index.to_string();
                let mut inner: Vec<&str> = path.clone();
                inner.push(&index);
                references(item, &mut inner, found);
            }
        }
        _ => found(path, value),
    }
}

/// The name that a replacement would share with what it replaces.
pub(super) fn kept_name(change: &ResourceChange, new: &Json) -> Option<Obstacle> {
    let spec = crate::spec(&change.resource_type)?;
    let name = spec.primary_identifier.iter().find(|name| !spec.read_only.contains(name))?;
    let is_given = new.get("Properties")?.get(*name).is_some_and(Json::is_string);
    let changes = change.properties.iter().any(|property| property.path == **name);
    let is_replaced = change.impact == Impact::Replace && change.obstacle.is_none();
    (is_replaced && is_given && !changes && spec.create_only.contains(name))
        .then(|| Obstacle::NameKept((*name).to_owned()))
}

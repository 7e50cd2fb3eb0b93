//! Two templates compared, as a user would write them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod equal;
mod rename;
mod resource;

use std::collections::BTreeMap;

use cloudformation::diff::{Diff, ResourceChange, Side};
use serde_json::{Value as Json, json};

/// Compares two templates without parameters.
fn between(before: &Json, after: &Json) -> Diff {
    with_parameters((before, &[]), (after, &[]))
}

/// Compares two templates, each with parameters.
fn with_parameters(before: (&Json, &[(&str, &str)]), after: (&Json, &[(&str, &str)])) -> Diff {
    let values = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let (old, new) = (values(before.1), values(after.1));
    Diff::between(&Side::new(before.0, &old), &Side::new(after.0, &new))
}

/// A template of one resource, `It`.
fn one(resource_type: &str, properties: Json) -> Json {
    json!({ "Resources": { "It": { "Type": resource_type, "Properties": properties } } })
}

/// The change of a resource that must have one.
fn change<'a>(diff: &'a Diff, logical_id: &str) -> &'a ResourceChange {
    let found = diff.resources.iter().find(|change| change.logical_id == logical_id);
    found.unwrap_or_else(|| panic!("{logical_id} does not change in {diff:#?}"))
}

/// The paths of a resource's changed properties.
fn paths(change: &ResourceChange) -> Vec<&str> {
    change.properties.iter().map(|property| property.path.as_str()).collect()
}

//! Changes outside resources: parameters, mappings, conditions, outputs.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::compare::{Scalars, differences};
use super::resolve::{Resolver, literal, section};
use super::resource::{Impact, ResourceChange};
use super::{Side, is_secret, reference};

/// Sections that are compared as they stand. CloudFormation takes no part of them from the deployment's parameters.
const VERBATIM: [&str; 6] = ["Description", "Transform", "Mappings", "Conditions", "Rules", "Hooks"];

/// A change of an entry outside resources.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SectionChange {
    /// The section: `Parameters`, `Outputs` …
    pub section: String,
    /// The entry and the place in it, joined with `/`: `TableName/Value`. A parameter's value in this deployment is at
    /// `Value`. Empty for a section that is one text.
    pub path: String,
    /// What is there; none where there is nothing.
    pub before: Option<Json>,
    /// What would be there; none where there would be nothing.
    pub after: Option<Json>,
    /// The replaced resource from which an output takes its value, which is known after deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
}

type Resolved<'a> = (&'a Side<'a>, &'a Resolver<'a>);

pub(super) fn changes(before: Resolved<'_>, after: Resolved<'_>, resources: &[ResourceChange]) -> Vec<SectionChange> {
    let mut changes = compare("Parameters", &parameters(before.0), &parameters(after.0));
    for name in VERBATIM {
        changes.extend(compare(name, &before.0.template[name], &after.0.template[name]));
    }
    let outputs = |(side, resolver): Resolved<'_>| json!(resolver.entries(side.template, "Outputs"));
    let (old, new) = (outputs(before), outputs(after));
    changes.extend(compare("Outputs", &old, &new));
    changes.extend(following(&old, &new, resources));
    changes
}

fn compare(section: &str, before: &Json, after: &Json) -> Vec<SectionChange> {
    let present = |value| (!matches!(value, &Json::Null)).then_some(value);
    let differences = differences(present(before), present(after), Scalars::Converted);
    let entries = differences.into_iter().flat_map(|difference| match (difference.path.is_empty(), section) {
        (true, "Description" | "Transform") | (false, _) => vec![difference],
        // A section that is new or gone is shown entry by entry.
        (true, _) => {
            let empty = json!({});
            let (before, after) = (difference.before.as_ref(), difference.after.as_ref());
            super::compare::differences(before.or(Some(&empty)), after.or(Some(&empty)), Scalars::Converted)
        }
    });
    entries
        .map(|difference| SectionChange {
            section: section.to_owned(),
            path: difference.path.join("/"),
            before: difference.before,
            after: difference.after,
            follows: None,
        })
        .collect()
}

/// The declared parameters, each with its value in this deployment, unless that is the default or a secret.
fn parameters(side: &Side<'_>) -> Json {
    let declared = section(side.template, "Parameters").into_iter().flatten();
    let declared = declared.map(|(name, declaration)| {
        let mut declaration = declaration.clone();
        let given =
            side.parameters.get(name).filter(|value| !is_secret(&declaration) && !is_default(&declaration, value));
        if let (Some(value), Some(fields)) = (given.cloned(), declaration.as_object_mut()) {
            fields.insert("Value".into(), value.into());
        }
        (name.clone(), declaration)
    });
    declared.collect()
}

fn is_default(declaration: &Json, value: &str) -> bool {
    declaration.get("Default").is_some_and(|default| literal(default) == value)
}

/// Outputs that say the same of a resource which is replaced.
fn following(before: &Json, after: &Json, resources: &[ResourceChange]) -> Vec<SectionChange> {
    let replaced: BTreeSet<&str> = resources
        .iter()
        .filter(|change| matches!(change.impact, Impact::Replace | Impact::MayReplace))
        .map(|change| change.logical_id.as_str())
        .collect();
    let outputs = after.as_object().into_iter().flatten();
    let outputs = outputs.filter_map(|(name, output)| {
        let (old, new) = (before.get(name)?.get("Value")?, output.get("Value")?);
        let followed = reference::targets(new).into_iter().find(|target| replaced.contains(target.as_str()))?;
        (old == new).then(|| SectionChange {
            section: "Outputs".into(),
            path: format!("{name}/Value"),
            before: Some(old.clone()),
            after: Some(new.clone()),
            follows: Some(followed),
        })
    });
    outputs.collect()
}

//! Renames: a resource that has the same content under another logical id.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::policy::sorted_text;
use super::reference::replace_targets;
use super::resolve::{Resolver, section};

/// A resource that has another logical id and the same content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    /// The logical id it has.
    pub from: String,
    /// The logical id it will have.
    pub to: String,
    /// Its type, such as `AWS::S3::Bucket`.
    pub resource_type: String,
}

impl fmt::Display for Rename {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} -> {} ({})", self.from, self.to, self.resource_type)
    }
}

/// The renames that a stack refactor makes: the resource stays, and has another logical id from then on.
///
/// CloudFormation refactors only types that can be updated in place, and not all of these. It has the last word; what is
/// certain to be refused is left out, to be deleted and created.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-refactoring.html>
pub fn moves(before: &Json, after: &Json) -> Vec<Rename> {
    let mut moves = renames(before, after);
    moves.retain(|rename| can_move(&rename.resource_type));
    moves
}

fn can_move(resource_type: &str) -> bool {
    let is_custom = ["Custom::", "AWS::CloudFormation::"].iter().any(|prefix| resource_type.starts_with(prefix));
    let is_mutable = crate::spec(resource_type).is_none_or(|spec| !spec.permissions.update.is_empty());
    is_mutable && !is_custom && resource_type != "AWS::Lambda::EventInvokeConfig"
}

/// The resources that are gone from `before` and are in `after` under another logical id. Where two could be meant, none
/// is named.
///
/// Content is the type and the properties. A resource that another refers to counts by its logical id where that is in
/// both templates, whatever else changes about it, and by its own content where it may be renamed too. Parameters count
/// by name, so new code under a new logical id is still a rename.
pub fn renames(before: &Json, after: &Json) -> Vec<Rename> {
    let (old, new) = (Digests::new(before, after), Digests::new(after, before));
    let mut pairs: BTreeMap<String, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    old.each().for_each(|(name, digest)| pairs.entry(digest).or_default().0.push(name));
    new.each().for_each(|(name, digest)| pairs.entry(digest).or_default().1.push(name));
    let renames = pairs.into_values().filter_map(|names| match (names.0.as_slice(), names.1.as_slice()) {
        ([from], [to]) => Some(Rename {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            resource_type: before["Resources"][from]["Type"].as_str().unwrap_or_default().to_owned(),
        }),
        _ => None,
    });
    let mut renames: Vec<Rename> = renames.collect();
    renames.sort_by(|left, right| left.from.cmp(&right.from));
    renames
}

/// The template with these logical ids renamed, and every reference to them.
pub fn renamed(template: &Json, renames: &[Rename]) -> Json {
    let names: BTreeMap<&str, &str> = renames.iter().map(|rename| (rename.from.as_str(), rename.to.as_str())).collect();
    let new_name = |name: &str| names.get(name).map(|name| (*name).to_owned());
    let mut template = replace_targets(template, &new_name);
    if let Some(resources) = template.get_mut("Resources").and_then(Json::as_object_mut) {
        *resources = std::mem::take(resources)
            .into_iter()
            .map(|(name, mut resource)| {
                rename_dependencies(&mut resource, &new_name);
                (new_name(&name).unwrap_or(name), resource)
            })
            .collect();
    }
    template
}

fn rename_dependencies(resource: &mut Json, new_name: &dyn Fn(&str) -> Option<String>) {
    let rename = |name: &mut Json| {
        if let Some(new) = name.as_str().and_then(new_name) {
            *name = new.into();
        }
    };
    match resource.get_mut("DependsOn") {
        Some(Json::Array(names)) => names.iter_mut().for_each(rename),
        Some(name) => rename(name),
        None => {}
    }
}

/// The digests of those resources of a template that another has not, made as references ask for them.
struct Digests<'a> {
    resources: BTreeMap<&'a str, &'a Json>,
    resolver: Resolver<'a>,
    /// None while a digest is being made: a reference back to it is a circle, which CloudFormation refuses.
    known: RefCell<BTreeMap<String, Option<String>>>,
}

impl<'a> Digests<'a> {
    fn new(template: &'a Json, other: &Json) -> Self {
        let resources = section(template, "Resources").into_iter().flatten();
        let resources = resources.filter(|(name, _)| other["Resources"].get(name.as_str()).is_none());
        let resources = resources.map(|(name, resource)| (name.as_str(), resource)).collect();
        Self { resources, resolver: Resolver::default(), known: RefCell::default() }
    }

    fn each(&self) -> impl Iterator<Item = (&'a str, String)> {
        self.resources.keys().filter_map(|name| Some((*name, self.of(name)?)))
    }

    /// The digest of the resource `name`, where it is one of those.
    fn of(&self, name: &str) -> Option<String> {
        if let Some(known) = self.known.borrow().get(name) {
            return known.clone();
        }
        let resource = *self.resources.get(name)?;
        self.known.borrow_mut().insert(name.to_owned(), None);
        let properties = resource.get("Properties").and_then(|properties| self.resolver.value(properties));
        let properties = properties.map(|properties| replace_targets(&properties, &|target| self.of(target)));
        // Once more: what is a set was in the order of the names that are now gone.
        let properties = properties.and_then(|properties| self.resolver.value(&properties));
        let condition = resource.get("Condition");
        let content = json!({ "Type": resource.get("Type"), "Condition": condition, "Properties": properties });
        let digest = hex::encode(Sha256::digest(sorted_text(&content)));
        self.known.borrow_mut().insert(name.to_owned(), Some(digest.clone()));
        Some(digest)
    }
}

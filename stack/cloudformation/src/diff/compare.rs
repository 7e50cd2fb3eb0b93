//! Where two resolved values differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::policy;
use super::resolve::{intrinsic, literal};

/// One place where two values differ.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// The property names and list positions that lead there.
    pub(super) path: Vec<String>,
    pub(super) before: Option<Json>,
    pub(super) after: Option<Json>,
}

/// How scalars compare.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Scalars {
    /// `true` and `"true"`, `1` and `"1"` are the same: CloudFormation converts a property to the type it has.
    Converted,
    /// They differ: the value is a document of its own, which CloudFormation hands on.
    Exact,
}

/// Everything in which `after` differs from `before`.
pub(super) fn differences(before: Option<&Json>, after: Option<&Json>, scalars: Scalars) -> Vec<Difference> {
    let mut found = Comparison { scalars, path: Vec::new(), found: Vec::new() };
    found.compare(before, after);
    found.found
}

struct Comparison {
    scalars: Scalars,
    path: Vec<String>,
    found: Vec<Difference>,
}

impl Comparison {
    fn compare(&mut self, before: Option<&Json>, after: Option<&Json>) {
        match (before, after) {
            (Some(before), Some(after)) => self.both(before, after),
            (None, None) => {}
            _ => self.differ(before, after),
        }
    }

    fn both(&mut self, before: &Json, after: &Json) {
        match (before, after) {
            (Json::Object(old), Json::Object(new)) if is_structure(old) && is_structure(new) => {
                if policy::is_document(before) || policy::is_document(after) {
                    if policy::sorted_text(before) != policy::sorted_text(after) {
                        self.differ(Some(before), Some(after));
                    }
                } else {
                    self.maps(old, new);
                }
            }
            (Json::Array(old), Json::Array(new)) => match (keyed(old), keyed(new)) {
                (Some(old), Some(new)) => self.tags(&old, &new),
                _ => self.lists(old, new),
            },
            _ if self.same(before, after) => {}
            _ => match (document(before), document(after)) {
                (Some(old), Some(new)) => {
                    let outside = std::mem::replace(&mut self.scalars, Scalars::Exact);
                    self.both(&old, &new);
                    self.scalars = outside;
                }
                _ => self.differ(Some(before), Some(after)),
            },
        }
    }

    fn maps(&mut self, old: &Map<String, Json>, new: &Map<String, Json>) {
        let added = new.keys().filter(|name| !old.contains_key(*name));
        for name in old.keys().chain(added) {
            self.at(name, old.get(name), new.get(name));
        }
    }

    fn tags(&mut self, old: &BTreeMap<&str, &Json>, new: &BTreeMap<&str, &Json>) {
        let names: BTreeSet<&&str> = old.keys().chain(new.keys()).collect();
        for name in names {
            self.at(name, old.get(*name).copied(), new.get(*name).copied());
        }
    }

    /// Lists of one length compare item by item; otherwise what is equal is found, and the rest came or went.
    fn lists(&mut self, old: &[Json], new: &[Json]) {
        if old.len() == new.len() {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                self.at(&index.to_string(), Some(old), Some(new));
            }
            return;
        }
        let texts = |items: &[Json]| items.iter().map(policy::sorted_text).collect::<Vec<_>>();
        for operation in capture_diff_slices(Algorithm::Myers, &texts(old), &texts(new)) {
            match operation {
                DiffOp::Equal { .. } => {}
                DiffOp::Delete { old_index, old_len, .. } => self.items(&old[old_index..][..old_len], &[], old_index),
                DiffOp::Insert { new_index, new_len, .. } => self.items(&[], &new[new_index..][..new_len], new_index),
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    self.items(&old[old_index..][..old_len], &new[new_index..][..new_len], new_index);
                }
            }
        }
    }

    fn items(&mut self, old: &[Json], new: &[Json], first: usize) {
        for offset in 0..old.len().max(new.len()) {
            self.at(&(first + offset).to_string(), old.get(offset), new.get(offset));
        }
    }

    fn at(&mut self, name: &str, before: Option<&Json>, after: Option<&Json>) {
        self.path.push(name.to_owned());
        self.compare(before, after);
        self.path.pop();
    }

    fn same(&self, before: &Json, after: &Json) -> bool {
        match (before, after) {
            (Json::Number(left), Json::Number(right)) => left == right || left.as_f64() == right.as_f64(),
            (Json::Object(_) | Json::Null, _) | (_, Json::Object(_) | Json::Null) => {
                policy::sorted_text(before) == policy::sorted_text(after)
            }
            (Json::Array(_), _) | (_, Json::Array(_)) => false,
            _ => before == after || self.scalars == Scalars::Converted && literal(before) == literal(after),
        }
    }

    fn differ(&mut self, before: Option<&Json>, after: Option<&Json>) {
        self.found.push(Difference { path: self.path.clone(), before: before.cloned(), after: after.cloned() });
    }
}

/// Whether the object is one, and not an intrinsic function.
fn is_structure(fields: &Map<String, Json>) -> bool {
    intrinsic(fields).is_none()
}

/// A list of tags by key: their order says nothing.
fn keyed(items: &[Json]) -> Option<BTreeMap<&str, &Json>> {
    let tags: Option<BTreeMap<&str, &Json>> =
        items.iter().map(|item| Some((item.get("Key")?.as_str()?, item.get("Value")?))).collect();
    tags.filter(|tags| tags.len() == items.len())
}

/// A text that is a JSON document, as a state machine's definition and a dashboard's body are.
fn document(value: &Json) -> Option<Json> {
    let text = match value {
        Json::String(text) => text,
        Json::Object(fields) => match intrinsic(fields)? {
            ("Fn::Sub", Json::String(pattern)) => pattern,
            _ => return None,
        },
        _ => return None,
    };
    let text = text.trim_start();
    text.starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

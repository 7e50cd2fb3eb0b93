//! What a template's values refer to.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::resolve::{intrinsic, literal};
use super::text;

/// The names that a value of a template refers to: logical ids, parameters and pseudo parameters.
pub fn targets(value: &Json) -> BTreeSet<String> {
    let found = std::cell::RefCell::new(BTreeSet::new());
    replace_targets(value, &|target| {
        found.borrow_mut().insert(target.to_owned());
        None
    });
    found.into_inner()
}

/// The one thing that a value is a reference to, where it is one.
pub(super) fn target(value: &Json) -> Option<&str> {
    match intrinsic(value.as_object()?)? {
        ("Ref", target) => target.as_str(),
        ("Fn::GetAtt", path) => path.get(0)?.as_str(),
        _ => None,
    }
}

/// A value as one line: references as `${…}`, anything else that is no text as JSON.
pub(super) fn text(value: &Json) -> String {
    match value.as_object().and_then(intrinsic) {
        Some(("Ref", Json::String(target))) => format!("${{{target}}}"),
        Some(("Fn::Sub", Json::String(pattern))) => pattern.clone(),
        Some(("Fn::GetAtt", Json::Array(path))) => {
            let path: Vec<&str> = path.iter().filter_map(Json::as_str).collect();
            format!("${{{}}}", path.join("."))
        }
        _ => literal(value),
    }
}

/// The value with other names for what it refers to, where `replacement` gives one.
pub(super) fn replace_targets(value: &Json, replacement: &dyn Fn(&str) -> Option<String>) -> Json {
    match value {
        Json::Array(items) => items.iter().map(|item| replace_targets(item, replacement)).collect(),
        Json::Object(fields) => match intrinsic(fields) {
            Some((name, argument)) => {
                Map::from_iter([(name.to_owned(), in_function(name, argument, replacement))]).into()
            }
            None => fields.iter().map(|(name, value)| (name.clone(), replace_targets(value, replacement))).collect(),
        },
        scalar => scalar.clone(),
    }
}

fn in_function(name: &str, argument: &Json, replacement: &dyn Fn(&str) -> Option<String>) -> Json {
    match (name, argument) {
        ("Ref", Json::String(target)) => replacement(target).map_or_else(|| argument.clone(), Json::from),
        ("Fn::GetAtt", Json::String(path)) => {
            let (target, attribute) = path.split_once('.').unwrap_or((path, ""));
            replacement(target).map_or_else(|| argument.clone(), |target| format!("{target}.{attribute}").into())
        }
        ("Fn::GetAtt", Json::Array(path)) => {
            let mut path = path.clone();
            if let Some(first) = path.first_mut()
                && let Some(target) = first.as_str().and_then(replacement)
            {
                *first = target.into();
            }
            Json::Array(path)
        }
        ("Fn::Sub", Json::String(pattern)) => text::replace_in_pattern(pattern, None, replacement).into(),
        ("Fn::Sub", Json::Array(items)) => match items.as_slice() {
            [Json::String(pattern), Json::Object(values)] => {
                let pattern = text::replace_in_pattern(pattern, Some(values), replacement);
                let values = values.iter().map(|(name, value)| (name.clone(), replace_targets(value, replacement)));
                Json::Array(vec![pattern.into(), Json::Object(values.collect())])
            }
            _ => argument.clone(),
        },
        _ => replace_targets(argument, replacement),
    }
}

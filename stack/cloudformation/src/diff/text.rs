//! Texts with references in them, in one form: what `Fn::Sub` and `Fn::Join` say in different ways is equal here.

use serde_json::{Map, Value as Json};

use crate::expression::{Expression, Part};

/// The resolved arguments of `Fn::Sub` in their shortest form, where they can have one.
pub(super) fn substitute(argument: &Json) -> Option<Json> {
    let (pattern, values) = match argument {
        Json::String(pattern) => (pattern, None),
        Json::Array(items) => match items.as_slice() {
            [Json::String(pattern), Json::Object(values)] => (pattern, Some(values)),
            _ => return None,
        },
        _ => return None,
    };
    let mut parts = Vec::new();
    for part in pattern_parts(pattern) {
        match values.and_then(|values| values.get(name(&part)?)) {
            Some(value) => parts.extend(value_parts(value)?),
            None => parts.push(part),
        }
    }
    Some(Expression::from_parts(parts.into_iter()).to_json())
}

/// The resolved arguments of `Fn::Join` in their shortest form, where they can have one.
pub(super) fn join(argument: &Json) -> Option<Json> {
    let [Json::String(separator), Json::Array(items)] = argument.as_array()?.as_slice() else { return None };
    let mut parts = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            parts.push(Part::Text(separator.clone()));
        }
        parts.extend(value_parts(item)?);
    }
    Some(
        Expression::from_parts(parts.into_iter().filter(|part| !matches!(part, Part::Text(text) if text.is_empty())))
            .to_json(),
    )
}

/// Replaces references in the pattern of a `Fn::Sub`, by what `replacement` gives for a logical id.
pub(super) fn replace_in_pattern(
    pattern: &str,
    bound: Option<&Map<String, Json>>,
    replacement: &dyn Fn(&str) -> Option<String>,
) -> String {
    let is_bound = |name: &str| bound.is_some_and(|bound| bound.contains_key(name));
    let parts = pattern_parts(pattern).into_iter().map(|part| match part {
        Part::Ref(target) if !is_bound(&target) => Part::Ref(replacement(&target).unwrap_or(target)),
        Part::GetAtt(target, attribute) if !is_bound(&format!("{target}.{attribute}")) => {
            Part::GetAtt(replacement(&target).unwrap_or(target), attribute)
        }
        part => part,
    });
    parts.map(|part| part.pattern()).collect()
}

/// What a pattern refers to.
pub(super) fn pattern_targets(pattern: &str) -> impl Iterator<Item = String> {
    pattern_parts(pattern).into_iter().filter_map(|part| part.target().map(str::to_owned))
}

/// The name by which a pattern's own values are given.
fn name(part: &Part) -> Option<&str> {
    match part {
        Part::Ref(name) => Some(name),
        _ => None,
    }
}

/// `${Name}` is a reference, `${Name.Attribute}` an attribute, and `${!Text}` the text `${Text}`.
fn pattern_parts(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((text, after)) = rest.split_once("${") {
        let Some((inside, following)) = after.split_once('}') else { break };
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        parts.push(match (inside.strip_prefix('!'), inside.split_once('.')) {
            (Some(literal), _) => Part::Text(format!("${{{literal}}}")),
            (None, Some((target, attribute))) => Part::GetAtt(target.to_owned(), attribute.to_owned()),
            (None, None) => Part::Ref(inside.to_owned()),
        });
        rest = following;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts
}

/// A resolved value as parts of a text, where it is one.
fn value_parts(value: &Json) -> Option<Vec<Part>> {
    match value {
        Json::String(text) => Some(vec![Part::Text(text.clone())]),
        Json::Number(_) | Json::Bool(_) => Some(vec![Part::Text(value.to_string())]),
        Json::Object(fields) if fields.len() == 1 => match fields.iter().next()? {
            (name, Json::String(target)) if name == "Ref" => Some(vec![Part::Ref(target.clone())]),
            (name, Json::String(pattern)) if name == "Fn::Sub" => Some(pattern_parts(pattern)),
            (name, Json::Array(items)) if name == "Fn::GetAtt" => match items.as_slice() {
                [Json::String(target), Json::String(attribute)] => {
                    Some(vec![Part::GetAtt(target.clone(), attribute.clone())])
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

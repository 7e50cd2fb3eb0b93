//! Limits of size: of the definition, of the data that it holds, and of results.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>

use serde_json::{Map, Value};

use super::finding::{Code, Finding, pointer};
use super::service::{Call, argument, is_distributed};
use crate::interpreter::PAYLOAD_LIMIT;

/// The longest definition, bytes.
const DEFINITION_LIMIT: usize = 1 << 20;

/// The longest Label of a Map, characters.
const LABEL_LIMIT: usize = 40;

/// Fields that may hold data of their own.
const DATA: &[&str] =
    &["Result", "Parameters", "Arguments", "ResultSelector", "Output", "Items", "ItemSelector", "Assign"];

/// Calls whose answers may be larger than a state may carry, and the argument that keeps them small.
const LARGE: &[(&str, &str)] = &[
    ("s3:getObject", "Range"),
    ("s3:listObjectsV2", "MaxKeys"),
    ("dynamodb:query", "Limit"),
    ("dynamodb:scan", "Limit"),
    ("athena:getQueryResults", "MaxResults"),
];

/// Checks the size of the whole definition.
pub(super) fn definition(definition: &Value) -> Option<Finding> {
    let bytes = definition.to_string().len();
    let message = format!("the definition has {bytes} bytes; move parts into machines of their own, below 1 MiB");
    (bytes > DEFINITION_LIMIT).then(|| Finding::new(Code::DefinitionLimit, "", message))
}

/// Checks the Label of a Map, of which AWS makes the name of a Map Run.
pub(super) fn label(state: &Map<String, Value>, path: &str) -> Option<Finding> {
    let label = state.get("Label")?.as_str().unwrap_or_default();
    let is_refused =
        |char: char| char.is_whitespace() || char.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"/".contains(char);
    let is_sound = !label.is_empty() && label.chars().count() <= LABEL_LIMIT && !label.contains(is_refused);
    let message = format!("a Label has 1 to {LABEL_LIMIT} letters, digits, dots, hyphens or underscores");
    (!is_sound).then(|| Finding::new(Code::InvalidName, format!("{path}/Label"), message))
}

/// Checks the data that one state holds.
pub(super) fn data(state: &Map<String, Value>, path: &str) -> Vec<Finding> {
    let fields = DATA.iter().filter_map(|field| Some((field, constant_bytes(state.get(*field)?))));
    let large = fields.filter(|(_, bytes)| *bytes > PAYLOAD_LIMIT);
    large
        .map(|(field, bytes)| {
            let message = format!("these are {bytes} bytes, and a state may carry {PAYLOAD_LIMIT}; keep them in S3");
            Finding::new(Code::PayloadLimit, format!("{path}{}", pointer([*field])), message)
        })
        .collect()
}

/// Checks the result of one state.
pub(super) fn check(state: &Map<String, Value>, path: &str) -> Option<Finding> {
    if state.get("Type").is_some_and(|name| name == "Map") {
        let message = "give the Map a ResultWriter; without one its items' results together may have 256 KiB";
        let is_open = is_distributed(state) && !state.contains_key("ResultWriter");
        return is_open.then(|| Finding::new(Code::LargeResult, path, message));
    }
    let name = Call::of(state)?.name();
    let (_, bound) = LARGE.iter().find(|(call, bound)| *call == name && argument(state, bound).is_none())?;
    let message = format!("{name} may give more than 256 KiB; bound it with {bound}, or read it in a function");
    Some(Finding::new(Code::LargeResult, path, message))
}

/// The bytes of what a value holds itself; what an expression gives is not known.
fn constant_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) if text.starts_with("{%") => 0,
        Value::Array(items) => 2 + items.iter().map(|item| constant_bytes(item) + 1).sum::<usize>(),
        Value::Object(fields) => {
            let known = fields.iter().filter(|(name, _)| !name.ends_with(".$"));
            2 + known.map(|(name, value)| name.len() + 4 + constant_bytes(value)).sum::<usize>()
        }
        value => value.to_string().len(),
    }
}

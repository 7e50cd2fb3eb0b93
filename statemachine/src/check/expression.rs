//! Whether each expression of a state can be parsed: AWS refuses a definition in which one cannot.

use serde_json::{Map, Value};

use super::fields::QueryLanguage;
use super::finding::{Code, Finding, pointer};
use crate::interpreter::syntax;

/// Fields that hold machines, which are checked by themselves, and texts that are no expressions.
const PASSED_OVER: &[&str] = &["Branches", "ItemProcessor", "Iterator", "Comment", "Resource", "Result", "ErrorEquals"];

/// Fields of JSONPath that take an intrinsic function besides a path.
const TAKES_CALLS: &[&str] = &["ErrorPath", "CausePath"];

pub(super) fn check(state: &Map<String, Value>, language: QueryLanguage, path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let fields = state.iter().filter(|(field, _)| !PASSED_OVER.contains(&field.as_str()));
    for (field, value) in fields {
        walk(field, value, language, &format!("{path}{}", pointer([field.as_str()])), &mut findings);
    }
    findings
}

fn walk(field: &str, value: &Value, language: QueryLanguage, path: &str, findings: &mut Vec<Finding>) {
    match value {
        Value::String(text) => {
            let fault = match language {
                QueryLanguage::Jsonata => syntax::jsonata(text),
                QueryLanguage::JsonPath if field.ends_with(".$") || TAKES_CALLS.contains(&field) => syntax::query(text),
                QueryLanguage::JsonPath if field.ends_with("Path") || field == "Variable" => syntax::path(text),
                QueryLanguage::JsonPath => None,
            };
            findings
                .extend(fault.map(|fault| Finding::new(Code::BrokenExpression, path, format!("correct it: {fault}"))));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(field, item, language, &format!("{path}/{index}"), findings);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                walk(field, value, language, &format!("{path}{}", pointer([field.as_str()])), findings);
            }
        }
        _ => {}
    }
}

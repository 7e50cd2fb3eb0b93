//! IAM policy documents in one form. A list of one is its item; the order of statements, actions, resources and
//! principals says nothing.

use serde_json::{Map, Value as Json};

/// The elements of a statement that are sets.
const SETS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];
const PRINCIPALS: [&str; 2] = ["Principal", "NotPrincipal"];

/// Whether the value has the form of a policy document.
pub(super) fn is_document(value: &Json) -> bool {
    let is_statement = |statement: &Json| statement.get("Effect").is_some();
    match value.get("Statement") {
        Some(Json::Array(statements)) => !statements.is_empty() && statements.iter().all(is_statement),
        Some(statement) => is_statement(statement),
        None => false,
    }
}

/// The items of a set, which IAM writes as one text where there is one.
pub(super) fn many(set: Option<&Json>) -> &[Json] {
    match set {
        Some(Json::Array(items)) => items,
        Some(item) => std::slice::from_ref(item),
        None => &[],
    }
}

/// The document in one form.
pub(super) fn canonical(document: &Map<String, Json>) -> Json {
    let mut document = document.clone();
    if let Some(statements) = document.get_mut("Statement") {
        let mut canonical: Vec<Json> = many(Some(statements)).iter().map(statement).collect();
        sort(&mut canonical);
        *statements = Json::Array(canonical);
    }
    document.into()
}

fn statement(statement: &Json) -> Json {
    let Json::Object(fields) = statement else { return statement.clone() };
    let mut fields = fields.clone();
    for name in SETS {
        if let Some(value) = fields.get_mut(name) {
            *value = set(value);
        }
    }
    for name in PRINCIPALS {
        match fields.get_mut(name) {
            Some(Json::Object(kinds)) if !is_intrinsic(kinds) => {
                kinds.values_mut().for_each(|value| *value = set(value))
            }
            _ => {}
        }
    }
    if let Some(Json::Object(operators)) = fields.get_mut("Condition") {
        for keys in operators.values_mut().filter_map(Json::as_object_mut) {
            keys.values_mut().for_each(|value| *value = set(value));
        }
    }
    fields.into()
}

fn is_intrinsic(fields: &Map<String, Json>) -> bool {
    super::resolve::intrinsic(fields).is_some()
}

/// A set: sorted, without repetition, and one item without a list.
pub(super) fn set(value: &Json) -> Json {
    let Json::Array(items) = value else { return value.clone() };
    let mut items = items.clone();
    sort(&mut items);
    items.dedup();
    if items.len() == 1 { items.remove(0) } else { Json::Array(items) }
}

fn sort(items: &mut [Json]) {
    items.sort_by_cached_key(sorted_text);
}

/// The value's text, with keys in order: equal for equal values.
pub(super) fn sorted_text(value: &Json) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    sorted.to_string()
}

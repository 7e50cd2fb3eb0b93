//! The definition as data: the states that the builder was given, as JSON. The order of the fields is the order in
//! which they are read: what a state is, what it does, what may go wrong, where it goes.

use serde_json::{Map, Value};

use crate::Language;
use crate::language::Node;

/// The fields of a state, or of an object within one.
pub(crate) type Fields = Map<String, Value>;

/// Fields of a state that hold names of others.
const TARGETS: [&str; 2] = ["Next", "Default"];

/// Adds a field where there is a value.
pub(crate) fn put_some<L: Language>(fields: &mut Fields, name: &str, node: Option<&Node>) {
    if let Some(node) = node {
        L::put(fields, name, node);
    }
}

/// Adds an object of values by name where there is one.
pub(crate) fn put_template<L: Language>(fields: &mut Fields, name: &str, values: &[(String, Node)]) {
    if !values.is_empty() {
        let mut template = Fields::new();
        for (name, node) in values {
            L::put_in_template(&mut template, name, node);
        }
        fields.insert(name.to_owned(), template.into());
    }
}

/// Where a state goes: `"Next": "…"`, or `"End": true` where there is no next.
pub(crate) fn put_transition(fields: &mut Fields, next: Option<String>) {
    match next {
        Some(name) => fields.insert("Next".to_owned(), name.into()),
        None => fields.insert("End".to_owned(), true.into()),
    };
}

/// The states that can come after one, the usual way first.
pub(crate) fn targets(state: &Fields) -> Vec<String> {
    let named = |object: &Fields| {
        let names = TARGETS.into_iter().filter_map(|field| object.get(field).and_then(Value::as_str));
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let listed = |field: &str| {
        let items = state.get(field).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_object).flat_map(&named).collect::<Vec<_>>()
    };
    [listed("Choices"), named(state), listed("Catch")].concat()
}

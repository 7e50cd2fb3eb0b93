//! Whether a variable has a value wherever it is read: AWS finds out only when an execution comes that way.

use std::collections::HashSet;

use serde_json::Value;

use crate::definition::Fields;

/// A state that reads `variable` and can be reached without a value having been assigned.
pub(crate) fn unassigned<'a>(states: &'a [(String, Fields)], start: &'a str, variable: &str) -> Option<&'a str> {
    let mut seen = HashSet::new();
    let mut ahead = vec![start];
    while let Some(name) = ahead.pop() {
        let Some((_, state)) = states.iter().find(|(other, _)| other == name).filter(|_| seen.insert(name)) else {
            continue;
        };
        if state.values().any(|value| reads(value, variable)) {
            return Some(name);
        }
        ahead.extend(ways_without(state, variable));
        for way in ["Choices", "Catch"].into_iter().filter_map(|field| state.get(field)?.as_array()).flatten() {
            ahead.extend(way.as_object().into_iter().flat_map(|way| ways_without(way, variable)));
        }
    }
    None
}

/// Where a state, a rule or a catcher leads if it leaves the variable without a value.
fn ways_without<'a>(fields: &'a Fields, variable: &str) -> Vec<&'a str> {
    if fields.get("Assign").is_some_and(|assign| {
        let names = assign.as_object().into_iter().flat_map(Fields::keys);
        names.into_iter().any(|name| name.trim_end_matches(".$") == variable)
    }) {
        return Vec::new();
    }
    ["Next", "Default"].into_iter().filter_map(|field| fields.get(field)?.as_str()).collect()
}

/// Whether an expression in a value, nested machines included, reads the variable.
fn reads(value: &Value, variable: &str) -> bool {
    match value {
        Value::String(text) => text.starts_with(['{', '$']) && names(text, variable),
        Value::Array(items) => items.iter().any(|item| reads(item, variable)),
        Value::Object(fields) => fields.values().any(|field| reads(field, variable)),
        _ => false,
    }
}

/// Whether the name stands in an expression after a dollar sign, outside of its texts, and not as a function's.
fn names(expression: &str, variable: &str) -> bool {
    let texts = expression.replace("\\\"", "");
    // Every second piece lies between quotes.
    texts.split('"').step_by(2).any(|code| {
        code.split('$').skip(1).any(|rest| {
            let after = rest.strip_prefix(variable).map(|after| after.chars().next());
            after.is_some_and(|next| next.is_none_or(|next| !next.is_alphanumeric() && next != '_' && next != '('))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_where_it_is_a_variable() {
        for expression in ["{% $total %}", "{% 1+$total.a %}", "$total", "{% \"a\\\"b\" & $total %}"] {
            assert!(names(expression, "total"), "{expression}");
        }
        for expression in
            ["{% $totals %}", "{% $total(1) %}", "{% \"$total\" %}", "{% $states.input.total %}", "$.total"]
        {
            assert!(!names(expression, "total"), "{expression}");
        }
    }
}

//! Checks literal values against what the schema says of them: patterns, lengths, ranges.
//!
//! Only literals. What an intrinsic function will give is known to CloudFormation alone, save for `Fn::If`, of which
//! either side may be a literal.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Display;

use regex::Regex;
use serde_json::Value as Json;

use crate::expression::{Expression, Object};
use crate::spec::{ResourceSpec, Rule};

/// How much of a value a message shows, in characters: it may be long, or a secret.
const SHOWN: usize = 60;

/// Calls `report` with the path and the message of each literal among `properties` that breaks a rule of `spec`.
pub(crate) fn check(spec: &ResourceSpec, properties: &Object, report: &mut impl FnMut(String, String)) {
    for constraint in spec.constraints {
        let (first, rest) = split(constraint.path);
        if let Some(value) = properties.get(first) {
            visit(value, first, rest, &mut |path, expression| {
                if let Some(fault) = fault(&constraint.rule, expression) {
                    let name = path.rsplit('/').find(|name| name.parse::<usize>().is_err()).unwrap_or(path);
                    report(path.to_owned(), format!("{name}: {fault}"));
                }
            });
        }
    }
}

/// The first name of a path, and the rest of it.
fn split(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((path, ""))
}

/// Calls `found` with each value that lies at the path `rest` from `expression`, which itself lies at `at`.
fn visit(expression: &Expression, at: &str, rest: &str, found: &mut dyn FnMut(&str, &Expression)) {
    if let Expression::If(_, yes, no) = expression {
        visit(yes, at, rest, found);
        visit(no, at, rest, found);
        return;
    }
    if rest.is_empty() {
        found(at, expression);
        return;
    }
    let (name, rest) = split(rest);
    let mut step = |key: &dyn Display, value| visit(value, &format!("{at}/{key}"), rest, found);
    match (expression, name) {
        (Expression::List(items), "*") => items.iter().enumerate().for_each(|(index, item)| step(&index, item)),
        (Expression::Object(fields), "*") => fields.iter().for_each(|(key, value)| step(key, value)),
        (Expression::Object(fields), _) => fields.get(name).into_iter().for_each(|value| step(&name, value)),
        _ => {}
    }
}

/// How the value breaks the rule, where it is a literal and does.
fn fault(rule: &Rule, expression: &Expression) -> Option<String> {
    match (rule, expression) {
        (Rule::Pattern(pattern), Expression::Literal(Json::String(text))) => {
            (!matches(pattern, text)).then(|| format!("{} does not match the pattern {pattern}", shown(text)))
        }
        (Rule::Length { minimum, maximum }, Expression::Literal(Json::String(text))) => {
            let length = text.chars().count() as u64;
            let bounds = outside(length, *minimum, *maximum)?;
            Some(format!("{} has a length of {length}, {bounds}", shown(text)))
        }
        (Rule::Range { minimum, maximum }, Expression::Literal(Json::Number(number))) => {
            let bounds = outside(number.as_f64()?, *minimum, *maximum)?;
            Some(format!("{number} is {bounds}"))
        }
        (Rule::Choice(choices), Expression::Literal(Json::Number(number))) => {
            let choices = (!choices.contains(&number.as_i64()?)).then_some(choices)?;
            let choices = choices.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            Some(format!("{number} is not one of {choices}"))
        }
        (Rule::Items { minimum, maximum }, Expression::List(items)) => {
            let bounds = outside(items.len() as u64, *minimum, *maximum)?;
            Some(format!("it has {} items, {bounds}", items.len()))
        }
        _ => None,
    }
}

fn outside<N: PartialOrd + Display>(value: N, minimum: Option<N>, maximum: Option<N>) -> Option<String> {
    match (minimum, maximum) {
        (Some(minimum), _) if value < minimum => Some(format!("less than the minimum, {minimum}")),
        (_, Some(maximum)) if value > maximum => Some(format!("more than the maximum, {maximum}")),
        _ => None,
    }
}

/// Whether the pattern is found in the text. Codegen has left out what cannot be compiled.
fn matches(pattern: &'static str, text: &str) -> bool {
    thread_local! {
        /// Many literals meet the same few patterns, and compiling one costs more than everything else here.
        static COMPILED: RefCell<HashMap<&'static str, Option<Regex>>> = RefCell::default();
    }
    COMPILED.with_borrow_mut(|compiled| {
        let regex = compiled.entry(pattern).or_insert_with(|| Regex::new(pattern).ok());
        regex.as_ref().is_none_or(|regex| regex.is_match(text))
    })
}

/// The text in quotes, cut where it is long.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ALL, lambda, logs, s3};

    fn faults(spec: &ResourceSpec, properties: Expression) -> Vec<String> {
        let Expression::Object(properties) = properties else { panic!("properties are an object") };
        let mut faults = Vec::new();
        check(spec, &properties, &mut |path, message| faults.push(format!("{path} -> {message}")));
        faults
    }

    #[track_caller]
    fn check_literal(spec: &ResourceSpec, properties: Json, expected: &[&str]) {
        assert_eq!(faults(spec, properties.into()), expected);
    }

    #[test]
    fn a_number_outside_its_range_is_reported_with_the_bound() {
        let spec = &lambda::function::SPEC;
        check_literal(spec, json!({ "Timeout": 0 }), &["Timeout -> Timeout: 0 is less than the minimum, 1"]);
        check_literal(spec, json!({ "Timeout": 900 }), &[]);
    }

    #[test]
    fn a_text_is_measured_in_characters_and_cut_in_messages() {
        let spec = &lambda::function::SPEC;
        check_literal(spec, json!({ "Description": "é".repeat(256) }), &[]);
        let shown = "x".repeat(SHOWN);
        let expected =
            format!("Description -> Description: \"{shown}…\" has a length of 257, more than the maximum, 256");
        check_literal(spec, json!({ "Description": "x".repeat(257) }), &[&expected]);
    }

    #[test]
    fn a_path_leads_into_lists_and_structures() {
        let rules = json!({ "Rules": [{ "Status": "Enabled" }, { "Status": "Enabled", "Id": "x".repeat(256) }] });
        let faults = faults(&s3::bucket::SPEC, json!({ "LifecycleConfiguration": rules }).into());
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("LifecycleConfiguration/Rules/1/Id -> Id: \"xxx"), "{faults:?}");
    }

    #[test]
    fn days_of_retention_are_those_that_logs_knows() {
        let faults = faults(&logs::log_group::SPEC, json!({ "RetentionInDays": 31 }).into());
        assert!(faults[0].starts_with("RetentionInDays -> RetentionInDays: 31 is not one of 1, 3, 5, 7, 14, 30, 60"));
    }

    #[test]
    fn only_literals_are_checked_and_both_sides_of_a_condition() {
        let spec = &lambda::function::SPEC;
        let property = |value| Expression::Object([("Timeout".to_owned(), value)].into_iter().collect());
        assert_eq!(faults(spec, property(Expression::Ref("Seconds".into()))), Vec::<String>::new());

        let (yes, no) = (Expression::Literal(json!(0)), Expression::Literal(json!(60)));
        let decided = property(Expression::If("IsProduction".into(), Box::new(yes), Box::new(no)));
        assert_eq!(faults(spec, decided), ["Timeout -> Timeout: 0 is less than the minimum, 1"]);
    }

    #[test]
    fn every_pattern_compiles() {
        for constraint in ALL.iter().flat_map(|spec| spec.constraints) {
            if let Rule::Pattern(pattern) = constraint.rule {
                assert!(Regex::new(pattern).is_ok(), "{pattern}");
            }
        }
    }
}

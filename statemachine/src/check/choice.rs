//! Choices: in JSONata each rule has a Condition, in JSONPath comparisons and how they are put together.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html>

use serde_json::{Map, Value};

use super::fields::QueryLanguage;
use super::finding::{Code, Finding, pointer};
use super::shape::{Shape, is_expression};

/// Fields of a rule besides what it asks.
const BESIDES: &[&str] = &["Next", "Comment", "Assign", "Output"];

/// Comparisons and tests that are not made of a type and an order.
const TESTS: &[(&str, Shape)] = &[
    ("StringMatches", Shape::Text),
    ("IsNull", Shape::Boolean),
    ("IsPresent", Shape::Boolean),
    ("IsNumeric", Shape::Boolean),
    ("IsString", Shape::Boolean),
    ("IsBoolean", Shape::Boolean),
    ("IsTimestamp", Shape::Boolean),
];

/// The types that are compared, and what they are compared with.
const TYPES: &[(&str, Shape)] =
    &[("String", Shape::Text), ("Numeric", Shape::Number), ("Timestamp", Shape::Moment), ("Boolean", Shape::Boolean)];

const ORDERS: &[&str] = &["Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];

/// A Choice needs a Default, and rules in its own language.
pub(super) fn check(state: &Map<String, Value>, language: QueryLanguage, path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !state.contains_key("Default") {
        let message = "add a Default; without it the execution fails with States.NoChoiceMatched when no rule holds";
        findings.push(Finding::new(Code::MissingDefault, path, message));
    }
    let Some(rules) = state.get("Choices").and_then(Value::as_array) else { return findings };
    if rules.is_empty() {
        findings.push(Finding::new(Code::Structure, path, "Choices is a list of at least one rule"));
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("{path}{}", pointer(["Choices", &index.to_string()]));
        match rule.as_object() {
            Some(rule) => findings.extend(outer(rule, language, &path)),
            None => findings.push(Finding::new(Code::Structure, path, "a rule is an object")),
        }
    }
    findings
}

fn outer(rule: &Map<String, Value>, language: QueryLanguage, path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    match rule.get("Next") {
        None => findings.push(Finding::new(Code::Transition, path, "say in Next where the rule leads")),
        Some(Value::String(_)) => {}
        Some(_) => findings.push(Finding::new(Code::Structure, format!("{path}/Next"), "write a text")),
    }
    let is_jsonata = rule.contains_key("Condition");
    if is_jsonata != (language == QueryLanguage::Jsonata) {
        let message = "a rule in JSONata has a Condition, and one in JSONPath a Variable and a comparison";
        findings.push(Finding::new(Code::MixedLanguages, path, message));
        return findings;
    }
    if rule.get("Assign").is_some_and(|assign| !assign.is_object()) {
        findings.push(Finding::new(Code::Structure, format!("{path}/Assign"), "write an object"));
    }
    if is_jsonata {
        if rule.get("Condition").is_some_and(|condition| !is_expression(condition, language)) {
            findings.push(Finding::new(Code::Structure, format!("{path}/Condition"), "write an expression, {% … %}"));
        }
        let unknown = rule.keys().filter(|field| *field != "Condition" && !BESIDES.contains(&field.as_str()));
        findings.extend(unknown.map(|field| has_no(field, path)));
    } else {
        findings.extend(inner(rule, true, path));
    }
    findings
}

fn has_no(field: &str, path: &str) -> Finding {
    Finding::new(Code::UnknownField, format!("{path}{}", pointer([field])), format!("a rule has no {field}; remove it"))
}

/// What a rule in JSONPath asks: one comparison of a Variable, or rules put together by one of And, Or and Not.
fn inner(rule: &Map<String, Value>, is_outer: bool, path: &str) -> Vec<Finding> {
    let is_besides = |field: &str| if is_outer { BESIDES.contains(&field) } else { field == "Comment" };
    let asked: Vec<(&String, &Value)> = rule.iter().filter(|(field, _)| !is_besides(field)).collect();
    let mut findings = Vec::new();
    let mut questions = 0;
    for (field, value) in &asked {
        let path = format!("{path}{}", pointer([field.as_str()]));
        match field.as_str() {
            "Variable" if value.is_string() => {}
            "Variable" => findings.push(Finding::new(Code::Structure, path, "write a path")),
            "And" | "Or" => {
                questions += 1;
                findings.extend(several(value, &path));
            }
            "Not" => {
                questions += 1;
                findings.extend(one(value, &path));
            }
            name => match operand(name) {
                Some(shape) => {
                    questions += 1;
                    let is_sound = shape.fits(value);
                    let message = || format!("write {}", shape.wanted());
                    findings.extend((!is_sound).then(|| Finding::new(Code::Structure, path, message())));
                }
                None => findings.push(Finding::new(
                    Code::UnknownField,
                    path,
                    format!("a rule has no {name}; correct or remove it"),
                )),
            },
        }
    }
    let is_together = asked.iter().any(|(field, _)| ["And", "Or", "Not"].contains(&field.as_str()));
    if questions != 1 || is_together == rule.contains_key("Variable") {
        let message = "give the rule a Variable and one comparison, or one of And, Or and Not";
        findings.push(Finding::new(Code::MissingField, path, message));
    }
    findings
}

fn several(rules: &Value, path: &str) -> Vec<Finding> {
    match rules.as_array().filter(|rules| !rules.is_empty()) {
        Some(rules) => {
            rules.iter().enumerate().flat_map(|(index, rule)| one(rule, &format!("{path}/{index}"))).collect()
        }
        None => vec![Finding::new(Code::Structure, path, "write a list of at least one rule")],
    }
}

fn one(rule: &Value, path: &str) -> Vec<Finding> {
    match rule.as_object() {
        Some(rule) => inner(rule, false, path),
        None => vec![Finding::new(Code::Structure, path, "a rule is an object")],
    }
}

/// What a comparison compares with; nothing, where there is no such comparison.
fn operand(name: &str) -> Option<Shape> {
    if let Some((_, shape)) = TESTS.iter().find(|(test, _)| *test == name) {
        return Some(*shape);
    }
    let (comparison, is_path) = name.strip_suffix("Path").map_or((name, false), |comparison| (comparison, true));
    let (type_name, shape) = TYPES.iter().find(|(type_name, _)| comparison.starts_with(type_name))?;
    let order = comparison.strip_prefix(type_name)?;
    let is_known = if *type_name == "Boolean" { order == "Equals" } else { ORDERS.contains(&order) };
    is_known.then_some(if is_path { Shape::Text } else { *shape })
}

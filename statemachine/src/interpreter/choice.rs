//! The rules of a Choice state in JSONPath: comparisons, and how they are put together.

use jiff::Timestamp;
use serde_json::Value;

use super::failure::{Failure, Flow};
use super::path::Path;
use super::program::Places;
use super::scope::Scope;
use super::source::{DefinitionError, Read, Source};
use super::template::Template;
use crate::check::QueryLanguage;

/// A rule, and what it does where it holds.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) condition: Condition,
    pub(super) next: usize,
    pub(super) output: Option<Template>,
    pub(super) assign: Option<Template>,
}

#[derive(Debug)]
pub(super) enum Condition {
    Jsonata(Template),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Comparison { variable: Path, operator: Operator },
}

/// A comparison with a value, or what a value is.
#[derive(Debug)]
pub(super) enum Operator {
    Compare { kind: Type, order: Order, with: With },
    Matches(String),
    IsPresent(bool),
    Is(Type, bool),
}

#[derive(Debug)]
pub(super) enum With {
    Value(Value),
    Path(Path),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Type {
    Boolean,
    Null,
    Numeric,
    String,
    Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

const TYPES: [(&str, Type); 5] = [
    ("Boolean", Type::Boolean),
    ("Null", Type::Null),
    ("Numeric", Type::Numeric),
    ("String", Type::String),
    ("Timestamp", Type::Timestamp),
];

const ORDERS: [(&str, Order); 5] = [
    ("Equals", Order::Equals),
    ("LessThan", Order::LessThan),
    ("LessThanEquals", Order::LessThanEquals),
    ("GreaterThan", Order::GreaterThan),
    ("GreaterThanEquals", Order::GreaterThanEquals),
];

impl Rule {
    pub(super) fn read(source: &Source<'_>, index: usize, language: QueryLanguage, places: &Places<'_>) -> Read<Self> {
        let name = source.required("Next")?;
        let next = *places.get(name).ok_or_else(|| source.error("Next", format!("there is no state {name:?}")))?;
        let condition = match language {
            QueryLanguage::Jsonata => {
                let condition = source.value("Condition").unwrap_or(&Value::Null);
                let field = format!("Choices[{index}]/Condition");
                Condition::Jsonata(Template::parse(condition, language, &field, &source.at("Condition"))?)
            }
            QueryLanguage::JsonPath => Condition::read(source)?,
        };
        let template = |field: &str| {
            let value = source.value(field);
            let name = format!("Choices[{index}]/{field}");
            value.map(|value| Template::parse(value, language, &name, &source.at(field))).transpose()
        };
        Ok(Self { condition, next, output: template("Output")?, assign: template("Assign")? })
    }
}

impl Condition {
    fn read(source: &Source<'_>) -> Read<Self> {
        let all = |field: &str| source.list(field)?.iter().map(Self::read).collect::<Read<Vec<_>>>();
        if source.value("And").is_some() {
            return all("And").map(Self::And);
        }
        if source.value("Or").is_some() {
            return all("Or").map(Self::Or);
        }
        if let Some(inner) = source.inner("Not")? {
            return Ok(Self::Not(Box::new(Self::read(&inner)?)));
        }
        let path = |field: &str| Path::parse(source.required(field)?).map_err(|message| source.error(field, message));
        let variable = path("Variable")?;
        for (field, value) in source.object() {
            if let Some(operator) = Operator::read(field, value, &path)? {
                return Ok(Self::Comparison { variable, operator });
            }
        }
        Err(DefinitionError::new(&source.path, "a rule needs a comparison"))
    }

    pub(super) fn holds(&self, scope: &Scope<'_>) -> Flow<bool> {
        match self {
            Self::Jsonata(template) => match template.evaluate(scope)?.json() {
                Value::Bool(holds) => Ok(*holds),
                other => Err(Failure::query(format!("A Condition gave {other}, where true or false is needed"))),
            },
            Self::And(conditions) => {
                for condition in conditions {
                    if !condition.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(conditions) => {
                for condition in conditions {
                    if condition.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(condition) => Ok(!condition.holds(scope)?),
            Self::Comparison { variable, operator } => operator.holds(variable, scope),
        }
    }
}

impl Operator {
    fn read(field: &str, value: &Value, path: &impl Fn(&str) -> Read<Path>) -> Read<Option<Self>> {
        let is = value == true;
        Ok(Some(match field {
            "IsPresent" => Self::IsPresent(is),
            "StringMatches" => Self::Matches(value.as_str().unwrap_or_default().to_owned()),
            _ => {
                let named = |name: &str| TYPES.iter().find(|(type_name, _)| *type_name == name).map(|(_, kind)| *kind);
                if let Some(kind) = field.strip_prefix("Is").and_then(named) {
                    return Ok(Some(Self::Is(kind, is)));
                }
                let (name, is_path) = field.strip_suffix("Path").map_or((field, false), |name| (name, true));
                let Some((kind, order)) = comparison(name) else { return Ok(None) };
                let with = if is_path { With::Path(path(field)?) } else { With::Value(value.clone()) };
                Self::Compare { kind, order, with }
            }
        }))
    }

    fn holds(&self, variable: &Path, scope: &Scope<'_>) -> Flow<bool> {
        let found = variable.find(scope);
        if let Self::IsPresent(wanted) = self {
            return Ok(found.is_some() == *wanted);
        }
        let missing = |path: &Path| {
            let source = path.source();
            Failure::runtime(format!(
                "Invalid path '{source}': The choice state's condition path references an invalid value."
            ))
        };
        let found = found.ok_or_else(|| missing(variable))?;
        match self {
            Self::IsPresent(wanted) => Ok(*wanted),
            Self::Is(kind, wanted) => Ok(kind.has(&found) == *wanted),
            Self::Matches(pattern) => Ok(found.as_str().is_some_and(|text| matches(pattern, text))),
            Self::Compare { kind, order, with } => match with {
                With::Value(value) => Ok(compare(*kind, *order, &found, value)),
                With::Path(path) => {
                    let value = path.find(scope).ok_or_else(|| missing(path))?;
                    Ok(compare(*kind, *order, &found, &value))
                }
            },
        }
    }
}

fn comparison(name: &str) -> Option<(Type, Order)> {
    let (kind, order) = TYPES.iter().find_map(|(type_name, kind)| Some((*kind, name.strip_prefix(type_name)?)))?;
    ORDERS.iter().find(|(name, _)| *name == order).map(|(_, order)| (kind, *order))
}

impl Type {
    fn has(self, value: &Value) -> bool {
        match self {
            Self::Boolean => value.is_boolean(),
            Self::Null => value.is_null(),
            Self::Numeric => value.is_number(),
            Self::String => value.is_string(),
            Self::Timestamp => timestamp(value).is_some(),
        }
    }
}

fn timestamp(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Values of another type than the comparison's are never equal, less or more.
fn compare(kind: Type, order: Order, left: &Value, right: &Value) -> bool {
    let ordering = match kind {
        Type::Boolean => left.as_bool().zip(right.as_bool()).map(|(left, right)| left.cmp(&right)),
        Type::Null => None,
        Type::Numeric => left.as_f64().zip(right.as_f64()).and_then(|(left, right)| left.partial_cmp(&right)),
        Type::String => left.as_str().zip(right.as_str()).map(|(left, right)| left.cmp(right)),
        Type::Timestamp => timestamp(left).zip(timestamp(right)).map(|(left, right)| left.cmp(&right)),
    };
    ordering.is_some_and(|ordering| match order {
        Order::Equals => ordering.is_eq(),
        Order::LessThan => ordering.is_lt(),
        Order::LessThanEquals => ordering.is_le(),
        Order::GreaterThan => ordering.is_gt(),
        Order::GreaterThanEquals => ordering.is_ge(),
    })
}

/// Whether `text` is what `pattern` says, in which `*` stands for any text and `\*` for an asterisk.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' => parts.push(String::new()),
            '\\' => parts.last_mut().into_iter().for_each(|part| part.extend(characters.next())),
            other => parts.last_mut().into_iter().for_each(|part| part.push(other)),
        }
    }
    let Some((first, rest)) = parts.split_first() else { return false };
    let Some((last, middle)) = rest.split_last() else { return text == first };
    let Some(mut left) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        match left.find(part.as_str()) {
            Some(index) => left = &left[index + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(rule: Value) -> Flow<bool> {
        let condition = Condition::read(&Source::new(&rule, "").unwrap()).unwrap();
        let input = json!({"n": 5, "s": "log-1.txt", "b": true, "z": null, "t": "2026-01-01T00:00:00Z", "m": 5.0});
        Scope::test(input, |scope| condition.holds(scope))
    }

    #[track_caller]
    fn check(variable: &str, operator: &str, value: Value, expected: bool) {
        assert_eq!(holds(json!({"Variable": variable, operator: value})), Ok(expected), "{variable} {operator}");
    }

    #[test]
    fn comparisons() {
        check("$.n", "NumericEquals", json!(5), true);
        check("$.n", "NumericEqualsPath", json!("$.m"), true);
        check("$.n", "NumericGreaterThan", json!(5), false);
        check("$.n", "NumericGreaterThanEquals", json!(5), true);
        check("$.n", "StringEquals", json!("5"), false);
        check("$.s", "StringLessThan", json!("m"), true);
        check("$.b", "BooleanEquals", json!(true), true);
        check("$.t", "TimestampEquals", json!("2026-01-01T01:00:00+01:00"), true);
        check("$.t", "TimestampLessThanEquals", json!("2025-01-01T01:00:00Z"), false);
    }

    #[test]
    fn what_a_value_is() {
        check("$.gone", "IsPresent", json!(false), true);
        check("$.z", "IsPresent", json!(true), true);
        check("$.z", "IsNull", json!(true), true);
        check("$.n", "IsString", json!(true), false);
        check("$.n", "IsNumeric", json!(true), true);
        check("$.b", "IsBoolean", json!(false), false);
        check("$.t", "IsTimestamp", json!(true), true);
        check("$.s", "IsTimestamp", json!(true), false);
    }

    #[test]
    fn patterns() {
        for (pattern, expected) in
            [("log-*.txt", true), ("*", true), ("log-*", true), ("*.csv", false), ("l*g*t", true), ("log", false)]
        {
            check("$.s", "StringMatches", json!(pattern), expected);
        }
        assert!(matches(r"a\*b", "a*b"));
        assert!(!matches(r"a\*b", "axb"));
        assert!(!matches("ab*ba", "aba"));
    }

    #[test]
    fn rules_are_put_together() {
        let yes = json!({"Variable": "$.b", "BooleanEquals": true});
        let no = json!({"Not": yes});
        assert_eq!(holds(json!({"And": [yes, no]})), Ok(false));
        assert_eq!(holds(json!({"Or": [no, yes]})), Ok(true));
        let missing = json!({"Variable": "$.gone", "NumericEquals": 1});
        assert_eq!(holds(json!({"Or": [yes, missing]})), Ok(true));
        assert_eq!(holds(missing).unwrap_err().error, "States.Runtime");
    }
}

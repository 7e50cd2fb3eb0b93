//! A JSON value with expressions in it: Arguments, Output, Assign, Parameters, ResultSelector, ItemSelector.

use serde_json::{Map, Value};

use super::data::Data;
use super::failure::Flow;
use super::intrinsic::{self, Query};
use super::jsonata::{self, Expression};
use super::scope::Scope;
use super::source::DefinitionError;
use crate::check::QueryLanguage;

/// Parsed once, evaluated each time its state is entered.
#[derive(Debug)]
pub(super) struct Template {
    root: Node,
}

#[derive(Debug)]
enum Node {
    Constant(Value),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
    Jsonata { expression: Box<Expression>, field: String },
    JsonPath { query: Box<Query>, field: String },
}

impl Template {
    /// `field` names the template in errors; `path` is where it stands in the definition.
    pub(super) fn parse(
        value: &Value,
        language: QueryLanguage,
        field: &str,
        path: &str,
    ) -> Result<Self, DefinitionError> {
        let root = match language {
            QueryLanguage::Jsonata => parse_jsonata(value, field),
            QueryLanguage::JsonPath => parse_jsonpath(value),
        };
        root.map(|root| Self { root }).map_err(|message| DefinitionError::new(path, message))
    }

    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Flow<Data> {
        self.root.evaluate(scope).map(Data::from)
    }

    /// The fields of an object, each by itself.
    pub(super) fn evaluate_fields(&self, scope: &Scope<'_>) -> Flow<Vec<(String, Data)>> {
        match self.root.evaluate(scope)? {
            Value::Object(fields) => Ok(fields.into_iter().map(|(name, value)| (name, value.into())).collect()),
            _ => Ok(Vec::new()),
        }
    }
}

fn parse_jsonata(value: &Value, field: &str) -> Result<Node, String> {
    let node = match value {
        Value::String(text) => match jsonata::delimited(text) {
            Some(source) => Node::Jsonata { expression: Box::new(Expression::parse(source)?), field: field.to_owned() },
            None => Node::Constant(value.clone()),
        },
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(index, item)| parse_jsonata(item, &format!("{field}[{index}]")));
            Node::List(items.collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), parse_jsonata(value, &format!("{field}/{name}"))?)));
            Node::Object(fields.collect::<Result<_, String>>()?)
        }
        other => Node::Constant(other.clone()),
    };
    Ok(node.folded(value))
}

/// In JSONPath the name of a field that ends in `.$` says that its value is a path or a call.
fn parse_jsonpath(value: &Value) -> Result<Node, String> {
    let node = match value {
        Value::Array(items) => Node::List(items.iter().map(parse_jsonpath).collect::<Result<_, _>>()?),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| match (name.strip_suffix(".$"), value) {
                (Some(short), Value::String(source)) => {
                    let query = Box::new(intrinsic::query(source)?);
                    Ok((short.to_owned(), Node::JsonPath { query, field: name.clone() }))
                }
                (Some(_), other) => Err(format!("{name} takes a path or an intrinsic function, not {other}")),
                (None, value) => Ok((name.clone(), parse_jsonpath(value)?)),
            });
            Node::Object(fields.collect::<Result<_, String>>()?)
        }
        other => Node::Constant(other.clone()),
    };
    Ok(node.folded(value))
}

impl Node {
    /// A node in which nothing is evaluated is a constant.
    fn folded(self, value: &Value) -> Self {
        let is_constant = match &self {
            Self::Constant(_) => true,
            Self::List(items) => items.iter().all(Self::is_constant),
            Self::Object(fields) => fields.iter().all(|(_, node)| node.is_constant()),
            Self::Jsonata { .. } | Self::JsonPath { .. } => false,
        };
        if is_constant { Self::Constant(value.clone()) } else { self }
    }

    fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    fn evaluate(&self, scope: &Scope<'_>) -> Flow<Value> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::List(items) => items.iter().map(|item| item.evaluate(scope)).collect(),
            Self::Object(fields) => {
                let fields = fields.iter().map(|(name, node)| Ok((name.clone(), node.evaluate(scope)?)));
                Ok(Value::Object(fields.collect::<Flow<Map<_, _>>>()?))
            }
            Self::Jsonata { expression, field } => expression.evaluate(scope, field),
            Self::JsonPath { query, field } => query.evaluate(scope, field),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(template: Value, language: QueryLanguage, expected: Value) {
        let template = Template::parse(&template, language, "Output", "").unwrap();
        let found = Scope::test(json!({"a": 1}), |scope| template.evaluate(scope).map(Data::into_json));
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn expressions_are_evaluated_wherever_they_stand() {
        let template = json!({"x": ["{% $states.input.a %}", {"y": "{% null %}"}], "z": "plain"});
        check(template, QueryLanguage::Jsonata, json!({"x": [1, {"y": null}], "z": "plain"}));
        let template = json!({"x.$": "$.a", "y": {"z.$": "States.Array($.a)"}, "w": "$.a", "v": [{"u.$": "$"}]});
        check(template, QueryLanguage::JsonPath, json!({"x": 1, "y": {"z": [1]}, "w": "$.a", "v": [{"u": {"a": 1}}]}));
    }

    #[test]
    fn a_failure_names_its_field() {
        let template = json!({"x": [1, {"y": "{% $states.input.gone %}"}]});
        let template = Template::parse(&template, QueryLanguage::Jsonata, "Output", "").unwrap();
        let failure = Scope::test(json!({}), |scope| template.evaluate(scope).map(Data::into_json)).unwrap_err();
        assert!(failure.cause.unwrap().contains("'Output/x[1]/y'"));
    }

    #[test]
    fn broken_expressions_are_refused() {
        for (template, language) in
            [(json!("{% ( %}"), QueryLanguage::Jsonata), (json!({"a.$": 3}), QueryLanguage::JsonPath)]
        {
            assert!(Template::parse(&template, language, "Output", "/States/A/Output").is_err());
        }
    }
}

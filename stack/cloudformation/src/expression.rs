//! What a property's value is before CloudFormation evaluates it: a literal, or an intrinsic function over others.
//! Untyped: [`Value`](crate::Value) adds the type.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

/// Named expressions in the order in which they were given.
pub(crate) type Object = IndexMap<String, Expression>;

/// An untyped template expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    /// A JSON scalar: null, a boolean, a number or a string.
    Literal(Json),
    List(Vec<Expression>),
    Object(Object),
    /// `Ref` to a resource, a parameter or a pseudo parameter.
    Ref(String),
    /// `Fn::GetAtt`.
    GetAtt(String, String),
    /// `Fn::Sub` of a pattern in which every `${…}` is a reference.
    Sub(Vec<Part>),
    /// `Fn::If`: condition, value when true, value when false.
    If(String, Box<Expression>, Box<Expression>),
    /// Any other function, with its arguments: `Fn::Join`, `Fn::ImportValue` …
    Function(&'static str, Box<Expression>),
}

/// A piece of a [`Expression::Sub`] pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Ref(String),
    GetAtt(String, String),
}

impl Expression {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Literal(Json::String(text.into()))
    }

    /// The expression as the template spells it, intrinsic functions in their long form.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Literal(literal) => literal.clone(),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect(),
            Self::Ref(target) => json!({ "Ref": target }),
            Self::GetAtt(target, attribute) => json!({ "Fn::GetAtt": [target, attribute] }),
            Self::Sub(parts) => json!({ "Fn::Sub": parts.iter().map(Part::pattern).collect::<String>() }),
            Self::If(condition, yes, no) => json!({ "Fn::If": [condition, yes.to_json(), no.to_json()] }),
            Self::Function(name, argument) => json!({ *name: argument.to_json() }),
        }
    }

    /// Calls `visit` with every logical id, parameter or pseudo parameter that the expression refers to.
    pub(crate) fn references<'a>(&'a self, visit: &mut impl FnMut(&'a str)) {
        match self {
            Self::Literal(_) => {}
            Self::List(items) => items.iter().for_each(|item| item.references(visit)),
            Self::Object(fields) => fields.values().for_each(|value| value.references(visit)),
            Self::Ref(target) | Self::GetAtt(target, _) => visit(target),
            Self::Sub(parts) => parts.iter().filter_map(Part::target).for_each(visit),
            Self::If(_, yes, no) => {
                yes.references(visit);
                no.references(visit);
            }
            Self::Function(_, argument) => argument.references(visit),
        }
    }

    /// Calls `visit` with every condition that the expression decides by.
    pub(crate) fn conditions<'a>(&'a self, visit: &mut impl FnMut(&'a str)) {
        match self {
            Self::Literal(_) | Self::Ref(_) | Self::GetAtt(..) | Self::Sub(_) => {}
            Self::List(items) => items.iter().for_each(|item| item.conditions(visit)),
            Self::Object(fields) => fields.values().for_each(|value| value.conditions(visit)),
            Self::If(condition, yes, no) => {
                visit(condition);
                yes.conditions(visit);
                no.conditions(visit);
            }
            Self::Function(_, argument) => argument.conditions(visit),
        }
    }

    /// Joins texts and references into one `Fn::Sub`, or, where an argument is neither, into a `Fn::Join`.
    pub(crate) fn concatenate(expressions: Vec<Self>) -> Self {
        match expressions.iter().map(Self::parts).collect::<Option<Vec<_>>>() {
            Some(parts) => Self::from_parts(parts.into_iter().flatten()),
            None => Self::Function("Fn::Join", Box::new(Self::List(vec![Self::text(""), Self::List(expressions)]))),
        }
    }

    fn parts(&self) -> Option<Vec<Part>> {
        match self {
            Self::Literal(Json::String(text)) => Some(vec![Part::Text(text.clone())]),
            Self::Literal(scalar @ (Json::Number(_) | Json::Bool(_))) => Some(vec![Part::Text(scalar.to_string())]),
            Self::Ref(target) => Some(vec![Part::Ref(target.clone())]),
            Self::GetAtt(target, attribute) => Some(vec![Part::GetAtt(target.clone(), attribute.clone())]),
            Self::Sub(parts) => Some(parts.clone()),
            _ => None,
        }
    }

    /// Neighbouring texts become one; a lone text stays a literal and a lone reference a reference.
    pub(crate) fn from_parts(parts: impl Iterator<Item = Part>) -> Self {
        let mut merged: Vec<Part> = Vec::new();
        for part in parts {
            match (merged.last_mut(), part) {
                (Some(Part::Text(text)), Part::Text(more)) => text.push_str(&more),
                (_, part) => merged.push(part),
            }
        }
        match merged.as_slice() {
            [] => Self::text(""),
            [Part::Text(text)] => Self::text(text.clone()),
            [Part::Ref(target)] => Self::Ref(target.clone()),
            [Part::GetAtt(target, attribute)] => Self::GetAtt(target.clone(), attribute.clone()),
            _ => Self::Sub(merged),
        }
    }
}

impl Part {
    /// The part in a `Fn::Sub` pattern, where a literal `${` is written `${!`.
    pub(crate) fn pattern(&self) -> String {
        match self {
            Self::Text(text) => text.replace("${", "${!"),
            Self::Ref(target) => format!("${{{target}}}"),
            Self::GetAtt(target, attribute) => format!("${{{target}.{attribute}}}"),
        }
    }

    pub(crate) fn target(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Ref(target) | Self::GetAtt(target, _) => Some(target),
        }
    }
}

/// JSON is a tree of literals: an object that looks like an intrinsic function stays what it is.
impl From<Json> for Expression {
    fn from(json: Json) -> Self {
        match json {
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(fields) => {
                Self::Object(fields.into_iter().map(|(name, value)| (name, Self::from(value))).collect())
            }
            scalar => Self::Literal(scalar),
        }
    }
}

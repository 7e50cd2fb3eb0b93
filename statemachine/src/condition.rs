//! What a Choice asks of an input, in either query language.

use std::fmt;
use std::marker::PhantomData;

use serde_json::{Map, Value};

use crate::language::Node;
use crate::{Expression, JsonPath, Jsonata, Language};

/// What a [`Choice`](crate::Choice) can ask of an `In`: an expression that gives true or false, or a [`Rule`].
pub trait Condition<In> {
    /// The language it is written in.
    type Language: Language;

    #[doc(hidden)]
    fn into_rule(self) -> Map<String, Value>;
}

impl<In> Condition<In> for Expression<In, bool> {
    type Language = Jsonata;

    fn into_rule(self) -> Map<String, Value> {
        let mut rule = Map::new();
        Jsonata::put(&mut rule, "Condition", self.node());
        rule
    }
}

impl<In> Condition<In> for Rule<In> {
    type Language = JsonPath;

    fn into_rule(self) -> Map<String, Value> {
        self.fields
    }
}

impl<In> Condition<In> for Expression<In, bool, JsonPath> {
    type Language = JsonPath;

    fn into_rule(self) -> Map<String, Value> {
        Rule::from(self).into_rule()
    }
}

impl<In> Expression<In, bool> {
    /// Both hold.
    pub fn and(self, other: impl Into<Self>) -> Self {
        self.joined("and", &other.into())
    }

    /// At least one holds.
    pub fn or(self, other: impl Into<Self>) -> Self {
        self.joined("or", &other.into())
    }

    /// The opposite.
    pub fn negate(self) -> Self {
        Self::of(Node::operand(format!("$not({self})")))
    }

    fn joined(&self, operator: &str, other: &Self) -> Self {
        Self::of(Node::code(format!("{} {operator} {}", self.node().operand_text(), other.node().operand_text())))
    }
}

/// A rule of a Choice in JSONPath: a comparison, or several put together.
pub struct Rule<In> {
    fields: Map<String, Value>,
    types: PhantomData<fn(In)>,
}

impl<In> Rule<In> {
    pub(crate) fn of(fields: Map<String, Value>) -> Self {
        Self { fields, types: PhantomData }
    }

    fn joined(operator: &str, rules: impl Into<Value>) -> Self {
        Self::of(Map::from_iter([(operator.to_owned(), rules.into())]))
    }

    /// Both hold.
    pub fn and(self, other: impl Into<Self>) -> Self {
        Self::joined("And", vec![self.fields, other.into().fields])
    }

    /// At least one holds.
    pub fn or(self, other: impl Into<Self>) -> Self {
        Self::joined("Or", vec![self.fields, other.into().fields])
    }

    /// The opposite.
    pub fn negate(self) -> Self {
        Self::joined("Not", self.fields)
    }

    /// A question about one path.
    pub(crate) fn about(path: &Node, test: &str, holds: bool) -> Self {
        let fields = [("Variable".to_owned(), path.text().into()), (test.to_owned(), holds.into())];
        Self::of(Map::from_iter(fields))
    }
}

impl<In> From<Expression<In, bool, JsonPath>> for Rule<In> {
    fn from(field: Expression<In, bool, JsonPath>) -> Self {
        Self::about(field.node(), "BooleanEquals", true)
    }
}

impl<In> fmt::Debug for Rule<In> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Rule").field(&self.fields).finish()
    }
}

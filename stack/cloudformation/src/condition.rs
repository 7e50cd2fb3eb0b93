//! Conditions: whether a resource, an output or one side of `Fn::If` is there, decided from parameters at deployment.

use std::rc::Rc;

use serde_json::{Value as Json, json};

use crate::expression::Expression;
use crate::value::Value;

/// A condition that is part of a stack; [`Stack::add_condition`](crate::Stack::add_condition) makes it.
#[derive(Clone, Debug)]
pub struct Condition(pub(crate) Rc<str>);

impl Condition {
    /// Its name in the template.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// What a condition tests.
#[derive(Clone, Debug)]
pub enum Test {
    /// `Fn::Equals`; see [`Test::equals`].
    Equals(Value<String>, Value<String>),
    /// `Fn::Not`.
    Not(Box<Test>),
    /// `Fn::And`, of two to ten tests.
    All(Vec<Test>),
    /// `Fn::Or`, of two to ten tests.
    Any(Vec<Test>),
    /// Another condition of the same stack.
    Is(Condition),
}

impl Test {
    /// Whether two texts are the same.
    pub fn equals(left: impl Into<Value<String>>, right: impl Into<Value<String>>) -> Self {
        Self::Equals(left.into(), right.into())
    }

    pub(crate) fn to_json(&self) -> Json {
        let list = |tests: &[Self]| tests.iter().map(Self::to_json).collect::<Json>();
        match self {
            Self::Equals(left, right) => json!({ "Fn::Equals": [left.to_json(), right.to_json()] }),
            Self::Not(test) => json!({ "Fn::Not": [test.to_json()] }),
            Self::All(tests) => json!({ "Fn::And": list(tests) }),
            Self::Any(tests) => json!({ "Fn::Or": list(tests) }),
            Self::Is(condition) => json!({ "Condition": condition.name() }),
        }
    }

    /// Calls `visit` with every expression that is compared.
    pub(crate) fn expressions<'a>(&'a self, visit: &mut impl FnMut(&'a Expression)) {
        match self {
            Self::Equals(left, right) => [left, right].into_iter().for_each(|side| visit(&side.expression)),
            Self::Not(test) => test.expressions(visit),
            Self::All(tests) | Self::Any(tests) => tests.iter().for_each(|test| test.expressions(visit)),
            Self::Is(_) => {}
        }
    }
}

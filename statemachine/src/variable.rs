//! Variables: values that one state keeps and a later one reads.

use std::fmt;
use std::marker::PhantomData;

use crate::language::Node;
use crate::{Expression, Language};

/// A variable that holds a `T`. [`Builder::variable`](crate::Builder::variable) makes one, `assign` of a state sets it.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>
pub struct Variable<T> {
    name: String,
    types: PhantomData<fn() -> T>,
}

impl<T> Variable<T> {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), types: PhantomData }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What the variable holds. In the state that assigns it, that is still what it held before.
    pub fn value<In, L: Language>(&self) -> Expression<In, T, L> {
        Expression::of(Node::operand(format!("${}", self.name)))
    }
}

impl<T> fmt::Debug for Variable<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Variable(${})", self.name)
    }
}

//! JSONata expressions that know what they read and what they give.

use std::fmt;
use std::marker::PhantomData;

use crate::ErrorName;

/// A JSONata expression, evaluated where a state's input is `In`, that gives a `T`.
///
/// Fields are reached with [`field!`](crate::field), so that a name the type does not have does not compile.
pub struct Expression<In, T> {
    text: String,
    types: PhantomData<fn(In) -> T>,
}

/// A field of a state's input, for a [`Choice`](crate::Choice) or a [`Fail`](crate::Fail), as `field!(Type, a.b)`.
///
/// The field's name in Rust must be its name in JSON: a type that flows through a machine renames nothing.
///
/// ```
/// # use statemachine::field;
/// struct Order { total: u64 }
/// assert_eq!(field!(Order, total).to_string(), "$states.input.total");
/// ```
///
/// A field that the type does not have:
///
/// ```compile_fail
/// # use statemachine::field;
/// struct Order { total: u64 }
/// field!(Order, amount);
/// ```
#[macro_export]
macro_rules! field {
    ($type:ty, $($field:ident).+) => {
        $crate::Expression::<$type, $type>::input()$(.field(stringify!($field), |value| &value.$field))+
    };
}

impl<In> Expression<In, In> {
    /// The state's whole input.
    pub fn input() -> Self {
        Self::unchecked("$states.input")
    }
}

impl<In, T> Expression<In, T> {
    /// An expression written by hand. Nothing checks that it reads an `In` and gives a `T`.
    pub fn unchecked(jsonata: impl Into<String>) -> Self {
        Self { text: jsonata.into(), types: PhantomData }
    }

    /// The field `name` of what this expression gives. `accessor` only proves that it exists, and of which type it is.
    pub fn field<U>(self, name: &str, _accessor: fn(&T) -> &U) -> Expression<In, U> {
        Expression::unchecked(format!("{self}.{}", name.trim_start_matches("r#")))
    }

    /// The value as a string that holds JSON.
    pub fn to_json_string(self) -> Expression<In, String> {
        Expression::unchecked(format!("$string({self})"))
    }

    /// The expression as a field of a definition takes it: `{% … %}`.
    pub(crate) fn delimited(&self) -> String {
        format!("{{% {self} %}}")
    }
}

impl<In> Expression<In, String> {
    /// Whether the text is exactly `text`.
    pub fn equals(self, text: &str) -> Expression<In, bool> {
        Expression::unchecked(format!("{self} = {}", literal(text)))
    }
}

impl<In, T> Expression<In, Option<T>> {
    /// Whether there is a value: the field exists and is not null.
    pub fn is_present(self) -> Expression<In, bool> {
        Expression::unchecked(format!("$exists({self}) and {self} != null"))
    }
}

impl<In> Expression<In, Option<String>> {
    /// The text, or `default` where there is none.
    pub fn unwrap_or(self, default: &str) -> Expression<In, String> {
        Expression::unchecked(format!("$exists({self}) and {self} != null ? {self} : {}", literal(default)))
    }
}

impl<In> Expression<In, bool> {
    /// The opposite.
    pub fn negate(self) -> Self {
        Self::unchecked(format!("$not({self})"))
    }
}

impl<In, T> fmt::Display for Expression<In, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl<In, T> fmt::Debug for Expression<In, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Expression({self})")
    }
}

/// A JSONata string literal: it has JSON's escapes.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text in a field of a state that takes `In`: fixed, or computed from the input.
#[derive(Debug)]
pub struct Text<In> {
    field: String,
    input: PhantomData<fn(In)>,
}

impl<In> Text<In> {
    pub(crate) fn into_field(self) -> String {
        self.field
    }
}

impl<In> From<&str> for Text<In> {
    fn from(text: &str) -> Self {
        Self { field: text.to_owned(), input: PhantomData }
    }
}

impl<In> From<ErrorName> for Text<In> {
    fn from(name: ErrorName) -> Self {
        name.as_str().into()
    }
}

impl<In> From<Expression<In, String>> for Text<In> {
    fn from(expression: Expression<In, String>) -> Self {
        Self { field: expression.delimited(), input: PhantomData }
    }
}

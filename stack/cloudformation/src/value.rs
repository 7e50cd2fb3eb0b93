//! Typed values: a `Value<T>` is something that will be a `T` when CloudFormation has evaluated it.
//!
//! The type says what the value means, not only its JSON shape. An `Arn<iam::Role>` and an `Arn<s3::Bucket>` are both
//! strings in the template, and neither can stand where the other is asked for:
//!
//! ```compile_fail,E0277
//! use cloudformation::{Arn, Value, iam, s3};
//!
//! fn takes_a_role(_: impl Into<Value<Arn<iam::Role>>>) {}
//! fn misuse(bucket: Value<Arn<s3::Bucket>>) {
//!     takes_a_role(bucket);
//! }
//! ```

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde_json::Value as JsonValue;

use crate::condition::Condition;
use crate::expression::{Expression, Object};

/// A property's value of type `T`: a literal, or an expression that CloudFormation evaluates.
pub struct Value<T> {
    pub(crate) expression: Expression,
    kind: PhantomData<fn() -> T>,
}

/// The ARN of an `R`.
pub struct Arn<R>(PhantomData<fn() -> R>);
/// The name of an `R`, unique in its account and region (or, for a bucket, everywhere).
pub struct Name<R>(PhantomData<fn() -> R>);
/// The identifier of an `R` that is neither its name nor its ARN.
pub struct Id<R>(PhantomData<fn() -> R>);
/// The URL of an `R`.
pub struct Url<R>(PhantomData<fn() -> R>);
/// Any JSON: a property whose schema leaves its form to another document, such as a policy.
pub struct Json;

/// A type whose values are strings in the template.
pub trait Textual {}
impl Textual for String {}
impl<R> Textual for Arn<R> {}
impl<R> Textual for Name<R> {}
impl<R> Textual for Id<R> {}
impl<R> Textual for Url<R> {}

impl<T> Value<T> {
    pub(crate) fn new(expression: Expression) -> Self {
        Self { expression, kind: PhantomData }
    }

    /// `AWS::NoValue`: the property is left out. Useful as one side of [`Value::when`].
    pub fn none() -> Self {
        Self::new(Expression::Ref("AWS::NoValue".into()))
    }

    /// `Fn::If`: `yes` where the condition holds, else `no`.
    pub fn when(condition: &Condition, yes: impl Into<Self>, no: impl Into<Self>) -> Self {
        let (yes, no) = (Box::new(yes.into().expression), Box::new(no.into().expression));
        Self::new(Expression::If(condition.name().to_owned(), yes, no))
    }

    /// `Fn::Select`: the item at `index`, from 0.
    pub fn select(index: u32, list: impl Into<Value<Vec<T>>>) -> Self {
        Self::function("Fn::Select", [Expression::Literal(index.into()), list.into().expression])
    }

    pub(crate) fn function(name: &'static str, arguments: impl IntoIterator<Item = Expression>) -> Self {
        Self::new(Expression::Function(name, Box::new(Expression::List(arguments.into_iter().collect()))))
    }
}

impl<T: Textual> Value<T> {
    /// A resource that this stack does not own, by the literal ARN, name, identifier or URL.
    pub fn imported(text: impl Into<String>) -> Self {
        Self::new(Expression::text(text))
    }

    /// `Fn::ImportValue`: an export of another stack in the same account and region.
    pub fn import_value(export: impl Into<Value<String>>) -> Self {
        Self::new(Expression::Function("Fn::ImportValue", Box::new(export.into().expression)))
    }

    /// Texts and references in a row; see [`text!`](crate::text). Each is evaluated, then all are joined.
    pub fn concatenate(parts: impl IntoIterator<Item = Value<String>>) -> Self {
        Self::new(Expression::concatenate(parts.into_iter().map(|part| part.expression).collect()))
    }
}

impl Value<String> {
    /// `Fn::Join`: the items of `list` with `delimiter` between each two.
    pub fn join(delimiter: &str, list: impl Into<Value<Vec<String>>>) -> Self {
        Self::function("Fn::Join", [Expression::text(delimiter), list.into().expression])
    }

    /// `Fn::Base64`: the text in base64.
    pub fn base64(text: impl Into<Self>) -> Self {
        Self::new(Expression::Function("Fn::Base64", Box::new(text.into().expression)))
    }
}

impl Value<Vec<String>> {
    /// `Fn::Split`: the pieces of `text` between delimiters.
    pub fn split(delimiter: &str, text: impl Into<Value<String>>) -> Self {
        Self::function("Fn::Split", [Expression::text(delimiter), text.into().expression])
    }
}

/// Joins texts and references into one text: `text!["arn:", pseudo::partition(), ":s3:::", name]`.
///
/// ```
/// use cloudformation::{Value, pseudo, text};
///
/// let name: Value<String> = text!["ingest-", pseudo::account_id()];
/// assert_eq!(name.to_json(), serde_json::json!({ "Fn::Sub": "ingest-${AWS::AccountId}" }));
/// ```
#[macro_export]
macro_rules! text {
    ($($part:expr),+ $(,)?) => {
        <$crate::Value<::std::string::String>>::concatenate([$(<$crate::Value<::std::string::String>>::from($part)),+])
    };
}

/// Pseudo parameters: values that CloudFormation knows of the deployment itself.
pub mod pseudo {
    use super::{Expression, Value};

    fn parameter(name: &str) -> Value<String> {
        Value::new(Expression::Ref(name.to_owned()))
    }

    /// `AWS::AccountId`: twelve digits.
    pub fn account_id() -> Value<String> {
        parameter("AWS::AccountId")
    }

    /// `AWS::Partition`: `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition() -> Value<String> {
        parameter("AWS::Partition")
    }

    /// `AWS::Region`, such as `eu-central-1`.
    pub fn region() -> Value<String> {
        parameter("AWS::Region")
    }

    /// `AWS::StackId`: the stack's ARN.
    pub fn stack_id() -> Value<String> {
        parameter("AWS::StackId")
    }

    /// `AWS::StackName`.
    pub fn stack_name() -> Value<String> {
        parameter("AWS::StackName")
    }

    /// `AWS::URLSuffix`: `amazonaws.com`, or `amazonaws.com.cn` in China.
    pub fn url_suffix() -> Value<String> {
        parameter("AWS::URLSuffix")
    }

    /// `AWS::NotificationARNs`: the topics that hear of this stack's events.
    pub fn notification_arns() -> Value<Vec<String>> {
        Value::new(Expression::Ref("AWS::NotificationARNs".into()))
    }
}

impl<T> Value<T> {
    /// The value as the template spells it.
    pub fn to_json(&self) -> JsonValue {
        self.expression.to_json()
    }
}

impl<T> Clone for Value<T> {
    fn clone(&self) -> Self {
        Self::new(self.expression.clone())
    }
}

impl<T> std::fmt::Debug for Value<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.to_json())
    }
}

impl<T> PartialEq for Value<T> {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl<T> From<&Value<T>> for Value<T> {
    fn from(value: &Value<T>) -> Self {
        value.clone()
    }
}

/// Declares which Rust types are literals of a template type.
macro_rules! literals {
    ($($rust:ty => $kind:ty),+ $(,)?) => {$(
        impl From<$rust> for Value<$kind> {
            fn from(literal: $rust) -> Self {
                Self::new(Expression::Literal(JsonValue::from(literal)))
            }
        }
    )+};
}

literals! {
    &str => String,
    String => String,
    bool => bool,
    i32 => i64,
    i64 => i64,
    u16 => i64,
    u32 => i64,
    u64 => i64,
    i32 => f64,
    u32 => f64,
    f64 => f64,
}

impl From<&String> for Value<String> {
    fn from(literal: &String) -> Self {
        literal.as_str().into()
    }
}

impl From<JsonValue> for Value<Json> {
    fn from(json: JsonValue) -> Self {
        Self::new(json.into())
    }
}

/// What means something is also a text; a text does not mean anything by itself.
macro_rules! texts {
    ($($kind:ident),+) => {$(
        impl<R> From<Value<$kind<R>>> for Value<String> {
            fn from(value: Value<$kind<R>>) -> Self {
                Self::new(value.expression)
            }
        }

        impl<R> From<&Value<$kind<R>>> for Value<String> {
            fn from(value: &Value<$kind<R>>) -> Self {
                Self::new(value.expression.clone())
            }
        }
    )+};
}

texts!(Arn, Name, Id, Url);

impl<T, U: Into<Value<T>>> From<Vec<U>> for Value<Vec<T>> {
    fn from(items: Vec<U>) -> Self {
        items.into_iter().collect()
    }
}

impl<T, U: Into<Value<T>>, const N: usize> From<[U; N]> for Value<Vec<T>> {
    fn from(items: [U; N]) -> Self {
        items.into_iter().collect()
    }
}

impl<T, U: Into<Value<T>>> FromIterator<U> for Value<Vec<T>> {
    fn from_iter<I: IntoIterator<Item = U>>(items: I) -> Self {
        Self::new(Expression::List(items.into_iter().map(|item| item.into().expression).collect()))
    }
}

impl<T, K: Into<String>, U: Into<Value<T>>, const N: usize> From<[(K, U); N]> for Value<BTreeMap<String, T>> {
    fn from(entries: [(K, U); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<T, K: Into<String>, U: Into<Value<T>>> FromIterator<(K, U)> for Value<BTreeMap<String, T>> {
    fn from_iter<I: IntoIterator<Item = (K, U)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(name, value)| (name.into(), value.into().expression));
        Self::new(Expression::Object(entries.collect::<Object>()))
    }
}

impl<T: Textual> From<Value<T>> for Value<Json> {
    fn from(value: Value<T>) -> Self {
        Self::new(value.expression)
    }
}

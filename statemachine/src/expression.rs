//! Expressions that know what they read and what they give.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Add, Mul, Sub};

use jiff::Timestamp;
use serde::Serialize;

use crate::language::{Comparison, Kind, Node, Order};
use crate::{ErrorName, Jsonata, Language};

/// An expression, evaluated where a state's input is `In`, that gives a `T`. A constant is one as well: where one is
/// asked for, a Rust value will do.
///
/// Fields are reached with [`field!`](crate::field), so that a name the type does not have does not compile, and
/// whole values are made with [`object!`](crate::object). What is compared must be of one type:
///
/// ```
/// # use statemachine::field;
/// struct Order { total: u64, express: bool, voucher: Option<String> }
/// let is_special = field!(Order, total).at_least(100)
///     .or(field!(Order, express))
///     .or(field!(Order, voucher).is_some_and(|voucher| voucher.equals("WELCOME")));
/// ```
///
/// ```compile_fail,E0277
/// # use statemachine::field;
/// struct Order { total: u64 }
/// field!(Order, total).at_least("100");
/// ```
pub struct Expression<In, T, L = Jsonata> {
    node: Node,
    types: PhantomData<fn(In, L) -> T>,
}

/// A field of a state's input, as `field!(Type, a.b)`, or of what another expression gives, as `field!(result.a.b)`.
///
/// The field's name in Rust must be its name in JSON: a type that flows through a machine renames nothing.
///
/// ```
/// # use statemachine::{Expression, field};
/// struct Order { total: u64 }
/// let total = field!(Order, total);
/// assert_eq!(total.to_string(), "$states.input.total");
///
/// let order = Expression::<Order, Order>::input();
/// assert_eq!(field!(order.total).to_string(), total.to_string());
/// ```
///
/// A field that the type does not have:
///
/// ```compile_fail,E0609
/// # use statemachine::field;
/// struct Order { total: u64 }
/// field!(Order, amount);
/// ```
#[macro_export]
macro_rules! field {
    ($type:ty, $($field:ident).+) => {
        $crate::Expression::<$type, $type>::input()$(.field(stringify!($field), |value| &value.$field))+
    };
    ($value:ident $(.$field:ident)+) => {
        $value.clone()$(.field(stringify!($field), |value| &value.$field))+
    };
}

/// A value of a type, each field from an expression: `object!(Type { field: expression })`.
///
/// ```
/// # use statemachine::{Expression, field, object};
/// struct Order { id: String, total: u64 }
/// struct Invoice { order: String, due: u64, note: Option<String> }
/// let invoice: Expression<Order, Invoice> =
///     object!(Invoice { order: field!(Order, id), due: field!(Order, total) + 5, note: "with postage" });
/// assert_eq!(
///     invoice.to_string(),
///     r#"{"order": $states.input.id, "due": $states.input.total + 5, "note": "with postage"}"#
/// );
/// ```
///
/// It does not compile where a field is missing:
///
/// ```compile_fail
/// # use statemachine::{Expression, object};
/// struct Invoice { order: String, due: u64 }
/// let invoice: Expression<(), Invoice> = object!(Invoice { order: "a" });
/// ```
///
/// and neither where it is of another type:
///
/// ```compile_fail,E0277
/// # use statemachine::{Expression, object};
/// struct Invoice { order: String, due: u64 }
/// let invoice: Expression<(), Invoice> = object!(Invoice { order: "a", due: "5" });
/// ```
#[macro_export]
macro_rules! object {
    ($type:path { $($field:ident: $value:expr),+ $(,)? }) => {{
        // Names every field of the type, or does not compile.
        let _ = |value: $type| {
            let $type { $($field: _),+ } = value;
        };
        $crate::Object::<_, $type, _>::new()
            $(.field(stringify!($field), |value| &value.$field, $value))+
            .finish()
    }};
}

/// What [`object!`](crate::object) fills.
#[doc(hidden)]
pub struct Object<In, T, L> {
    fields: Vec<(String, Node)>,
    types: PhantomData<fn(In, L) -> T>,
}

impl<In, T, L: Language> Object<In, T, L> {
    #[expect(clippy::new_without_default, reason = "only the macro makes one")]
    pub fn new() -> Self {
        Self { fields: Vec::new(), types: PhantomData }
    }

    pub fn field<U>(mut self, name: &str, _: fn(&T) -> &U, value: impl Into<Expression<In, U, L>>) -> Self {
        self.fields.push((json_name(name).to_owned(), value.into().node));
        self
    }

    pub fn finish(self) -> Expression<In, T, L> {
        Expression::of(L::object(self.fields))
    }
}

/// A name in Rust as a name in JSON.
fn json_name(name: &str) -> &str {
    name.trim_start_matches("r#")
}

impl<In, L: Language> Expression<In, In, L> {
    /// The state's whole input.
    pub fn input() -> Self {
        Self::of(Node::operand(L::INPUT))
    }
}

impl<In, T, L> Expression<In, T, L> {
    pub(crate) fn of(node: Node) -> Self {
        Self { node, types: PhantomData }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn into_node(self) -> Node {
        self.node
    }

    /// An expression written by hand. Nothing checks that it reads an `In` and gives a `T`.
    pub fn unchecked(text: impl Into<String>) -> Self {
        Self::of(Node::code(text))
    }

    /// A constant of any type. Numbers, texts, booleans and timestamps need no call: they become expressions where one
    /// is asked for.
    ///
    /// # Errors
    ///
    /// The value cannot be written as JSON.
    pub fn constant(value: &T) -> Result<Self, serde_json::Error>
    where
        T: Serialize,
    {
        serde_json::to_value(value).map(|value| Self::of(Node::Constant(value)))
    }
}

impl<In, T, L: Language> Expression<In, T, L> {
    /// The field `name` of what this expression gives. `accessor` only proves that it exists, and of which type it is.
    pub fn field<U>(self, name: &str, _accessor: fn(&T) -> &U) -> Expression<In, U, L> {
        Expression::of(self.node.field(json_name(name)))
    }

    fn compare(&self, order: Order, other: &Self) -> L::Condition<In>
    where
        T: Comparable,
    {
        L::compare(&self.node, Comparison { kind: T::KIND, order }, &other.node)
    }

    /// Whether the two are the same.
    pub fn equals(self, other: impl Into<Self>) -> L::Condition<In>
    where
        T: Comparable,
    {
        self.compare(Order::Equals, &other.into())
    }

    /// `<`
    pub fn less_than(self, other: impl Into<Self>) -> L::Condition<In>
    where
        T: Ordered,
    {
        self.compare(Order::LessThan, &other.into())
    }

    /// `<=`
    pub fn at_most(self, other: impl Into<Self>) -> L::Condition<In>
    where
        T: Ordered,
    {
        self.compare(Order::LessThanEquals, &other.into())
    }

    /// `>`
    pub fn greater_than(self, other: impl Into<Self>) -> L::Condition<In>
    where
        T: Ordered,
    {
        self.compare(Order::GreaterThan, &other.into())
    }

    /// `>=`
    pub fn at_least(self, other: impl Into<Self>) -> L::Condition<In>
    where
        T: Ordered,
    {
        self.compare(Order::GreaterThanEquals, &other.into())
    }
}

impl<In, T, L: Language> Expression<In, Option<T>, L> {
    /// Whether there is a value: the field exists and is not null.
    pub fn is_present(self) -> L::Condition<In> {
        L::is_present(&self.node)
    }

    /// Whether there is a value, and `condition` holds for it.
    pub fn is_some_and(self, condition: impl FnOnce(Expression<In, T, L>) -> L::Condition<In>) -> L::Condition<In> {
        L::both(L::is_present(&self.node), condition(Expression::of(self.node)))
    }

    /// The value, where every way here has passed a Choice that saw that there is one. Nothing checks that.
    pub fn assume_present(self) -> Expression<In, T, L> {
        Expression::of(self.node)
    }
}

impl<In, T> Expression<In, Option<T>> {
    /// What `next` makes of the value, where there is one.
    pub fn and_then<U>(
        self,
        next: impl FnOnce(Expression<In, T>) -> Expression<In, Option<U>>,
    ) -> Expression<In, Option<U>> {
        // A field of what is not there is not there.
        next(Expression::of(self.node))
    }

    /// The value, or null where there is none. What a state gives, assigns or calls with has to be something: a value
    /// that may be missing can stand alone there only so, and is left out of an [`object!`](crate::object) by itself.
    pub fn or_null(self) -> Self {
        let value = self.node.operand_text();
        Self::of(Node::code(format!("$exists({value}) ? {value} : null")))
    }

    /// The value, or `default` where there is none.
    pub fn unwrap_or(self, default: impl Into<Expression<In, T>>) -> Expression<In, T> {
        let (value, default) = (self.node.operand_text(), default.into());
        let text = format!("$exists({value}) and {value} != null ? {value} : {}", default.node.operand_text());
        Expression::of(Node::code(text))
    }
}

impl<In, T> Expression<In, T> {
    /// The value as a string that holds JSON.
    pub fn to_json_string(self) -> Expression<In, String> {
        self.call("$string")
    }

    fn call<U>(&self, function: &str) -> Expression<In, U> {
        Expression::of(Node::operand(format!("{function}({})", self.node.text())))
    }

    fn operate(&self, operator: &str, other: &Self) -> Self {
        Self::of(Node::code(format!("{} {operator} {}", self.node.operand_text(), other.node.operand_text())))
    }
}

impl<In> Expression<In, String> {
    /// The two texts, one after the other.
    pub fn concat(self, other: impl Into<Self>) -> Self {
        self.operate("&", &other.into())
    }
}

impl<In, T> Expression<In, Vec<T>> {
    /// How many items there are.
    pub fn count(self) -> Expression<In, u64> {
        self.call("$count")
    }
}

impl<In, L: Language, A, B> Expression<In, (A, B), L> {
    /// The two parts of a pair, such as the results of two branches.
    pub fn split(self) -> (Expression<In, A, L>, Expression<In, B, L>) {
        let part = |index| Node::operand(format!("{}[{index}]", self.node.operand_text()));
        (Expression::of(part(0)), Expression::of(part(1)))
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $operator:literal),+) => {$(
        impl<In, T: Number, Other: Into<Self>> $trait<Other> for Expression<In, T> {
            type Output = Self;

            fn $method(self, other: Other) -> Self {
                self.operate($operator, &other.into())
            }
        }
    )+};
}

operators!(Add add "+", Sub sub "-", Mul mul "*");

/// A type whose values a Choice can compare. An enum that is written as a text is one with `KIND = Kind::String`.
pub trait Comparable {
    /// What the values are in JSON.
    const KIND: Kind;
}

/// A type whose values have an order in both query languages.
pub trait Ordered: Comparable {}

/// A number.
pub trait Number: Ordered {}

macro_rules! comparable {
    ($($type:ty: $kind:ident $(+ $trait:ident)*;)+) => {$(
        impl Comparable for $type {
            const KIND: Kind = Kind::$kind;
        }

        $(impl $trait for $type {})*

        impl<In, L> From<$type> for Expression<In, $type, L> {
            fn from(value: $type) -> Self {
                Self::of(Node::Constant(value.into()))
            }
        }

        impl<In, L> From<$type> for Expression<In, Option<$type>, L> {
            fn from(value: $type) -> Self {
                Self::of(Node::Constant(value.into()))
            }
        }
    )+};
}

comparable! {
    bool: Boolean;
    u8: Numeric + Ordered + Number;
    u16: Numeric + Ordered + Number;
    u32: Numeric + Ordered + Number;
    u64: Numeric + Ordered + Number;
    i8: Numeric + Ordered + Number;
    i16: Numeric + Ordered + Number;
    i32: Numeric + Ordered + Number;
    i64: Numeric + Ordered + Number;
    f64: Numeric + Ordered + Number;
    String: String + Ordered;
}

impl Comparable for Timestamp {
    const KIND: Kind = Kind::Timestamp;
}

impl Ordered for Timestamp {}

/// To the millisecond, which is as far as `$toMillis` sees.
impl<In, L> From<Timestamp> for Expression<In, Timestamp, L> {
    fn from(moment: Timestamp) -> Self {
        Self::of(Node::Constant(format!("{moment:.3}").into()))
    }
}

impl<In, L> From<&str> for Expression<In, String, L> {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl<In, L> From<&str> for Expression<In, Option<String>, L> {
    fn from(text: &str) -> Self {
        Self::of(Node::Constant(text.into()))
    }
}

impl<In, L> From<ErrorName> for Expression<In, String, L> {
    fn from(name: ErrorName) -> Self {
        name.as_str().into()
    }
}

impl<In, T, L> From<Expression<In, T, L>> for Expression<In, Option<T>, L> {
    fn from(expression: Expression<In, T, L>) -> Self {
        Self::of(expression.node)
    }
}

impl<In, T, L> Clone for Expression<In, T, L> {
    fn clone(&self) -> Self {
        Self::of(self.node.clone())
    }
}

impl<In, T, L> fmt::Display for Expression<In, T, L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.node.text())
    }
}

impl<In, T, L> fmt::Debug for Expression<In, T, L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Expression({self})")
    }
}

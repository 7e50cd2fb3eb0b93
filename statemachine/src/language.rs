//! The two query languages as types, and what an expression looks like in each.

use serde_json::{Map, Value};

use crate::condition::Rule;
use crate::{Expression, condition};

/// A query language of the States Language: [`Jsonata`] or [`JsonPath`]. A state, and what is written in it, is of one
/// of the two, so that their fields cannot be mixed.
pub trait Language: Sized + 'static + sealed::Sealed {
    /// What a Choice asks of an input.
    type Condition<In>: condition::Condition<In, Language = Self>;

    /// The language's name in a definition.
    const NAME: &'static str;

    #[doc(hidden)]
    const INPUT: &'static str;
    #[doc(hidden)]
    const RESULT: &'static str;
    #[doc(hidden)]
    const ERROR: &'static str;
    #[doc(hidden)]
    const CONTEXT: &'static str;
    /// The field that holds what a task is called with.
    #[doc(hidden)]
    const ARGUMENTS: &'static str;

    #[doc(hidden)]
    fn compare<In>(left: &Node, comparison: Comparison, right: &Node) -> Self::Condition<In>;
    #[doc(hidden)]
    fn is_present<In>(node: &Node) -> Self::Condition<In>;
    #[doc(hidden)]
    fn both<In>(left: Self::Condition<In>, right: Self::Condition<In>) -> Self::Condition<In>;
    /// An object of these fields, as a value that can be part of another.
    #[doc(hidden)]
    fn object(fields: Vec<(String, Node)>) -> Node;
    /// Writes a field of a state that holds one value.
    #[doc(hidden)]
    fn put(fields: &mut Map<String, Value>, name: &str, node: &Node);
    /// Writes a field in a template: Arguments, Assign, ItemSelector and their like.
    #[doc(hidden)]
    fn put_in_template(fields: &mut Map<String, Value>, name: &str, node: &Node);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Jsonata {}
    impl Sealed for super::JsonPath {}
}

/// JSONata, as AWS advises for new machines.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
#[derive(Clone, Copy, Debug)]
pub enum Jsonata {}

/// JSONPath, the older of the two.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html>
#[derive(Clone, Copy, Debug)]
pub enum JsonPath {}

/// An expression as data.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Node {
    /// A value that is known now.
    Constant(Value),
    /// Text in the query language. An operand needs no parentheses where an operator follows.
    Code { text: String, is_operand: bool },
    /// Values by field, written as a template.
    Object(Vec<(String, Node)>),
    /// Values by field, written as one expression, which leaves out what has no value.
    Record(Vec<(String, Node)>),
    /// Values in a row.
    List(Vec<Node>),
}

impl Node {
    pub(crate) fn operand(text: impl Into<String>) -> Self {
        Self::Code { text: text.into(), is_operand: true }
    }

    pub(crate) fn code(text: impl Into<String>) -> Self {
        Self::Code { text: text.into(), is_operand: false }
    }

    /// The text of the expression. A constant is JSON, which JSONata reads as itself.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Constant(value) => value.to_string(),
            Self::Code { text, .. } => text.clone(),
            Self::Object(fields) | Self::Record(fields) => {
                let fields =
                    fields.iter().map(|(name, node)| format!("{}: {}", Value::from(name.as_str()), node.text()));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }
            Self::List(items) => format!("[{}]", items.iter().map(Self::text).collect::<Vec<_>>().join(", ")),
        }
    }

    /// The text as part of a longer expression.
    pub(crate) fn operand_text(&self) -> String {
        match self {
            Self::Code { text, is_operand: false } => format!("({text})"),
            _ => self.text(),
        }
    }

    /// The value written as a template, as far as it can be.
    pub(crate) fn into_template(self) -> Self {
        match self {
            Self::Record(fields) => Self::Object(fields),
            node => node,
        }
    }

    /// The field `name` of the value.
    pub(crate) fn field(&self, name: &str) -> Self {
        let own = match self {
            Self::Object(fields) | Self::Record(fields) => fields.iter().find(|(field, _)| field == name),
            _ => None,
        };
        own.map_or_else(|| Self::operand(format!("{}.{name}", self.operand_text())), |(_, value)| value.clone())
    }
}

/// How two values of one type are compared.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    pub(crate) kind: Kind,
    pub(crate) order: Order,
}

/// What a value is to a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A number.
    Numeric,
    /// A text, or an enum that is written as one.
    String,
    /// A text that holds a moment, in the form of RFC 3339.
    Timestamp,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

impl Language for Jsonata {
    type Condition<In> = Expression<In, bool>;

    const NAME: &'static str = "JSONata";
    const INPUT: &'static str = "$states.input";
    const RESULT: &'static str = "$states.result";
    const ERROR: &'static str = "$states.errorOutput";
    const CONTEXT: &'static str = "$states.context";
    const ARGUMENTS: &'static str = "Arguments";

    fn compare<In>(left: &Node, comparison: Comparison, right: &Node) -> Expression<In, bool> {
        let operator = match comparison.order {
            Order::Equals => "=",
            Order::LessThan => "<",
            Order::LessThanEquals => "<=",
            Order::GreaterThan => ">",
            Order::GreaterThanEquals => ">=",
        };
        let side = |node: &Node| match comparison.kind {
            Kind::Timestamp => format!("$toMillis({})", node.text()),
            _ => node.operand_text(),
        };
        Expression::of(Node::code(format!("{} {operator} {}", side(left), side(right))))
    }

    fn is_present<In>(node: &Node) -> Expression<In, bool> {
        let operand = node.operand_text();
        Expression::of(Node::code(format!("$exists({operand}) and {operand} != null")))
    }

    fn both<In>(left: Expression<In, bool>, right: Expression<In, bool>) -> Expression<In, bool> {
        left.and(right)
    }

    /// An object of JSONata leaves a field out that has no value, where a template with one fails.
    fn object(fields: Vec<(String, Node)>) -> Node {
        Node::Record(fields)
    }

    fn put(fields: &mut Map<String, Value>, name: &str, node: &Node) {
        fields.insert(name.to_owned(), delimited(node));
    }

    fn put_in_template(fields: &mut Map<String, Value>, name: &str, node: &Node) {
        Self::put(fields, name, node);
    }
}

/// An expression as a field of a definition takes it: `{% … %}`.
fn delimited(node: &Node) -> Value {
    match node {
        Node::Constant(value) if !has_delimiter(value) => value.clone(),
        Node::Object(fields) => fields.iter().map(|(name, node)| (name.clone(), delimited(node))).collect(),
        Node::List(items) => items.iter().map(delimited).collect(),
        Node::Constant(_) | Node::Code { .. } | Node::Record(_) => format!("{{% {} %}}", node.text()).into(),
    }
}

/// Whether a text within the value would be taken for an expression.
fn has_delimiter(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim_start().starts_with("{%"),
        Value::Array(items) => items.iter().any(has_delimiter),
        Value::Object(fields) => fields.values().any(has_delimiter),
        _ => false,
    }
}

impl Language for JsonPath {
    type Condition<In> = Rule<In>;

    const NAME: &'static str = "JSONPath";
    const INPUT: &'static str = "$";
    const RESULT: &'static str = "$";
    const ERROR: &'static str = "$";
    const CONTEXT: &'static str = "$$";
    const ARGUMENTS: &'static str = "Parameters";

    fn compare<In>(left: &Node, comparison: Comparison, right: &Node) -> Rule<In> {
        let name = format!("{:?}{:?}", comparison.kind, comparison.order);
        let mut rule = Map::new();
        rule.insert("Variable".to_owned(), left.text().into());
        Self::put(&mut rule, &name, right);
        Rule::of(rule)
    }

    fn is_present<In>(node: &Node) -> Rule<In> {
        Rule::about(node, "IsPresent", true).and(Rule::about(node, "IsNull", false))
    }

    fn both<In>(left: Rule<In>, right: Rule<In>) -> Rule<In> {
        left.and(right)
    }

    fn object(fields: Vec<(String, Node)>) -> Node {
        Node::Object(fields)
    }

    fn put(fields: &mut Map<String, Value>, name: &str, node: &Node) {
        match node {
            Node::Code { text, .. } => fields.insert(format!("{name}Path"), text.as_str().into()),
            _ => fields.insert(name.to_owned(), template(node)),
        };
    }

    fn put_in_template(fields: &mut Map<String, Value>, name: &str, node: &Node) {
        match node {
            Node::Code { text, .. } => fields.insert(format!("{name}.$"), text.as_str().into()),
            Node::List(items) if items.iter().any(|item| !matches!(item, Node::Constant(_))) => {
                let items: Vec<String> = items.iter().map(Node::text).collect();
                fields.insert(format!("{name}.$"), format!("States.Array({})", items.join(", ")).into())
            }
            _ => fields.insert(name.to_owned(), template(node)),
        };
    }
}

/// A payload template.
fn template(node: &Node) -> Value {
    match node {
        Node::Constant(value) => value.clone(),
        Node::Code { text, .. } => text.as_str().into(),
        Node::List(items) => items.iter().map(template).collect(),
        Node::Object(entries) | Node::Record(entries) => {
            let mut fields = Map::new();
            for (name, node) in entries {
                JsonPath::put_in_template(&mut fields, name, node);
            }
            fields.into()
        }
    }
}

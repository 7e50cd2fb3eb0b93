//! Parameters, which a deployment fills in, and mappings, which it looks up.

use std::marker::PhantomData;
use std::rc::Rc;

use serde_json::{Map, Value as Json};

use crate::expression::Expression;
use crate::value::{Textual, Value};

/// A template parameter whose value is a `T`.
///
/// ```
/// use cloudformation::{Parameter, Stack, Value};
///
/// let mut stack = Stack::new("An address.");
/// let email: Value<String> = stack.add_parameter("Email", Parameter::text().description("Who hears of alarms."));
/// ```
#[derive(Clone, Debug)]
pub struct Parameter<T> {
    fields: Map<String, Json>,
    kind: PhantomData<fn() -> T>,
}

impl<T: Textual> Parameter<T> {
    /// A text: a name, an ARN, or any string.
    pub fn text() -> Self {
        Self::of("String")
    }

    /// The accepted values.
    pub fn allowed_values<'a>(self, values: impl IntoIterator<Item = &'a str>) -> Self {
        self.set("AllowedValues", values.into_iter().collect::<Json>())
    }

    /// A regular expression that the whole value matches.
    pub fn allowed_pattern(self, pattern: &str) -> Self {
        self.set("AllowedPattern", pattern.into())
    }
}

impl Parameter<i64> {
    /// A number.
    pub fn number() -> Self {
        Self::of("Number")
    }
}

impl Parameter<Vec<String>> {
    /// Texts with commas between them.
    pub fn list() -> Self {
        Self::of("CommaDelimitedList")
    }
}

impl<T> Parameter<T> {
    fn of(kind: &str) -> Self {
        Self { fields: Map::from_iter([("Type".to_owned(), Json::from(kind))]), kind: PhantomData }
    }

    fn set(mut self, name: &str, value: Json) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// What the parameter is for.
    pub fn description(self, text: &str) -> Self {
        self.set("Description", text.into())
    }

    /// The value where a deployment gives none.
    pub fn default_value(self, text: &str) -> Self {
        self.set("Default", text.into())
    }

    /// Hides the value from the console and the API.
    pub fn no_echo(self) -> Self {
        self.set("NoEcho", true.into())
    }

    pub(crate) fn to_json(&self) -> Json {
        Json::Object(self.fields.clone())
    }
}

/// A mapping that is part of a stack; [`Stack::add_mapping`](crate::Stack::add_mapping) makes it.
#[derive(Clone, Debug)]
pub struct Mapping(pub(crate) Rc<str>);

impl Mapping {
    /// `Fn::FindInMap`: the text under two keys.
    pub fn find(&self, first: impl Into<Value<String>>, second: impl Into<Value<String>>) -> Value<String> {
        Value::function(
            "Fn::FindInMap",
            [Expression::text(&*self.0), first.into().expression, second.into().expression],
        )
    }
}

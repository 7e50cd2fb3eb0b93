//! What an expression can see.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use indexmap::IndexMap;
use jsonata_core::value::JValue;
use serde_json::{Map, Value, json};

use super::data::Data;
use super::world::World;

/// The variables that Assign has set. Branches share them until one of them assigns.
pub(super) type Variables = Rc<BTreeMap<String, Data>>;

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// `$states.input` in JSONata, and `$` in JSONPath.
    pub(super) input: &'a Data,
    /// `$states.result`.
    pub(super) result: Option<&'a Data>,
    /// `$states.errorOutput`.
    pub(super) error: Option<&'a Data>,
    pub(super) context: &'a ContextObject,
    pub(super) variables: &'a Variables,
    pub(super) world: &'a Rc<World>,
}

impl<'a> Scope<'a> {
    /// As in JSONPath, where `$` is whatever a field is applied to.
    pub(super) fn at(self, input: &'a Data) -> Self {
        Self { input, ..self }
    }

    pub(super) fn with_result(self, result: &'a Data) -> Self {
        Self { result: Some(result), ..self }
    }

    pub(super) fn with_error(self, error: &'a Data) -> Self {
        Self { error: Some(error), ..self }
    }

    /// The reserved variable of JSONata.
    pub(super) fn states(&self) -> JValue {
        let mut states = IndexMap::with_capacity(4);
        states.insert("input".to_owned(), self.input.jsonata());
        states.extend(self.result.map(|result| ("result".to_owned(), result.jsonata())));
        states.extend(self.error.map(|error| ("errorOutput".to_owned(), error.jsonata())));
        states.insert("context".to_owned(), self.context.jsonata());
        JValue::object(states)
    }

    #[cfg(test)]
    pub(super) fn test<T>(input: Value, check: impl FnOnce(&Scope<'_>) -> T) -> T {
        let execution = Data::from(json!({"Name": "test", "Input": input}));
        let context = ContextObject { parts: vec![("Execution".into(), execution)] };
        let variables = Rc::new(BTreeMap::from([("limit".to_owned(), Data::from(json!({"most": 7})))]));
        let world = Rc::new(World::new(1));
        let scope = Scope {
            input: &Data::from(input),
            result: None,
            error: None,
            context: &context,
            variables: &variables,
            world: &world,
        };
        check(&scope)
    }
}

/// The context object: who runs, since when, in which state, over which item.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
#[derive(Clone, Debug, Default)]
pub(super) struct ContextObject {
    /// A part may be large (the execution's input), so it is shared, and copied only where it is read.
    parts: Vec<(Cow<'static, str>, Data)>,
}

impl ContextObject {
    pub(super) fn with(mut self, name: impl Into<Cow<'static, str>>, part: Data) -> Self {
        let name = name.into();
        self.parts.retain(|(other, _)| *other != name);
        self.parts.push((name, part));
        self
    }

    pub(super) fn part(&self, name: &str) -> Option<&Data> {
        self.parts.iter().find(|(part, _)| part == name).map(|(_, data)| data)
    }

    pub(super) fn json(&self) -> Value {
        let parts = self.parts.iter().map(|(name, part)| (name.to_string(), part.json().clone()));
        Value::Object(parts.collect::<Map<_, _>>())
    }

    fn jsonata(&self) -> JValue {
        let parts = self.parts.iter().map(|(name, part)| (name.to_string(), part.jsonata()));
        JValue::object(parts.collect::<IndexMap<_, _>>())
    }
}

/// An item of a Map state, as `Map` in the context object.
pub(super) fn item(index: usize, value: Value) -> Data {
    json!({"Item": {"Index": index, "Value": value}}).into()
}

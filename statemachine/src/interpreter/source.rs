//! Reading a definition: what a field holds, or where and why it cannot be understood.

use serde_json::{Map, Value};

use crate::check::pointer;

/// A definition that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", if .path.is_empty() { "the definition" } else { .path })]
pub struct DefinitionError {
    path: String,
    message: String,
}

impl DefinitionError {
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// Where it is: a JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) into the definition.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
}

pub(super) type Read<T> = Result<T, DefinitionError>;

/// An object of the definition, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Source<'a> {
    object: &'a Map<String, Value>,
    pub(super) path: String,
}

impl<'a> Source<'a> {
    pub(super) fn new(value: &'a Value, path: impl Into<String>) -> Read<Self> {
        let path = path.into();
        match value.as_object() {
            Some(object) => Ok(Self { object, path }),
            None => Err(DefinitionError::new(path, "it is no JSON object")),
        }
    }

    pub(super) fn object(&self) -> &'a Map<String, Value> {
        self.object
    }

    pub(super) fn value(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field)
    }

    pub(super) fn at(&self, field: &str) -> String {
        format!("{}{}", self.path, pointer([field]))
    }

    pub(super) fn error(&self, field: &str, message: impl Into<String>) -> DefinitionError {
        DefinitionError::new(self.at(field), message)
    }

    pub(super) fn text(&self, field: &str) -> Read<Option<&'a str>> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| self.error(field, "it is no text"));
        self.value(field).map(text).transpose()
    }

    pub(super) fn required(&self, field: &str) -> Read<&'a str> {
        self.text(field)?.ok_or_else(|| DefinitionError::new(&self.path, format!("{field} is missing")))
    }

    pub(super) fn inner(&self, field: &str) -> Read<Option<Source<'a>>> {
        self.value(field).map(|value| Source::new(value, self.at(field))).transpose()
    }

    /// The objects of a list; none where the field is missing.
    pub(super) fn list(&self, field: &str) -> Read<Vec<Source<'a>>> {
        let Some(value) = self.value(field) else { return Ok(Vec::new()) };
        let items = value.as_array().ok_or_else(|| self.error(field, "it is no list"))?;
        let item = |(index, item)| Source::new(item, format!("{}/{index}", self.at(field)));
        items.iter().enumerate().map(item).collect()
    }

    pub(super) fn texts(&self, field: &str) -> Read<Vec<String>> {
        let items = self.value(field).and_then(Value::as_array).ok_or_else(|| self.error(field, "it is no list"))?;
        let text = |item: &Value| item.as_str().map(str::to_owned);
        items.iter().map(text).collect::<Option<_>>().ok_or_else(|| self.error(field, "it is no list of texts"))
    }

    pub(super) fn number(&self, field: &str, default: f64) -> Read<f64> {
        match self.value(field) {
            None => Ok(default),
            Some(value) => value.as_f64().ok_or_else(|| self.error(field, "it is no number")),
        }
    }
}

//! Reading a template's JSON: its resources, and their properties behind conditions.

use serde_json::Value as Json;

use crate::SOURCE;

/// A template's resources.
pub(super) struct Reader<'a> {
    resources: Vec<Resource<'a>>,
}

/// One resource.
#[derive(Clone, Copy)]
pub(super) struct Resource<'a> {
    pub(super) logical_id: &'a str,
    pub(super) type_name: &'a str,
    pub(super) document: &'a Json,
}

impl<'a> Reader<'a> {
    pub(super) fn new(template: &'a Json) -> Self {
        let resources = template["Resources"].as_object().into_iter().flatten().map(|(logical_id, document)| {
            Resource { logical_id, type_name: document["Type"].as_str().unwrap_or_default(), document }
        });
        Self { resources: resources.collect() }
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = Resource<'a>> {
        self.resources.iter().copied()
    }

    pub(super) fn of_type(&self, type_name: &str) -> impl Iterator<Item = Resource<'a>> {
        self.resources().filter(move |resource| resource.type_name == type_name)
    }
}

impl<'a> Resource<'a> {
    pub(super) fn properties(self) -> &'a Json {
        &self.document["Properties"]
    }

    pub(super) fn source(self) -> Option<&'a str> {
        self.document["Metadata"][SOURCE].as_str()
    }

    /// Whether the resource outlives its stack, or may.
    pub(super) fn is_retained(self) -> bool {
        self.document["DeletionPolicy"].as_str().is_some_and(|policy| policy.starts_with("Retain"))
    }

    /// Whether `test` holds for the property at `path` (`LoggingConfig/LogGroup`), which is null where it is left out. Of
    /// `Fn::If` both sides must hold; what another function gives is not known, and holds.
    pub(super) fn holds(self, path: &str, test: fn(&Json) -> bool) -> bool {
        holds(self.properties(), path, test)
    }

    /// Whether the property at `path` is there, on both sides of any condition.
    pub(super) fn has(self, path: &str) -> bool {
        self.holds(path, |value| !value.is_null())
    }

    /// Whether a `Ref`, `Fn::GetAtt` or `Fn::Sub` in `value` names the resource.
    pub(super) fn is_in(self, value: &Json) -> bool {
        refers_to(value, self.logical_id)
    }
}

fn holds(value: &Json, path: &str, test: fn(&Json) -> bool) -> bool {
    if let Some([_, yes, no]) = value["Fn::If"].as_array().map(Vec::as_slice) {
        return holds(yes, path, test) && holds(no, path, test);
    }
    if value["Ref"] == "AWS::NoValue" {
        return test(&Json::Null);
    }
    if is_function(value) {
        return true;
    }
    match path.split_once('/') {
        Some((name, rest)) => holds(&value[name], rest, test),
        None if path.is_empty() => test(value),
        None => holds(&value[path], "", test),
    }
}

/// Whether the value is an intrinsic function.
pub(super) fn is_function(value: &Json) -> bool {
    let single = value.as_object().filter(|fields| fields.len() == 1);
    single.and_then(|fields| fields.keys().next()).is_some_and(|name| name == "Ref" || name.starts_with("Fn::"))
}

fn refers_to(value: &Json, logical_id: &str) -> bool {
    let names = |text: &str| text == logical_id || text.split_once('.').is_some_and(|(first, _)| first == logical_id);
    match value {
        Json::Array(items) => items.iter().any(|item| refers_to(item, logical_id)),
        Json::Object(fields) => fields.iter().any(|(name, value)| match (name.as_str(), value) {
            ("Ref", Json::String(target)) => target == logical_id,
            ("Fn::GetAtt", Json::String(target)) => names(target),
            ("Fn::GetAtt", Json::Array(target)) => target.first().is_some_and(|target| target == logical_id),
            ("Fn::Sub", Json::String(pattern)) => names_in(pattern).any(names),
            _ => refers_to(value, logical_id),
        }),
        _ => false,
    }
}

/// The names between `${` and `}`.
fn names_in(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

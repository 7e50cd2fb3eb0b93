//! The schema inputs: the facts of a CloudFormation resource-provider schema that generation needs, and no others.
//!
//! These types read both a full schema and a trimmed one, and write only trimmed ones: what has no field here is not
//! carried over. The form is that of
//! <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html>, with `refersTo`,
//! `refIdentifier` and `stateful` added from `@aws-cdk/aws-service-spec`.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};

/// A resource type's schema.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Schema {
    /// Such as `AWS::S3::Bucket`.
    pub(crate) type_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) primary_identifier: Vec<String>,
    /// The properties that make up `Ref`'s value, where they are not the primary identifier.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ref_identifier: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) required: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) create_only_properties: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conditional_create_only_properties: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) read_only_properties: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) write_only_properties: Vec<String>,
    /// Whether replacing or deleting a resource loses data.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) stateful: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tagging: Option<Tagging>,
    pub(crate) properties: IndexMap<String, Node>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) definitions: IndexMap<String, Node>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) handlers: IndexMap<String, Handler>,
}

/// Whether and where a resource takes tags.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Tagging {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) taggable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tag_property: Option<String>,
}

/// What a handler, such as `create`, may call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Handler {
    pub(crate) permissions: Vec<String>,
}

/// The schema of a value: a property, an item, or a definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Node {
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) types: Option<Types>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<String>,
    /// The attributes that the value is meant to be, as `AWS::IAM::Role.Arn`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) refers_to: Vec<String>,
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub(crate) choices: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) minimum: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) maximum: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) items: Option<Box<Node>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) required: Vec<String>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) properties: IndexMap<String, Node>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) pattern_properties: IndexMap<String, Node>,
    /// The schema of further properties; one that only allows or forbids them says nothing that we need.
    #[serde(deserialize_with = "schema_or_flag", skip_serializing_if = "Option::is_none")]
    pub(crate) additional_properties: Option<Box<Node>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) one_of: Vec<Node>,
}

/// JSON Schema's `type`: one, or any of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Types {
    One(String),
    Several(Vec<String>),
}

impl Node {
    pub(crate) fn allows(&self, name: &str) -> bool {
        match &self.types {
            None => false,
            Some(Types::One(one)) => one == name,
            Some(Types::Several(several)) => several.iter().any(|one| one == name),
        }
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        matches!(&self.types, Some(Types::One(one)) if one == name)
    }

    /// The name of the definition that the node stands for.
    pub(crate) fn definition(&self) -> Option<&str> {
        self.reference.as_deref()?.strip_prefix("#/definitions/")
    }

    /// The texts that the value is one of.
    pub(crate) fn texts(&self) -> Option<Vec<&str>> {
        let texts: Vec<_> = self.choices.iter().filter_map(Value::as_str).collect();
        (!texts.is_empty() && texts.len() == self.choices.len()).then_some(texts)
    }

    /// The integers that the value is one of.
    pub(crate) fn integers(&self) -> Option<Vec<i64>> {
        let integers: Vec<_> = self.choices.iter().filter_map(Value::as_i64).collect();
        (!integers.is_empty() && integers.len() == self.choices.len()).then_some(integers)
    }

    /// What a map's entries are.
    pub(crate) fn entries(&self) -> Option<&Node> {
        self.pattern_properties.values().next().or(self.additional_properties.as_deref())
    }

    /// Gives a list's items the properties that cfn-lint's patches put on the list itself, here and below.
    pub(crate) fn straighten(&mut self) {
        if let (true, Some(items)) = (self.is("array"), &mut self.items) {
            for (name, node) in std::mem::take(&mut self.properties) {
                let types = items.properties.get(&name).and_then(|item| item.types.clone());
                items.properties.insert(name, Self { types, ..node });
            }
            items.straighten();
        }
        self.properties.values_mut().for_each(Self::straighten);
    }

    /// One node in the place of alternatives: the definition that one of them names, or else all their properties,
    /// none of them required.
    pub(crate) fn merged(&self) -> Self {
        if let Some(named) = self.one_of.iter().find(|alternative| alternative.reference.is_some()) {
            return Self { min_items: self.min_items, max_items: self.max_items, ..named.clone() };
        }
        let mut merged = Self { one_of: Vec::new(), ..self.clone() };
        for alternative in &self.one_of {
            merged.properties.extend(alternative.properties.clone());
        }
        merged
    }
}

fn is_default(flag: &bool) -> bool {
    !flag
}

fn schema_or_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<Node>>, D::Error> {
    match Value::deserialize(deserializer)? {
        schema @ Value::Object(_) => serde_json::from_value(schema).map_err(serde::de::Error::custom),
        _ => Ok(None),
    }
}

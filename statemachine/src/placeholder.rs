//! The names under which a definition refers to what the template fills in.

use std::fmt;

use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

/// `T` is not a struct of strings.
#[derive(Debug, thiserror::Error)]
#[error("placeholders are the fields of a struct of strings: {0}")]
pub struct PlaceholderError(String);

impl serde::de::Error for PlaceholderError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Fills every field of `T`, a struct of strings, with `${Field}`, in the spelling in which `T` is serialised.
///
/// The template serialises the same struct, filled with references, as the machine's `DefinitionSubstitutions`, so
/// that a placeholder without a substitution cannot be written.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html>
///
/// # Errors
///
/// `T` is not a struct of strings.
pub fn placeholders<T: DeserializeOwned>() -> Result<T, PlaceholderError> {
    T::deserialize(FieldNames)
}

/// Answers a struct's question for its fields with their own names.
struct FieldNames;

impl<'de> Deserializer<'de> for FieldNames {
    type Error = PlaceholderError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(PlaceholderError("this type has no named fields".to_owned()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_map(MapDeserializer::new(fields.iter().map(|name| (*name, format!("${{{name}}}")))))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use contract::StateMachineSubstitutions;

    use super::*;

    #[test]
    fn a_placeholder_is_the_name_of_its_substitution() {
        let placeholders: StateMachineSubstitutions = placeholders().unwrap();
        assert_eq!(placeholders.processor_function_arn, "${ProcessorFunctionArn}");
        let substitutions = serde_json::to_value(&placeholders).unwrap();
        let names = serde_json::json!({
            "ProcessorFunctionArn": "${ProcessorFunctionArn}",
            "FailureTableArn": "${FailureTableArn}",
        });
        assert_eq!(substitutions, names);
    }

    #[test]
    fn what_is_not_a_struct_is_refused() {
        assert!(placeholders::<Vec<String>>().is_err());
    }
}

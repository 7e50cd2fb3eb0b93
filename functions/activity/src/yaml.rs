//! Contracts as people write them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use serde_saphyr::{Location, MessageFormatter as _, Spanned, UserMessageFormatter};

use crate::record_contract::{ContractError, RecordContract};

impl RecordContract {
    /// Reads a contract as YAML says it.
    ///
    /// # Errors
    ///
    /// The text is not YAML, names an unknown key, or says what cannot be meant; with line and column.
    pub fn from_yaml(text: &str) -> Result<Self, ContractError> {
        read(text).map(|(contract, _)| contract)
    }

    /// The JSON of a contract that is written as YAML, which [`RecordContract::from_json`] reads as the same contract.
    ///
    /// # Errors
    ///
    /// Those of [`RecordContract::from_yaml`].
    pub fn json_of_yaml(text: &str) -> Result<String, ContractError> {
        read(text).map(|(_, value)| format!("{value:#}\n"))
    }
}

/// The contract that a function will read, and its JSON. The YAML is read on its way there by no rules of its own: so
/// nothing can mean one thing here and another in the function.
fn read(text: &str) -> Result<(RecordContract, Value), ContractError> {
    // `no` is a word, and so is 1_000, as YAML 1.2 has it.
    let options = serde_saphyr::options! {
        strict_booleans: true,
        underscored_numbers_as_strings: true,
        leading_zero_numbers_as_strings: true,
    };
    let node: Node = serde_saphyr::from_str_with_options(text, options).map_err(|error| not_yaml(&error))?;
    if matches!(node.0.value, Content::Scalar(Value::Null)) {
        return Err(ContractError::at(
            node.0.referenced,
            "the contract is empty: `user`, `time` and `time_formats` are needed",
        ));
    }
    let value = node.value("the contract", node.0.referenced, text)?;
    match serde_path_to_error::deserialize(&value) {
        Ok(contract) => Ok((RecordContract::known_by(contract, &value), value)),
        Err(error) => Err(ContractError::at(node.locate(error.path()), error.inner())),
    }
}

fn not_yaml(error: &serde_saphyr::Error) -> ContractError {
    let error = error.without_snippet();
    let message = UserMessageFormatter.format_message(error);
    match error.location() {
        Some(location) => ContractError::at(location, message),
        None => ContractError::new(message),
    }
}

impl ContractError {
    fn at(location: Location, message: impl fmt::Display) -> Self {
        let (line, column) = (location.line(), location.column());
        Self { location: Some((line, column)), ..Self::new(format!("{message} at line {line}, column {column}")) }
    }
}

/// A part of the YAML, and where it stands.
#[derive(Deserialize)]
#[serde(transparent)]
struct Node(Spanned<Content>);

/// What YAML has in common with JSON.
enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Node)>),
}

impl Node {
    /// The value as JSON says it. `name` is what the text calls it, and where.
    fn value(&self, name: &str, at: Location, text: &str) -> Result<Value, ContractError> {
        match &self.0.value {
            Content::Scalar(Value::Null) => {
                Err(ContractError::at(at, format!("`{name}` has no value: write one, or leave it out")))
            }
            Content::Scalar(value) if value.is_f64() => self.number(text),
            Content::Scalar(value) => Ok(value.clone()),
            Content::List(elements) => {
                elements.iter().map(|element| element.value(name, element.0.referenced, text)).collect()
            }
            Content::Map(entries) => {
                let entry = |(name, node): &(Spanned<String>, Self)| {
                    Ok((name.value.clone(), node.value(&name.value, name.referenced, text)?))
                };
                entries.iter().map(entry).collect::<Result<_, _>>().map(Value::Object)
            }
        }
    }

    /// A number that is no integer of 64 bits, with every digit that is written: the reader of YAML has a float of it.
    fn number(&self, text: &str) -> Result<Value, ContractError> {
        let span = self.0.defined.span();
        let range = span.byte_offset().zip(span.byte_len());
        let written = range.and_then(|(start, length)| text.get(start as usize..(start + length) as usize));
        match written.unwrap_or_default().trim().parse() {
            Ok(number) => Ok(Value::Number(number)),
            Err(_) => {
                let message = "a number is written as JSON has it: 0.5, or 1e3; write a text in quotes";
                Err(ContractError::at(self.0.referenced, message))
            }
        }
    }

    /// Where the value at `path` stands, or its name, where it has one.
    fn locate(&self, path: &Path) -> Location {
        let (mut node, mut at) = (self, self.0.referenced);
        for segment in path {
            let below = match (segment, &node.0.value) {
                (Segment::Seq { index }, Content::List(elements)) => {
                    elements.get(*index).map(|element| (element, element.0.referenced))
                }
                (Segment::Map { key }, Content::Map(entries)) => {
                    let entry = entries.iter().find(|(name, _)| name.value == *key);
                    entry.map(|(name, value)| (value, name.referenced))
                }
                _ => None,
            };
            match below {
                Some(below) => (node, at) = below,
                None => break,
            }
        }
        at
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;

        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("what JSON can say")
            }

            fn visit_unit<E>(self) -> Result<Content, E> {
                Ok(Content::Scalar(Value::Null))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Content, E> {
                Ok(Content::Scalar(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    elements.push(element);
                }
                Ok(Content::List(elements))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Content::Map(entries))
            }
        }

        deserializer.deserialize_any(ContentVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(yaml: &str) -> ContractError {
        RecordContract::from_yaml(yaml).unwrap_err()
    }

    #[test]
    fn an_error_says_where() {
        let start = "user: [/user]\ntime: [/time]\ntime_formats: [iso8601]\n";
        for (rest, line, message) in [
            ("fields:\n  /price: {tpye: number}\n", 5, "tpye"),
            ("fields:\n  price: {type: number}\n", 5, "write `/price`"),
            ("fields:\n  /a: {}\n  /price: {min: 2, max: 1}\n", 6, "is above"),
            ("fields:\n  /a: {}\n  /a: {}\n", 6, "uplicate"),
            ("colour: red\n", 4, "colour"),
            ("limits: {max_lines: 3}\n", 4, "max_lines"),
            ("id: /x\n", 4, "sequence"),
            ("id: [\n", 4, ""),
            ("fields:\n  /a:\n    - {min: 1}\n    - {min: 2, max: 1}\n", 7, "is above"),
            ("fields:\n  /a: {timestamp: {max_future_skew: soon}}\n", 5, "write 90s"),
            ("fields:\n  /a: {timestamp: {max_future_skew: 90}}\n", 5, "write 90s"),
            ("fields:\n  /a: {}\n  /b/*: {unique: true}\n", 6, "about one of each row"),
            ("conditions:\n  - {when: {}, then: {/a: {}}}\n", 5, "at least one field"),
            ("conditions:\n  - when:\n      /a: {}\n      /b: {required: true}\n    then: {/a: {}}\n", 7, "only asks"),
            ("fields:\n  /a: []\n", 5, "list of rules is empty"),
            ("conditions:\n  - {when: {/a: {}}, then: {/a: {unique: true}}}\n", 5, "cannot be conditional"),
            ("codes:\n  JSON_SINTAX: {action: drop}\n", 5, "is no code"),
            ("codes:\n  FILE_REFUSED: {action: drop}\n", 5, "not for the contract"),
            ("codes:\n  JSON_SYNTAX: {}\n", 5, "a code needs"),
            ("fields:\n  /a:\n    pattern: 2024\n", 6, "expected a string"),
            ("fields:\n  /a:\n    pattern: '('\n", 5, "unclosed group at"),
            ("fields:\n  /a:\n    pattern:\n    min: 1\n", 6, "`pattern` has no value"),
            ("fields:\n  /a: {type: null}\n", 5, "`type` has no value"),
            ("fields:\n  /a: {required: 'true'}\n", 5, "expected a boolean"),
            ("fields:\n  /a: {required: yes}\n", 5, "expected a boolean"),
            ("fields:\n  /a: {min: .5}\n", 5, "0.5"),
            ("fields:\n  /a: {max: .inf}\n", 5, "inf"),
            ("fields:\n  /a: {max_length: '3'}\n", 5, "a whole number"),
            ("fields:\n  /a: {max_length: -1}\n", 5, "a whole number"),
            ("file:\n  strict: 'true'\n", 5, "expected a boolean"),
            ("codes:\n  DEPTH: {action: drop}\n  JSON_SYNTAX: {action: keep}\n", 6, "cannot be kept"),
        ] {
            let error = error(&format!("{start}{rest}"));
            assert_eq!(error.location().map(|(line, _)| line), Some(line), "{rest}: {error}");
            assert!(error.to_string().contains(message), "{rest}: {error}");
            assert!(error.to_string().contains(&format!("line {line}")), "{rest}: {error}");
        }
    }

    /// Of a name and of an element; a character is a column, whatever its bytes.
    #[test]
    fn an_error_has_a_column() {
        let start = "user: [/user]\ntime: [/time]\ntime_formats: [iso8601]\n";
        for (rest, column) in [
            ("fields: {/ä: {min: 1}, /b: {min: 2, max: 1}}\n", 24),
            ("fields: {/ä: [{min: 1}, {min: 2, max: 1}]}\n", 25),
            ("fields: {/ä: {max: 1, min: a}}\n", 23),
        ] {
            assert_eq!(error(&format!("{start}{rest}")).location(), Some((4, column)), "{rest}");
        }
    }

    #[test]
    fn every_digit_of_a_number_counts() {
        let start = "user: [/user]\ntime: [/time]\ntime_formats: [iso8601]\n";
        let contract = format!(
            "{start}fields:\n  /a: {{min: 0.12345678901234567890, max: 18446744073709551616}}\n  \
             /b: {{one_of: [12345678901234567890123, &same 1.5e30]}}\n  /c: {{one_of: [*same]}}\n"
        );
        let document = RecordContract::from_yaml(&contract).unwrap().document();
        for part in ["0.1234567890123456789 to 18446744073709551616", "`12345678901234567890123`"] {
            assert!(document.contains(part), "{part}: {document}");
        }
        assert_eq!(document.matches("`1500000000000000000000000000000`").count(), 2, "{document}");
        let over = format!("{start}fields:\n  /a: {{max: 123456789012345678901234567890123456789}}\n");
        assert!(error(&over).to_string().contains("over 38 digits"));
    }

    /// A word that was a boolean before YAML 1.2 is a word.
    #[test]
    fn no_is_a_word() {
        let contract =
            "{user: [/user], time: [/time], time_formats: [iso8601], fields: {/a: {one_of: [yes, no, 1_000, 010]}}}";
        assert!(RecordContract::from_yaml(contract).unwrap().document().contains("one of `010`, `1_000`, `no`, `yes`"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let contract = |user: &str, formats: &str, limits: &str| {
            format!("user: [{user}]\ntime: [/time]\ntime_formats: [{formats}]\nlimits: {limits}\n")
        };
        for (user, formats, limits, message) in [
            ("", "iso8601", "{}", "at least one JSON pointer"),
            ("/user", "", "{}", "list iso8601"),
            ("/user", "epoch_s, epoch_ms", "{}", "two epoch units"),
            ("/user", "rfc2822", "{}", "rfc2822"),
            ("/user", "iso8601", "{max_depth: 33}", "1 to 32"),
            ("/user", "iso8601", "{max_depth: 0}", "1 to 32"),
            ("/user", "iso8601", "{max_line_bytes: 0}", "max_line_bytes"),
        ] {
            let error = error(&contract(user, formats, limits));
            assert!(error.to_string().contains(message), "{message}: {error}");
            assert!(error.location().is_some(), "{error}");
        }
        assert!(RecordContract::from_yaml(&contract("/user", "iso8601, epoch_s", "{}")).is_ok());
        assert!(error("time: [/time]\ntime_formats: [iso8601]\n").to_string().contains("user"));
        assert!(!error("").to_string().is_empty());
    }

    #[test]
    fn json_says_the_same() {
        for yaml in [include_str!("../tests/contracts/every_rule.yaml"), include_str!("../../processor/contract.yaml")]
        {
            let json = RecordContract::json_of_yaml(yaml).unwrap();
            let (from_yaml, from_json) =
                (RecordContract::from_yaml(yaml).unwrap(), RecordContract::from_json(&json).unwrap());
            assert_eq!(from_json.document(), from_yaml.document());
        }
        assert!(RecordContract::from_json("{}").unwrap_err().to_string().contains("user"));
    }
}

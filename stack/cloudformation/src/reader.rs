//! Reading templates that others wrote: JSON, or YAML with intrinsic functions in their short form.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json, json};
use serde_saphyr::Tagged;

/// Functions whose short form is `!` and their name, and whose long form is `Fn::` and their name.
const FUNCTIONS: [&str; 18] = [
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
];

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template cannot be read: {0}")]
pub struct ReadError(String);

/// Reads a template, JSON or YAML; intrinsic functions come out in their long form.
///
/// ```
/// use cloudformation::read_template;
/// use serde_json::json;
///
/// let template = read_template("Outputs: {Arn: {Value: !GetAtt Queue.Arn}}").unwrap();
/// assert_eq!(template["Outputs"]["Arn"]["Value"], json!({ "Fn::GetAtt": ["Queue", "Arn"] }));
/// ```
///
/// # Errors
///
/// The text is neither, a key stands twice, or a tag is no function of CloudFormation's.
pub fn read_template(text: &str) -> Result<Json, ReadError> {
    if text.trim_start().starts_with('{') {
        let reason = |error: serde_json::Error| ReadError(error.to_string());
        serde_json::from_str::<UniqueKeys>(text).map_err(reason)?;
        return serde_json::from_str(text).map_err(reason);
    }
    let Node(template) = serde_saphyr::from_str(text).map_err(|error| ReadError(error.to_string()))?;
    if template.is_object() { Ok(template) } else { Err(ReadError("it is not a mapping of sections".into())) }
}

/// A YAML node whose tag became a function.
struct Node(Json);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(Untagged(value), tag) = Tagged::deserialize(deserializer)?;
        match tag.as_deref().and_then(|tag| tag.strip_prefix('!')) {
            None => Ok(Self(value)),
            Some(name @ ("Ref" | "Condition")) => Ok(Self(json!({ name: value }))),
            Some("GetAtt") => {
                let path = value.as_str().and_then(|path| path.split_once('.'));
                let path = path.map_or_else(|| value.clone(), |(target, attribute)| json!([target, attribute]));
                Ok(Self(json!({ "Fn::GetAtt": path })))
            }
            Some(name) if FUNCTIONS.contains(&name) => Ok(Self(json!({ (format!("Fn::{name}")): value }))),
            Some(name) => Err(de::Error::custom(format!("!{name} is no function of CloudFormation's"))),
        }
    }
}

/// A YAML node without regard to its own tag.
struct Untagged(Json);

impl<'de> Deserialize<'de> for Untagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UntaggedVisitor).map(Self)
    }
}

struct UntaggedVisitor;

impl<'de> Visitor<'de> for UntaggedVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of a template")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(Node(item)) = sequence.next_element()? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Node(value))) = map.next_entry()? {
            fields.insert(name, value);
        }
        Ok(fields.into())
    }
}

/// JSON in which no key stands twice: `serde_json` would keep the last.
struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueKeysVisitor)
    }
}

struct UniqueKeysVisitor;

impl<'de> Visitor<'de> for UniqueKeysVisitor {
    type Value = UniqueKeys;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of a template")
    }

    fn visit_bool<E>(self, _: bool) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_i64<E>(self, _: i64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_u64<E>(self, _: u64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_f64<E>(self, _: f64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_str<E>(self, _: &str) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_unit<E>(self) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<UniqueKeys, A::Error> {
        while sequence.next_element::<UniqueKeys>()?.is_some() {}
        Ok(UniqueKeys)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueKeys, A::Error> {
        let mut seen = HashSet::new();
        while let Some((name, UniqueKeys)) = map.next_entry::<String, UniqueKeys>()? {
            if let Some(name) = seen.replace(name) {
                return Err(de::Error::custom(format!("the key `{name}` stands twice")));
            }
        }
        Ok(UniqueKeys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Json) {
        assert_eq!(read_template(text).unwrap(), expected);
    }

    #[test]
    fn short_functions_come_out_long() {
        let text = "\
Conditions:
  Both: !And [!Condition A, !Not [!Equals [!Ref Stage, prod]]]
Resources:
  It:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub \"${AWS::StackName}-q\"
      Arn: !GetAtt Other.Outputs.Arn
      List: !GetAtt [Other, Arn]
      Chosen: !If
        - Both
        - !Join [\"-\", [a, !Ref Name]]
        - !Ref AWS::NoValue
      Named: !FindInMap [Map, !Ref Stage, key]
      Import: !ImportValue
        Fn::Sub: \"${Name}-x\"
";
        let properties = json!({
            "QueueName": { "Fn::Sub": "${AWS::StackName}-q" },
            "Arn": { "Fn::GetAtt": ["Other", "Outputs.Arn"] },
            "List": { "Fn::GetAtt": ["Other", "Arn"] },
            "Chosen": { "Fn::If": ["Both", { "Fn::Join": ["-", ["a", { "Ref": "Name" }]] }, { "Ref": "AWS::NoValue" }] },
            "Named": { "Fn::FindInMap": ["Map", { "Ref": "Stage" }, "key"] },
            "Import": { "Fn::ImportValue": { "Fn::Sub": "${Name}-x" } },
        });
        check(
            text,
            json!({
                "Conditions": { "Both": { "Fn::And": [{ "Condition": "A" }, { "Fn::Not": [{ "Fn::Equals": [{ "Ref": "Stage" }, "prod"] }] }] } },
                "Resources": { "It": { "Type": "AWS::SQS::Queue", "Properties": properties } },
            }),
        );
    }

    #[test]
    fn scalars_keep_their_types() {
        let text = "A: {Version: 2012-10-17, Text: \"1\", Number: 1, Part: 0.5, Flag: true, Nothing: }";
        let expected = json!({ "A": { "Version": "2012-10-17", "Text": "1", "Number": 1, "Part": 0.5, "Flag": true, "Nothing": null } });
        check(text, expected);
        check(
            r#"{"A": {"Number": 1.50, "Text": "\ud83d\ude00"}}"#,
            serde_json::from_str(r#"{"A":{"Number":1.50,"Text":"😀"}}"#).unwrap(),
        );
    }

    #[test]
    fn what_is_no_template_says_why() {
        for (text, part) in [
            ("A: 1\nA: 2\n", "uplicate"),
            (r#"{"A": {"B": 1, "B": 2}}"#, "the key `B` stands twice"),
            ("A: !Nonsense x", "!Nonsense is no function"),
            ("just text", "not a mapping"),
            ("{", "EOF"),
        ] {
            let error = read_template(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}

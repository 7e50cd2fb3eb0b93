//! The rules for one field of a row.

use std::fmt;

use regex::Regex;
use serde::Deserialize;
use serde::de::{Error as _, Visitor};

use crate::attribute::{Attribute, Map};
use crate::number::{self, Decimal};
use crate::pointer::Pointer;
use crate::{Code, Reason};

/// A type that a rule can ask for, as JSON names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    String,
    Number,
    Integer,
    Boolean,
    Object,
    Array,
}

impl Type {
    fn admits(self, value: &Attribute) -> bool {
        match (self, value) {
            (Self::Integer, Attribute::N(text)) => number::is_integer(text),
            (Self::String, Attribute::S(_))
            | (Self::Number, Attribute::N(_))
            | (Self::Boolean, Attribute::Bool(_))
            | (Self::Object, Attribute::M(_))
            | (Self::Array, Attribute::L(_)) => true,
            _ => false,
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Number => "a number",
            Self::Integer => "an integer",
            Self::Boolean => "true or false",
            Self::Object => "an object",
            Self::Array => "an array",
        }
    }

    /// The value as this type, where the value's text says one: a string that spells a number or a boolean, or a
    /// number whose digits become a string.
    fn coerce(self, value: &Attribute) -> Result<Option<Attribute>, Code> {
        Ok(match (self, value) {
            (Self::Number | Self::Integer, Attribute::S(text)) if number::is_json_number(text) => {
                Some(Attribute::N(number::normalise(text)?.into_owned()))
            }
            (Self::Boolean, Attribute::S(text)) => text.parse().ok().map(Attribute::Bool),
            (Self::String, Attribute::N(text)) => Some(Attribute::S(text.clone())),
            _ => None,
        })
    }
}

/// A rule as the contract writes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    required: bool,
    non_empty: bool,
    r#type: Option<Type>,
    coerce: bool,
    min: Option<Bound>,
    max: Option<Bound>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    pattern: Option<String>,
    one_of: Option<Vec<Scalar>>,
}

/// A checked rule. A field that is absent or null passes, unless it is required; any other value must pass every part.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct FieldRule {
    written: Written,
    pattern: Option<Regex>,
}

impl TryFrom<Written> for FieldRule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let needs = |part: &str, set: bool, types: &[Type]| match written.r#type {
            Some(given) if set && !types.contains(&given) => {
                Err(format!("`{part}` does not go with the type given: it asks for {}", types[0].expected()))
            }
            _ => Ok(()),
        };
        let has_length = written.non_empty || written.min_length.is_some() || written.max_length.is_some();
        needs("min` and `max", written.min.is_some() || written.max.is_some(), &[Type::Number, Type::Integer])?;
        needs("min_length`, `max_length` and `non_empty", has_length, &[Type::String, Type::Array, Type::Object])?;
        needs("pattern", written.pattern.is_some(), &[Type::String])?;
        if written.coerce
            && !matches!(written.r#type, Some(Type::String | Type::Number | Type::Integer | Type::Boolean))
        {
            return Err("`coerce` needs a `type` to coerce to: string, number, integer or boolean".into());
        }
        if let (Some(min), Some(max)) = (&written.min, &written.max)
            && min.0 > max.0
        {
            return Err(format!("`min` {} is above `max` {}", min.0, max.0));
        }
        if written.min_length.zip(written.max_length).is_some_and(|(min, max)| min > max) {
            return Err("`min_length` is above `max_length`".into());
        }
        if written.one_of.as_ref().is_some_and(Vec::is_empty) {
            return Err("`one_of` allows nothing: list the values, or leave it out".into());
        }
        let pattern = written.pattern.as_deref().map(Regex::new).transpose();
        let pattern = pattern.map_err(|error| format!("`pattern` is not a regular expression: {error}"))?;
        Ok(Self { written, pattern })
    }
}

impl FieldRule {
    /// Coerces and checks the value at `pointer`, and adds what is wrong with it to `reasons`.
    pub(crate) fn apply(&self, pointer: &Pointer, row: &mut Map, reasons: &mut Vec<Reason>) {
        let rule = &self.written;
        let mut fail = |code, expected: Option<String>| {
            reasons.push(Reason { expected, ..Reason::at_pointer(code, pointer.to_string()) });
        };
        let value = match pointer.get_mut(row) {
            Some(Attribute::Null) if rule.required => return fail(Code::FieldNull, None),
            None if rule.required => return fail(Code::FieldMissing, None),
            None | Some(Attribute::Null) => return,
            Some(value) => value,
        };
        if let Some(kind) = rule.r#type {
            match if rule.coerce { kind.coerce(value) } else { Ok(None) } {
                Ok(Some(coerced)) => *value = coerced,
                Ok(None) => {}
                Err(code) => return fail(code, None),
            }
            if !kind.admits(value) {
                return fail(Code::FieldType, Some(kind.expected().into()));
            }
        }
        self.check_range(value, &mut fail);
        self.check_length(value, &mut fail);
        self.check_pattern(value, &mut fail);
        if let Some(allowed) = &rule.one_of
            && !allowed.iter().any(|scalar| scalar.0 == *value)
        {
            fail(Code::FieldNotAllowed, None);
        }
    }

    fn check_range(&self, value: &Attribute, fail: &mut impl FnMut(Code, Option<String>)) {
        let Written { min, max, .. } = &self.written;
        if min.is_none() && max.is_none() {
            return;
        }
        let Attribute::N(text) = value else { return fail(Code::FieldType, Some(Type::Number.expected().into())) };
        let number = Decimal::parse(text);
        match (min, max) {
            (Some(min), _) if number < min.0 => fail(Code::FieldRange, Some(format!("at least {}", min.0))),
            (_, Some(max)) if number > max.0 => fail(Code::FieldRange, Some(format!("at most {}", max.0))),
            _ => {}
        }
    }

    fn check_length(&self, value: &Attribute, fail: &mut impl FnMut(Code, Option<String>)) {
        let rule = &self.written;
        let least = rule.min_length.unwrap_or(0).max(usize::from(rule.non_empty));
        let most = rule.max_length.unwrap_or(usize::MAX);
        if least == 0 && most == usize::MAX {
            return;
        }
        let length = match value {
            // A character is one to four bytes, so that most strings need no counting.
            Attribute::S(text) if text.len() >= least.saturating_mul(4) && text.len() <= most => return,
            Attribute::S(text) => text.chars().count(),
            Attribute::L(elements) => elements.len(),
            Attribute::M(map) => map.len(),
            _ => return fail(Code::FieldType, Some("a string, array or object".into())),
        };
        if length < least {
            fail(Code::FieldLength, Some(format!("a length of at least {least}")));
        } else if length > most {
            fail(Code::FieldLength, Some(format!("a length of at most {most}")));
        }
    }

    fn check_pattern(&self, value: &Attribute, fail: &mut impl FnMut(Code, Option<String>)) {
        let Some(pattern) = &self.pattern else { return };
        match value {
            Attribute::S(text) if pattern.is_match(text) => {}
            Attribute::S(_) => fail(Code::FieldPattern, Some(format!("a match of {pattern}"))),
            _ => fail(Code::FieldType, Some(Type::String.expected().into())),
        }
    }
}

/// A string, number or boolean in the contract.
#[derive(Clone, Debug)]
struct Scalar(Attribute);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl Visitor<'_> for ScalarVisitor {
            type Value = Scalar;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string, number or boolean")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(Attribute::Bool(value)))
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Scalar, E> {
                number_scalar(&value.to_string())
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Scalar, E> {
                number_scalar(&value.to_string())
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Scalar, E> {
                number_scalar(&value.to_string())
            }

            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar(Attribute::S(value.to_owned())))
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

fn number_scalar<E: serde::de::Error>(text: &str) -> Result<Scalar, E> {
    let normal = if number::is_json_number(text) { number::normalise(text).ok() } else { None };
    let normal = normal.ok_or_else(|| E::custom("the number is outside DynamoDB's range"))?;
    Ok(Scalar(Attribute::N(normal.into_owned())))
}

/// A bound of a range. One with more digits than a float keeps is written in quotes.
#[derive(Clone, Debug)]
struct Bound(Decimal<'static>);

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)?.0 {
            Attribute::N(text) | Attribute::S(text) if number::is_json_number(&text) => {
                Ok(Self(Decimal::parse(&text).into_owned()))
            }
            _ => Err(D::Error::custom("a bound is a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies a rule to the field `/f` of a row: the value after it, or the reasons.
    fn apply(rule: &str, row: &str) -> Result<Option<Attribute>, Vec<String>> {
        let rule: FieldRule = serde_saphyr::from_str(rule).unwrap();
        let Attribute::M(mut row) = crate::json::parse(row, 32).unwrap().value else { panic!("not an object") };
        let (pointer, mut reasons) = (Pointer::parse("/f").unwrap(), Vec::new());
        rule.apply(&pointer, &mut row, &mut reasons);
        if reasons.is_empty() {
            Ok(pointer.get(&row).cloned())
        } else {
            Err(reasons.iter().map(ToString::to_string).collect())
        }
    }

    fn passes(rule: &str, row: &str) {
        assert!(apply(rule, row).is_ok(), "{rule} {row}");
    }

    fn fails(rule: &str, row: &str, reasons: &[&str]) {
        let expected: Vec<String> = reasons.iter().map(|reason| (*reason).to_owned()).collect();
        assert_eq!(apply(rule, row), Err(expected), "{rule} {row}");
    }

    #[test]
    fn absent_and_null_pass_unless_required() {
        for row in ["{}", r#"{"f":null}"#] {
            passes("{type: string, pattern: x, min_length: 3}", row);
        }
        fails("{required: true}", "{}", &["FIELD_MISSING at /f: a required field is absent"]);
        fails("{required: true}", r#"{"f":null}"#, &["FIELD_NULL at /f: a required field is null"]);
    }

    #[test]
    fn types_are_jsons() {
        for (kind, good, bad) in [
            ("string", r#""""#, "1"),
            ("number", "1.5", r#""1""#),
            ("integer", "1e2", "1.5"),
            ("boolean", "false", "0"),
            ("object", "{}", "[]"),
            ("array", "[]", "{}"),
        ] {
            let (rule, row) = (format!("{{type: {kind}}}"), |value: &str| format!(r#"{{"f":{value}}}"#));
            passes(&rule, &row(good));
            assert!(apply(&rule, &row(bad)).unwrap_err()[0].starts_with("FIELD_TYPE at /f: expected"), "{kind}");
        }
    }

    #[test]
    fn coercion_keeps_every_digit() {
        let digits = "12345678901234567890123456789012345.678";
        let text = |value: &str| format!(r#"{{"f":"{value}"}}"#);
        assert_eq!(apply("{type: number, coerce: true}", &text(digits)), Ok(Some(Attribute::N(digits.into()))));
        assert_eq!(apply("{type: integer, coerce: true}", &text("1.0")), Ok(Some(Attribute::N("1".into()))));
        assert_eq!(apply("{type: boolean, coerce: true}", &text("true")), Ok(Some(Attribute::Bool(true))));
        let number = format!(r#"{{"f":{digits}}}"#);
        assert_eq!(apply("{type: string, coerce: true}", &number), Ok(Some(Attribute::S(digits.into()))));
        fails("{type: number, coerce: true}", &text("1,5"), &["FIELD_TYPE at /f: expected a number"]);
        fails("{type: integer, coerce: true}", &text("1.5"), &["FIELD_TYPE at /f: expected an integer"]);
        let long = "1".repeat(39);
        let reason = "NUM_PRECISION at /f: a number has more than DynamoDB's 38 significant digits";
        fails("{type: number, coerce: true}", &text(&long), &[reason]);
    }

    #[test]
    fn ranges_compare_decimals_exactly() {
        let rule = "{min: -0.1, max: '99999999999999999999999999999999999999'}";
        passes(rule, r#"{"f":-0.1}"#);
        passes(rule, r#"{"f":99999999999999999999999999999999999999}"#);
        fails(rule, r#"{"f":-0.10000000000000000000000000000000001}"#, &["FIELD_RANGE at /f: expected at least -0.1"]);
        fails("{max: 10}", r#"{"f":10.5}"#, &["FIELD_RANGE at /f: expected at most 10"]);
        fails("{max: 10}", r#"{"f":"1"}"#, &["FIELD_TYPE at /f: expected a number"]);
    }

    #[test]
    fn lengths_count_characters_and_elements() {
        let rule = "{min_length: 2, max_length: 3}";
        passes(rule, r#"{"f":"éé"}"#);
        passes(rule, r#"{"f":"ééé"}"#);
        passes(rule, r#"{"f":[1,2]}"#);
        fails(rule, r#"{"f":"é"}"#, &["FIELD_LENGTH at /f: expected a length of at least 2"]);
        fails(rule, r#"{"f":"abcd"}"#, &["FIELD_LENGTH at /f: expected a length of at most 3"]);
        fails("{non_empty: true}", r#"{"f":""}"#, &["FIELD_LENGTH at /f: expected a length of at least 1"]);
        fails("{non_empty: true}", r#"{"f":1}"#, &["FIELD_TYPE at /f: expected a string, array or object"]);
    }

    #[test]
    fn every_broken_part_is_a_reason() {
        let rule = "{type: string, max_length: 2, pattern: '^[a-z]+$', one_of: [ab, 1, true]}";
        passes(rule, r#"{"f":"ab"}"#);
        fails(
            rule,
            r#"{"f":"ABC"}"#,
            &[
                "FIELD_LENGTH at /f: expected a length of at most 2",
                "FIELD_PATTERN at /f: expected a match of ^[a-z]+$",
                "FIELD_NOT_ALLOWED at /f: a value is not in `one_of`",
            ],
        );
        passes("{one_of: [1.50, true]}", r#"{"f":15e-1}"#);
        passes("{one_of: [1, true]}", r#"{"f":true}"#);
    }

    #[test]
    fn a_rule_that_cannot_mean_anything_is_refused() {
        for (rule, message) in [
            ("{min: 2, max: 1}", "`min` 2 is above `max` 1"),
            ("{min_length: 2, max_length: 1}", "`min_length` is above"),
            ("{type: string, min: 1}", "`min` and `max` does not go with the type"),
            ("{type: number, pattern: x}", "`pattern` does not go with the type"),
            ("{type: number, non_empty: true}", "does not go with the type"),
            ("{coerce: true}", "`coerce` needs a `type`"),
            ("{pattern: '('}", "not a regular expression"),
            ("{one_of: []}", "`one_of` allows nothing"),
            ("{min: abc}", "a bound is a number"),
            ("{type: text}", "text"),
            ("{minimum: 1}", "minimum"),
        ] {
            let error = serde_saphyr::from_str::<FieldRule>(rule).unwrap_err().to_string();
            assert!(error.contains(message), "{rule}: {error}");
        }
    }
}

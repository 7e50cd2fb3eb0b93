//! Field rules as a contract writes them.

use std::collections::BTreeSet;
use std::fmt;

use regex::Regex;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};

use super::scalar::{Bound, Count, Scalar};
use super::{FieldRule, Part, TimestampRule, Type};
use crate::handling::{Action, Handling, Severity};
use crate::instant::Instant;
use crate::period::Period;
use crate::time_format::TimeFormats;

/// A rule as the contract writes it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    required: bool,
    non_empty: bool,
    r#type: Option<Type>,
    coerce: bool,
    min: Option<Bound>,
    max: Option<Bound>,
    min_length: Option<Count>,
    max_length: Option<Count>,
    pattern: Option<String>,
    one_of: Option<Vec<Scalar>>,
    max_bytes: Option<Count>,
    max_depth: Option<Count>,
    timestamp: Option<TimestampRule>,
    forbid_unknown: bool,
    unique: bool,
    severity: Option<Severity>,
    action: Option<Action>,
}

impl<'de> Deserialize<'de> for FieldRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(try_from = "Written")]
        struct Checked(FieldRule);

        impl TryFrom<Written> for Checked {
            type Error = String;

            fn try_from(written: Written) -> Result<Self, String> {
                written.rule().map(Self)
            }
        }

        Checked::deserialize(deserializer).map(|checked| checked.0)
    }
}

impl Written {
    /// The rule, where the parts can be meant together.
    fn rule(self) -> Result<FieldRule, String> {
        self.check_types()?;
        let handling = Handling::given(self.severity, self.action)?;
        let (required, kind, coerce, unique) = (self.required, self.r#type, self.coerce, self.unique);
        let mut parts = Vec::new();
        if self.min.is_some() || self.max.is_some() {
            parts.push(range(self.min, self.max)?);
        }
        parts.extend(length(self.non_empty, self.min_length, self.max_length)?);
        if let Some(pattern) = self.pattern {
            parts.push(Part::Pattern(regex(&pattern)?));
        }
        match self.one_of {
            Some(values) if values.is_empty() => {
                return Err("`one_of` allows nothing: list the values, or leave it out".into());
            }
            values => parts.extend(values.map(|values| Part::OneOf(values.into_iter().collect()))),
        }
        parts.extend(self.max_bytes.map(|most| Part::MaxBytes(most.0)));
        parts.extend(self.max_depth.map(|most| Part::MaxDepth(most.0)));
        parts.extend(self.timestamp.map(Part::Timestamp));
        let known = self.forbid_unknown.then(BTreeSet::new);
        Ok(FieldRule { required, kind, coerce, parts, known, unique, handling })
    }

    /// A part that can never pass with the type given is a mistake.
    fn check_types(&self) -> Result<(), String> {
        let needs = |part: &str, set: bool, types: &[Type]| match self.r#type {
            Some(given) if set && !types.contains(&given) => {
                Err(format!("the type given does not go with `{part}`: that takes {}", types[0].expected()))
            }
            _ => Ok(()),
        };
        let has_length = self.non_empty || self.min_length.is_some() || self.max_length.is_some();
        needs("min` and `max", self.min.is_some() || self.max.is_some(), &[Type::Number, Type::Integer])?;
        needs("min_length`, `max_length` and `non_empty", has_length, &[Type::String, Type::Array, Type::Object])?;
        needs("pattern", self.pattern.is_some(), &[Type::String])?;
        needs("max_depth", self.max_depth.is_some(), &[Type::Object, Type::Array])?;
        needs("timestamp", self.timestamp.is_some(), &[Type::String, Type::Number, Type::Integer])?;
        needs("forbid_unknown", self.forbid_unknown, &[Type::Object])?;
        for value in self.one_of.iter().flatten() {
            if let Some(given) = self.r#type.filter(|given| !given.admits(&value.0)) {
                return Err(format!("`one_of` lists a value that is not {}", given.expected()));
            }
        }
        let targets = [Type::String, Type::Number, Type::Integer, Type::Boolean];
        if self.coerce && !self.r#type.is_some_and(|given| targets.contains(&given)) {
            return Err("`coerce` needs a `type` to coerce to: string, number, integer or boolean".into());
        }
        Ok(())
    }
}

fn regex(pattern: &str) -> Result<Regex, String> {
    if pattern.is_empty() {
        return Err("`pattern` is empty, and every string matches it: leave it out".into());
    }
    // What is wrong is said last, below a picture of where.
    let fault = |error: regex::Error| match error.to_string().lines().last() {
        Some(line) => line.trim_start_matches("error: ").to_owned(),
        None => String::new(),
    };
    Regex::new(pattern).map_err(|error| format!("`pattern` is not a regular expression: {}", fault(error)))
}

fn range(min: Option<Bound>, max: Option<Bound>) -> Result<Part, String> {
    match (&min, &max) {
        (Some(min), Some(max)) if min.0 > max.0 => Err(format!("`min` {} is above `max` {}", min.0, max.0)),
        _ => Ok(Part::Range { min, max }),
    }
}

fn length(non_empty: bool, min: Option<Count>, max: Option<Count>) -> Result<Option<Part>, String> {
    let [min, max] = [min, max].map(|bound| bound.map(|Count(length)| length));
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        return Err("`min_length` is above `max_length`".into());
    }
    let (least, most) = (min.unwrap_or(0).max(usize::from(non_empty)), max.unwrap_or(usize::MAX));
    Ok((least > 0 || most < usize::MAX).then_some(Part::Length { least, most }))
}

/// A `timestamp` rule as the contract writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTimestamp {
    formats: Option<TimeFormats>,
    earliest: Option<String>,
    max_future_skew: Option<Period>,
}

impl<'de> Deserialize<'de> for TimestampRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(try_from = "WrittenTimestamp")]
        struct Checked(TimestampRule);

        impl TryFrom<WrittenTimestamp> for Checked {
            type Error = String;

            fn try_from(written: WrittenTimestamp) -> Result<Self, String> {
                let earliest = written.earliest.map(earliest).transpose()?;
                let WrittenTimestamp { formats, max_future_skew, .. } = written;
                Ok(Self(TimestampRule { formats, earliest, max_future_skew }))
            }
        }

        Checked::deserialize(deserializer).map(|checked| checked.0)
    }
}

fn earliest(text: String) -> Result<(Instant, String), String> {
    match Instant::from_iso8601(&text) {
        Some(instant) => Ok((instant, text)),
        None => Err(format!("`earliest` {text} names no instant: write 2015-01-01T00:00:00Z")),
    }
}

/// The rules for one pointer: one, or a list of them, each with a handling of its own.
pub(crate) struct FieldRules(pub(crate) Vec<FieldRule>);

impl<'de> Deserialize<'de> for FieldRules {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = FieldRules;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a rule or a list of rules")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FieldRules, A::Error> {
                FieldRule::deserialize(MapAccessDeserializer::new(map)).map(|rule| FieldRules(vec![rule]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, rules: A) -> Result<FieldRules, A::Error> {
                match Vec::deserialize(SeqAccessDeserializer::new(rules))? {
                    none if none.is_empty() => Err(A::Error::custom("the list of rules is empty: write `{}` for none")),
                    rules => Ok(FieldRules(rules)),
                }
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

//! The rules for one field of a row.

mod scalar;
#[cfg(test)]
mod tests;
mod written;

use std::collections::BTreeSet;
use std::fmt;

use regex::Regex;
use serde::{Deserialize, Serialize};

use self::scalar::Values;
pub(crate) use self::scalar::{Bound, Count};
pub(crate) use self::written::FieldRules;
use crate::attribute::Attribute;
use crate::attributes::Attributes;
use crate::document;
use crate::handling::{Findings, Handling};
use crate::instant::Instant;
use crate::number::{self, Decimal};
use crate::period::Period;
use crate::pointer::{self, Place, Pointer};
use crate::time_format::TimeFormats;
use crate::{Code, Reason};

/// A type that a rule can ask for, as JSON names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
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

    /// The name in a contract.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
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
    fn coerce<'a>(self, value: &Attribute<'a>) -> Result<Option<Attribute<'a>>, Code> {
        Ok(match (self, value) {
            (Self::Number | Self::Integer, Attribute::S(text)) if number::is_json_number(text) => {
                Some(Attribute::N(number::normalise_text(text)?))
            }
            (Self::Boolean, Attribute::S(text)) => text.parse().ok().map(Attribute::Bool),
            (Self::String, Attribute::N(text)) => Some(Attribute::S(text.clone())),
            _ => None,
        })
    }
}

/// A rule, ready to be applied. A field that is absent or null passes, unless it is required; any other value must pass
/// every part.
#[derive(Clone, Debug)]
pub(crate) struct FieldRule {
    required: bool,
    kind: Option<Type>,
    coerce: bool,
    parts: Vec<Part>,
    /// The only names that an object may have; the contract fills them in from its pointers.
    known: Option<BTreeSet<String>>,
    /// Whether a value may come only once in a file. That takes the file's memory, so it is checked elsewhere.
    pub(crate) unique: bool,
    pub(crate) handling: Option<Handling>,
}

/// What a value that is present, and has the type, must be.
#[derive(Clone, Debug)]
enum Part {
    Range { min: Option<Bound>, max: Option<Bound> },
    Length { least: usize, most: usize },
    Pattern(Regex),
    OneOf(Values),
    MaxBytes(usize),
    MaxDepth(usize),
    Timestamp(TimestampRule),
}

/// What a time must be.
#[derive(Clone, Debug)]
struct TimestampRule {
    /// Those of the contract's `time_formats`, where the rule lists none.
    formats: Option<TimeFormats>,
    earliest: Option<(Instant, String)>,
    max_future_skew: Option<Period>,
}

/// What rules are judged by beside the row.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'c> {
    pub(crate) time_formats: &'c TimeFormats,
    /// When the file arrived, where that is known.
    pub(crate) arrived: Option<Instant>,
}

/// Takes a fault: its code, and what was expected where the code does not say. Formatted only where it is kept.
type Fail<'f> = &'f mut dyn FnMut(Code, Option<fmt::Arguments<'_>>);

impl FieldRule {
    /// Coerces and checks what is at `pointer`, or of these `elements` alone, and adds what is wrong to `findings`.
    ///
    /// A call of its own for each rule of a row would cost a hundredth of the row path.
    #[inline(always)]
    pub(crate) fn apply<'c>(
        &self,
        pointer: &'c Pointer,
        elements: &[u32],
        row: &mut Attributes<'_>,
        setting: Setting<'_>,
        findings: &mut Findings<'c>,
    ) {
        row.visit(pointer, elements, &mut |value, place| {
            let value = self.check(value, setting, &mut |code, expected| {
                findings.add(code, Some(pointer), self.handling, || reason(code, place, expected));
            });
            if let (Some(known), Some(Attribute::M(map))) = (&self.known, value) {
                let names = map.iter().map(|(name, _)| name);
                find_unknown(known, names, place, Some(pointer), self.handling, findings);
            }
        });
    }

    /// Whether some value at `pointer`, or of these `elements`, is present and passes; what a `when` asks. Nothing is
    /// coerced.
    pub(crate) fn holds(
        &self,
        pointer: &Pointer,
        elements: &[u32],
        row: &mut Attributes<'_>,
        setting: Setting<'_>,
    ) -> bool {
        let mut holds = false;
        self.find(pointer, elements, row, setting, &mut |_| holds = true);
        holds
    }

    /// Hands the place of each such value to `found`.
    pub(crate) fn find(
        &self,
        pointer: &Pointer,
        elements: &[u32],
        row: &mut Attributes<'_>,
        setting: Setting<'_>,
        found: &mut dyn FnMut(Place<'_>),
    ) {
        row.visit(pointer, elements, &mut |value, place| {
            let Some(value) = value.filter(|value| **value != Attribute::Null) else { return };
            let mut passes = true;
            self.check_value(value, setting, &mut |_, _| passes = false);
            if passes {
                found(place);
            }
        });
    }

    /// Allows no names but these, where the rule forbids unknown ones.
    pub(crate) fn know(&mut self, names: impl FnOnce() -> BTreeSet<String>) {
        if let Some(known) = &mut self.known {
            *known = names();
        }
    }

    /// Whether the rule only asks, and says nothing of what becomes of a row: a condition may not.
    pub(crate) fn only_asks(&self) -> bool {
        let Self { required, coerce, known, unique, handling, .. } = self;
        !required && !coerce && known.is_none() && !unique && handling.is_none()
    }

    /// What a value must be, in words.
    pub(crate) fn describe(&self) -> String {
        let coerced = if self.coerce { ", coerced" } else { "" };
        let all = [
            self.required.then(|| "required".to_owned()),
            self.kind.map(|kind| format!("{}{coerced}", kind.expected())),
        ];
        let parts = self.parts.iter().map(ToString::to_string);
        let last = [
            self.known.as_ref().map(|_| "no fields but the contract's".to_owned()),
            self.unique.then(|| "unique in the file".to_owned()),
        ];
        all.into_iter().flatten().chain(parts).chain(last.into_iter().flatten()).collect::<Vec<_>>().join("; ")
    }

    /// Checks and coerces a value, and gives it back.
    fn check<'v, 'a>(
        &self,
        value: Option<&'v mut Attribute<'a>>,
        setting: Setting<'_>,
        fail: Fail<'_>,
    ) -> Option<&'v Attribute<'a>> {
        match value {
            Some(Attribute::Null) if self.required => fail(Code::FieldNull, None),
            None if self.required => fail(Code::FieldMissing, None),
            None | Some(Attribute::Null) => {}
            Some(value) => {
                match self.kind.filter(|_| self.coerce).map(|kind| kind.coerce(value)) {
                    None | Some(Ok(None)) => {}
                    Some(Ok(Some(coerced))) => *value = coerced,
                    Some(Err(code)) => {
                        fail(code, None);
                        return None;
                    }
                }
                self.check_value(value, setting, fail);
                return Some(value);
            }
        }
        None
    }

    fn check_value(&self, value: &Attribute, setting: Setting<'_>, fail: Fail<'_>) {
        match self.kind {
            Some(kind) if !kind.admits(value) => fail(Code::FieldType, Some(format_args!("{}", kind.expected()))),
            _ => self.parts.iter().for_each(|part| part.check(value, setting, fail)),
        }
    }
}

fn reason(code: Code, place: Place<'_>, expected: Option<fmt::Arguments<'_>>) -> Reason {
    Reason { expected: expected.map(|expected| expected.to_string()), ..Reason::at_pointer(code, place.to_string()) }
}

impl Part {
    fn check(&self, value: &Attribute, setting: Setting<'_>, fail: Fail<'_>) {
        match self {
            Self::Range { min, max } => check_range(min.as_ref(), max.as_ref(), value, fail),
            Self::Length { least, most } => check_length(*least, *most, value, fail),
            Self::Pattern(pattern) => match value {
                Attribute::S(text) if pattern.is_match(text) => {}
                Attribute::S(_) => fail(Code::FieldPattern, Some(format_args!("a match of {pattern}"))),
                _ => fail(Code::FieldType, Some(format_args!("a string"))),
            },
            Self::OneOf(values) if !values.contain(value) => fail(Code::FieldNotAllowed, None),
            Self::MaxBytes(most) if value.size() > *most => {
                fail(Code::FieldTooLarge, Some(format_args!("at most {most} bytes")));
            }
            Self::MaxDepth(most) if is_deeper(value, *most) => {
                fail(Code::FieldDepth, Some(format_args!("at most {}", levels(*most))));
            }
            Self::Timestamp(rule) => rule.check(value, setting, fail),
            Self::OneOf(_) | Self::MaxBytes(_) | Self::MaxDepth(_) => {}
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range { min: Some(min), max: Some(max) } => write!(formatter, "{} to {}", min.0, max.0),
            Self::Range { min: Some(min), max: None } => write!(formatter, "at least {}", min.0),
            Self::Range { min: None, max: Some(max) } => write!(formatter, "at most {}", max.0),
            Self::Range { min: None, max: None } => Ok(()),
            Self::Length { least, most: usize::MAX } => write!(formatter, "a length of at least {least}"),
            Self::Length { least: 0, most } => write!(formatter, "a length of at most {most}"),
            Self::Length { least, most } if least == most => write!(formatter, "a length of {least}"),
            Self::Length { least, most } => write!(formatter, "a length of {least} to {most}"),
            Self::Pattern(pattern) => write!(formatter, "a match of {}", document::code(pattern)),
            Self::OneOf(values) => write!(formatter, "one of {values}"),
            Self::MaxBytes(most) => write!(formatter, "at most {most} bytes"),
            Self::MaxDepth(most) => write!(formatter, "at most {}", levels(*most)),
            Self::Timestamp(rule) => rule.fmt(formatter),
        }
    }
}

fn check_range(min: Option<&Bound>, max: Option<&Bound>, value: &Attribute, fail: Fail<'_>) {
    let Attribute::N(text) = value else { return fail(Code::FieldType, Some(format_args!("a number"))) };
    let number = Decimal::parse(text);
    match (min, max) {
        (Some(min), _) if number < min.0 => fail(Code::FieldRange, Some(format_args!("at least {}", min.0))),
        (_, Some(max)) if number > max.0 => fail(Code::FieldRange, Some(format_args!("at most {}", max.0))),
        _ => {}
    }
}

fn check_length(least: usize, most: usize, value: &Attribute, fail: Fail<'_>) {
    let length = match value {
        // A character is one to four bytes, so that most strings need no counting.
        Attribute::S(text) if text.len() >= least.saturating_mul(4) && text.len() <= most => return,
        Attribute::S(text) => text.chars().count(),
        Attribute::L(elements) => elements.len(),
        Attribute::M(map) => map.len(),
        _ => return fail(Code::FieldType, Some(format_args!("a string, array or object"))),
    };
    if length < least {
        fail(Code::FieldLength, Some(format_args!("a length of at least {least}")));
    } else if length > most {
        fail(Code::FieldLength, Some(format_args!("a length of at most {most}")));
    }
}

fn levels(count: usize) -> String {
    format!("{count} {} below it", if count == 1 { "level" } else { "levels" })
}

/// Whether there is a value `levels` below this one.
fn is_deeper(value: &Attribute, levels: usize) -> bool {
    let below = |value: &Attribute| levels == 0 || is_deeper(value, levels - 1);
    match value {
        Attribute::L(elements) => elements.iter().any(below),
        Attribute::M(map) => map.iter().any(|(_, value)| below(value)),
        _ => false,
    }
}

/// Adds a fault at `field` for each of an object's names that is not `known`. `path` is the object's pointer.
pub(crate) fn find_unknown<'n, 'c>(
    known: &BTreeSet<String>,
    names: impl Iterator<Item = &'n str>,
    path: impl fmt::Display,
    field: Option<&'c Pointer>,
    handling: Option<Handling>,
    findings: &mut Findings<'c>,
) {
    for name in names.filter(|name| !known.contains(*name)) {
        let reason = || Reason::at_pointer(Code::FieldUnknown, format!("{path}/{}", pointer::shown(name)));
        findings.add(Code::FieldUnknown, field, handling, reason);
    }
}

impl fmt::Display for TimestampRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a time")?;
        if let Some(formats) = &self.formats {
            write!(formatter, " in {}", formats.names())?;
        }
        if let Some((_, earliest)) = &self.earliest {
            write!(formatter, ", not before {earliest}")?;
        }
        if let Some(skew) = self.max_future_skew {
            write!(formatter, ", at most {skew} after the file's arrival")?;
        }
        Ok(())
    }
}

impl TimestampRule {
    fn check(&self, value: &Attribute, setting: Setting<'_>, fail: Fail<'_>) {
        let formats = self.formats.as_ref().unwrap_or(setting.time_formats);
        let Some(instant) = formats.read(value) else {
            let is_text = matches!(value, Attribute::S(_) | Attribute::N(_));
            let code = if is_text { Code::TsUnparseable } else { Code::FieldType };
            return fail(code, Some(format_args!("{}", formats.names())));
        };
        if let Some((earliest, text)) = &self.earliest
            && instant < *earliest
        {
            fail(Code::TsPast, Some(format_args!("not before {text}")));
        }
        if let (Some(skew), Some(arrived)) = (self.max_future_skew, setting.arrived)
            && instant > arrived.plus(skew.seconds)
        {
            fail(Code::TsFuture, Some(format_args!("at most {skew} after the file's arrival")));
        }
    }
}

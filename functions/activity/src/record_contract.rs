//! The record contract: what a row must look like, and where its key is.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::field::FieldRule;
use crate::pointer::Pointer;

/// DynamoDB's nesting limit: "up to 32 levels deep".
const MAX_DEPTH: usize = 32;
/// The longest line that a contract may allow: a row has to be in memory whole.
const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// What a row must look like to become an item, read from YAML:
///
/// ```yaml
/// user: [/user_id, /actor/id]     # JSON pointers (RFC 6901), tried in order: the first that is neither absent nor null
/// time: [/timestamp]
/// id: [/event_id]                 # optional; without an id, a hash of the row's content takes its place in the key
/// time_formats: [iso8601, epoch_ms]
/// fields:                         # by JSON pointer; absent and null pass, unless required
///   /event: {required: true, type: string, one_of: [view, cart, purchase]}
///   /price: {type: number, coerce: true, min: 0}
/// limits: {max_line_bytes: 1048576, max_depth: 32}
/// ```
///
/// The user and the id are strings or integers. Rules of a field: `required`, `non_empty`, `type` (`string`, `number`,
/// `integer`, `boolean`, `object`, `array`), `coerce` (a string that spells a number or a boolean becomes one, a number
/// becomes its digits), `min` and `max` (numbers), `min_length` and `max_length` (characters, elements or entries),
/// `pattern` (a regular expression that matches anywhere, unless anchored) and `one_of`. A rule sees the row as sent;
/// the key is read after coercion.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct RecordContract {
    pub(crate) user: Vec<Pointer>,
    pub(crate) time: Vec<Pointer>,
    pub(crate) id: Vec<Pointer>,
    pub(crate) time_formats: Vec<TimeFormat>,
    pub(crate) fields: Vec<(Pointer, FieldRule)>,
    pub(crate) limits: Limits,
}

/// A format that a time may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum TimeFormat {
    /// ISO 8601, extended form, with an offset or `Z`: `2015-09-12T00:46:58.771Z`.
    #[serde(rename = "iso8601")]
    Iso8601,
    /// Seconds since 1970, a number or its digits in a string; so are the others.
    #[serde(rename = "epoch_s")]
    EpochSeconds,
    /// Milliseconds since 1970.
    #[serde(rename = "epoch_ms")]
    EpochMilliseconds,
    /// Microseconds since 1970.
    #[serde(rename = "epoch_us")]
    EpochMicroseconds,
    /// Nanoseconds since 1970.
    #[serde(rename = "epoch_ns")]
    EpochNanoseconds,
}

impl TimeFormat {
    /// The name in a contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iso8601 => "iso8601",
            Self::EpochSeconds => "epoch_s",
            Self::EpochMilliseconds => "epoch_ms",
            Self::EpochMicroseconds => "epoch_us",
            Self::EpochNanoseconds => "epoch_ns",
        }
    }

    /// For an epoch, the power of ten of its units in a second.
    pub(crate) const fn epoch_power(self) -> Option<i64> {
        match self {
            Self::Iso8601 => None,
            Self::EpochSeconds => Some(0),
            Self::EpochMilliseconds => Some(3),
            Self::EpochMicroseconds => Some(6),
            Self::EpochNanoseconds => Some(9),
        }
    }
}

/// What bounds a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The longest line, bytes without its terminator: 1 to 16 MiB, by default 1 MiB. No longer line is kept in memory.
    pub max_line_bytes: usize,
    /// The deepest nesting: 1 to 32, by default 32, DynamoDB's limit. A field of the row is level 1, an element of an
    /// array that is a field level 2.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_line_bytes: 1024 * 1024, max_depth: MAX_DEPTH }
    }
}

/// A contract as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    user: Vec<Pointer>,
    time: Vec<Pointer>,
    #[serde(default)]
    id: Vec<Pointer>,
    time_formats: Vec<TimeFormat>,
    #[serde(default)]
    fields: BTreeMap<Pointer, FieldRule>,
    #[serde(default)]
    limits: Limits,
}

impl TryFrom<Written> for RecordContract {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { user, time, id, time_formats, fields, limits } = written;
        if user.is_empty() || time.is_empty() {
            return Err("`user` and `time` each need at least one JSON pointer".into());
        }
        if time_formats.is_empty() {
            return Err("`time_formats` is empty: list iso8601, epoch_s, epoch_ms, epoch_us or epoch_ns".into());
        }
        // A count alone does not tell its unit: 1442018818771 is a time in 2015, in 1970 and in the year 47665.
        if time_formats.iter().filter(|format| format.epoch_power().is_some()).count() > 1 {
            return Err("`time_formats` lists two epoch units, which cannot be told apart: list one".into());
        }
        if !(1..=MAX_DEPTH).contains(&limits.max_depth) {
            return Err(format!("`max_depth` is 1 to {MAX_DEPTH}, DynamoDB's limit"));
        }
        if !(1..=MAX_LINE_BYTES).contains(&limits.max_line_bytes) {
            return Err(format!("`max_line_bytes` is 1 to {MAX_LINE_BYTES}"));
        }
        Ok(Self { user, time, id, time_formats, fields: fields.into_iter().collect(), limits })
    }
}

impl RecordContract {
    /// Reads a contract.
    ///
    /// # Errors
    ///
    /// The text is not YAML, names an unknown key, or says what cannot be meant; with line and column.
    pub fn from_yaml(text: &str) -> Result<Self, ContractError> {
        serde_saphyr::from_str(text).map_err(|error| ContractError::new(&error))
    }

    /// The limits of a row.
    pub fn limits(&self) -> Limits {
        self.limits
    }
}

/// The record contract cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record contract cannot be used: {message}")]
pub struct ContractError {
    message: String,
    location: Option<(u64, u64)>,
}

impl ContractError {
    fn new(error: &serde_saphyr::Error) -> Self {
        let location = error.location().map(|location| (location.line(), location.column()));
        Self { message: error.without_snippet().to_string(), location }
    }

    /// Where in the file: the line and the column, from 1.
    pub fn location(&self) -> Option<(u64, u64)> {
        self.location
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
        ] {
            let error = error(&format!("{start}{rest}"));
            assert_eq!(error.location().map(|(line, _)| line), Some(line), "{rest}: {error}");
            assert!(error.to_string().contains(message), "{rest}: {error}");
            assert!(error.to_string().contains(&format!("line {line}")), "{rest}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let contract = |user: &str, formats: &str, limits: &str| {
            format!("user: [{user}]\ntime: [/time]\ntime_formats: [{formats}]\nlimits: {limits}\n")
        };
        for (user, formats, limits, message) in [
            ("", "iso8601", "{}", "at least one JSON pointer"),
            ("/user", "", "{}", "`time_formats` is empty"),
            ("/user", "epoch_s, epoch_ms", "{}", "two epoch units"),
            ("/user", "rfc2822", "{}", "rfc2822"),
            ("/user", "iso8601", "{max_depth: 33}", "1 to 32"),
            ("/user", "iso8601", "{max_depth: 0}", "1 to 32"),
            ("/user", "iso8601", "{max_line_bytes: 0}", "max_line_bytes"),
        ] {
            let error = error(&contract(user, formats, limits)).to_string();
            assert!(error.contains(message), "{message}: {error}");
        }
        assert!(RecordContract::from_yaml(&contract("/user", "iso8601, epoch_s", "{}")).is_ok());
        assert!(error("time: [/time]\ntime_formats: [iso8601]\n").to_string().contains("user"));
        assert!(!error("").to_string().is_empty());
    }
}

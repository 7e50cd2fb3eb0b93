//! The formats that a time may have.

use serde::Deserialize;

use crate::attribute::Attribute;
use crate::instant::Instant;

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
    const fn epoch_power(self) -> Option<i64> {
        match self {
            Self::Iso8601 => None,
            Self::EpochSeconds => Some(0),
            Self::EpochMilliseconds => Some(3),
            Self::EpochMicroseconds => Some(6),
            Self::EpochNanoseconds => Some(9),
        }
    }
}

/// Formats that can be told apart, at least one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<TimeFormat>")]
pub(crate) struct TimeFormats(Vec<TimeFormat>);

impl TryFrom<Vec<TimeFormat>> for TimeFormats {
    type Error = &'static str;

    fn try_from(formats: Vec<TimeFormat>) -> Result<Self, &'static str> {
        // A count alone does not tell its unit: 1442018818771 is a time in 2015, in 1970 and in the year 47665.
        match formats.iter().filter(|format| format.epoch_power().is_some()).count() {
            _ if formats.is_empty() => Err("no time format: list iso8601, epoch_s, epoch_ms, epoch_us or epoch_ns"),
            0 | 1 => Ok(Self(formats)),
            _ => Err("two epoch units cannot be told apart: list one"),
        }
    }
}

impl TimeFormats {
    /// The instant that `value` names.
    pub(crate) fn read(&self, value: &Attribute) -> Option<Instant> {
        self.0.iter().find_map(|format| match (value, format.epoch_power()) {
            (Attribute::S(text), None) => Instant::from_iso8601(text),
            (Attribute::S(text) | Attribute::N(text), Some(power)) => Instant::from_epoch(text, power),
            _ => None,
        })
    }

    /// The formats' names: `iso8601 or epoch_ms`.
    pub(crate) fn names(&self) -> String {
        self.0.iter().map(|format| format.name()).collect::<Vec<_>>().join(" or ")
    }
}

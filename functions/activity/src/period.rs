//! Lengths of time in a contract: `90s`, `10m`, `24h`, `7d`.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// The units, longest first.
const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A length of time, whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Period {
    pub(crate) seconds: u32,
}

impl TryFrom<Value> for Period {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Self::parse(&text),
            // A number without a unit is refused with what to write.
            other => Self::parse(&other.to_string()),
        }
    }
}

impl Period {
    fn parse(text: &str) -> Result<Self, String> {
        let unit = UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, seconds)));
        let seconds = unit.and_then(|(count, seconds)| {
            let digits = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
            if digits { count.parse::<u32>().ok()?.checked_mul(*seconds) } else { None }
        });
        let unclear = || format!("`{text}` is no length of time: write 90s, 10m, 24h or 7d");
        seconds.map(|seconds| Self { seconds }).ok_or_else(unclear)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, length) = UNITS.iter().find(|(_, length)| self.seconds.is_multiple_of(*length)).unwrap_or(&('s', 1));
        write!(formatter, "{}{unit}", self.seconds / length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_a_count_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("23h", 82_800), ("7d", 604_800)] {
            let period = Period::parse(text).unwrap();
            assert_eq!((period.seconds, period.to_string().as_str()), (seconds, text));
        }
        for text in ["", "s", "10", "-1s", "1.5h", "1 h", "99999d", "1w"] {
            assert!(Period::parse(text).unwrap_err().contains("write 90s"), "{text}");
        }
    }
}

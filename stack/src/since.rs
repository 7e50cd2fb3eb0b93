//! How long ago, as people say it.

use jiff::{Span, SpanRelativeTo, Timestamp, civil, tz::TimeZone};

/// Reads `10m`, `2h` or `7d`, counted back from now; or a date or a date and time, which without an offset are in UTC.
pub fn since(text: &str) -> Result<Timestamp, String> {
    before(Timestamp::now(), text)
}

fn before(now: Timestamp, text: &str) -> Result<Timestamp, String> {
    let ago = || {
        now.checked_sub(text.parse::<Span>().ok()?.abs().to_duration(SpanRelativeTo::days_are_24_hours()).ok()?).ok()
    };
    let civil = || TimeZone::UTC.to_timestamp(text.parse::<civil::DateTime>().ok()?).ok();
    text.parse()
        .ok()
        .or_else(ago)
        .or_else(civil)
        .ok_or_else(|| "give how long ago, 10m, 2h or 7d, or a time, 2026-01-31 or 2026-01-31T06:30:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let now = "2026-01-31T12:00:00Z".parse().unwrap();
        assert_eq!(before(now, text), Ok(expected.parse().unwrap()), "{text}");
    }

    #[test]
    fn a_duration_counts_back_from_now() {
        check("10m", "2026-01-31T11:50:00Z");
        check("2h 30m", "2026-01-31T09:30:00Z");
        check("7d", "2026-01-24T12:00:00Z");
    }

    #[test]
    fn a_time_without_an_offset_is_in_utc() {
        check("2026-01-30", "2026-01-30T00:00:00Z");
        check("2026-01-30T06:30", "2026-01-30T06:30:00Z");
        check("2026-01-30T06:30:00+02:00", "2026-01-30T04:30:00Z");
    }

    #[test]
    fn anything_else_is_explained() {
        assert!(since("yesterday").unwrap_err().contains("10m"));
    }
}

//! Instants: the accepted time formats in, one fixed-width UTC text out.
//!
//! The text sorts as the instants do, which makes it a sort key: `2015-09-12T00:46:58.771000000Z`. The arithmetic is
//! this module's own because the range is: the years 0000 to 9999, all of them, to the nanosecond.

use std::ops::{Range, RangeInclusive};
use std::str;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::number::{self, Decimal};

/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds from 1970.
const SECONDS: RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;
const NANOSECONDS: i128 = 1_000_000_000;
/// The length of an instant's text.
pub(crate) const TEXT_BYTES: usize = 30;

/// An instant between the years 0000 and 9999, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Instant {
    seconds: i64,
    nanoseconds: u32,
}

impl Instant {
    fn new(seconds: i64, nanoseconds: u32) -> Option<Self> {
        SECONDS.contains(&seconds).then_some(Self { seconds, nanoseconds })
    }

    /// The instant of a clock's time; one beyond the years is the nearest within them.
    pub(crate) fn from_system_time(time: SystemTime) -> Self {
        let (seconds, nanoseconds) = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos()),
            Err(before) => (i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds), 0),
        };
        Self { seconds: seconds.clamp(*SECONDS.start(), *SECONDS.end()), nanoseconds }
    }

    /// How much later this is than `earlier`, seconds, rounded down.
    pub(crate) fn seconds_since(self, earlier: Self) -> i64 {
        self.seconds - earlier.seconds - i64::from(self.nanoseconds < earlier.nanoseconds)
    }

    /// The instant `seconds` later.
    pub(crate) fn plus(self, seconds: u32) -> Self {
        Self { seconds: self.seconds + i64::from(seconds), ..self }
    }

    /// Reads ISO 8601 in its extended form: a date, `T` (or `t`, or one space), a time to the second, at most nine
    /// decimals behind `.` or `,` (more only where they are zeros), and `Z`, `z`, `+hh:mm`, `+hhmm` or `+hh`.
    ///
    /// A time without an offset is refused, since it names no instant, and so is the leap second `:60`, which has no
    /// UTC text of its own here: it would take the place of a second that has.
    pub(crate) fn from_iso8601(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let digits = |from: usize, count: usize| digits(bytes.get(from..from + count)?);
        let punctuated =
            bytes.len() > 19 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[13] == b':' && bytes[16] == b':';
        if !punctuated || !matches!(bytes[10], b'T' | b't' | b' ') {
            return None;
        }
        let (year, month, day) = (digits(0, 4)?, digits(5, 2)?, digits(8, 2)?);
        let (hour, minute, second) = (digits(11, 2)?, digits(14, 2)?, digits(17, 2)?);
        if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let (nanoseconds, offset) = split_fraction(&bytes[19..])?;
        let time = hour * 3600 + minute * 60 + second;
        Self::new(days_from_civil(year, month, day) * 86_400 + time - offset_seconds(offset)?, nanoseconds)
    }

    /// Reads a count of units since 1970-01-01T00:00:00Z, each of 10^`-power` seconds. A count may have decimals, as
    /// long as they end at the nanosecond.
    pub(crate) fn from_epoch(count: &str, power: i64) -> Option<Self> {
        if !number::is_json_number(count) {
            return None;
        }
        let decimal = Decimal::parse(count);
        let zeros = decimal.point.checked_sub(decimal.count())?.checked_add(9 - power)?;
        if decimal.is_zero() {
            return Self::new(0, 0);
        }
        let scale = 10_i128.checked_pow(u32::try_from(zeros).ok()?)?;
        let magnitude = decimal.digits().parse::<i128>().ok()?.checked_mul(scale)?;
        let total = if decimal.negative { -magnitude } else { magnitude };
        let seconds = i64::try_from(total.div_euclid(NANOSECONDS)).ok()?;
        Self::new(seconds, total.rem_euclid(NANOSECONDS) as u32)
    }

    /// Appends the instant's text, [`TEXT_BYTES`] long.
    pub(crate) fn write_to(self, text: &mut String) {
        let (year, month, day) = civil_from_days(self.seconds.div_euclid(86_400));
        let time = self.seconds.rem_euclid(86_400);
        let mut written = *b"0000-00-00T00:00:00.000000000Z";
        let mut put = |place: Range<usize>, value: i64| {
            // In 32 bits, where dividing by ten is a multiplication.
            let mut left = value as u32;
            for digit in written[place].iter_mut().rev() {
                *digit += (left % 10) as u8;
                left /= 10;
            }
        };
        put(0..4, year);
        put(5..7, month);
        put(8..10, day);
        put(11..13, time / 3600);
        put(14..16, time / 60 % 60);
        put(17..19, time % 60);
        put(20..29, i64::from(self.nanoseconds));
        text.push_str(str::from_utf8(&written).unwrap_or_default());
    }
}

/// The value of a run of ASCII digits, at most nine of them.
fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

/// Splits what follows the seconds into nanoseconds and the offset's text.
fn split_fraction(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let [b'.' | b',', rest @ ..] = bytes else { return Some((0, bytes)) };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, offset) = rest.split_at(length);
    let (kept, beyond) = fraction.split_at(length.min(9));
    if kept.is_empty() || beyond.iter().any(|byte| *byte != b'0') {
        return None;
    }
    let value = digits(kept)? * 10_i64.pow(9 - kept.len() as u32);
    Some((value as u32, offset))
}

/// The seconds that an offset is ahead of UTC. `-00:00` (RFC 3339: the local offset is unknown) is UTC.
fn offset_seconds(bytes: &[u8]) -> Option<i64> {
    let (sign, hour, minute) = match bytes {
        [b'Z' | b'z'] => return Some(0),
        [sign, hour @ ..] if hour.len() == 2 => (sign, hour, &b"00"[..]),
        [sign, clock @ ..] if clock.len() == 4 => (sign, &clock[..2], &clock[2..]),
        [sign, clock @ ..] if clock.len() == 5 && clock[2] == b':' => (sign, &clock[..2], &clock[3..]),
        _ => return None,
    };
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    if hour > 23 || minute > 59 {
        return None;
    }
    match sign {
        b'+' => Some(hour * 3600 + minute * 60),
        b'-' => Some(-(hour * 3600 + minute * 60)),
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar. Years are counted from March, so that the leap
/// day is a year's last and the months before it have a regular length.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(instant: Option<Instant>) -> Option<String> {
        instant.map(|instant| {
            let mut text = String::new();
            instant.write_to(&mut text);
            assert_eq!(text.len(), TEXT_BYTES);
            text
        })
    }

    fn check_iso(input: &str, expected: Option<&str>) {
        assert_eq!(text(Instant::from_iso8601(input)).as_deref(), expected, "{input}");
    }

    fn check_epoch(input: &str, power: i64, expected: Option<&str>) {
        assert_eq!(text(Instant::from_epoch(input, power)).as_deref(), expected, "{input}");
    }

    #[test]
    fn iso_8601_with_an_offset_is_an_instant() {
        let expected = Some("2015-09-12T00:46:58.771000000Z");
        check_iso("2015-09-12T00:46:58.771Z", expected);
        check_iso("2015-09-12t00:46:58,771z", expected);
        check_iso("2015-09-12 00:46:58.771000000000+00", expected);
        check_iso("2015-09-12T06:16:58.771+05:30", expected);
        check_iso("2015-09-12T06:16:58.771+0530", expected);
        check_iso("2015-09-11T23:46:58.771-01:00", expected);
        check_iso("2015-09-12T00:46:58.771-00:00", expected);
        check_iso("2024-02-29T00:00:00Z", Some("2024-02-29T00:00:00.000000000Z"));
        check_iso("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00.000000000Z"));
        check_iso("9999-12-31T23:59:59.999999999Z", Some("9999-12-31T23:59:59.999999999Z"));
    }

    #[test]
    fn what_names_no_instant_is_refused() {
        for input in [
            "",
            "2015-09-12",
            "2015-09-12T00:46:58",
            "2015-09-12T00:46Z",
            "2015-9-12T00:46:58Z",
            "20150912T004658Z",
            "2015-02-29T00:00:00Z",
            "2015-13-01T00:00:00Z",
            "2015-00-01T00:00:00Z",
            "2015-01-32T00:00:00Z",
            "2015-01-01T24:00:00Z",
            "2015-01-01T00:60:00Z",
            "2016-12-31T23:59:60Z",
            "2015-01-01T00:00:00.Z",
            "2015-01-01T00:00:00.0000000001Z",
            "2015-01-01T00:00:00+5:30",
            "2015-01-01T00:00:00+24:00",
            "2015-01-01T00:00:00Z ",
            " 2015-01-01T00:00:00Z",
            "2015-01-01T00:00:00+05:30[Asia/Kolkata]",
            "+2015-01-01T00:00:00Z",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "２０15-01-01T00:00:00Z",
        ] {
            check_iso(input, None);
        }
    }

    #[test]
    fn an_epoch_counts_units_from_1970() {
        check_epoch("0", 0, Some("1970-01-01T00:00:00.000000000Z"));
        check_epoch("-1", 0, Some("1969-12-31T23:59:59.000000000Z"));
        check_epoch("1442018818", 0, Some("2015-09-12T00:46:58.000000000Z"));
        check_epoch("1442018818.771", 0, Some("2015-09-12T00:46:58.771000000Z"));
        check_epoch("1442018818771", 3, Some("2015-09-12T00:46:58.771000000Z"));
        check_epoch("1442018818771000", 6, Some("2015-09-12T00:46:58.771000000Z"));
        check_epoch("1442018818771000001", 9, Some("2015-09-12T00:46:58.771000001Z"));
        check_epoch("1.442018818771e12", 3, Some("2015-09-12T00:46:58.771000000Z"));
        check_epoch("253402300799", 0, Some("9999-12-31T23:59:59.000000000Z"));
        for (input, power) in [
            ("253402300800", 0),
            ("-62167219201", 0),
            ("1e400", 0),
            ("1e-400", 0),
            ("0.5", 9),
            ("", 0),
            ("0x10", 0),
            (" 1", 0),
        ] {
            check_epoch(input, power, None);
        }
    }

    proptest! {
        #[test]
        fn texts_agree_with_jiff(seconds in -62_167_219_200_i64..253_000_000_000, nanoseconds in 0_i32..1_000_000_000) {
            let jiff = jiff::Timestamp::from_nanosecond(i128::from(seconds) * NANOSECONDS + i128::from(nanoseconds)).unwrap();
            let ours = Instant::new(seconds, nanoseconds as u32);
            prop_assert_eq!(text(ours), Some(format!("{jiff:.9}")));
            prop_assert_eq!(Instant::from_iso8601(&jiff.to_string()), ours);
            prop_assert_eq!(Instant::from_epoch(&jiff.as_nanosecond().to_string(), 9), ours);
        }

        #[test]
        fn any_text_is_read_or_refused(input in "[0-9TtZz:.,+ -]{0,40}|.{0,40}") {
            let _ = Instant::from_iso8601(&input);
            let _ = Instant::from_epoch(&input, 3);
        }
    }
}

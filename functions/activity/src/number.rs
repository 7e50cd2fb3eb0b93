//! Decimal numbers as DynamoDB keeps them: up to 38 significant digits, every one of them kept.
//!
//! A number is never a float here: it goes from the digits of the JSON text to the digits of the attribute. See
//! "Naming rules and data types" in the DynamoDB developer guide:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::Code;
use crate::text::Text;

/// DynamoDB's precision.
const MAX_DIGITS: usize = 38;
/// The powers of ten that the first digit of a number may have: 1E-130 to 9.99…E+125.
const MAGNITUDE: std::ops::RangeInclusive<i64> = -130..=125;
/// Numbers that fit are written plainly, longer ones in scientific notation: 38 digits, a sign and a point fit.
const MAX_PLAIN: usize = MAX_DIGITS + 2;

/// The one text that stands for the value of `text`, a number in JSON's grammar: equal numbers have equal texts.
///
/// # Errors
///
/// `NUM_PRECISION` or `NUM_RANGE`, where DynamoDB would refuse or round the number.
pub(crate) fn normalise(text: &str) -> Result<Cow<'_, str>, Code> {
    if is_normal(text) {
        return Ok(Cow::Borrowed(text));
    }
    // A price of 9.50.
    if text.contains('.') {
        let shorter = text.trim_end_matches('0').trim_end_matches('.');
        if is_normal(shorter) {
            return Ok(Cow::Borrowed(shorter));
        }
    }
    let decimal = Decimal::parse(text);
    if decimal.count() > MAX_DIGITS as i64 {
        return Err(Code::NumPrecision);
    }
    if !decimal.is_zero() && !MAGNITUDE.contains(&(decimal.point - 1)) {
        return Err(Code::NumRange);
    }
    Ok(Cow::Owned(decimal.to_string()))
}

/// [`normalise`] for a text that may be the line's own: what is normal already stays where it is.
pub(crate) fn normalise_text<'a>(text: &Text<'a>) -> Result<Text<'a>, Code> {
    match text.as_plain() {
        Some(text) => normalise(text).map(Text::digits),
        None => normalise(text).map(|normal| normal.into_owned().into()),
    }
}

/// Whether `text` is, at a glance, the normal text of its value: the usual case, and it saves taking it apart.
pub(crate) fn is_normal(text: &str) -> bool {
    let (mut point, mut exponent) = (false, false);
    for byte in text.bytes() {
        point |= byte == b'.';
        exponent |= matches!(byte, b'e' | b'E');
    }
    text.len() <= MAX_DIGITS && !exponent && !(point && text.ends_with('0')) && text != "-0"
}

/// The bytes that DynamoDB counts for a number: one for each two digits, aligned on the decimal point, one more, and
/// one for a minus sign. AWS calls its own formula approximate:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>.
pub(crate) fn size(text: &str) -> usize {
    let decimal = Decimal::parse(text);
    let last = decimal.point - decimal.count();
    let pairs = (decimal.point + 1).div_euclid(2) - last.div_euclid(2);
    1 + pairs as usize + usize::from(decimal.negative)
}

/// Whether a normal number is an integer that is written plainly.
pub(crate) fn is_plain_integer(normal: &str) -> bool {
    normal.strip_prefix('-').unwrap_or(normal).bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a number's value is an integer.
pub(crate) fn is_integer(text: &str) -> bool {
    let decimal = Decimal::parse(text);
    is_plain_integer(text) || decimal.point >= decimal.count()
}

/// Whether the whole of `text` is a number in JSON's grammar.
pub(crate) fn is_json_number(text: &str) -> bool {
    scan(text.as_bytes()) == Some(text.len())
}

/// The length of the JSON number at the start of `bytes`, where there is one.
pub(crate) fn scan(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let integer = digits(at);
    if integer == 0 || (integer > 1 && bytes[at] == b'0') {
        return None;
    }
    at += integer;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

/// A number taken apart: `0.digits × 10^point`, with no leading and no trailing zero; zero has no digits.
///
/// The digits stay where they are in the number's text: to copy them would cost more than to look at them.
#[derive(Clone, Debug)]
pub(crate) struct Decimal<'a> {
    pub(crate) negative: bool,
    /// From the first digit to the last, and maybe the decimal point between them.
    written: Cow<'a, str>,
    pub(crate) point: i64,
}

impl<'a> Decimal<'a> {
    /// Takes apart `text`, a number in JSON's grammar.
    pub(crate) fn parse(text: &'a str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        // Searched for by bytes: numbers are too short for what a search of a text sets up.
        let find = |text: &str, is_it: fn(u8) -> bool| text.bytes().position(is_it);
        let (mantissa, exponent) = match find(text, |byte| matches!(byte, b'e' | b'E')) {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, ""),
        };
        let (integer, fraction) = match find(mantissa, |byte| byte == b'.') {
            Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
            None => (mantissa, ""),
        };
        let written = Cow::Borrowed(mantissa.trim_matches(['0', '.']));
        if written.is_empty() {
            return Self { negative: false, written, point: 0 };
        }
        let zeros = |digits: &str| digits.bytes().take_while(|byte| *byte == b'0').count() as i64;
        let point = match integer.len() as i64 - zeros(integer) {
            0 => -zeros(fraction),
            point => point,
        };
        let exponent = if exponent.is_empty() { 0 } else { exponent_value(exponent) };
        Self { negative, written, point: point.saturating_add(exponent) }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.written.is_empty()
    }

    /// How many digits there are.
    pub(crate) fn count(&self) -> i64 {
        self.bytes().count() as i64
    }

    /// The digits one by one.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = u8> {
        self.written.bytes().filter(|byte| *byte != b'.')
    }

    /// The digits.
    pub(crate) fn digits(&self) -> Cow<'_, str> {
        if self.written.contains('.') { self.written.replace('.', "").into() } else { self.written.as_ref().into() }
    }

    pub(crate) fn into_owned(self) -> Decimal<'static> {
        Decimal { negative: self.negative, written: Cow::Owned(self.written.into_owned()), point: self.point }
    }
}

/// An exponent of any length: one that is too long for an integer is out of every range, and saturates.
fn exponent_value(text: &str) -> i64 {
    let limit = if text.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
    text.parse::<i64>().unwrap_or(limit).clamp(i64::MIN / 2, i64::MAX / 2)
}

impl fmt::Display for Decimal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        let count = digits.len() as i64;
        let zeros = |count: i64| "0".repeat(count as usize);
        if self.negative {
            formatter.write_str("-")?;
        }
        let sign = i64::from(self.negative);
        let fits = |length: i64| sign + length <= MAX_PLAIN as i64;
        match self.point {
            _ if digits.is_empty() => formatter.write_str("0"),
            point if point >= count && fits(point) => write!(formatter, "{digits}{}", zeros(point - count)),
            point if (1..count).contains(&point) && fits(count + 1) => {
                let (integer, fraction) = digits.split_at(point as usize);
                write!(formatter, "{integer}.{fraction}")
            }
            point if point <= 0 && fits(count.saturating_sub(point) + 2) => {
                write!(formatter, "0.{}{digits}", zeros(-point))
            }
            point => {
                let (first, rest) = digits.split_at(1);
                let dot = if rest.is_empty() { "" } else { "." };
                write!(formatter, "{first}{dot}{rest}E{:+}", point.saturating_sub(1))
            }
        }
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |decimal: &Self| match (decimal.is_zero(), decimal.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let magnitude = || self.point.cmp(&other.point).then_with(|| self.bytes().cmp(other.bytes()));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => magnitude(),
            _ => magnitude().reverse(),
        })
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal<'_> {}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Result<&str, Code>) {
        assert!(is_json_number(text), "{text}");
        assert_eq!(normalise(text).as_deref(), expected.as_ref().map(|text| *text), "{text}");
    }

    #[test]
    fn equal_numbers_have_one_text() {
        for text in ["1", "1.0", "1.00", "10e-1", "0.1E1", "1e0", "1E+0", "1e-0"] {
            check(text, Ok("1"));
        }
        for text in ["0", "-0", "0.0", "-0.00", "0e5", "0E-9999999999999999999999", "0e999999"] {
            check(text, Ok("0"));
        }
        check("1000", Ok("1000"));
        check("1e3", Ok("1000"));
        check("-1.50", Ok("-1.5"));
        check("1.5e-3", Ok("0.0015"));
        check("12.5e1", Ok("125"));
        check("1e100", Ok("1E+100"));
        check("-1.25E-100", Ok("-1.25E-100"));
    }

    #[test]
    fn thirty_eight_digits_are_kept_and_thirty_nine_refused() {
        let digits = "12345678901234567890123456789012345678";
        check(digits, Ok(digits));
        check(&format!("-{digits}"), Ok(&format!("-{digits}")));
        check(&format!("-1.{}", &digits[1..]), Ok(&format!("-1.{}", &digits[1..])));
        check(&format!("{digits}9"), Err(Code::NumPrecision));
        check(&format!("{digits}.5"), Err(Code::NumPrecision));
        check(&format!("{digits}000"), Ok("1.2345678901234567890123456789012345678E+40"));
        check(&format!("{digits}.000"), Ok(digits));
        check(&format!("0.000{digits}"), Ok("1.2345678901234567890123456789012345678E-4"));
    }

    #[test]
    fn the_range_is_dynamodbs() {
        check("1E-130", Ok("1E-130"));
        check("9.9999999999999999999999999999999999999E+125", Ok("9.9999999999999999999999999999999999999E+125"));
        check("1E126", Err(Code::NumRange));
        check("-1E126", Err(Code::NumRange));
        check("9.9E-131", Err(Code::NumRange));
        check("1e999999999999999999999999", Err(Code::NumRange));
        check("1e-999999999999999999999999", Err(Code::NumRange));
    }

    #[test]
    fn the_grammar_is_jsons() {
        for text in ["", "-", "01", "1.", ".5", "1e", "1e+", "+1", "NaN", "Infinity", "0x1", "1 ", "--1", "1.e5"] {
            assert!(!is_json_number(text), "{text}");
        }
    }

    #[test]
    fn sizes_count_pairs_of_digits() {
        for (text, bytes) in
            [("0", 1), ("7", 2), ("42", 2), ("100", 2), ("123", 3), ("1.5", 3), ("-7", 3), ("1E-130", 2)]
        {
            assert_eq!(size(text), bytes, "{text}");
        }
    }

    #[test]
    fn decimals_are_ordered_by_value() {
        let ordered = ["-1E10", "-2", "-1.5", "0", "1E-5", "0.1", "0.11", "1", "9", "10", "10.5", "1E20"];
        for pair in ordered.windows(2) {
            assert!(Decimal::parse(pair[0]) < Decimal::parse(pair[1]), "{pair:?}");
        }
    }

    proptest! {
        #[test]
        fn normal_text_is_stable_and_keeps_the_value(text in "-?(0|[1-9][0-9]{0,19})(\\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?") {
            let normal = normalise(&text).unwrap();
            prop_assert!(is_json_number(&normal));
            prop_assert_eq!(normalise(&normal).unwrap(), normal.clone());
            prop_assert_eq!(Decimal::parse(&text), Decimal::parse(&normal));
            prop_assert_eq!(normal.into_owned(), Decimal::parse(&text).to_string());
        }
    }
}

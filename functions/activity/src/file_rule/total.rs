//! Sums of decimal numbers, to the last digit: what comes in another order, or in parts, comes to the same sum.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::number::Decimal;

/// Decimal digits in a limb.
const DIGITS: i64 = 9;
/// What a limb counts to, before it carries.
const LIMB: i128 = 10_i128.pow(DIGITS as u32);

/// A sum of multiples of numbers: by the power of [`LIMB`], how often. Nothing is carried before the end: the multiples
/// of a billion, 64 bits of them at a time, leave room for as many numbers in 128.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Total(BTreeMap<i64, i128>);

impl Total {
    /// A count, or a float: the shortest number that is read as it.
    pub(super) fn of_number(number: impl ToString) -> Self {
        Self::of(&Decimal::parse(&number.to_string()), 1)
    }

    /// So many of `number`.
    pub(super) fn of(number: &Decimal<'_>, times: u64) -> Self {
        let mut total = Self::default();
        total.add(number, times);
        total
    }

    /// Adds `number` so many times.
    pub(super) fn add(&mut self, number: &Decimal<'_>, times: u64) {
        let times = if number.negative { -i128::from(times) } else { i128::from(times) };
        let (mut power, mut limb) = (0, 0);
        for (digit, behind) in number.bytes().zip(1..) {
            let place = number.point - behind;
            if place.div_euclid(DIGITS) != power {
                self.add_limb(power, limb * times);
                (power, limb) = (place.div_euclid(DIGITS), 0);
            }
            limb += i128::from(digit - b'0') * 10_i128.pow(place.rem_euclid(DIGITS) as u32);
        }
        self.add_limb(power, limb * times);
    }

    fn add_limb(&mut self, power: i64, limb: i128) {
        if limb != 0 {
            *self.0.entry(power).or_default() += limb;
        }
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, later: Self) {
        later.0.into_iter().for_each(|(power, limb)| self.add_limb(power, limb));
    }

    /// The sum.
    pub(super) fn value(&self) -> Decimal<'static> {
        match self.digits(1) {
            Some(text) => Decimal::parse(&text).into_owned(),
            None => Decimal::parse(&format!("-{}", self.digits(-1).unwrap_or_default())).into_owned(),
        }
    }

    /// The digits of the sum times `sign`, where that is not negative.
    fn digits(&self, sign: i128) -> Option<String> {
        let lowest = *self.0.keys().next()?;
        let highest = *self.0.keys().next_back()?;
        let (mut limbs, mut carried, mut power) = (Vec::new(), 0, lowest);
        while power <= highest || carried > 0 {
            let limb = carried + sign * self.0.get(&power).copied().unwrap_or_default();
            limbs.push(format!("{:09}", limb.rem_euclid(LIMB)));
            carried = limb.div_euclid(LIMB);
            power += 1;
        }
        limbs.reverse();
        (carried == 0).then(|| format!("{}e{}", limbs.concat(), lowest * DIGITS))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(numbers: &[&str]) -> String {
        let mut total = Total::default();
        numbers.iter().for_each(|number| total.add(&Decimal::parse(number), 1));
        total.value().to_string()
    }

    #[test]
    fn no_digit_is_lost() {
        for (numbers, expected) in [
            (&[][..], "0"),
            (&["0"], "0"),
            (&["0.1", "0.2"], "0.3"),
            (&["0.1", "-0.1"], "0"),
            (&["-0.1", "-0.2", "0.05"], "-0.25"),
            (&["999999999", "1"], "1000000000"),
            (&["1000000000", "-1"], "999999999"),
            (&["1", "-1000000000"], "-999999999"),
            (&["1E+100", "1", "-1E+100"], "1"),
            (&["12345678901234567890123456789012345678", "0.5"], "12345678901234567890123456789012345678.5"),
            (&["1E-130", "1E-130"], "2E-130"),
        ] {
            assert_eq!(sum(numbers), expected, "{numbers:?}");
        }
        let many = Total::of(&Decimal::parse("-1.5"), u64::MAX);
        assert_eq!(many.value().to_string(), "-27670116110564327422.5");
    }

    proptest! {
        #[test]
        fn sums_are_those_of_integers(numbers in proptest::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 0..50), places in 0_i32..40, cut in 0_usize..50) {
            let add = |numbers: &[i64]| {
                let mut total = Total::default();
                numbers.iter().for_each(|number| total.add(&Decimal::parse(&format!("{number}e-{places}")), 1));
                total
            };
            let (first, later) = numbers.split_at(cut.min(numbers.len()));
            let mut parts = add(later);
            let first = serde_json::to_string(&add(first)).unwrap();
            parts.merge(serde_json::from_str(&first).unwrap());
            let expected = format!("{}e-{places}", numbers.iter().sum::<i64>());
            prop_assert_eq!(parts.value(), Decimal::parse(&expected));
            prop_assert_eq!(parts.value(), add(&numbers).value());
        }
    }
}

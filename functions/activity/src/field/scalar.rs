//! Values that a contract writes down: bounds, and what `one_of` lists.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Error as _, Visitor};

use crate::attribute::Attribute;
use crate::number::{self, Decimal};

/// A string, number or boolean in the contract.
#[derive(Clone, Debug)]
pub(super) struct Scalar(Attribute<'static>);

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
                Ok(Scalar(Attribute::S(value.to_owned().into())))
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

fn number_scalar<E: serde::de::Error>(text: &str) -> Result<Scalar, E> {
    let normal = if number::is_json_number(text) { number::normalise(text).ok() } else { None };
    let normal = normal.ok_or_else(|| E::custom("the number is outside DynamoDB's range"))?;
    Ok(Scalar(Attribute::N(normal.into_owned().into())))
}

/// A bound of a range. One with more digits than a float keeps is written in quotes.
#[derive(Clone, Debug)]
pub(super) struct Bound(pub(super) Decimal<'static>);

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

/// The values that a field may have, found without going through them all.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    strings: HashSet<String>,
    numbers: HashSet<String>,
    booleans: [bool; 2],
}

impl FromIterator<Scalar> for Values {
    fn from_iter<I: IntoIterator<Item = Scalar>>(scalars: I) -> Self {
        let mut values = Self::default();
        for scalar in scalars {
            match scalar.0 {
                Attribute::S(text) => drop(values.strings.insert(text.into())),
                Attribute::N(text) => drop(values.numbers.insert(text.into())),
                Attribute::Bool(value) => values.booleans[usize::from(value)] = true,
                _ => {}
            }
        }
        values
    }
}

impl Values {
    pub(super) fn contain(&self, value: &Attribute) -> bool {
        match value {
            Attribute::S(text) => self.strings.contains(&**text),
            Attribute::N(text) => self.numbers.contains(&**text),
            Attribute::Bool(value) => self.booleans[usize::from(*value)],
            _ => false,
        }
    }
}

/// As a contract may write them, in an order of their own.
impl fmt::Display for Values {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut texts: Vec<&str> = self.strings.iter().chain(&self.numbers).map(String::as_str).collect();
        texts
            .extend(["false", "true"].into_iter().zip(self.booleans).filter(|(_, given)| *given).map(|(text, _)| text));
        texts.sort_unstable();
        let texts: Vec<_> = texts.into_iter().map(|text| format!("`{text}`")).collect();
        formatter.write_str(&texts.join(", "))
    }
}

//! Values that a contract writes down: bounds, and what `one_of` lists.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::Error as _;
use serde_json::Value;

use crate::attribute::Attribute;
use crate::document;
use crate::number::{self, Decimal};

/// A string, number or boolean in the contract.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Scalar(pub(super) Attribute<'static>);

impl TryFrom<Value> for Scalar {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::Bool(value) => Ok(Self(Attribute::Bool(value))),
            Value::String(text) => Ok(Self(Attribute::S(text.into()))),
            Value::Number(number) => match number::normalise(&number.to_string()) {
                Ok(text) => Ok(Self(Attribute::N(text.into_owned().into()))),
                Err(_) => Err("the number has over 38 digits, or is outside DynamoDB's range"),
            },
            Value::Null | Value::Array(_) | Value::Object(_) => Err("write a string, a number or a boolean"),
        }
    }
}

/// A whole number that is not negative.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Count(pub(crate) usize);

impl TryFrom<Value> for Count {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, &'static str> {
        let count = value.as_u64().and_then(|count| count.try_into().ok());
        count.map(Self).ok_or("write a whole number, 0 or more")
    }
}

/// A bound of a range, to the last digit.
#[derive(Clone, Debug)]
pub(crate) struct Bound(pub(crate) Decimal<'static>);

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

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

/// As a contract may write them, in an order of their own. A string that would be read as something else stands in quotes.
impl fmt::Display for Values {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strings = self.strings.iter().map(|text| {
            let is_plain = !text.is_empty() && text.trim() == text && serde_json::from_str::<Value>(text).is_err();
            if is_plain { text.clone() } else { Value::from(text.as_str()).to_string() }
        });
        let booleans = ["false", "true"].into_iter().zip(self.booleans).filter(|(_, given)| *given);
        let others = self.numbers.iter().map(String::as_str).chain(booleans.map(|(text, _)| text)).map(str::to_owned);
        let mut texts: Vec<_> = strings.chain(others).map(document::code).collect();
        texts.sort_unstable();
        formatter.write_str(&texts.join(", "))
    }
}

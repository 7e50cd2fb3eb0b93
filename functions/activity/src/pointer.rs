//! JSON pointers (RFC 6901).

use std::fmt;

use serde::Deserialize;

use crate::attribute::{Attribute, Map};

/// A parsed pointer: the names and indexes on the way from the row to one value. Never empty: the row itself is not a
/// field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pointer {
    first: String,
    rest: Vec<String>,
}

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl Pointer {
    /// Reads `/name/name`, with `~1` for a slash and `~0` for a tilde.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix('/').ok_or_else(|| format!("`{text}` is not a JSON pointer: write `/{text}`"))?;
        let mut segments = path.split('/').map(|segment| {
            let plain = segment.replace("~0", "").replace("~1", "");
            if plain.contains('~') {
                return Err(format!("`{text}` is not a JSON pointer: write `~0` for a tilde and `~1` for a slash"));
            }
            Ok(segment.replace("~1", "/").replace("~0", "~"))
        });
        let first = segments.next().unwrap_or_else(|| Ok(String::new()))?;
        Ok(Self { first, rest: segments.collect::<Result<_, _>>()? })
    }

    /// The value in `row`.
    pub(crate) fn get<'a>(&self, row: &'a Map) -> Option<&'a Attribute> {
        self.rest.iter().try_fold(row.get(&self.first)?, |value, segment| match value {
            Attribute::M(map) => map.get(segment),
            Attribute::L(elements) => elements.get(index(segment)?),
            _ => None,
        })
    }

    /// The value in `row`, to change.
    pub(crate) fn get_mut<'a>(&self, row: &'a mut Map) -> Option<&'a mut Attribute> {
        self.rest.iter().try_fold(row.get_mut(&self.first)?, |value, segment| match value {
            Attribute::M(map) => map.get_mut(segment),
            Attribute::L(elements) => elements.get_mut(index(segment)?),
            _ => None,
        })
    }

    /// Whether this is the top-level field `name`.
    pub(crate) fn is_field(&self, name: &str) -> bool {
        self.rest.is_empty() && self.first == name
    }
}

/// An array index: digits, without leading zeros.
fn index(segment: &str) -> Option<usize> {
    let canonical = segment == "0" || !segment.starts_with(['0', '+']);
    if canonical { segment.parse().ok() } else { None }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segments = std::iter::once(&self.first).chain(&self.rest);
        segments.into_iter().try_for_each(|segment| write!(formatter, "/{}", escape(segment)))
    }
}

/// A name as a pointer spells it.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_reach_into_maps_and_lists() {
        let row = crate::json::parse(r#"{"a":{"b/c":[1,{"~":2}]},"":3}"#, 32).unwrap().value;
        let Attribute::M(row) = row else { panic!("not an object") };
        let number = |text: &str| Some(Attribute::N(text.into()));
        for (text, expected) in [
            ("/a/b~1c/0", number("1")),
            ("/a/b~1c/1/~0", number("2")),
            ("/", number("3")),
            ("/a/b~1c/00", None),
            ("/a/b~1c/+1", None),
            ("/a/b~1c/2", None),
            ("/a/x", None),
            ("/a/b~1c/0/0", None),
        ] {
            let pointer = Pointer::parse(text).unwrap();
            assert_eq!(pointer.get(&row), expected.as_ref(), "{text}");
            assert_eq!(pointer.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused_with_the_fix() {
        assert!(Pointer::parse("user").unwrap_err().contains("`/user`"));
        assert!(Pointer::parse("").is_err());
        assert!(Pointer::parse("/a~2").unwrap_err().contains("~0"));
    }
}

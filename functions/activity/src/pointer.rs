//! JSON pointers (RFC 6901), and `*` for every element of an array.
//!
//! RFC 6901 knows no wildcard. Here `/items/*/price` reaches the price of every element where `/items` is an array;
//! where it is an object, `*` is the field of that name, as the RFC has it.

use std::borrow::Cow;
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
    pub(crate) fn get<'r, 'a>(&self, row: &'r Map<'a>) -> Option<&'r Attribute<'a>> {
        self.get_below(row.get(&self.first)?, 1)
    }

    /// The value below `value`, to which so many segments have led.
    pub(crate) fn get_below<'r, 'a>(&self, value: &'r Attribute<'a>, passed: usize) -> Option<&'r Attribute<'a>> {
        self.rest[passed - 1..].iter().try_fold(value, |value, segment| match value {
            Attribute::M(map) => map.get(segment),
            Attribute::L(elements) => elements.get(index(segment)?),
            _ => None,
        })
    }

    /// Hands every value that the pointer reaches in `row` to `visit`, and where it stands; none, once, where there is
    /// no value. Below a `*`, an absent array and an empty one have nothing to visit.
    ///
    /// The first `*` stand only for these `elements`, where there are any: the first for the first, and so on.
    pub(crate) fn visit<'a>(
        &self,
        row: &mut Map<'a>,
        elements: &[u32],
        visit: &mut impl FnMut(Option<&mut Attribute<'a>>, Place<'_>),
    ) {
        self.visit_below(row.get_mut(&self.first), 1, elements, visit);
    }

    /// The same from `value` on, to which so many segments have led.
    pub(crate) fn visit_below<'a>(
        &self,
        value: Option<&mut Attribute<'a>>,
        passed: usize,
        elements: &[u32],
        visit: &mut impl FnMut(Option<&mut Attribute<'a>>, Place<'_>),
    ) {
        walk(value, &self.rest[passed - 1..], elements, Place { pointer: self, element: None }, visit);
    }

    /// The pointer up to its last `*`: to every element that it goes on from, where it reaches several.
    pub(crate) fn elements(&self) -> Option<Self> {
        let last = self.rest.iter().rposition(|segment| segment == ANY)?;
        Some(Self { first: self.first.clone(), rest: self.rest[..=last].to_vec() })
    }

    /// The longest pointer to every element through which both lead.
    pub(crate) fn shared_elements(&self, other: &Self) -> Option<Self> {
        Self { first: self.first.clone(), rest: self.shared(other).to_vec() }.elements()
    }

    /// How many `*` the way has that is common to both.
    pub(crate) fn shared_stars(&self, other: &Self) -> usize {
        self.shared(other).iter().filter(|segment| *segment == ANY).count()
    }

    /// How many `*` there are.
    pub(crate) fn stars(&self) -> usize {
        self.shared_stars(self)
    }

    /// The segments behind the first that are common to both.
    fn shared(&self, other: &Self) -> &[String] {
        let shared = self.rest.iter().zip(&other.rest).take_while(|(one, two)| one == two).count();
        if self.first == other.first { &self.rest[..shared] } else { &[] }
    }

    /// Whether this can reach more than one value of a row.
    pub(crate) fn is_wild(&self) -> bool {
        self.rest.iter().any(|segment| segment == ANY)
    }

    /// The names and indexes on the way.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.first.as_str()).chain(self.rest.iter().map(String::as_str))
    }

    /// Whether this is the top-level field `name`.
    pub(crate) fn is_field(&self, name: &str) -> bool {
        self.rest.is_empty() && self.first == name
    }
}

/// The segment that reaches every element of an array.
const ANY: &str = "*";

/// Whether two segments can lead to the same value: an index is among every element.
pub(crate) fn meet(one: &str, other: &str) -> bool {
    let is_among = |segment: &str, any: &str| any == ANY && index(segment).is_some();
    one == other || is_among(one, other) || is_among(other, one)
}

fn walk<'a>(
    value: Option<&mut Attribute<'a>>,
    rest: &[String],
    chosen: &[u32],
    place: Place<'_>,
    visit: &mut impl FnMut(Option<&mut Attribute<'a>>, Place<'_>),
) {
    match (value, rest) {
        (value, []) => visit(value, place),
        (Some(Attribute::M(map)), [name, rest @ ..]) => walk(map.get_mut(name), rest, chosen, place, visit),
        (Some(Attribute::L(elements)), [any, rest @ ..]) if any == ANY => {
            let mut enter = |index: usize, element: &mut Attribute<'a>, chosen: &[u32]| {
                let element_place = Element { index, left: rest.len(), above: place.element };
                walk(Some(element), rest, chosen, Place { element: Some(&element_place), ..place }, visit);
            };
            if let [only, chosen @ ..] = chosen {
                let index = *only as usize;
                elements.get_mut(index).into_iter().for_each(|element| enter(index, element, chosen));
            } else {
                elements.iter_mut().enumerate().for_each(|(index, element)| enter(index, element, &[]));
            }
        }
        (Some(Attribute::L(elements)), [segment, rest @ ..]) => {
            walk(index(segment).and_then(|index| elements.get_mut(index)), rest, chosen, place, visit);
        }
        (_, rest) if rest.iter().any(|segment| segment == ANY) => {}
        _ => visit(None, place),
    }
}

/// Where a visited value stands. It is written out only for a reason: a row without fault has no use for the text.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pointer: &'a Pointer,
    element: Option<&'a Element<'a>>,
}

impl<'a> Place<'a> {
    /// The elements that each `*` stands for, in order.
    pub(crate) fn elements(self) -> Vec<u32> {
        // No line has as many elements as there are numbers.
        let mut elements: Vec<_> = self.chain().map(|element| element.index as u32).collect();
        elements.reverse();
        elements
    }

    /// The elements, the last first.
    fn chain(self) -> impl Iterator<Item = &'a Element<'a>> {
        std::iter::successors(self.element, |element| element.above)
    }
}

/// The element that a `*` stands for.
struct Element<'a> {
    index: usize,
    /// How many segments follow.
    left: usize,
    above: Option<&'a Element<'a>>,
}

/// The pointer, with indexes in place of `*`.
impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (passed, segment) in self.pointer.segments().enumerate() {
            let left = self.pointer.rest.len() - passed;
            match self.chain().find(|element| element.left == left) {
                Some(element) => write!(formatter, "/{}", element.index)?,
                None => write!(formatter, "/{}", escape(segment))?,
            }
        }
        Ok(())
    }
}

/// An array index: digits, without leading zeros.
fn index(segment: &str) -> Option<usize> {
    let canonical = segment == "0" || !segment.starts_with(['0', '+']);
    if canonical { segment.parse().ok() } else { None }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments().try_for_each(|segment| write!(formatter, "/{}", escape(segment)))
    }
}

/// A name as a pointer spells it.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What a pointer in a reason shows of a long name, characters.
const MAX_SHOWN: usize = 64;

/// A name as a pointer in a reason shows it, a long one cut.
pub(crate) fn shown(name: &str) -> String {
    escape(&cut(name))
}

/// The start of a long name; a cut one is not cut again.
pub(crate) fn cut(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) if name[end..] != *"…" => format!("{}…", &name[..end]).into(),
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_reach_into_maps_and_lists() {
        let row = crate::json::JsonParser::new(32).parse(r#"{"a":{"b/c":[1,{"~":2}]},"":3}"#).unwrap().value;
        let Attribute::M(row) = row else { panic!("not an object") };
        let number = |text: &'static str| Some(Attribute::N(text.into()));
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
    fn a_star_reaches_every_element() {
        let text = r#"{"items":[{"price":1},{},{"price":null}],"grid":[[1,2],[]],"map":{"*":{"x":5}},"none":[]}"#;
        let Attribute::M(mut row) = crate::json::JsonParser::new(32).parse(text).unwrap().value else {
            panic!("not an object")
        };
        for (pointer, places) in [
            ("/items/*/price", &["/items/0/price 1", "/items/1/price absent", "/items/2/price null"][..]),
            ("/grid/*/*", &["/grid/0/0 1", "/grid/0/1 2"]),
            ("/grid/0/*", &["/grid/0/0 1", "/grid/0/1 2"]),
            ("/grid/*/0", &["/grid/0/0 1", "/grid/1/0 absent"]),
            ("/map/*/x", &["/map/*/x 5"]),
            ("/none/*", &[]),
            ("/absent/*/x", &[]),
            ("/absent/x", &["/absent/x absent"]),
        ] {
            let mut found = Vec::new();
            Pointer::parse(pointer).unwrap().visit(&mut row, &[], &mut |value, place| {
                let value = match value {
                    None => "absent".to_owned(),
                    Some(Attribute::N(text)) => text.to_string(),
                    Some(_) => "null".to_owned(),
                };
                found.push(format!("{place} {value}"));
            });
            assert_eq!(found, places, "{pointer}");
        }
    }

    #[test]
    fn pointers_share_the_elements_through_which_both_lead() {
        for (one, other, shared, stars) in [
            ("/items/*/a", "/items/*/c/0", Some("/items/*"), 1),
            ("/grid/*/*/a", "/grid/*/*/b", Some("/grid/*/*"), 2),
            ("/grid/*/*/a", "/grid/*/b", Some("/grid/*"), 1),
            ("/items/*/a", "/b", None, 0),
            ("/items/*/a", "/tags/*", None, 0),
            ("/a/items/*", "/a/tags/*", None, 0),
        ] {
            let [one, other] = [one, other].map(|pointer| Pointer::parse(pointer).unwrap());
            let found = one.shared_elements(&other).map(|pointer| pointer.to_string());
            assert_eq!((found.as_deref(), one.shared_stars(&other)), (shared, stars), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused_with_the_fix() {
        assert!(Pointer::parse("user").unwrap_err().contains("`/user`"));
        assert!(Pointer::parse("").is_err());
        assert!(Pointer::parse("/a~2").unwrap_err().contains("~0"));
    }
}

//! DynamoDB attribute values, as far as JSON has them.

use std::cmp::Ordering;

use crate::leb128;
use crate::number;
use crate::text::Text;

/// A value. Numbers are decimal texts with every digit, in the one form that stands for their value, so that equal
/// values are equal attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute<'a> {
    /// A string.
    S(Text<'a>),
    /// A number: up to 38 significant digits.
    N(Text<'a>),
    /// A boolean.
    Bool(bool),
    /// JSON's null.
    Null,
    /// A list.
    L(Vec<Attribute<'a>>),
    /// A map.
    M(Map<'a>),
}

impl Attribute<'_> {
    /// Whether it owns nothing.
    pub(crate) fn is_borrowed(&self) -> bool {
        match self {
            Self::S(text) | Self::N(text) => text.as_plain().is_some(),
            Self::Bool(_) | Self::Null => true,
            Self::L(_) | Self::M(_) => false,
        }
    }

    /// The bytes that DynamoDB counts for the value, without its name.
    ///
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
    pub fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(text) => number::size(text),
            Self::Bool(_) | Self::Null => 1,
            Self::L(elements) => 3 + elements.iter().map(|element| 1 + element.size()).sum::<usize>(),
            Self::M(map) => 3 + map.len() + map.size(),
        }
    }

    /// The value with texts of its own, for longer than the line is there.
    pub fn into_owned(self) -> Attribute<'static> {
        match self {
            Self::S(text) => Attribute::S(text.into_owned()),
            Self::N(text) => Attribute::N(text.into_owned()),
            Self::Bool(value) => Attribute::Bool(value),
            Self::Null => Attribute::Null,
            Self::L(elements) => Attribute::L(elements.into_iter().map(Self::into_owned).collect()),
            Self::M(map) => Attribute::M(map.into_owned()),
        }
    }

    /// Appends a form that is equal exactly where values are: each value is tagged, and its length told before it.
    pub(crate) fn write_canonical(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::S(text) => write_text(b's', text, bytes),
            Self::N(text) => write_text(b'n', text, bytes),
            Self::Bool(true) => bytes.push(b't'),
            Self::Bool(false) => bytes.push(b'f'),
            Self::Null => bytes.push(b'z'),
            Self::L(elements) => {
                write_length(b'l', elements.len(), bytes);
                elements.iter().for_each(|element| element.write_canonical(bytes));
            }
            Self::M(map) => map.write_canonical(bytes),
        }
    }
}

/// Nearly every length is one byte so, and hashing the form costs by its bytes.
fn write_length(tag: u8, length: usize, bytes: &mut Vec<u8>) {
    bytes.push(tag);
    leb128::write(length as u64, bytes);
}

fn write_text(tag: u8, text: &str, bytes: &mut Vec<u8>) {
    write_length(tag, text.len(), bytes);
    bytes.extend_from_slice(text.as_bytes());
}

/// Names and values, each name once, in an order of their own: that of a JSON object's keys means nothing, so that two
/// maps with the same entries are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map<'a>(Vec<(Text<'a>, Attribute<'a>)>);

/// Among so many entries a name is looked for one by one: their lengths rule out most, and the processor foresees how the
/// search goes.
const FEW_ENTRIES: usize = 16;

/// Shorter names first, then by letters: most comparisons of two names then need not look at the letters. Content
/// hashes depend on this order.
pub(crate) fn order(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

impl<'a> Map<'a> {
    /// Sorts the entries. Where a name is given more than once the last value wins, and the first such name is told.
    pub(crate) fn from_entries(mut entries: Vec<(Text<'a>, Attribute<'a>)>) -> (Self, Option<Text<'a>>) {
        let mut first = None;
        if !entries.is_sorted_by(|(left, _), (right, _)| order(left, right).is_lt()) {
            // Stable, so that among equal names the last given is the last.
            entries.sort_by(|(left, _), (right, _)| order(left, right));
            entries.dedup_by(|later, earlier| {
                let repeated = later.0 == earlier.0;
                if repeated {
                    std::mem::swap(later, earlier);
                    first.get_or_insert_with(|| later.0.clone());
                }
                repeated
            });
        }
        (Self(entries), first)
    }

    /// Entries that are in order, each with a name of its own.
    pub(crate) fn in_order(entries: Vec<(Text<'a>, Attribute<'a>)>) -> Self {
        Self(entries)
    }

    fn position(&self, name: &str) -> Option<usize> {
        if self.len() > FEW_ENTRIES {
            return self.0.binary_search_by(|(candidate, _)| order(candidate, name)).ok();
        }
        self.0.iter().position(|(candidate, _)| candidate.len() == name.len() && **candidate == *name)
    }

    /// The value named `name`.
    pub fn get(&self, name: &str) -> Option<&Attribute<'a>> {
        self.position(name).map(|index| &self.0[index].1)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Attribute<'a>> {
        self.position(name).map(|index| &mut self.0[index].1)
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Attribute<'a>> {
        self.position(name).map(|index| self.0.remove(index).1)
    }

    /// The entries, shorter names first, then by letters.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Attribute<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The same, with what is known of the names.
    pub(crate) fn entries(&self) -> &[(Text<'a>, Attribute<'a>)] {
        &self.0
    }

    /// The map with texts of its own.
    pub fn into_owned(self) -> Map<'static> {
        let own = |(name, value): (Text<'a>, Attribute<'a>)| (name.into_owned(), value.into_owned());
        Map(self.0.into_iter().map(own).collect())
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes that DynamoDB counts for the names and values, without a map's own overhead.
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.size()).sum()
    }

    /// Appends the names and their nesting to `structure`, and the canonical forms of the values to `values`.
    pub(crate) fn write_content(&self, structure: &mut Vec<u8>, values: &mut Vec<u8>) {
        write_length(b'm', self.len(), structure);
        for (name, value) in &self.0 {
            write_text(b'k', name, structure);
            match value {
                Attribute::M(map) => map.write_content(structure, values),
                value => {
                    structure.push(b'v');
                    value.write_canonical(values);
                }
            }
        }
    }

    fn write_canonical(&self, bytes: &mut Vec<u8>) {
        write_length(b'm', self.len(), bytes);
        for (name, value) in &self.0 {
            write_text(b'k', name, bytes);
            value.write_canonical(bytes);
        }
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = (Text<'a>, Attribute<'a>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Attribute<'_> {
        Attribute::N(text.into())
    }

    #[test]
    fn the_last_value_of_a_repeated_name_wins() {
        let entries = ["b", "a", "b", "c", "b"].iter().zip(["1", "2", "3", "4", "5"]);
        let (map, repeated) = Map::from_entries(entries.map(|(name, text)| ((*name).into(), number(text))).collect());
        assert_eq!(repeated.as_deref(), Some("b"));
        let entries: Vec<_> = map.iter().collect();
        assert_eq!(entries, [("a", &number("2")), ("b", &number("5")), ("c", &number("4"))]);
    }

    #[test]
    fn sizes_follow_dynamodbs_rules() {
        let (map, _) = Map::from_entries(vec![("aé".into(), Attribute::S("é".into())), ("b".into(), Attribute::Null)]);
        assert_eq!(map.size(), 3 + 2 + 1 + 1);
        assert_eq!(Attribute::M(map).size(), 7 + 3 + 2);
        assert_eq!(Attribute::L(vec![]).size(), 3);
        assert_eq!(Attribute::L(vec![Attribute::Bool(true), number("12")]).size(), 3 + 2 + 1 + 2);
    }
}

//! Rules that hold for some rows only, or for some elements of an array: `when` these fields are so, `then` those must be.

use serde::{Deserialize, Deserializer};

use crate::attributes::Attributes;
use crate::field::{FieldRule, Setting};
use crate::handling::Findings;
use crate::pointer::Pointer;
use crate::record_contract::Fields;

/// A conditional rule, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Conditional {
    pub(crate) when: Vec<(Pointer, FieldRule)>,
    pub(crate) then: Vec<(Pointer, FieldRule)>,
    /// The arrays whose elements `when` asks about, one at a time.
    pub(crate) arrays: Vec<Array>,
    /// For each of `then`, the array that it is below, too, and how many of that one's `*` lead to both.
    below: Vec<Option<(usize, usize)>>,
}

/// An array, and what is asked of one element of it.
#[derive(Clone, Debug)]
pub(crate) struct Array {
    /// The pointer to every element.
    pub(crate) elements: Pointer,
    /// Which of `when` are below it.
    pub(crate) when: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(deserialize_with = "when")]
    when: Fields,
    #[serde(deserialize_with = "then")]
    then: Fields,
}

fn when<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
    Fields::checked(deserializer, |pointer, rule| match rule.only_asks() {
        true => Ok(()),
        false => Err(format!(
            "`when` {pointer} only asks: leave out `required`, `coerce`, `forbid_unknown`, `unique`, `severity` and \
             `action`; an absent field never holds"
        )),
    })
}

fn then<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
    Fields::checked(deserializer, |pointer, rule| match rule.unique {
        true => Err(format!("`unique` of {pointer} cannot be conditional: put it below `fields`")),
        false => Ok(()),
    })
}

impl TryFrom<Written> for Conditional {
    type Error = &'static str;

    fn try_from(Written { when, then }: Written) -> Result<Self, &'static str> {
        if when.0.is_empty() || then.0.is_empty() {
            return Err("`when` and `then` each need at least one field");
        }
        let arrays = arrays(&when.0);
        let below = |pointer: &Pointer| {
            let shared = arrays.iter().map(|array| array.elements.shared_stars(pointer));
            shared.enumerate().find(|(_, stars)| *stars > 0)
        };
        let below = then.0.iter().map(|(pointer, _)| below(pointer)).collect();
        Ok(Self { when: when.0, then: then.0, arrays, below })
    }
}

/// The arrays that pointers are below. Those that are below one, and go on apart, are about one element of it.
fn arrays(when: &[(Pointer, FieldRule)]) -> Vec<Array> {
    let mut arrays: Vec<Array> = Vec::new();
    for (index, (pointer, _)) in when.iter().enumerate() {
        let Some(elements) = pointer.elements() else { continue };
        let shared = arrays.iter_mut().find_map(|array| Some((array.elements.shared_elements(&elements)?, array)));
        match shared {
            Some((shared, array)) => {
                array.elements = shared;
                array.when.push(index);
            }
            None => arrays.push(Array { elements, when: vec![index] }),
        }
    }
    arrays
}

/// Elements that were found: of each, which one every `*` stands for. They are many in a row that is large.
struct Found {
    stars: usize,
    /// One after another.
    indexes: Vec<u32>,
}

/// In the place of a `*` that is a field of that name, and of no element.
const NO_ELEMENT: u32 = u32::MAX;

impl Conditional {
    /// Applies the rules of `then` where every one of `when` holds: those below an array that `when` asks about to the
    /// elements of which it holds, the others to the row.
    pub(crate) fn apply<'c>(&'c self, row: &mut Attributes<'_>, setting: Setting<'_>, findings: &mut Findings<'c>) {
        let mut of_row = self.when.iter().filter(|(pointer, _)| !pointer.is_wild());
        if !of_row.all(|(pointer, rule)| rule.holds(pointer, &[], row, setting)) {
            return;
        }
        let found: Vec<Found> = self.arrays.iter().map(|array| self.find(array, row, setting)).collect();
        if found.iter().any(|found| found.indexes.is_empty()) {
            return;
        }
        for ((pointer, rule), below) in self.then.iter().zip(&self.below) {
            match below {
                Some((array, stars)) => found[*array].visit(*stars, &mut |elements| {
                    rule.apply(pointer, elements, row, setting, findings);
                }),
                None => rule.apply(pointer, &[], row, setting, findings),
            }
        }
    }

    /// The elements of `array` of which all holds that is asked of them.
    fn find(&self, array: &Array, row: &mut Attributes<'_>, setting: Setting<'_>) -> Found {
        let mut found = Found { stars: array.elements.stars(), indexes: Vec::new() };
        let Some((first, others)) = array.when.split_first() else { return found };
        let (pointer, rule) = &self.when[*first];
        rule.find(pointer, &[], row, setting, &mut |place| found.push(&place.elements()));
        for (pointer, rule) in others.iter().map(|index| &self.when[*index]) {
            let mut left = Found { stars: found.stars, indexes: Vec::new() };
            found.visit(found.stars, &mut |elements| {
                if rule.holds(pointer, elements, row, setting) {
                    left.push(elements);
                }
            });
            found = left;
        }
        found
    }
}

impl Found {
    /// Adds an element, or what is below one that was added last.
    fn push(&mut self, elements: &[u32]) {
        let padding = std::iter::repeat(&NO_ELEMENT);
        let start = self.indexes.len();
        self.indexes.extend(elements.iter().chain(padding).take(self.stars));
        if start > 0 && self.indexes[start - self.stars..start] == self.indexes[start..] {
            self.indexes.truncate(start);
        }
    }

    /// Hands out the elements by their first `stars`, each once.
    fn visit(&self, stars: usize, visit: &mut impl FnMut(&[u32])) {
        let mut last = None;
        for element in self.indexes.chunks(self.stars.max(1)) {
            let element = &element[..stars];
            if last != Some(element) {
                visit(element);
            }
            last = Some(element);
        }
    }
}

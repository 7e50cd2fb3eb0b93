//! The fields of a row, which become an item's attributes.

use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use crate::attribute::{Attribute, Map};
use crate::encode::{write_field, write_value};
use crate::pointer::{Place, Pointer};
use crate::template::Template;

/// The fields of a row.
#[derive(Clone)]
pub(crate) enum Attributes<'a> {
    Map(Map<'a>),
    /// The values, in the order of the line, of a row that has all else in common with one before.
    Values(Rc<Template<'a>>, Vec<Attribute<'a>>),
}

impl<'a> Attributes<'a> {
    /// The value at `pointer`, one of the contract's.
    pub(crate) fn get(&self, pointer: &Pointer) -> Option<&Attribute<'a>> {
        match self {
            Self::Map(map) => pointer.get(map),
            Self::Values(template, values) => {
                let reach = template.reach(pointer);
                pointer.get_below(&values[reach.value?], reach.passed)
            }
        }
    }

    /// Hands every value that `pointer`, one of the contract's, reaches to `visit`, or of these `elements` alone: see
    /// [`Pointer::visit`]. Inlined as what calls it is.
    #[inline(always)]
    pub(crate) fn visit(
        &mut self,
        pointer: &Pointer,
        elements: &[u32],
        visit: &mut impl FnMut(Option<&mut Attribute<'a>>, Place<'_>),
    ) {
        match self {
            Self::Map(map) => pointer.visit(map, elements, visit),
            Self::Values(template, values) => {
                let reach = template.reach(pointer);
                let value = reach.value.map(|value| &mut values[value]);
                pointer.visit_below(value, reach.passed, elements, visit);
            }
        }
    }

    /// Takes the row's own field out that has a key's name. With other names there is nothing to take.
    pub(crate) fn take_key(&mut self, name: &str) -> Option<Attribute<'a>> {
        match self {
            Self::Map(map) => map.remove(name),
            // A template has no place for it among an item's attributes.
            Self::Values(template, values) => {
                template.key(name).map(|value| mem::replace(&mut values[value], Attribute::Null))
            }
        }
    }

    /// The names of the row's own fields.
    pub(crate) fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Map(map) => Box::new(map.iter().map(|(name, _)| name)),
            Self::Values(template, _) => Box::new(template.names()),
        }
    }

    /// The fields as a map, before any is taken.
    pub(crate) fn map(&self) -> Cow<'_, Map<'_>> {
        match self {
            Self::Map(map) => Cow::Borrowed(map),
            Self::Values(template, values) => Cow::Owned(template.map(values)),
        }
    }

    /// The fields as a map, after those with a key's name have been taken.
    pub(crate) fn map_without_keys(&self) -> Cow<'_, Map<'_>> {
        match self {
            Self::Map(map) => Cow::Borrowed(map),
            Self::Values(template, values) => Cow::Owned(template.map_without_keys(values)),
        }
    }

    /// Appends the item's attributes to its keys: `,"n":{"N":"1"}`.
    pub(crate) fn write_json(&self, to: &mut Vec<u8>) {
        match self {
            Self::Map(map) => map.entries().iter().for_each(|(name, value)| {
                to.push(b',');
                write_field(name, value, to);
            }),
            Self::Values(template, values) => {
                for (before, value) in template.parts() {
                    to.extend_from_slice(before);
                    write_value(&values[*value], to);
                }
                to.extend_from_slice(template.end());
            }
        }
    }

    /// Appends a form of the attributes that is equal exactly where they are: a hash of their names and nesting, which is
    /// made once for a template, and the values.
    pub(crate) fn write_canonical(&self, to: &mut Vec<u8>) {
        match self {
            Self::Map(map) => {
                let start = to.len();
                to.extend_from_slice(&[0; STRUCTURE_BYTES]);
                let structure = structure_hash(map, to);
                to[start..start + STRUCTURE_BYTES].copy_from_slice(&structure);
            }
            Self::Values(template, values) => {
                to.extend_from_slice(template.structure());
                template.parts().iter().for_each(|(_, value)| values[*value].write_canonical(to));
            }
        }
    }
}

/// How many bytes of a structure's hash are taken.
pub(crate) const STRUCTURE_BYTES: usize = 16;

/// What stands for the names and the nesting of `map`, whose values' canonical forms are appended to `values`.
pub(crate) fn structure_hash(map: &Map<'_>, values: &mut Vec<u8>) -> [u8; STRUCTURE_BYTES] {
    let (mut structure, mut hash) = (Vec::new(), [0; STRUCTURE_BYTES]);
    map.write_content(&mut structure, values);
    hash.copy_from_slice(&Sha256::digest(structure)[..STRUCTURE_BYTES]);
    hash
}

impl Drop for Attributes<'_> {
    /// Nearly every value is a part of the line, with nothing to free. To see that here takes a small part of the time of what
    /// frees any value, lists and maps too.
    fn drop(&mut self) {
        if let Self::Values(_, values) = self {
            mem::take(values).into_iter().filter(Attribute::is_borrowed).for_each(mem::forget);
        }
    }
}

impl PartialEq for Attributes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.map_without_keys() == other.map_without_keys()
    }
}

impl Eq for Attributes<'_> {}

impl fmt::Debug for Attributes<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.map_without_keys().fmt(formatter)
    }
}

//! The shape of rows: which fields there are, and of what types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error as _, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::attribute::{Attribute, Map};
use crate::field::Type;
use crate::number;
use crate::pointer::{self, Pointer};

/// The most fields that are told apart, long names by their first characters: names that are data would otherwise fill the
/// memory.
const MAX_FIELDS: usize = 1000;
/// How many differences are named.
const MAX_NAMED: usize = 5;

/// Fields by pointer, an array's elements by `*`, and the types that they have. A null is taken as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<Pointer, Types>")]
pub(crate) struct Shape {
    root: Node,
}

/// One field, and what lies below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Node {
    types: BTreeSet<Type>,
    below: BTreeMap<String, Node>,
}

/// One type or several.
struct Types(BTreeSet<Type>);

impl<'de> Deserialize<'de> for Types {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Types;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a type or a list of types")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Types, E> {
                Type::deserialize(name.into_deserializer()).map(|kind| Types([kind].into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, names: A) -> Result<Types, A::Error> {
                match BTreeSet::deserialize(SeqAccessDeserializer::new(names))? {
                    none if none.is_empty() => Err(A::Error::custom("the list of types is empty")),
                    types => Ok(Types(types)),
                }
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

impl From<BTreeMap<Pointer, Types>> for Shape {
    fn from(fields: BTreeMap<Pointer, Types>) -> Self {
        let mut shape = Self::default();
        for (pointer, types) in fields {
            let node =
                pointer.segments().fold(&mut shape.root, |node, name| node.below.entry(name.into()).or_default());
            node.types.extend(types.0);
        }
        shape
    }
}

impl Shape {
    /// The fields by pointer, and their types in words.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (String, String)> {
        let words = |types: &BTreeSet<Type>| types.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" or ");
        self.root.fields().into_iter().map(move |(field, types)| (field, words(types)))
    }

    /// How `observed` differs from this, the baseline: `new /a, gone /b, /c is string`. None where it does not.
    fn difference(&self, observed: &Node) -> Option<String> {
        let (before, now) = (self.root.fields(), observed.fields());
        let gone = before.keys().filter(|field| !now.contains_key(*field)).map(|field| format!("gone {field}"));
        let changed = now.iter().filter_map(|(field, types)| match before.get(field) {
            None => Some(format!("new {field}")),
            Some(known) => {
                let others: Vec<_> =
                    types.iter().filter(|kind| !covers(known, **kind)).map(|kind| kind.name()).collect();
                (!others.is_empty()).then(|| format!("{field} is {}", others.join(" or ")))
            }
        });
        let all: Vec<String> = gone.chain(changed).collect();
        let more = all.len().saturating_sub(MAX_NAMED);
        match (all.is_empty(), more) {
            (true, _) => None,
            (_, 0) => Some(all.join(", ")),
            _ => Some(format!("{}, and {more} more", all[..MAX_NAMED].join(", "))),
        }
    }
}

impl Node {
    /// The fields by pointer.
    fn fields(&self) -> BTreeMap<String, &BTreeSet<Type>> {
        fn collect<'n>(node: &'n Node, path: &str, fields: &mut BTreeMap<String, &'n BTreeSet<Type>>) {
            for (name, node) in &node.below {
                let path = format!("{path}/{}", pointer::shown(name));
                collect(node, &path, fields);
                if !node.types.is_empty() {
                    fields.insert(path, &node.types);
                }
            }
        }
        let mut fields = BTreeMap::new();
        collect(self, "", &mut fields);
        fields
    }

    /// Adds what another node has.
    fn merge(&mut self, other: Self) {
        self.types.extend(other.types);
        for (name, node) in other.below {
            self.below.entry(name).or_default().merge(node);
        }
    }

    /// How many fields lie below.
    fn count(&self) -> usize {
        self.below.values().map(|node| 1 + node.count()).sum()
    }
}

/// Whether values of `kind` are expected: a number may be an integer.
fn covers(known: &BTreeSet<Type>, kind: Type) -> bool {
    known.contains(&kind) || (kind == Type::Integer && known.contains(&Type::Number))
}

/// A shape while it is observed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Observation {
    root: Node,
    fields: usize,
}

impl Observation {
    pub(super) fn add(&mut self, row: &Map) {
        add_map(row, &mut self.root, &mut self.fields);
    }

    /// Adds what was observed of other rows.
    pub(super) fn merge(&mut self, other: Self) {
        self.root.merge(other.root);
        self.fields = self.root.count().max(self.fields).max(other.fields);
        if self.fields > MAX_FIELDS {
            // No more is told of them than that they are too many.
            self.root = Node::default();
        }
    }

    /// How the rows differ from `baseline`.
    pub(super) fn difference_from(&self, baseline: &Shape) -> Option<String> {
        if self.fields > MAX_FIELDS {
            return Some(format!("over {MAX_FIELDS} fields"));
        }
        baseline.difference(&self.root)
    }
}

fn add_map(map: &Map, node: &mut Node, fields: &mut usize) {
    for (name, value) in map.iter() {
        add_value(name, value, node, fields);
    }
}

/// Adds the field `name` of `parent`. What is known already costs no memory.
fn add_value(name: &str, value: &Attribute, parent: &mut Node, fields: &mut usize) {
    let Some(kind) = kind(value) else { return };
    let name = &*pointer::cut(name);
    if !parent.below.contains_key(name) {
        *fields += 1;
        if *fields > MAX_FIELDS {
            return;
        }
        parent.below.insert(name.to_owned(), Node::default());
    }
    let Some(node) = parent.below.get_mut(name) else { return };
    node.types.insert(kind);
    match value {
        Attribute::L(elements) => elements.iter().for_each(|element| add_value("*", element, node, fields)),
        Attribute::M(map) => add_map(map, node, fields),
        _ => {}
    }
}

fn kind(value: &Attribute) -> Option<Type> {
    match value {
        Attribute::S(_) => Some(Type::String),
        Attribute::N(text) if number::is_integer(text) => Some(Type::Integer),
        Attribute::N(_) => Some(Type::Number),
        Attribute::Bool(_) => Some(Type::Boolean),
        Attribute::L(_) => Some(Type::Array),
        Attribute::M(_) => Some(Type::Object),
        Attribute::Null => None,
    }
}

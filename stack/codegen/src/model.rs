//! What a schema means in Rust: structures of fields, enumerations, attributes, and what `Ref` gives.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::error::Error;
use crate::names;
use crate::reference::{Meaning, Meanings};
use crate::schema::{Node, Schema, Types};

/// A resource type.
pub(crate) struct Resource<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) properties: Structure,
    pub(crate) structures: IndexMap<String, Structure>,
    pub(crate) enumerations: BTreeMap<String, Vec<String>>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) reference: Shape,
}

/// A structure's fields, in the schema's order.
#[derive(Default)]
pub(crate) struct Structure {
    pub(crate) fields: Vec<Field>,
}

pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) shape: Shape,
    pub(crate) node: Node,
}

pub(crate) struct Attribute {
    /// As `Fn::GetAtt` takes it: `Endpoint.Address`.
    pub(crate) name: String,
    pub(crate) shape: Shape,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Text,
    Integer,
    Number,
    Boolean,
    Json,
    List(Box<Shape>),
    Map(Box<Shape>),
    /// A structure or an enumeration of the same resource.
    Named(String),
    Meaningful(Meaning),
}

impl<'a> Resource<'a> {
    pub(crate) fn new(schema: &'a Schema, meanings: &Meanings<'_>) -> Result<Self, Error> {
        let mut reader = Reader { schema, meanings, structures: IndexMap::new(), enumerations: BTreeMap::new() };
        let mut properties = reader.structure("", &schema.properties, &schema.required)?;
        let attributes = reader.attributes();
        let reference = meanings.of_reference(schema).map_or(Shape::Text, Shape::Meaningful);

        let Reader { mut structures, enumerations: found, .. } = reader;
        let names = final_names(&found, &structures);
        for structure in structures.values_mut().chain([&mut properties]) {
            structure.fields.iter_mut().for_each(|field| field.shape.rename(&names));
        }
        let enumerations: BTreeMap<_, _> =
            found.into_iter().map(|(name, found)| (names[&name].clone(), found.texts)).collect();
        let is_taken = |name: &&String| enumerations.contains_key(*name) || RESERVED.contains(&name.as_str());
        match structures.keys().find(is_taken) {
            Some(name) => Err(Error::Name { type_name: schema.type_name.clone(), name: name.clone() }),
            None => Ok(Self { schema, properties, structures, enumerations, attributes, reference }),
        }
    }

    /// `Bucket` of `AWS::S3::Bucket`.
    pub(crate) fn name(&self) -> &str {
        self.schema.type_name.rsplit("::").next().unwrap_or_default()
    }
}

/// Types that generated code uses by these names.
const RESERVED: &[&str] = &["Arn", "BTreeMap", "Id", "Json", "Name", "Option", "String", "Vec"];

/// Reads one schema, structure by structure.
struct Reader<'a> {
    schema: &'a Schema,
    meanings: &'a Meanings<'a>,
    structures: IndexMap<String, Structure>,
    enumerations: BTreeMap<String, Found>,
}

impl Reader<'_> {
    /// The settable properties of the structure called `owner`, which is empty for the resource itself.
    fn structure(
        &mut self,
        owner: &str,
        nodes: &IndexMap<String, Node>,
        required: &[String],
    ) -> Result<Structure, Error> {
        let mut structure = Structure::default();
        for (name, node) in nodes {
            if is_read_only(self.schema, owner, name) {
                continue;
            }
            let required = required.contains(name);
            let shape = self.shape(owner, name, node)?;
            structure.fields.push(Field { name: name.clone(), required, shape, node: node.clone() });
        }
        Ok(structure)
    }

    fn shape(&mut self, owner: &str, property: &str, node: &Node) -> Result<Shape, Error> {
        if !node.one_of.is_empty() {
            return self.shape(owner, property, &node.merged());
        }
        if let Some(name) = node.definition() {
            return self.definition(name);
        }
        if let Some(items) = &node.items
            && node.is("array")
        {
            let item = Node { refers_to: [node.refers_to.clone(), items.refers_to.clone()].concat(), ..*items.clone() };
            // A list's enumeration is called after one of the list.
            let property = if item.texts().is_some() { &names::singular(property) } else { property };
            return Ok(Shape::List(Box::new(self.shape(owner, property, &item)?)));
        }
        if let Some(texts) = node.texts() {
            return Ok(self.enumeration(owner, property, &texts));
        }
        if !node.properties.is_empty() {
            return self.named(&self.inline_name(owner, property, node), node);
        }
        if let Some(entries) = node.entries() {
            return Ok(Shape::Map(Box::new(self.shape(owner, property, entries)?)));
        }
        let path = if owner.is_empty() { property.to_owned() } else { format!("{owner}.{property}") };
        let is_json = node.format.as_deref() == Some("json") || node.allows("object");
        Ok(match self.meanings.of_property(self.schema, &path, node) {
            // What may be a number as well as an object is a scalar that CloudFormation turns into text.
            _ if is_json && !node.allows("number") => Shape::Json,
            Some(meaning) => Shape::Meaningful(meaning),
            None if node.is("integer") => Shape::Integer,
            None if node.is("number") => Shape::Number,
            None if node.is("boolean") => Shape::Boolean,
            None if node.is("array") => Shape::List(Box::new(Shape::Json)),
            None => Shape::Text,
        })
    }

    /// A definition is a structure or an enumeration, or else another name for what it defines.
    fn definition(&mut self, name: &str) -> Result<Shape, Error> {
        let Some(node) = self.schema.definitions.get(name) else {
            return Err(Error::NoDefinition { type_name: self.schema.type_name.clone(), name: name.to_owned() });
        };
        let node = if node.one_of.is_empty() { node } else { &node.merged() };
        match node.texts() {
            Some(texts) => Ok(self.enumeration(name, "", &texts)),
            None if node.properties.is_empty() => self.shape(name, "", node),
            None => self.named(name, node),
        }
    }

    /// `property` is empty where the definition `owner` is the enumeration.
    fn enumeration(&mut self, owner: &str, property: &str, texts: &[&str]) -> Shape {
        let resource = self.schema.type_name.rsplit("::").next().unwrap_or_default();
        let is_top = owner.is_empty();
        let owner = if owner.is_empty() { resource } else { owner };
        let full = format!("{}{}", names::type_name(owner), names::type_name(property));
        let property = if property.is_empty() { full.clone() } else { names::type_name(property) };
        let texts = texts.iter().map(|&text| text.to_owned()).collect();
        self.enumerations.insert(full.clone(), Found { property, is_top, texts });
        Shape::Named(full)
    }

    fn named(&mut self, name: &str, node: &Node) -> Result<Shape, Error> {
        let type_name = names::type_name(name);
        if !self.structures.contains_key(&type_name) {
            // Before its fields: a structure may contain itself.
            self.structures.insert(type_name.clone(), Structure::default());
            let structure = self.structure(name, &node.properties, &node.required)?;
            self.structures.insert(type_name.clone(), structure);
        }
        Ok(Shape::Named(type_name))
    }

    /// A structure that the schema does not name is called after its property, or, as one of a list that is a
    /// definition, after that. A property that has another definition's name is told apart by its structure.
    fn inline_name(&self, owner: &str, property: &str, node: &Node) -> String {
        let namesake = self.schema.definitions.get(property);
        let items = namesake.and_then(|definition| definition.items.as_deref());
        match (property, namesake) {
            ("", _) => owner.to_owned(),
            (_, Some(_)) if items.is_none_or(|items| !items.properties.keys().eq(node.properties.keys())) => {
                format!("{owner}{property}")
            }
            _ => property.to_owned(),
        }
    }

    /// Read-only scalars, with a dot between the names of a path. One inside a list or a map has no attribute.
    fn attributes(&self) -> Vec<Attribute> {
        let paths = self.schema.read_only_properties.iter().filter_map(|pointer| path(pointer));
        paths
            .filter(|path| !path.contains('*'))
            .filter_map(|path| {
                let mut node = find(self.schema, &path)?.1;
                while let Some(definition) = node.definition() {
                    node = self.schema.definitions.get(definition)?;
                }
                let shape = match &node.types {
                    Some(Types::One(one)) if one == "integer" => Shape::Integer,
                    Some(Types::One(one)) if one == "boolean" => Shape::Boolean,
                    Some(Types::One(one)) if one == "string" => {
                        self.meanings.of_attribute(self.schema, &path).map_or(Shape::Text, Shape::Meaningful)
                    }
                    _ => return None,
                };
                Some(Attribute { name: path.replace('/', "."), shape })
            })
            .collect()
    }
}

/// `/properties/Code/ZipFile` as `Code/ZipFile`.
pub(crate) fn path(pointer: &str) -> Option<String> {
    let path = pointer.strip_prefix("/properties/")?;
    Some(path.replace("/items/", "/*/").replace("/properties/", "/"))
}

/// The structure that holds the property at `path`, and the property.
fn find<'a>(schema: &'a Schema, path: &str) -> Option<(&'a str, &'a Node)> {
    let (mut owner, mut nodes) = ("", &schema.properties);
    let mut names = path.split('/').peekable();
    loop {
        let mut node = nodes.get(names.next()?)?;
        if names.peek().is_none() {
            return Some((owner, node));
        }
        while let Some(inner) = node.items.as_deref() {
            node = inner;
            names.next_if_eq(&"*");
        }
        if let Some(name) = node.definition() {
            (owner, node) = (name, schema.definitions.get(name)?);
        }
        nodes = &node.properties;
    }
}

/// Whether only AWS sets the property of the structure `owner`.
pub(crate) fn is_read_only(schema: &Schema, owner: &str, property: &str) -> bool {
    schema.read_only_properties.iter().filter_map(|pointer| path(pointer)).any(|path| {
        path.rsplit('/').next() == Some(property) && find(schema, &path).is_some_and(|(holder, _)| holder == owner)
    })
}

/// An enumeration as it is met in reading: called after its structure and property until all are known.
struct Found {
    property: String,
    /// Whether the property is the resource's own rather than a structure's.
    is_top: bool,
    texts: Vec<String>,
}

/// An enumeration that the schema does not name is called after its property, or, where that is not enough, after its
/// structure and property: where the schema has others of that name, or the name is one word, such as `Type`.
fn final_names(found: &BTreeMap<String, Found>, structures: &IndexMap<String, Structure>) -> BTreeMap<String, String> {
    let is_enough = |one: &Found| {
        let mut namesakes = found.values().filter(|other| other.property == one.property);
        let is_clear = one.is_top || names::snake(&one.property).contains('_');
        is_clear && namesakes.all(|other| other.texts == one.texts) && !structures.contains_key(&one.property)
    };
    let name = |full: &String, one: &Found| if is_enough(one) { one.property.clone() } else { full.clone() };
    found.iter().map(|(full, one)| (full.clone(), name(full, one))).collect()
}

impl Shape {
    /// What the shape is made of in the end: a list's items, a map's entries, or itself.
    pub(crate) fn innermost(&self) -> &Self {
        match self {
            Self::List(inner) | Self::Map(inner) => inner.innermost(),
            _ => self,
        }
    }

    fn rename(&mut self, names: &BTreeMap<String, String>) {
        match self {
            Self::Named(name) => {
                if let Some(renamed) = names.get(name) {
                    name.clone_from(renamed);
                }
            }
            Self::List(inner) | Self::Map(inner) => inner.rename(names),
            _ => {}
        }
    }
}

//! What CloudFormation's resource-provider schemas say of a resource type beyond its properties' types.
//! The tables are generated; this is their form. Paths are property names joined with `/`, `*` being any list item or
//! map entry: `Tags/*/Key`.

/// Facts about one resource type.
#[derive(Debug)]
pub struct ResourceSpec {
    /// The type, such as `AWS::S3::Bucket`.
    pub type_name: &'static str,
    /// How the resource takes tags, where it does.
    pub tagging: Option<Tagging>,
    /// The properties that identify a resource.
    pub primary_identifier: &'static [&'static str],
    /// Properties whose change replaces the resource.
    pub create_only: &'static [&'static str],
    /// Properties whose change replaces the resource under conditions that the schema does not state.
    pub conditional_create_only: &'static [&'static str],
    /// Attributes that only AWS sets.
    pub read_only: &'static [&'static str],
    /// Properties that cannot be read back.
    pub write_only: &'static [&'static str],
    /// Whether replacing or deleting the resource loses data.
    pub stateful: bool,
    /// What literal values must satisfy.
    pub constraints: &'static [Constraint],
    /// The IAM actions that each handler calls.
    pub permissions: Permissions,
}

impl ResourceSpec {
    /// Whether a change at `path`, or of something beneath it, can replace the resource.
    pub fn can_replace(&self, path: &[&str]) -> bool {
        let mut patterns = self.create_only.iter().chain(self.conditional_create_only);
        patterns.any(|pattern| pattern.split('/').zip(path).all(|(part, name)| part == "*" || part == *name))
    }
}

/// How a resource takes tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tagging {
    /// The property that holds the tags.
    pub property: &'static str,
    /// The form in which it holds them.
    pub shape: TagShape,
}

/// The form of a tags property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagShape {
    /// A list of `{Key, Value}`.
    List,
    /// An object of key to value.
    Map,
}

/// A rule for the literal at a path.
#[derive(Debug)]
pub struct Constraint {
    /// Where the rule holds.
    pub path: &'static str,
    /// The rule.
    pub rule: Rule,
}

/// What a literal must satisfy. A bound that is absent does not bind.
#[derive(Debug)]
pub enum Rule {
    /// A string matches the regular expression, somewhere.
    Pattern(&'static str),
    /// A string's length, in characters.
    Length {
        /// The least.
        minimum: Option<u64>,
        /// The most.
        maximum: Option<u64>,
    },
    /// A number's value.
    Range {
        /// The least.
        minimum: Option<f64>,
        /// The most.
        maximum: Option<f64>,
    },
    /// A number is one of these.
    Choice(&'static [i64]),
    /// A list's number of items.
    Items {
        /// The fewest.
        minimum: Option<u64>,
        /// The most.
        maximum: Option<u64>,
    },
}

/// The IAM actions that CloudFormation's handlers for the type call, by operation.
#[derive(Debug)]
pub struct Permissions {
    /// To create.
    pub create: &'static [&'static str],
    /// To read.
    pub read: &'static [&'static str],
    /// To update in place.
    pub update: &'static [&'static str],
    /// To delete.
    pub delete: &'static [&'static str],
}

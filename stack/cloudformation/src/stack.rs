//! A stack under construction.
//!
//! Adding never fails, so that a definition reads as a list of what there is; [`Stack::template`] reports everything
//! that is wrong at once, each fault with its path and the Rust source line of the resource.

use std::collections::BTreeMap;
use std::panic::Location;
use std::rc::Rc;

use indexmap::IndexMap;

use crate::condition::{Condition, Test};
use crate::expression::{Expression, Object};
use crate::parameter::{Mapping, Parameter};
use crate::resource::{Handle, Resource};
use crate::rules::Rule;
use crate::spec::ResourceSpec;
use crate::value::{Arn, Name, Value};

/// A resource of a type that is not generated: the escape hatch. Its properties are JSON and are not checked.
///
/// ```
/// use cloudformation::{Raw, Stack};
///
/// let mut stack = Stack::new("A budget.");
/// let budget = stack.add_raw("Budget", Raw::new("AWS::Budgets::Budget", serde_json::json!({ "Budget": {} })));
/// assert_eq!(budget.logical_id(), "Budget");
/// ```
#[derive(Clone, Debug)]
pub struct Raw {
    type_name: String,
    properties: Object,
}

impl Raw {
    /// A resource of the type `type_name` with literal properties.
    pub fn new(type_name: &str, properties: serde_json::Value) -> Self {
        let properties = match Expression::from(properties) {
            Expression::Object(fields) => fields,
            _ => Object::new(),
        };
        Self { type_name: type_name.to_owned(), properties }
    }

    /// Sets a property to a typed value, such as a reference to another resource.
    pub fn property<T>(mut self, name: &str, value: impl Into<Value<T>>) -> Self {
        self.properties.insert(name.to_owned(), value.into().expression);
        self
    }
}

impl Handle<Raw> {
    /// `Ref`. The caller says what it means.
    pub fn raw_reference<T>(&self) -> Value<T> {
        Value::new(Expression::Ref(self.logical_id().to_owned()))
    }

    /// `Fn::GetAtt`. The caller says what it means.
    pub fn raw_attribute<T>(&self, name: &str) -> Value<T> {
        self.attribute(name)
    }
}

/// What CloudFormation does with a resource that leaves the stack, or that an update replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is deleted.
    Delete,
    /// It is kept, and belongs to no stack.
    Retain,
    /// It is kept, unless the very operation that makes it is rolled back.
    RetainExceptOnCreate,
    /// A snapshot is made, then it is deleted. Few types can.
    Snapshot,
}

impl Removal {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::RetainExceptOnCreate => "RetainExceptOnCreate",
            Self::Snapshot => "Snapshot",
        }
    }
}

/// A resource in the stack: what [`Stack::add`] was given, and its attributes.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) logical_id: String,
    pub(crate) type_name: String,
    pub(crate) spec: Option<&'static ResourceSpec>,
    pub(crate) properties: Object,
    pub(crate) location: &'static Location<'static>,
    pub(crate) depends_on: Vec<String>,
    pub(crate) deletion_policy: Option<Removal>,
    pub(crate) update_replace_policy: Option<Removal>,
    pub(crate) creation_policy: Option<serde_json::Value>,
    pub(crate) update_policy: Option<serde_json::Value>,
    pub(crate) condition: Option<String>,
    pub(crate) metadata: serde_json::Map<String, serde_json::Value>,
    pub(crate) suppressed: IndexMap<Rule, String>,
}

/// A stack's output.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) value: Expression,
    pub(crate) description: String,
    pub(crate) export: Option<Expression>,
    pub(crate) condition: Option<String>,
    pub(crate) location: &'static Location<'static>,
}

/// A stack under construction: the set of resources that one template describes.
///
/// ```
/// use cloudformation::{Stack, ssm};
///
/// let mut stack = Stack::new("One parameter.");
/// let greeting = stack.add("Greeting", ssm::Parameter::new(ssm::parameter::Type::String, "hello"));
/// stack.output("GreetingName", "The parameter's name.", greeting.reference());
/// let template = stack.template().expect("nothing is wrong with it");
/// assert!(template.to_yaml().contains("AWS::SSM::Parameter"));
/// ```
#[derive(Debug)]
pub struct Stack {
    pub(crate) description: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) parameters: Vec<(String, serde_json::Value, &'static Location<'static>)>,
    pub(crate) mappings: Vec<(String, serde_json::Value, &'static Location<'static>)>,
    pub(crate) conditions: Vec<(String, Test, &'static Location<'static>)>,
    pub(crate) tags: IndexMap<String, Expression>,
    pub(crate) reserved: BTreeMap<String, &'static Location<'static>>,
    /// Handles of another stack whose attributes were to be set here.
    pub(crate) strangers: Vec<(String, &'static Location<'static>)>,
}

impl Stack {
    /// An empty stack. `description` is at most 1,024 bytes.
    pub fn new(description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            entries: Vec::new(),
            outputs: Vec::new(),
            parameters: Vec::new(),
            mappings: Vec::new(),
            conditions: Vec::new(),
            tags: IndexMap::new(),
            reserved: BTreeMap::new(),
            strangers: Vec::new(),
        }
    }

    /// Adds a resource. The logical id is alphanumeric and the stack's own.
    #[track_caller]
    pub fn add<R: Resource>(&mut self, logical_id: &str, resource: R) -> Handle<R> {
        let properties = resource.into_properties().0;
        self.push(logical_id, R::SPEC.type_name, Some(R::SPEC), properties);
        Handle::new(logical_id)
    }

    /// Adds a resource of a type that is not generated.
    #[track_caller]
    pub fn add_raw(&mut self, logical_id: &str, raw: Raw) -> Handle<Raw> {
        let spec = crate::generated::spec(&raw.type_name);
        self.push(logical_id, &raw.type_name, spec, raw.properties);
        Handle::new(logical_id)
    }

    /// Adds a parameter and gives its value.
    #[track_caller]
    pub fn add_parameter<T>(&mut self, name: &str, parameter: Parameter<T>) -> Value<T> {
        self.parameters.push((name.to_owned(), parameter.to_json(), Location::caller()));
        Value::new(Expression::Ref(name.to_owned()))
    }

    /// Adds a condition.
    #[track_caller]
    pub fn add_condition(&mut self, name: &str, test: Test) -> Condition {
        self.conditions.push((name.to_owned(), test, Location::caller()));
        Condition(Rc::from(name))
    }

    /// Adds a mapping: a table of literal texts by two keys.
    #[track_caller]
    pub fn add_mapping(&mut self, name: &str, table: &BTreeMap<String, BTreeMap<String, String>>) -> Mapping {
        self.mappings.push((name.to_owned(), serde_json::json!(table), Location::caller()));
        Mapping(Rc::from(name))
    }

    /// Adds an output.
    #[track_caller]
    pub fn output(&mut self, name: &str, description: &str, value: impl Into<Value<String>>) -> OutputOptions<'_> {
        let (value, description) = (value.into().expression, description.to_owned());
        let location = Location::caller();
        let index = self.outputs.len();
        self.outputs.push(Output {
            name: name.to_owned(),
            value,
            description,
            export: None,
            condition: None,
            location,
        });
        OutputOptions { output: &mut self.outputs[index] }
    }

    /// Tags every resource that takes tags. A tag that a resource sets itself stands.
    pub fn tag(&mut self, key: &str, value: impl Into<Value<String>>) {
        self.tags.insert(key.to_owned(), value.into().expression);
    }

    /// The attributes of a resource besides its properties: dependencies, policies, condition, metadata.
    #[track_caller]
    pub fn attributes<R>(&mut self, handle: &Handle<R>) -> Attributes<'_> {
        let entry = self.entries.iter_mut().find(|entry| entry.logical_id == handle.logical_id());
        if entry.is_none() {
            self.strangers.push((handle.logical_id().to_owned(), Location::caller()));
        }
        Attributes { entry }
    }

    /// Names a resource before it is added, for what the resource itself must wait for: S3 checks, when it makes a
    /// bucket, that each function it notifies may be called, and that permission names the bucket.
    ///
    /// A name that is reserved and whose resource never comes is an error of [`Stack::template`].
    #[track_caller]
    pub fn reserve<R: Named>(&mut self, logical_id: &str, name: Value<Name<R>>) -> Reserved<R> {
        self.reserved.insert(logical_id.to_owned(), Location::caller());
        Reserved { logical_id: logical_id.to_owned(), name }
    }

    /// Adds the resource of a reserved name.
    #[track_caller]
    pub fn add_reserved<R: Named>(&mut self, reserved: Reserved<R>, resource: R) -> Handle<R> {
        self.reserved.remove(&reserved.logical_id);
        self.add(&reserved.logical_id, resource.named(reserved.name))
    }

    #[track_caller]
    fn push(&mut self, logical_id: &str, type_name: &str, spec: Option<&'static ResourceSpec>, properties: Object) {
        self.entries.push(Entry {
            logical_id: logical_id.to_owned(),
            type_name: type_name.to_owned(),
            spec,
            properties,
            location: Location::caller(),
            depends_on: Vec::new(),
            deletion_policy: None,
            update_replace_policy: None,
            creation_policy: None,
            update_policy: None,
            condition: None,
            metadata: serde_json::Map::new(),
            suppressed: IndexMap::new(),
        });
    }
}

/// A resource type whose name can be chosen before it is made, and whose ARN follows from the name.
pub trait Named: Resource {
    /// The resource with its name set.
    fn named(self, name: Value<Name<Self>>) -> Self;

    /// The ARN of the resource of that name.
    fn arn_of(name: &Value<Name<Self>>) -> Value<Arn<Self>>;
}

/// A name that is taken for a resource to come; see [`Stack::reserve`].
#[derive(Debug)]
pub struct Reserved<R> {
    logical_id: String,
    name: Value<Name<R>>,
}

impl<R: Named> Reserved<R> {
    /// The name.
    pub fn name(&self) -> Value<Name<R>> {
        self.name.clone()
    }

    /// The ARN, made from the name: no reference to the resource, so nothing waits for it.
    pub fn arn(&self) -> Value<Arn<R>> {
        R::arn_of(&self.name)
    }
}

/// Sets a resource's attributes; see [`Stack::attributes`].
#[derive(Debug)]
pub struct Attributes<'a> {
    /// Absent for a handle of another stack, which `Stack::template` refuses.
    entry: Option<&'a mut Entry>,
}

impl Attributes<'_> {
    /// `DependsOn`: made after, and deleted before, a resource that no property refers to.
    pub fn depends_on<R>(self, other: &Handle<R>) -> Self {
        self.set(|entry| entry.depends_on.push(other.logical_id().to_owned()))
    }

    /// `DeletionPolicy` and `UpdateReplacePolicy`, both alike.
    pub fn removal(self, removal: Removal) -> Self {
        self.deletion_policy(removal).update_replace_policy(removal)
    }

    /// `DeletionPolicy`: what happens when the resource leaves the stack.
    pub fn deletion_policy(self, removal: Removal) -> Self {
        self.set(|entry| entry.deletion_policy = Some(removal))
    }

    /// `UpdateReplacePolicy`: what happens to the old resource when an update replaces it. It was not made by this very
    /// operation, so [`Removal::RetainExceptOnCreate`] is `Retain` here, which is all that CloudFormation takes.
    pub fn update_replace_policy(self, removal: Removal) -> Self {
        let removal = if removal == Removal::RetainExceptOnCreate { Removal::Retain } else { removal };
        self.set(|entry| entry.update_replace_policy = Some(removal))
    }

    /// `UpdatePolicy`, as the resource's type defines it.
    pub fn update_policy(self, policy: serde_json::Value) -> Self {
        self.set(|entry| entry.update_policy = Some(policy))
    }

    /// `CreationPolicy`, as the resource's type defines it.
    pub fn creation_policy(self, policy: serde_json::Value) -> Self {
        self.set(|entry| entry.creation_policy = Some(policy))
    }

    /// `Condition`: the resource is there only where it holds.
    pub fn condition(self, condition: &Condition) -> Self {
        self.set(|entry| entry.condition = Some(condition.name().to_owned()))
    }

    /// An entry of `Metadata`.
    pub fn metadata(self, key: &str, value: serde_json::Value) -> Self {
        self.set(|entry| _ = entry.metadata.insert(key.to_owned(), value))
    }

    /// Says why what a rule finds here does not matter: `reason`, which may not be empty. The template's metadata keeps it.
    pub fn suppress(self, rule: Rule, reason: &str) -> Self {
        self.set(|entry| _ = entry.suppressed.insert(rule, reason.to_owned()))
    }

    fn set(mut self, change: impl FnOnce(&mut Entry)) -> Self {
        if let Some(entry) = &mut self.entry {
            change(entry);
        }
        self
    }
}

/// What an output may have besides its value.
#[derive(Debug)]
pub struct OutputOptions<'a> {
    output: &'a mut Output,
}

impl OutputOptions<'_> {
    /// Exports the value under a name that is unique in the account and region.
    pub fn export(self, name: impl Into<Value<String>>) -> Self {
        self.output.export = Some(name.into().expression);
        self
    }

    /// The output is there only where the condition holds.
    pub fn condition(self, condition: &Condition) -> Self {
        self.output.condition = Some(condition.name().to_owned());
        self
    }
}

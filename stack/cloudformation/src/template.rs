//! From a stack to its template: assembles the document and finds everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::Location;

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value as Json, json};

use crate::constraint;
use crate::expression::{Expression, Object};
use crate::rules::SUPPRESS;
use crate::spec::TagShape;
use crate::stack::{Entry, Stack};

/// CloudFormation's quotas: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>.
mod limit {
    pub(super) const RESOURCES: usize = 500;
    pub(super) const PARAMETERS: usize = 200;
    pub(super) const MAPPINGS: usize = 200;
    pub(super) const OUTPUTS: usize = 200;
    pub(super) const DESCRIPTION_BYTES: usize = 1_024;
    pub(super) const NAME_CHARACTERS: usize = 255;
    pub(super) const TEMPLATE_BYTES: usize = 1_000_000;
}

/// The key under which each resource's metadata names the Rust source line that made it.
pub const SOURCE: &str = "Source";

/// A finished template: valid as far as it can be told without AWS, its keys in a stable order.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Json);

/// One fault of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it is: `Resources/Table/Properties/KeySchema`.
    pub path: String,
    /// What it is, and what to do.
    pub message: String,
    /// The Rust source line: `stack/src/pipeline/storage.rs:12`.
    pub source: Option<String>,
}

/// Everything that is wrong with a stack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template has {} {}:{}", .0.len(), if .0.len() == 1 { "fault" } else { "faults" }, .0.iter().map(Fault::line).collect::<String>())]
pub struct TemplateError(pub Vec<Fault>);

impl Fault {
    fn line(&self) -> String {
        let source = self.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
        format!("\n  {}: {}{source}", self.path, self.message)
    }
}

impl Template {
    /// The document.
    pub fn as_json(&self) -> &Json {
        &self.0
    }

    /// The document as indented JSON, with a newline at the end.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.0)
    }

    /// The document as YAML. Texts that YAML 1.1 would misread (`on`, `no`, `12:30:45`) are quoted.
    pub fn to_yaml(&self) -> String {
        // A tree of JSON values has no key and no scalar that YAML cannot spell.
        serde_saphyr::to_string(&Yaml(&self.0)).unwrap_or_else(|_| self.to_json())
    }
}

/// JSON as a serde value of plain scalars: `serde_json`'s own numbers, which keep every digit, would come out as
/// structures.
struct Yaml<'a>(&'a Json);

impl Serialize for Yaml<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => serializer.serialize_i64(integer),
                (None, Some(float)) => serializer.serialize_f64(float),
                (None, None) => serializer.serialize_str(&number.to_string()),
            },
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| sequence.serialize_element(&Yaml(item)))?;
                sequence.end()
            }
            Json::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(name, value)| map.serialize_entry(name, &Yaml(value)))?;
                map.end()
            }
        }
    }
}

impl Stack {
    /// The template.
    ///
    /// # Errors
    ///
    /// All faults: names taken twice or ill formed, references to what the stack does not have, cycles, literals that
    /// the provider schema refuses, suppressions without a reason, and quotas exceeded.
    pub fn template(&self) -> Result<Template, TemplateError> {
        let mut faults = Faults::default();
        self.check_names(&mut faults);
        self.check_references(&mut faults);
        self.check_cycles(&mut faults);
        self.check_literals(&mut faults);
        self.check_suppressions(&mut faults);
        self.check_quotas(&mut faults);
        let template = Template(self.document());
        let size = template.0.to_string().len();
        if size > limit::TEMPLATE_BYTES {
            faults.add("", format!("{size} bytes are more than {}; split the stack", limit::TEMPLATE_BYTES), None);
        }
        if faults.0.is_empty() { Ok(template) } else { Err(TemplateError(faults.0)) }
    }

    fn check_names(&self, faults: &mut Faults) {
        let mut seen = BTreeMap::new();
        for (section, name, location) in self.names() {
            let path = format!("{section}/{name}");
            if name.is_empty()
                || name.len() > limit::NAME_CHARACTERS
                || !name.bytes().all(|b| b.is_ascii_alphanumeric())
            {
                faults.add(&path, "a name is 1 to 255 letters and digits".into(), Some(location));
            }
            // Ref finds parameters and resources by one name, so those share a name space.
            let space = if section == "Parameters" { "Resources" } else { section };
            if let Some(first) = seen.insert((space, name), location) {
                let message = format!("the name is taken at {}; choose another", source(first));
                faults.add(&path, message, Some(location));
            }
        }
        for (name, location) in &self.reserved {
            let message = "the name is reserved and its resource was never added; call Stack::add_reserved".into();
            faults.add(&format!("Resources/{name}"), message, Some(location));
        }
    }

    fn names(&self) -> impl Iterator<Item = (&'static str, &str, &'static Location<'static>)> {
        let parameters = self.parameters.iter().map(|(name, _, location)| ("Parameters", name.as_str(), *location));
        let mappings = self.mappings.iter().map(|(name, _, location)| ("Mappings", name.as_str(), *location));
        let conditions = self.conditions.iter().map(|(name, _, location)| ("Conditions", name.as_str(), *location));
        let resources = self.entries.iter().map(|entry| ("Resources", entry.logical_id.as_str(), entry.location));
        let outputs = self.outputs.iter().map(|output| ("Outputs", output.name.as_str(), output.location));
        parameters.chain(mappings).chain(conditions).chain(resources).chain(outputs)
    }

    /// A handle, condition or parameter value of another stack is the only way to a reference that dangles.
    fn check_references(&self, faults: &mut Faults) {
        let resources: BTreeSet<&str> = self.entries.iter().map(|entry| entry.logical_id.as_str()).collect();
        let parameters: BTreeSet<&str> = self.parameters.iter().map(|(name, ..)| name.as_str()).collect();
        let conditions: BTreeSet<&str> = self.conditions.iter().map(|(name, ..)| name.as_str()).collect();
        let mut check = |path: String, expression: &Expression, location| {
            expression.references(&mut |target| {
                if !target.starts_with("AWS::") && !resources.contains(target) && !parameters.contains(target) {
                    faults.add(&path, format!("`{target}` is not part of this stack; add it first"), Some(location));
                }
            });
            expression.conditions(&mut |name| {
                if !conditions.contains(name) {
                    faults.add(&path, format!("the condition `{name}` is not part of this stack"), Some(location));
                }
            });
        };
        for entry in &self.entries {
            for (name, value) in &entry.properties {
                check(format!("Resources/{}/Properties/{name}", entry.logical_id), value, entry.location);
            }
            for target in &entry.depends_on {
                let path = format!("Resources/{}/DependsOn", entry.logical_id);
                check(path, &Expression::Ref(target.clone()), entry.location);
            }
        }
        for output in &self.outputs {
            for value in [Some(&output.value), output.export.as_ref()].into_iter().flatten() {
                check(format!("Outputs/{}", output.name), value, output.location);
            }
        }
        for (name, location) in &self.strangers {
            check(format!("Resources/{name}"), &Expression::Ref(name.clone()), location);
        }
        for (name, test, location) in &self.conditions {
            test.expressions(&mut |expression| check(format!("Conditions/{name}"), expression, location));
        }
    }

    fn check_cycles(&self, faults: &mut Faults) {
        let graph = self.entries.iter().map(|entry| (entry.logical_id.as_str(), entry.dependencies())).collect();
        if let Some(cycle) = find_cycle(&graph) {
            let first = self.entries.iter().find(|entry| Some(entry.logical_id.as_str()) == cycle.first().copied());
            let path = format!("Resources/{}", cycle.first().copied().unwrap_or_default());
            let message = format!(
                "the resources wait for each other: {}; break the circle, for example with Stack::reserve",
                cycle.join(" -> ")
            );
            faults.add(&path, message, first.map(|entry| entry.location));
        }
    }

    fn check_literals(&self, faults: &mut Faults) {
        for entry in &self.entries {
            let Some(spec) = entry.spec else { continue };
            constraint::check(spec, &entry.properties, &mut |path, message| {
                let path = format!("Resources/{}/Properties/{path}", entry.logical_id);
                faults.add(&path, message, Some(entry.location));
            });
        }
    }

    fn check_suppressions(&self, faults: &mut Faults) {
        for entry in &self.entries {
            for (rule, _) in entry.suppressed.iter().filter(|(_, reason)| reason.trim().is_empty()) {
                let path = format!("Resources/{}/Metadata/{SUPPRESS}/{}", entry.logical_id, rule.code());
                faults.add(
                    &path,
                    "a suppression needs a reason; say why it does not matter here".into(),
                    Some(entry.location),
                );
            }
        }
    }

    fn check_quotas(&self, faults: &mut Faults) {
        if self.entries.is_empty() {
            faults.add("Resources", "a template has at least one resource".into(), None);
        }
        for (section, count, most) in [
            ("Resources", self.entries.len(), limit::RESOURCES),
            ("Parameters", self.parameters.len(), limit::PARAMETERS),
            ("Mappings", self.mappings.len(), limit::MAPPINGS),
            ("Outputs", self.outputs.len(), limit::OUTPUTS),
            ("Description", self.description.len(), limit::DESCRIPTION_BYTES),
        ] {
            if count > most {
                faults.add(section, format!("{count} are more than CloudFormation's {most}; split the stack"), None);
            }
        }
    }

    fn document(&self) -> Json {
        let mut document = Map::new();
        document.insert("AWSTemplateFormatVersion".into(), "2010-09-09".into());
        document.insert("Description".into(), self.description.as_str().into());
        let mut section = |name: &str, entries: Map<String, Json>| {
            if !entries.is_empty() {
                document.insert(name.into(), entries.into());
            }
        };
        section("Parameters", self.parameters.iter().map(|(name, json, _)| (name.clone(), json.clone())).collect());
        section("Mappings", self.mappings.iter().map(|(name, json, _)| (name.clone(), json.clone())).collect());
        section("Conditions", self.conditions.iter().map(|(name, test, _)| (name.clone(), test.to_json())).collect());
        let resource = |entry: &Entry| (entry.logical_id.clone(), entry.document(&self.tags));
        section("Resources", self.entries.iter().map(resource).collect());
        section("Outputs", self.outputs.iter().map(|output| (output.name.clone(), output.document())).collect());
        document.into()
    }
}

impl Entry {
    /// The logical ids that must be there first. Parameters are among the names, and harmless: nothing leaves them.
    fn dependencies(&self) -> BTreeSet<&str> {
        let mut targets: BTreeSet<&str> = self.depends_on.iter().map(String::as_str).collect();
        self.properties.values().for_each(|value| value.references(&mut |target| _ = targets.insert(target)));
        targets
    }

    fn document(&self, stack_tags: &Object) -> Json {
        let mut document = Map::new();
        let mut set = |name: &str, value: Option<Json>| {
            if let Some(value) = value {
                document.insert(name.into(), value);
            }
        };
        set("Type", Some(self.type_name.as_str().into()));
        set("Condition", self.condition.as_deref().map(Json::from));
        set("DependsOn", (!self.depends_on.is_empty()).then(|| json!(self.depends_on)));
        set("DeletionPolicy", self.deletion_policy.map(|policy| policy.as_str().into()));
        set("UpdateReplacePolicy", self.update_replace_policy.map(|policy| policy.as_str().into()));
        set("CreationPolicy", self.creation_policy.clone());
        set("UpdatePolicy", self.update_policy.clone());
        let mut metadata = Map::from_iter([(SOURCE.to_owned(), Json::from(source(self.location)))]);
        metadata.extend(self.metadata.clone());
        if !self.suppressed.is_empty() {
            let reasons =
                self.suppressed.iter().map(|(rule, reason)| (rule.code().to_owned(), Json::from(reason.as_str())));
            metadata.insert(SUPPRESS.to_owned(), reasons.collect::<Map<_, _>>().into());
        }
        set("Metadata", Some(metadata.into()));
        let properties = self.tagged(stack_tags);
        set("Properties", (!properties.is_empty()).then(|| Expression::Object(properties).to_json()));
        document.into()
    }

    /// The properties, with the stack's tags where the type takes tags.
    fn tagged(&self, stack_tags: &Object) -> Object {
        let mut properties = self.properties.clone();
        let Some(tagging) = self.spec.and_then(|spec| spec.tagging) else { return properties };
        if stack_tags.is_empty() {
            return properties;
        }
        match tagging.shape {
            TagShape::List => {
                let tags = properties.entry(tagging.property.into()).or_insert_with(|| Expression::List(Vec::new()));
                if let Expression::List(tags) = tags {
                    let own: BTreeSet<String> = tags.iter().filter_map(tag_key).collect();
                    let missing = stack_tags.iter().filter(|(key, _)| !own.contains(*key));
                    tags.extend(missing.map(|(key, value)| tag(key, value)));
                }
            }
            TagShape::Map => {
                let tags =
                    properties.entry(tagging.property.into()).or_insert_with(|| Expression::Object(Object::new()));
                if let Expression::Object(tags) = tags {
                    stack_tags.iter().for_each(|(key, value)| _ = tags.entry(key.clone()).or_insert(value.clone()));
                }
            }
        }
        properties
    }
}

impl crate::stack::Output {
    fn document(&self) -> Json {
        let mut document = Map::new();
        document.insert("Description".into(), self.description.as_str().into());
        if let Some(condition) = &self.condition {
            document.insert("Condition".into(), condition.as_str().into());
        }
        document.insert("Value".into(), self.value.to_json());
        if let Some(name) = &self.export {
            document.insert("Export".into(), json!({ "Name": name.to_json() }));
        }
        document.into()
    }
}

fn tag(key: &str, value: &Expression) -> Expression {
    let fields = [("Key".to_owned(), Expression::text(key)), ("Value".to_owned(), value.clone())];
    Expression::Object(fields.into_iter().collect())
}

fn tag_key(tag: &Expression) -> Option<String> {
    match tag {
        Expression::Object(fields) => fields.get("Key")?.to_json().as_str().map(str::to_owned),
        _ => None,
    }
}

/// `file:line`, with the file relative to the workspace, as cargo gives it to the compiler.
fn source(location: &Location<'_>) -> String {
    format!("{}:{}", location.file().replace('\\', "/"), location.line())
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: &str, message: String, location: Option<&Location<'_>>) {
        self.0.push(Fault { path: path.to_owned(), message, source: location.map(source) });
    }
}

/// A path from a node to itself, where there is one.
fn find_cycle<'a>(graph: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    fn visit<'a>(
        node: &'a str,
        graph: &BTreeMap<&'a str, BTreeSet<&'a str>>,
        path: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<&'a str>> {
        if let Some(start) = path.iter().position(|&earlier| earlier == node) {
            return Some(path[start..].iter().copied().chain([node]).collect());
        }
        if done.contains(node) {
            return None;
        }
        path.push(node);
        let cycle = graph.get(node).into_iter().flatten().find_map(|&next| visit(next, graph, path, done));
        path.pop();
        done.insert(node);
        cycle
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|&node| visit(node, graph, &mut Vec::new(), &mut done))
}

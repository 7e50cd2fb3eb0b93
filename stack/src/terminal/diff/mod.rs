//! A semantic diff for people: what becomes of each resource, in symbols and in words. Colour only repeats them.

mod paint;
mod value;

use cloudformation::diff::{
    Aspect, CodeChange, Diff, Disposal, Impact, PropertyChange, Protection, Rename, ResourceChange, SectionChange,
    SettingChange, StatementChange,
};
use serde_json::Value as Json;

use self::paint::Paint;
use self::value::{change, change_of_entry};
use super::Table;

/// The diff as text, ending in a line feed.
pub fn render(diff: &Diff, colour: bool) -> String {
    let mut text = Text { text: String::new(), paint: Paint(colour) };
    if diff.is_empty() {
        text.line("no changes");
        return text.text;
    }
    text.renames("Moves", &diff.moves);
    text.resources(diff);
    text.sections(diff);
    text.renames("Same content under another logical id", &diff.renames);
    text.table("Access", &access(&diff.access));
    text.table("Protection", &settings(&diff.settings));
    text.summary(diff);
    text.text
}

struct Text {
    text: String,
    paint: Paint,
}

impl Text {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn heading(&mut self, heading: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(&self.paint.heading(heading));
    }

    fn resources(&mut self, diff: &Diff) {
        let resources = &diff.resources;
        if resources.is_empty() {
            return;
        }
        self.heading("Resources");
        let width = |of: fn(&ResourceChange) -> &str| resources.iter().map(of).map(str::len).max().unwrap_or_default();
        let (id, kind) = (width(|resource| &resource.logical_id), width(|resource| &resource.resource_type));
        for resource in resources {
            let symbol = symbol(resource.impact);
            let head = format!(
                "{symbol} {:<id$}  {:<kind$}  {}",
                resource.logical_id,
                resource.resource_type,
                words(resource)
            );
            let source = resource.source.as_ref().map(|source| format!("  {source}")).unwrap_or_default();
            self.line(&format!("{}{source}", self.paint.line(symbol, &head)));
            self.resource(resource, !diff.access.is_empty());
        }
    }

    fn resource(&mut self, resource: &ResourceChange, has_access: bool) {
        if let Some(obstacle) = &resource.obstacle {
            self.line(&self.paint.loud(&format!("    refused: {obstacle}")));
        }
        if let Some(code) = &resource.code {
            self.entry("~", "code", &[code_change(code)], "");
        }
        let properties = resource.properties.iter().filter(|property| !is_code(resource, property));
        properties.for_each(|property| self.property(property, has_access));
        for attribute in &resource.attributes {
            let (before, after) = (attribute.before.as_ref(), attribute.after.as_ref());
            self.entry(sign(before, after), &attribute.path, &change(before, after), "");
        }
    }

    fn property(&mut self, property: &PropertyChange, has_access: bool) {
        let (before, after) = (property.before.as_ref(), property.after.as_ref());
        let change = match &property.cause {
            Some(cause) => vec![format!("known after deployment: {} is replaced", cause.replaced)],
            None if has_access && [before, after].into_iter().flatten().all(is_policy) => vec!["see Access".to_owned()],
            None => change(before, after),
        };
        let (symbol, effect) = match property.impact {
            Impact::Replace => ("!", "  (replaces)"),
            Impact::MayReplace => ("!", "  (may replace)"),
            _ => (sign(before, after), ""),
        };
        self.entry(symbol, &property.path, &change, effect);
    }

    fn entry(&mut self, symbol: &str, path: &str, change: &[String], effect: &str) {
        let (first, rest) = change.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
        let space = if first.is_empty() { "" } else { " " };
        let path = if path.is_empty() { String::new() } else { format!("{path}:") };
        let line = format!("    {symbol} {path}{space}{first}{effect}");
        self.line(&self.paint.line(symbol, &line));
        for line in rest {
            let symbol = line.get(..1).unwrap_or_default().trim();
            let line = format!("        {line}");
            self.line(&if symbol.is_empty() { line } else { self.paint.line(symbol, &line) });
        }
    }

    fn sections(&mut self, diff: &Diff) {
        let sections: Vec<_> = diff.sections.iter().filter(|section| !is_code_key(section, &diff.resources)).collect();
        for group in sections.chunk_by(|left, right| left.section == right.section) {
            self.heading(group.first().map_or("", |section| &section.section));
            for section in group {
                let (before, after) = (section.before.as_ref(), section.after.as_ref());
                let change = match &section.follows {
                    Some(replaced) => vec![format!("known after deployment: {replaced} is replaced")],
                    None => change_of_entry(before, after),
                };
                self.entry(sign(before, after), &section.path, &change, "");
            }
        }
    }

    fn renames(&mut self, heading: &str, renames: &[Rename]) {
        if renames.is_empty() {
            return;
        }
        self.heading(heading);
        for rename in renames {
            self.line(&format!("    {} → {}  {}", rename.from, rename.to, rename.resource_type));
        }
    }

    /// A table, each of its rows in the colour of its symbol.
    fn table(&mut self, heading: &str, table: &Table) {
        if table.is_empty() {
            return;
        }
        self.heading(heading);
        for line in table.to_string().lines() {
            let symbol = line.get(..1).unwrap_or_default().trim();
            self.line(&if symbol.is_empty() { line.to_owned() } else { self.paint.line(symbol, line) });
        }
    }

    /// How many of each, and what is lost or opened.
    fn summary(&mut self, diff: &Diff) {
        let count =
            |actions: &[Impact]| diff.resources.iter().filter(|change| actions.contains(&change.impact)).count();
        let counts = [
            (diff.moves.len(), "to move"),
            (count(&[Impact::Add]), "to add"),
            (count(&[Impact::Update, Impact::Unknown]), "to update"),
            (count(&[Impact::Replace]), "to replace"),
            (count(&[Impact::MayReplace]), "that may be replaced"),
            (count(&[Impact::Remove]), "to remove"),
        ];
        let counts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        self.text.push('\n');
        let resources = if counts.is_empty() { "none to change".to_owned() } else { counts.join(", ") };
        self.line(&format!("resources: {resources}"));
        let lost: Vec<&str> = diff.data_losses().map(|change| change.logical_id.as_str()).collect();
        if !lost.is_empty() {
            self.line(&self.paint.loud(&format!("DATA LOSS: {}", lost.join(", "))));
        }
        if diff.broadens_access() {
            self.line(&self.paint.loud("BROADER ACCESS: somebody may do more than before"));
        }
    }
}

/// Who may do more or less.
fn access(statements: &[StatementChange]) -> Table {
    let mut table = Table::new();
    for statement in statements {
        let sign = if statement.added { "+" } else { "-" };
        let broadens = if statement.broadens { ", BROADENS" } else { "" };
        let terms = terms("on", &statement.resources).chain(terms("by", &statement.principals));
        let terms: Vec<String> = terms.chain(conditions(statement.condition.as_ref())).collect();
        table.add([
            format!("{sign} {}", statement.holder),
            format!("{}{broadens}", statement.effect.to_lowercase()),
            statement.actions.join("\n"),
            terms.join("\n"),
        ]);
    }
    table
}

fn terms(preposition: &str, items: &[String]) -> impl Iterator<Item = String> {
    items.iter().map(move |item| format!("{preposition} {item}"))
}

/// Each test of a condition: `if aws:SourceAccount StringEquals ${AWS::AccountId}`.
fn conditions(condition: Option<&Json>) -> impl Iterator<Item = String> {
    let operators = condition.and_then(Json::as_object).into_iter().flatten();
    operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, value)| format!("if {key} {operator} {}", value::text(value)))
    })
}

/// What protects less or more.
fn settings(settings: &[SettingChange]) -> Table {
    let mut table = Table::new();
    for setting in settings {
        let (symbol, protection) = match setting.protection {
            Protection::Weaker => ("!", "WEAKER"),
            Protection::Stronger => ("+", "stronger"),
            Protection::Different => ("~", "different"),
        };
        let aspect = match setting.aspect {
            Aspect::Access => "access",
            Aspect::Encryption => "encryption",
            Aspect::Recovery => "recovery",
            Aspect::Record => "record",
        };
        let what = format!("{symbol} {}", setting.logical_id);
        let change = value::in_a_cell(setting.before.as_ref(), setting.after.as_ref());
        table.add([what, setting.path.clone(), change, aspect.to_owned(), protection.to_owned()]);
    }
    table
}

fn is_policy(value: &Json) -> bool {
    value.get("Statement").is_some()
}

fn symbol(impact: Impact) -> &'static str {
    match impact {
        Impact::Add => "+",
        Impact::Remove => "-",
        Impact::Replace | Impact::MayReplace => "!",
        Impact::Keep | Impact::Update | Impact::Unknown => "~",
    }
}

fn sign(before: Option<&Json>, after: Option<&Json>) -> &'static str {
    match (before, after) {
        (None, Some(_)) => "+",
        (Some(_), None) => "-",
        _ => "~",
    }
}

/// What becomes of a resource, in words: loud where data is lost.
fn words(resource: &ResourceChange) -> String {
    let impact = match resource.impact {
        Impact::Keep => "stays, its attributes change",
        Impact::Update => "update",
        Impact::Unknown => "update, perhaps by replacement: the type is not known here",
        Impact::Add => "add",
        Impact::MayReplace => "MAY BE REPLACED",
        Impact::Replace => "REPLACE",
        Impact::Remove => "remove",
    };
    let old = match (resource.disposal, resource.impact) {
        (Some(Disposal::Delete), _) if resource.loses_data() => ", DELETES ITS DATA",
        (Some(Disposal::Snapshot), _) => ", kept as a snapshot",
        (Some(Disposal::Retain), Impact::Remove) => " from the stack, retained",
        (Some(Disposal::Retain), _) => ", the old one is retained",
        (Some(Disposal::Delete) | None, _) => "",
    };
    format!("{impact}{old}")
}

/// Hashes are told apart by their beginnings.
fn code_change(code: &CodeChange) -> String {
    let short = |hash: &Option<String>| match hash {
        Some(hash) if hash.len() == 64 => format!("{}…", &hash[..12]),
        Some(key) => key.clone(),
        None => "none".to_owned(),
    };
    format!("{} → {}", short(&code.before), short(&code.after))
}

/// Whether the parameter is only a package's key, which the code's own line shows.
fn is_code_key(section: &SectionChange, resources: &[ResourceChange]) -> bool {
    let names = |value: &Option<Json>, hash: &Option<String>| match (value.as_ref().and_then(Json::as_str), hash) {
        (Some(key), Some(hash)) => key.starts_with(hash.as_str()),
        _ => false,
    };
    let mut codes = resources.iter().filter_map(|resource| resource.code.as_ref());
    section.section == "Parameters"
        && codes.any(|code| names(&section.before, &code.before) && names(&section.after, &code.after))
}

/// Whether the property is the package's key, which the code's own line shows.
fn is_code(resource: &ResourceChange, property: &PropertyChange) -> bool {
    resource.code.is_some() && matches!(property.path.as_str(), "Code/S3Key" | "Content/S3Key" | "Code/ImageUri")
}

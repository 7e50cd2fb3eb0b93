//! What literal values must satisfy, path by path.

use regex::Regex;
use serde_json::Number;

use crate::model::is_read_only;
use crate::schema::{Node, Schema};

/// A rule at a path of property names joined with `/`, where `*` is any list item or map entry.
pub(crate) struct Constraint {
    pub(crate) path: String,
    pub(crate) rule: Rule,
}

pub(crate) enum Rule {
    Pattern(String),
    Length(Option<u64>, Option<u64>),
    Range(Option<f64>, Option<f64>),
    Items(Option<u64>, Option<u64>),
    Choice(Vec<i64>),
}

/// How often a definition may stand within itself. What is nested deeper than this is not checked.
const DEPTH: usize = 2;

/// All constraints of a resource type, and how many of its patterns cannot be compiled.
pub(crate) struct Constraints<'a> {
    schema: &'a Schema,
    pub(crate) list: Vec<Constraint>,
    pub(crate) skipped: usize,
    within: Vec<&'a str>,
}

impl<'a> Constraints<'a> {
    pub(crate) fn new(schema: &'a Schema) -> Self {
        let mut constraints = Self { schema, list: Vec::new(), skipped: 0, within: Vec::new() };
        for (name, node) in &schema.properties {
            if !is_read_only(schema, "", name) {
                constraints.visit(name, node);
            }
        }
        constraints
    }

    fn visit(&mut self, path: &str, node: &'a Node) {
        for rule in rules(node) {
            match &rule {
                Rule::Pattern(pattern) if Regex::new(pattern).is_err() => self.skipped += 1,
                _ => self.list.push(Constraint { path: path.to_owned(), rule }),
            }
        }
        if let Some(name) = node.definition() {
            self.visit_definition(path, name);
        }
        if let Some(inner) = node.items.as_deref().or(node.entries()) {
            self.visit(&format!("{path}/*"), inner);
        }
        let owner = self.within.last().copied().unwrap_or_default();
        for (name, property) in &node.properties {
            if !is_read_only(self.schema, owner, name) {
                self.visit(&format!("{path}/{name}"), property);
            }
        }
        for alternative in &node.one_of {
            self.visit(path, alternative);
        }
    }

    fn visit_definition(&mut self, path: &str, name: &'a str) {
        let depth = self.within.iter().filter(|outer| **outer == name).count();
        if let (true, Some(definition)) = (depth < DEPTH, self.schema.definitions.get(name)) {
            self.within.push(name);
            self.visit(path, definition);
            self.within.pop();
        }
    }
}

/// The rules of a value by itself. Those of a document, which may be an object as well as a text, do not count.
pub(crate) fn rules(node: &Node) -> Vec<Rule> {
    let is_text = !node.allows("object") && node.format.as_deref() != Some("json");
    let mut rules = Vec::new();
    if let (true, Some(pattern)) = (is_text, &node.pattern) {
        rules.push(Rule::Pattern(translated(pattern)));
    }
    if is_text && (node.min_length, node.max_length) != (None, None) {
        rules.push(Rule::Length(node.min_length, node.max_length));
    }
    if (&node.minimum, &node.maximum) != (&None, &None) {
        let number = |bound: &Option<Number>| bound.as_ref().and_then(Number::as_f64);
        rules.push(Rule::Range(number(&node.minimum), number(&node.maximum)));
    }
    if (node.min_items, node.max_items) != (None, None) {
        rules.push(Rule::Items(node.min_items, node.max_items));
    }
    if let Some(integers) = node.integers() {
        rules.push(Rule::Choice(integers));
    }
    rules
}

/// A pattern in the `regex` crate's dialect, meaning what it means in the schemas': `\d` and `\w` are ASCII, which also
/// compiles many times faster, `\Z` is the end, and "not blank" needs no look-around.
fn translated(pattern: &str) -> String {
    if matches!(pattern, r"^(?!\s*$).+" | r"^(?!\s*$).+$") {
        return r"\S".to_owned();
    }
    let mut translated = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '\\' { letters.next() } else { None }) {
            (_, Some('d')) => translated.push_str("[0-9]"),
            (_, Some('w')) => translated.push_str("[0-9A-Za-z_]"),
            (_, Some('Z')) => translated.push_str(r"\z"),
            (_, escaped) => {
                translated.push(letter);
                translated.extend(escaped);
            }
        }
    }
    translated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, accepted: &[&str], refused: &[&str]) {
        let regex = Regex::new(&translated(pattern)).unwrap();
        assert!(accepted.iter().all(|text| regex.is_match(text)), "{regex} refuses one of {accepted:?}");
        assert!(!refused.iter().any(|text| regex.is_match(text)), "{regex} accepts one of {refused:?}");
    }

    #[test]
    fn patterns_mean_what_they_mean_in_the_schemas() {
        check(r"^[\w+=,.@-]+$", &["a+b", "A_1"], &["ü", "a b"]);
        check(r"^\d{3}\Z", &["123"], &["١٢٣", "1234"]);
        check(r"^\\d$", &[r"\d"], &["1"]);
        check(r"^(?!\s*$).+$", &["a", " a"], &["", "  "]);
    }
}

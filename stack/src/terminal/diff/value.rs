//! What a value was and would be, short enough to read.

use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

/// How much of a value goes on its line, in characters.
const SHORT: usize = 70;
/// How much of a value goes into a cell of a table, in characters.
const CELL: usize = 40;
/// How many lines of a value are shown beneath.
const LINES: usize = 20;

/// The change in lines: the first goes on the line of the path, the others beneath it.
pub fn change(before: Option<&Json>, after: Option<&Json>) -> Vec<String> {
    match (before.map(text), after.map(text)) {
        (Some(before), Some(after)) if is_short(&before) && is_short(&after) => vec![format!("{before} → {after}")],
        (Some(before), Some(after)) if before.contains('\n') || after.contains('\n') => by_line(&before, &after),
        (Some(before), Some(after)) => {
            let (before, after) = around_change(&before, &after);
            vec![String::new(), format!("- {before}"), format!("+ {after}")]
        }
        (Some(value), None) | (None, Some(value)) => alone(&value),
        (None, None) => Vec::new(),
    }
}

/// The change of an entry outside resources: as [`change`], but what comes or goes as a whole takes one line.
pub fn change_of_entry(before: Option<&Json>, after: Option<&Json>) -> Vec<String> {
    match (before, after) {
        (Some(value), None) | (None, Some(value)) => vec![shortened(&value.to_string(), SHORT)],
        _ => change(before, after),
    }
}

/// The change in one line. A structure's is among the properties.
pub fn in_a_cell(before: Option<&Json>, after: Option<&Json>) -> String {
    let is_structure = |value: &Json| value.is_array() || value.is_object() && reference(value).is_none();
    if [before, after].into_iter().flatten().any(is_structure) {
        return "see Resources".to_owned();
    }
    let cell = |value: Option<&Json>| value.map_or_else(|| "not set".to_owned(), |value| shortened(&text(value), CELL));
    format!("{} → {}", cell(before), cell(after))
}

fn is_short(text: &str) -> bool {
    text.chars().count() <= SHORT && !text.contains('\n')
}

/// A value as people write it: references as `${…}`, structures as JSON, on several lines where they are long.
pub fn text(value: &Json) -> String {
    match value {
        Json::String(text) if text.contains('\n') => text.clone(),
        Json::Object(fields) if fields.len() == 1 => reference(value).unwrap_or_else(|| structure(value)),
        Json::Object(_) | Json::Array(_) => structure(value),
        scalar => scalar.to_string(),
    }
}

fn structure(value: &Json) -> String {
    let short = value.to_string();
    if is_short(&short) { short } else { format!("{value:#}") }
}

fn reference(value: &Json) -> Option<String> {
    let (name, argument) = value.as_object()?.iter().next()?;
    match (name.as_str(), argument) {
        ("Ref", Json::String(target)) => Some(format!("${{{target}}}")),
        ("Fn::Sub", Json::String(pattern)) => Some(pattern.clone()),
        ("Fn::GetAtt", Json::Array(path)) => {
            let names: Option<Vec<&str>> = path.iter().map(Json::as_str).collect();
            Some(format!("${{{}}}", names?.join(".")))
        }
        _ => None,
    }
}

/// The lines that differ, with one around them.
fn by_line(before: &str, after: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = vec![String::new()];
    for (index, group) in diff.grouped_ops(1).iter().enumerate() {
        if index > 0 {
            lines.push("  …".into());
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let symbol = match change.tag() {
                ChangeTag::Equal => " ",
                ChangeTag::Delete => "-",
                ChangeTag::Insert => "+",
            };
            lines.push(format!("{symbol} {}", change.value().trim_end_matches('\n')));
        }
    }
    limited(lines)
}

fn alone(value: &str) -> Vec<String> {
    if value.contains('\n') {
        return limited(std::iter::once(String::new()).chain(value.lines().map(|line| format!("  {line}"))).collect());
    }
    vec![shortened(value, SHORT)]
}

fn limited(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > LINES + 1 {
        let more = lines.len() - LINES;
        lines.truncate(LINES);
        lines.push(format!("  … {more} more lines"));
    }
    lines
}

fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Two long texts, cut to where they differ.
fn around_change(before: &str, after: &str) -> (String, String) {
    const KEPT: usize = 12;
    let equal = before.chars().zip(after.chars()).take_while(|(left, right)| left == right).count();
    let skipped = equal.saturating_sub(KEPT);
    let cut = |text: &str| {
        let rest: String = text.chars().skip(skipped).collect();
        format!("{}{}", if skipped > 0 { "…" } else { "" }, shortened(&rest, SHORT))
    };
    (cut(before), cut(after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_short_change_is_one_line() {
        assert_eq!(change(Some(&json!(512)), Some(&json!(1024))), ["512 → 1024"]);
        assert_eq!(
            change(Some(&json!("a")), Some(&json!({ "Fn::GetAtt": ["Table", "Arn"] }))),
            ["\"a\" → ${Table.Arn}"]
        );
        assert_eq!(change(None, Some(&json!({ "Ref": "Table" }))), ["${Table}"]);
    }

    #[test]
    fn a_long_text_is_cut_to_where_it_differs() {
        let (before, after) = (format!("{}b{}", "a".repeat(100), "c".repeat(100)), format!("{}d", "a".repeat(100)));
        let lines = change(Some(&json!(before)), Some(&json!(after)));
        assert!(lines[1].starts_with("- …aaa") && lines[1].ends_with("c…"), "{lines:?}");
        assert_eq!(lines[2], format!("+ …{}d\"", "a".repeat(12)));
    }

    #[test]
    fn texts_of_many_lines_show_those_that_differ() {
        let text = |middle: &str| {
            json!(
                (0..50)
                    .map(|line| if line == 25 { format!("{middle}\n") } else { format!("{line}\n") })
                    .collect::<String>()
            )
        };
        assert_eq!(change(Some(&text("x")), Some(&text("y"))), ["", "  24", "- x", "+ y", "  26"]);
        assert_eq!(change(None, Some(&text("x"))).len(), LINES + 1);
    }
}

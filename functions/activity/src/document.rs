//! A contract in words: Markdown for those who export the files.

use std::fmt::{self, Write as _};

use contract::{GZIP_TWICE, NO_LINE_FEEDS, RANGE_UNREAD, WRITE_EXHAUSTED};

use crate::field::FieldRule;
use crate::file_rule::FileRule;
use crate::handling::{Action, Handling, Severity};
use crate::pointer::Pointer;
use crate::{Code, Limits, RecordContract};

impl RecordContract {
    /// The contract as a Markdown document: keys, rules, and every code with its meaning and what becomes of a row that
    /// has it.
    pub fn document(&self) -> String {
        let mut text = String::from("# Record contract\n\nOne JSON object a line, as JSON Lines, plain or gzip.\n");
        self.write_keys(&mut text);
        self.write_fields(&mut text);
        self.write_conditions(&mut text);
        self.write_file_rules(&mut text);
        self.write_limits(&mut text);
        self.write_codes(&mut text);
        text
    }

    fn write_keys(&self, text: &mut String) {
        let sources = |pointers: &[Pointer]| {
            let pointers: Vec<_> = pointers.iter().map(code).collect();
            pointers.join(", else ")
        };
        let id = if self.id.is_empty() { "a hash of the row's content".into() } else { sources(&self.id) };
        table(
            text,
            "Keys",
            &["key", "read from"],
            [
                ["user".into(), sources(&self.user)],
                ["time".into(), format!("{}: {}", sources(&self.time), self.time_formats.names())],
                ["id".into(), id],
            ],
        );
    }

    fn write_fields(&self, text: &mut String) {
        if !self.fields.is_empty() {
            let head = ["field", "must be", "a row that is not so"];
            table(text, "Fields", &head, self.fields.iter().map(|(pointer, rule)| row(pointer, rule)));
        }
        if self.known.is_some() {
            text.push_str("\nA row has no other fields at its top level.\n");
        }
    }

    fn write_conditions(&self, text: &mut String) {
        for (index, conditional) in self.conditions.iter().enumerate() {
            let asked = |(pointer, rule): &(Pointer, FieldRule)| match rule.describe() {
                parts if parts.is_empty() => format!("{} is there", code(pointer)),
                parts => format!("{} is {parts}", code(pointer)),
            };
            let of_row = conditional.when.iter().filter(|(pointer, _)| !pointer.is_wild()).map(asked);
            let of_arrays = conditional.arrays.iter().map(|array| {
                let asked: Vec<_> = array.when.iter().map(|index| asked(&conditional.when[*index])).collect();
                format!("of one {} {}", code(&array.elements), asked.join(" and "))
            });
            let when: Vec<_> = of_row.chain(of_arrays).collect();
            let head = ["field", "must be", "a row that is not so"];
            let title = format!("Condition {}", index + 1);
            table(text, &title, &head, conditional.then.iter().map(|(pointer, rule)| row(pointer, rule)));
            let _ = writeln!(text, "\nWhere {}.", printable(&when.join(" and ")));
        }
    }

    fn write_file_rules(&self, text: &mut String) {
        let rules = self.file.rules.iter().map(|rule| {
            let verdict = match rule.severity() {
                Severity::Warn => "WARN",
                Severity::Fail => "FAIL",
            };
            let rows = match rule.action() {
                Action::Drop => "its rows are left out",
                Action::Quarantine => "its rows are kept in quarantine",
                Action::Fail if self.file.strict => "nothing is written",
                Action::Keep | Action::Fail => "its rows are written",
            };
            [code(rule.name()), rule.expected(), format!("{verdict}: {rows}")]
        });
        if !self.file.rules.is_empty() {
            table(text, "Files", &["rule", "asks for", "a file that is not so"], rules);
        }
        if self.file.strict {
            text.push_str("\nA file is judged before any row of it is written.\n");
        }
        for baseline in self.file.rules.iter().filter_map(FileRule::baseline) {
            let fields = baseline.fields().map(|(field, types)| [code(field), types]);
            table(text, "Baseline", &["field", "types"], fields);
        }
    }

    fn write_limits(&self, text: &mut String) {
        let Limits { max_line_bytes, max_depth, max_gzip_ratio } = self.limits;
        let ratio = max_gzip_ratio.map(|ratio| ["a gzip file".into(), format!("unpacks to {ratio} times its size")]);
        let limits =
            [["a line".into(), format!("{max_line_bytes} bytes")], ["a row".into(), format!("{max_depth} levels")]];
        table(text, "Limits", &["what", "at most"], limits.into_iter().chain(ratio));
    }

    fn write_codes(&self, text: &mut String) {
        let codes = Code::ALL.iter().map(|code| {
            let handling = if *code == Code::FileRefused {
                "as the file's rule says".into()
            } else {
                consequence(self.handlings.of(*code))
            };
            [format!("`{code}`"), code.meaning().to_owned(), handling]
        });
        let fails = "no row's: what was read before is accounted, and the run fails";
        let of_run = [
            (GZIP_TWICE, "the gzip file holds another", fails),
            (NO_LINE_FEEDS, "carriage returns alone part the file's rows", fails),
            (RANGE_UNREAD, "parts of a split file were given up", fails),
            (
                WRITE_EXHAUSTED,
                "the table took none of some rows in all the tries",
                "no row's: the run fails and is repeated, and nothing is lost",
            ),
        ];
        let of_run = of_run.map(|(code, meaning, then)| [format!("`{code}`"), meaning.to_owned(), then.to_owned()]);
        let head = ["code", "meaning", "a row with it, where its rule does not say"];
        table(text, "Codes", &head, codes.chain(of_run));
    }
}

fn row(pointer: &Pointer, rule: &FieldRule) -> [String; 3] {
    [code(pointer), rule.describe(), rule.handling.map_or("as its code says".into(), consequence)]
}

fn consequence(Handling { severity, action }: Handling) -> String {
    let severity = match severity {
        Severity::Warn => "a warning",
        Severity::Fail => "invalid",
    };
    let action = match action {
        Action::Keep => "written all the same",
        Action::Drop => "left out and counted",
        Action::Quarantine => "kept in quarantine",
        Action::Fail => "kept in quarantine, and the run fails",
    };
    format!("{severity}: {action}")
}

/// Writes a section with a table.
fn table<const COLUMNS: usize>(
    text: &mut String,
    title: &str,
    head: &[&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) {
    let _ = writeln!(text, "\n## {title}\n\n| {} |\n|{}", head.join(" | "), "---|".repeat(COLUMNS));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.map(|cell| printable(&cell).replace('|', "\\|")).join(" | "));
    }
}

/// A text as Markdown's code, whatever backticks it has.
pub(crate) fn code(text: impl fmt::Display) -> String {
    let text = text.to_string();
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let (fence, space) = ("`".repeat(longest + 1), if longest > 0 { " " } else { "" });
    format!("{fence}{space}{text}{space}{fence}")
}

/// A text on one line.
fn printable(text: &str) -> String {
    let shown = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a contract holds is no Markdown.
    #[test]
    fn a_table_stays_a_table() {
        let contract = r#"{"user": ["/u"], "time": ["/t"], "time_formats": ["iso8601"], "fields":
            {"/a\nb": {"pattern": "^`a|b`\n$"}, "/c": {"one_of": ["3", 3, "true", "``", "x"]}}}"#;
        let document = RecordContract::from_json(contract).unwrap().document();
        for row in [
            r"| `/a\nb` | a match of `` ^`a\|b`\n$ `` | as its code says |",
            r#"| `/c` | one of `"3"`, `"true"`, `3`, ``` `` ```, `x` | as its code says |"#,
        ] {
            assert!(document.lines().any(|line| line == row), "{row}: {document}");
        }
    }
}

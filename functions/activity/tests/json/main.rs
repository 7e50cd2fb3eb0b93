//! JSON as RFC 8259 has it: what must be taken is taken with its value, what must not be is quarantined, and where there
//! is a choice it is the one that is written down here. Every text is put to `serde_json` too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "Clippy allows it in test functions alone")]

mod accept;
mod choice;
mod reject;

use accept::ACCEPT;
use activity::{Code, FileReader, RecordContract, Row};
use choice::{BLANK, CHOICE, Choice, NO_ROW};
use reject::{SYNTAX, UTF8};
use serde_json::Value;

/// What became of a line: the item, in the JSON of DynamoDB's low-level API, or the codes of why there is none.
#[derive(Debug, PartialEq)]
enum Outcome {
    Written(Value),
    Quarantined(Vec<Code>),
    Blank,
}

/// Reads a file of one line.
fn read(line: &[u8]) -> Outcome {
    assert!(!line.contains(&b'\n'), "{}", line.escape_ascii());
    let contract = RecordContract::from_yaml("{user: [/u], time: [/t], id: [/id], time_formats: [epoch_s]}").unwrap();
    let mut reader = FileReader::new(&contract);
    let mut outcome = Outcome::Blank;
    let mut sink = |row: Row<'_>| {
        outcome = match row {
            Row::Item { item, .. } => {
                let mut json = Vec::new();
                item.write_json(&mut json);
                Outcome::Written(serde_json::from_slice(&json).unwrap())
            }
            Row::Quarantined(row) | Row::Dropped(row) => {
                Outcome::Quarantined(row.reasons.iter().map(|reason| reason.code).collect())
            }
        }
    };
    reader.feed(line, &mut sink).unwrap();
    let counts = reader.finish(&mut sink).unwrap().counts;
    assert!(counts.reconciles() && counts.lines <= 1, "{counts:?}");
    outcome
}

/// Reads a row with `text` as the value of its field `v`.
fn read_value(text: &[u8]) -> Outcome {
    match read(&[br#"{"u":"u","t":0,"id":"1","v":"#, text, b"}"].concat()) {
        Outcome::Written(item) => Outcome::Written(item["v"].clone()),
        outcome => outcome,
    }
}

fn written(expected: &str) -> Outcome {
    Outcome::Written(serde_json::from_str(expected).unwrap())
}

/// What `serde_json` makes of a text, in DynamoDB's JSON. Its numbers stand as they were sent.
fn by_serde_json(text: &[u8]) -> Option<Value> {
    fn attribute(value: Value) -> Value {
        match value {
            Value::Null => serde_json::json!({"NULL": true}),
            Value::Bool(value) => serde_json::json!({"BOOL": value}),
            Value::Number(number) => serde_json::json!({"N": number.to_string()}),
            Value::String(text) => serde_json::json!({"S": text}),
            Value::Array(elements) => serde_json::json!({"L": elements.into_iter().map(attribute).collect::<Vec<_>>()}),
            Value::Object(members) => {
                let members: serde_json::Map<_, _> =
                    members.into_iter().map(|(name, value)| (name, attribute(value))).collect();
                serde_json::json!({"M": members})
            }
        }
    }
    serde_json::from_slice(text).ok().map(attribute)
}

/// Whether two values are equal, numbers as nearly as a float tells.
fn is_near(left: &Value, right: &Value) -> bool {
    let float = |value: &Value| value["N"].as_str().and_then(|text| text.parse::<f64>().ok());
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_near(left, right))
        }
        (Value::Object(_), Value::Object(_)) if float(left).is_some() => float(left) == float(right),
        (Value::Object(left), Value::Object(right)) => {
            let same = |(name, value): (&String, &Value)| right.get(name).is_some_and(|right| is_near(value, right));
            left.len() == right.len() && left.iter().all(same)
        }
        _ => left == right,
    }
}

#[test]
fn what_must_be_taken_is_taken_with_its_value() {
    assert!(ACCEPT.len() >= 100, "{}", ACCEPT.len());
    for (text, expected) in ACCEPT {
        assert_eq!(read_value(text.as_bytes()), written(expected), "{text}");
        let theirs = by_serde_json(text.as_bytes()).unwrap_or_else(|| panic!("serde_json refuses {text}"));
        assert!(is_near(&theirs, &serde_json::from_str(expected).unwrap()), "{text}: {theirs}");
    }
}

#[test]
fn what_must_be_taken_is_json_on_a_line_of_its_own_too() {
    for (text, _) in ACCEPT {
        let Outcome::Quarantined(codes) = read(text.as_bytes()) else { panic!("{text}") };
        let expected = if text.trim_start().starts_with('{') { Code::FieldMissing } else { Code::NotObject };
        assert_eq!(codes[0], expected, "{text}: {codes:?}");
    }
}

#[test]
fn what_must_not_be_taken_is_quarantined() {
    assert!(SYNTAX.len() + UTF8.len() >= 150, "{}", SYNTAX.len() + UTF8.len());
    let check = |texts: &[&[u8]], code| {
        for text in texts {
            let expected = Outcome::Quarantined(vec![code]);
            assert_eq!(read(text), expected, "{}", text.escape_ascii());
            assert_eq!(read_value(text), expected, "{} as a value", text.escape_ascii());
            assert_eq!(by_serde_json(text), None, "{}", text.escape_ascii());
        }
    };
    check(SYNTAX, Code::JsonSyntax);
    check(UTF8, Code::Utf8Invalid);
}

#[test]
fn a_row_that_breaks_off_anywhere_is_quarantined() {
    let row = r#"{"u":"u","t":0,"id":"1","v":[1.5e3,"é\ud83d\ude00",{"a":true,"b":null}]}"#.as_bytes();
    assert!(matches!(read(row), Outcome::Written(_)));
    for length in 1..row.len() {
        let codes = read(&row[..length]);
        let (syntax, utf8) = (vec![Code::JsonSyntax], vec![Code::Utf8Invalid]);
        let surrogate = vec![Code::JsonSurrogate];
        assert!(
            [syntax, utf8, surrogate].map(Outcome::Quarantined).contains(&codes),
            "{}: {codes:?}",
            row[..length].escape_ascii()
        );
    }
}

#[test]
fn where_there_is_a_choice_it_is_the_one_that_is_written_down() {
    for (text, choice, theirs, why) in CHOICE {
        let expected = match choice {
            Choice::Written("31 lists") => {
                written(&format!("{}{{\"N\":\"1\"}}{}", r#"{"L":["#.repeat(31), "]}".repeat(31)))
            }
            Choice::Written(expected) => written(expected),
            Choice::Quarantined(code) => Outcome::Quarantined(vec![*code]),
        };
        let ours = matches!(expected, Outcome::Written(_));
        assert_eq!(read_value(text.as_bytes()), expected, "{text}");
        assert_eq!(by_serde_json(text.as_bytes()).is_some(), *theirs, "{text}");
        assert_eq!(ours != *theirs, !why.is_empty(), "{text}: a difference has a reason");
    }
}

#[test]
fn a_line_that_is_blank_or_json_and_no_object_is_no_row() {
    for line in BLANK {
        assert_eq!(read(line.as_bytes()), Outcome::Blank, "{line:?}");
    }
    for line in NO_ROW {
        assert_eq!(read(line.as_bytes()), Outcome::Quarantined(vec![Code::NotObject]), "{line}");
    }
}

use super::*;
use crate::handling::Handlings;
use crate::time_format::TimeFormat;

/// Applies a rule to the field `/f` of a row: the value after it, or the reasons.
fn apply<'a>(rule: &str, row: &'a str) -> Result<Option<Attribute<'a>>, Vec<String>> {
    let rule: FieldRule = serde_saphyr::from_str(rule).unwrap();
    let Attribute::M(row) = crate::json::JsonParser::new(32).parse(row).unwrap().value else { panic!("not an object") };
    let mut row = Attributes::Map(row);
    let (pointer, handlings) = (Pointer::parse("/f").unwrap(), Handlings::default());
    let mut findings = Findings::new(&handlings);
    let time_formats = TimeFormats::try_from(vec![TimeFormat::Iso8601]).unwrap();
    let arrived = Instant::from_iso8601("2026-01-02T03:04:05Z");
    rule.apply(&pointer, &[], &mut row, Setting { time_formats: &time_formats, arrived }, &mut findings);
    match &findings.into_reasons()[..] {
        [] => Ok(row.get(&pointer).cloned()),
        reasons => Err(reasons.iter().map(ToString::to_string).collect()),
    }
}

fn passes(rule: &str, row: &str) {
    assert!(apply(rule, row).is_ok(), "{rule} {row}");
}

fn fails(rule: &str, row: &str, reasons: &[&str]) {
    let expected: Vec<String> = reasons.iter().map(|reason| (*reason).to_owned()).collect();
    assert_eq!(apply(rule, row), Err(expected), "{rule} {row}");
}

#[test]
fn absent_and_null_pass_unless_required() {
    for row in ["{}", r#"{"f":null}"#] {
        passes("{type: string, pattern: x, min_length: 3}", row);
    }
    fails("{required: true}", "{}", &["FIELD_MISSING at /f: a required field is absent"]);
    fails("{required: true}", r#"{"f":null}"#, &["FIELD_NULL at /f: a required field is null"]);
}

#[test]
fn types_are_jsons() {
    for (kind, good, bad) in [
        ("string", r#""""#, "1"),
        ("number", "1.5", r#""1""#),
        ("integer", "1e2", "1.5"),
        ("boolean", "false", "0"),
        ("object", "{}", "[]"),
        ("array", "[]", "{}"),
    ] {
        let (rule, row) = (format!("{{type: {kind}}}"), |value: &str| format!(r#"{{"f":{value}}}"#));
        passes(&rule, &row(good));
        assert!(apply(&rule, &row(bad)).unwrap_err()[0].starts_with("FIELD_TYPE at /f: expected"), "{kind}");
    }
}

#[test]
fn coercion_keeps_every_digit() {
    let digits = "12345678901234567890123456789012345.678";
    let text = |value: &str| format!(r#"{{"f":"{value}"}}"#);
    assert_eq!(apply("{type: number, coerce: true}", &text(digits)), Ok(Some(Attribute::N(digits.into()))));
    assert_eq!(apply("{type: integer, coerce: true}", &text("1.0")), Ok(Some(Attribute::N("1".into()))));
    assert_eq!(apply("{type: boolean, coerce: true}", &text("true")), Ok(Some(Attribute::Bool(true))));
    let number = format!(r#"{{"f":{digits}}}"#);
    assert_eq!(apply("{type: string, coerce: true}", &number), Ok(Some(Attribute::S(digits.into()))));
    fails("{type: number, coerce: true}", &text("1,5"), &["FIELD_TYPE at /f: expected a number"]);
    fails("{type: integer, coerce: true}", &text("1.5"), &["FIELD_TYPE at /f: expected an integer"]);
    let long = "1".repeat(39);
    let reason = "NUM_PRECISION at /f: a number has more than DynamoDB's 38 significant digits";
    fails("{type: number, coerce: true}", &text(&long), &[reason]);
}

#[test]
fn ranges_compare_decimals_exactly() {
    let rule = "{min: -0.1, max: '99999999999999999999999999999999999999'}";
    passes(rule, r#"{"f":-0.1}"#);
    passes(rule, r#"{"f":99999999999999999999999999999999999999}"#);
    fails(rule, r#"{"f":-0.10000000000000000000000000000000001}"#, &["FIELD_RANGE at /f: expected at least -0.1"]);
    fails("{max: 10}", r#"{"f":10.5}"#, &["FIELD_RANGE at /f: expected at most 10"]);
    fails("{max: 10}", r#"{"f":"1"}"#, &["FIELD_TYPE at /f: expected a number"]);
}

#[test]
fn lengths_count_characters_and_elements() {
    let rule = "{min_length: 2, max_length: 3}";
    passes(rule, r#"{"f":"éé"}"#);
    passes(rule, r#"{"f":"ééé"}"#);
    passes(rule, r#"{"f":[1,2]}"#);
    fails(rule, r#"{"f":"é"}"#, &["FIELD_LENGTH at /f: expected a length of at least 2"]);
    fails(rule, r#"{"f":"abcd"}"#, &["FIELD_LENGTH at /f: expected a length of at most 3"]);
    fails("{non_empty: true}", r#"{"f":""}"#, &["FIELD_LENGTH at /f: expected a length of at least 1"]);
    fails("{non_empty: true}", r#"{"f":1}"#, &["FIELD_TYPE at /f: expected a string, array or object"]);
}

#[test]
fn every_broken_part_is_a_reason() {
    let rule = "{type: string, max_length: 2, pattern: '^[a-z]+$', one_of: [ab]}";
    passes(rule, r#"{"f":"ab"}"#);
    fails(
        rule,
        r#"{"f":"ABC"}"#,
        &[
            "FIELD_LENGTH at /f: expected a length of at most 2",
            "FIELD_PATTERN at /f: expected a match of ^[a-z]+$",
            "FIELD_NOT_ALLOWED at /f: a value is not in `one_of`",
        ],
    );
    passes("{one_of: [1.50, true]}", r#"{"f":15e-1}"#);
    passes("{one_of: [1, true]}", r#"{"f":true}"#);
}

#[test]
fn sizes_and_depths_are_bounded() {
    passes("{max_bytes: 4}", r#"{"f":"éé"}"#);
    fails("{max_bytes: 3}", r#"{"f":"éé"}"#, &["FIELD_TOO_LARGE at /f: expected at most 3 bytes"]);
    passes("{max_depth: 2}", r#"{"f":[{"a":1}]}"#);
    fails("{max_depth: 1}", r#"{"f":[{"a":1}]}"#, &["FIELD_DEPTH at /f: expected at most 1 level below it"]);
    passes("{max_depth: 0}", r#"{"f":[]}"#);
}

#[test]
fn a_time_has_a_format_and_a_place_in_time() {
    let rule = "{timestamp: {earliest: 2015-01-01T00:00:00Z, max_future_skew: 10m}}";
    passes(rule, r#"{"f":"2026-01-02T03:14:05Z"}"#);
    passes(rule, r#"{"f":"2015-01-01T01:00:00+01:00"}"#);
    fails(
        rule,
        r#"{"f":"2026-01-02T03:14:05.000000001Z"}"#,
        &["TS_FUTURE at /f: expected at most 10m after the file's arrival"],
    );
    fails(rule, r#"{"f":"2014-12-31T23:59:59Z"}"#, &["TS_PAST at /f: expected not before 2015-01-01T00:00:00Z"]);
    fails(rule, r#"{"f":0}"#, &["TS_UNPARSEABLE at /f: expected iso8601"]);
    fails(rule, r#"{"f":true}"#, &["FIELD_TYPE at /f: expected iso8601"]);
    passes("{timestamp: {formats: [iso8601, epoch_s]}}", r#"{"f":0}"#);
}

#[test]
fn a_rule_that_cannot_mean_anything_is_refused() {
    for (rule, message) in [
        ("{min: 2, max: 1}", "`min` 2 is above `max` 1"),
        ("{min_length: 2, max_length: 1}", "`min_length` is above"),
        ("{type: string, min: 1}", "does not go with `min` and `max`"),
        ("{type: number, pattern: x}", "does not go with `pattern`"),
        ("{type: number, non_empty: true}", "does not go with `"),
        ("{coerce: true}", "`coerce` needs a `type`"),
        ("{pattern: '('}", "not a regular expression"),
        ("{pattern: ''}", "every string matches it"),
        ("{one_of: []}", "`one_of` allows nothing"),
        ("{one_of: [[1]]}", "write a string, a number or a boolean"),
        ("{type: number, one_of: [1, a]}", "lists a value that is not a number"),
        ("{type: string, coerce: true, one_of: [a, 1]}", "lists a value that is not a string"),
        ("{min: abc}", "a bound is a number"),
        ("{type: text}", "text"),
        ("{minimum: 1}", "minimum"),
        ("{type: boolean, timestamp: {}}", "does not go with `timestamp`"),
        ("{type: string, max_depth: 1}", "does not go with `max_depth`"),
        ("{timestamp: {formats: []}}", "list iso8601"),
        ("{timestamp: {earliest: yesterday}}", "`earliest` yesterday names no instant"),
        ("{timestamp: {max_future_skew: 10}}", "write 90s"),
        ("{severity: warn, action: fail}", "a warning fails no run"),
        ("{severity: info}", "info"),
    ] {
        let error = serde_saphyr::from_str::<FieldRule>(rule).unwrap_err().to_string();
        assert!(error.contains(message), "{rule}: {error}");
    }
}

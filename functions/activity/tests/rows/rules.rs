//! What a contract's rules say of a row, and what becomes of the row then.

use activity::Code::{
    self, DuplicateInFile, FieldLength, FieldMissing, FieldNull, FieldRange, FieldType, FieldUnknown,
};
use activity::Summary;
use contract::{Counts, Verdict};

use crate::{Outcome, codes, item, read, row};

const START: &str = "user: [/user_id]\ntime: [/timestamp]\ntime_formats: [iso8601]\n";

fn contract(rest: &str) -> String {
    format!("{START}{rest}")
}

/// Reads rows with these fields behind the user and the time, one second after another.
fn read_rows(rest: &str, rows: &[&str]) -> Outcome {
    let row = |(second, more): (usize, &&str)| {
        format!(r#"{{"user_id": "u1", "timestamp": "2026-01-02T03:04:{second:02}Z"{more}}}"#)
    };
    let file: Vec<String> = rows.iter().enumerate().map(row).collect();
    read(&contract(rest), file.join("\n").as_bytes())
}

fn check_codes(rest: &str, more: &str, expected: &[Code]) {
    if expected.is_empty() {
        item(&contract(rest), row(more));
    } else {
        assert_eq!(codes(&contract(rest), row(more)), expected, "{more}");
    }
}

#[test]
fn every_element_of_a_list_is_checked() {
    let rules = "fields: {/items/*/price: {required: true, type: number, coerce: true, min: 0}}";
    for (more, expected) in [
        (r#", "items": [{"price": 1}, {"price": "2.50"}]"#, &[][..]),
        (r#", "items": []"#, &[]),
        ("", &[]),
        (
            r#", "items": [{"price": -1}, {}, {"price": null}, {"price": "x"}]"#,
            &[FieldRange, FieldMissing, FieldNull, FieldType],
        ),
    ] {
        check_codes(rules, more, expected);
    }
    let outcome = read_rows(rules, &[r#", "items": [{"price": 1}, {"price": -1}]"#]);
    assert_eq!(outcome.quarantined[0].reasons, ["FIELD_RANGE at /items/1/price: expected at least 0"]);
}

#[test]
fn a_condition_binds_only_the_rows_that_it_is_about() {
    let rules = "
conditions:
  - when: {/event: {one_of: [purchase, refund]}, /price: {min: 10}}
    then: {/order: {required: true}, /price: {max: 1000}}
";
    check_codes(rules, r#", "event": "purchase", "price": 10"#, &[FieldMissing]);
    check_codes(rules, r#", "event": "refund", "price": 1001"#, &[FieldMissing, FieldRange]);
    check_codes(rules, r#", "event": "purchase", "price": 9"#, &[]);
    check_codes(rules, r#", "event": "view", "price": 10"#, &[]);
    check_codes(rules, r#", "event": "purchase""#, &[]);
    check_codes(rules, r#", "event": "purchase", "price": 10, "order": 7"#, &[]);
}

#[test]
fn a_condition_on_the_elements_of_an_array_is_about_one_at_a_time() {
    let rules = r#"
conditions:
  - when: {/event: {one_of: [order]}, /items/*/kind: {one_of: [book]}, /items/*/pages: {min: 10}}
    then: {/items/*/isbn: {required: true}, /shelves/0: {required: true}}
"#;
    let outcome = read_rows(
        rules,
        &[
            r#", "event": "order", "items": [{"kind": "book", "pages": 9}, {"kind": "pen", "pages": 10}]"#,
            r#", "event": "view", "items": [{"kind": "book", "pages": 10}]"#,
            r#", "event": "order", "items": []"#,
            r#", "event": "order", "items": [{"kind": "pen"}, {"kind": "book", "pages": 10}, {"isbn": 1}]"#,
            r#", "event": "order", "items": [{"kind": "book", "pages": 10, "isbn": 1}], "shelves": [1]"#,
        ],
    );
    assert_eq!(outcome.summary.counts.written, 4);
    let reasons: Vec<_> =
        outcome.quarantined[0].reasons.iter().map(|reason| reason.split(':').next().unwrap()).collect();
    assert_eq!(reasons, ["FIELD_MISSING at /items/1/isbn", "FIELD_MISSING at /shelves/0"]);
}

/// A rule below no array of `when` is about the row, whatever other rules there are.
#[test]
fn what_is_below_no_array_of_a_condition_is_about_the_row() {
    let rules = |when: &str, then: &str| format!("conditions: [{{when: {{{when}}}, then: {{{then}}}}}]");
    let then = "/items/*/a: {required: true}, /items/*/b: [{required: true}, {max: 9}], /q: {required: true}";
    let rules_of_row = rules("/event: {}", then);
    check_codes(&rules_of_row, r#", "event": 1"#, &[FieldMissing]);
    check_codes(&rules_of_row, r#", "event": 1, "items": []"#, &[FieldMissing]);
    check_codes(&rules_of_row, r#", "event": 1, "q": 1, "items": [{"a": 1, "b": 1}, {"a": 1}]"#, &[FieldMissing]);
    check_codes(&rules_of_row, r#", "items": [{}]"#, &[]);

    let kind = "/items/*/kind: {one_of: [book]}";
    let two_arrays = rules(kind, "/items/*/isbn: {required: true}, /tags/*: {type: string}, /q: {required: true}");
    let items = r#", "items": [{"kind": "book", "isbn": 1}, {"kind": "pen"}]"#;
    check_codes(&two_arrays, &format!(r#"{items}, "tags": ["t"], "q": 1"#), &[]);
    check_codes(&two_arrays, &format!(r#"{items}, "tags": [1]"#), &[FieldMissing, FieldType]);
    check_codes(&two_arrays, r#", "items": [{"kind": "pen"}], "tags": [1]"#, &[]);

    let asks_two = rules(&format!("{kind}, /tags/*: {{one_of: [new]}}"), "/items/*/isbn: {required: true}");
    let kinds = r#", "items": [{"kind": "pen"}, {"kind": "book"}]"#;
    check_codes(&asks_two, &format!(r#"{kinds}, "tags": ["old"]"#), &[]);
    check_codes(&asks_two, &format!(r#"{kinds}, "tags": ["old", "new"]"#), &[FieldMissing]);

    let nested = rules("/orders/*/items/*/kind: {one_of: [book]}", "/orders/*/address: {required: true}");
    let orders = r#", "orders": [{"items": [{"kind": "pen"}]}, {"items": [{"kind": "book"}, {"kind": "book"}]}]"#;
    let outcome = read_rows(&nested, &[orders]);
    assert_eq!(outcome.quarantined[0].reasons.len(), 1);
    assert!(outcome.quarantined[0].reasons[0].starts_with("FIELD_MISSING at /orders/1/address"));
}

#[test]
fn names_that_the_contract_does_not_lead_through_are_unknown() {
    let rules = "forbid_unknown: true\nfields: {/event: {}, /items/*/sku: {}, /items/*: {forbid_unknown: true}}";
    check_codes(rules, r#", "event": 1, "items": [{"sku": 1}]"#, &[]);
    check_codes(rules, r#", "items": [{"sku": 1, "colour": 2}], "shop": 1"#, &[FieldUnknown, FieldUnknown]);
    let one =
        "fields: {/items/0/sku: {}, /items/*: {forbid_unknown: true}, /tags/1: {forbid_unknown: true}, /tags/*/a: {}}";
    check_codes(one, r#", "items": [{"sku": 1}], "tags": [{}, {"a": 1}]"#, &[]);
    check_codes(one, r#", "items": [{"ksu": 1}], "tags": [{}, {"b": 1}]"#, &[FieldUnknown, FieldUnknown]);
    let outcome = read_rows(rules, &[r#", "items": [{}, {"a/b": 2}], "shop": 1"#]);
    let reasons: Vec<_> =
        outcome.quarantined[0].reasons.iter().map(|reason| reason.split(':').next().unwrap()).collect();
    assert_eq!(reasons, ["FIELD_UNKNOWN at /items/1/a~1b", "FIELD_UNKNOWN at /shop"]);
}

#[test]
fn a_unique_value_comes_once_among_written_rows() {
    let rules = "fields: {/order: {unique: true}, /price: {min: 0}}";
    let outcome = read_rows(
        rules,
        &[
            r#", "order": 7, "price": -1"#,
            r#", "order": 7, "price": 1"#,
            r#", "order": 7.0, "price": 2"#,
            r#", "order": "7", "price": 3"#,
            r#", "order": null"#,
            r#", "order": null"#,
            r#", "order": 7, "price": -2"#,
        ],
    );
    let quarantined: Vec<_> = outcome.quarantined.iter().map(|row| (row.line, &row.codes[..])).collect();
    let expected: [(u64, &[Code]); 3] =
        [(1, &[FieldRange]), (3, &[DuplicateInFile]), (7, &[FieldRange, DuplicateInFile])];
    assert_eq!(quarantined, expected);
}

#[test]
fn an_event_sent_twice_is_a_duplicate_and_no_fault() {
    let row = row(r#", "order": 7"#);
    let outcome = read(&contract("fields: {/order: {unique: true}}"), format!("{row}\n{row}").as_bytes());
    let expected = Counts { lines: 2, written: 1, duplicates: 1, ..Counts::default() };
    assert_eq!((outcome.summary.counts, outcome.summary.verdict), (expected, Verdict::Pass));
}

/// Checks (written, quarantined, dropped), the verdict, and what is counted as invalid and as a warning, of a file with
/// one row that breaks `rule` and one that does not.
fn check_handling(rule: &str, counts: (u64, u64, u64), verdict: Verdict, invalid: u64, warned: u64) {
    let outcome = read_rows(&format!("fields: {{/n: {rule}}}"), &[r#", "n": 1"#, r#", "n": -1"#]);
    let found = outcome.summary.counts;
    assert_eq!((found.written, found.quarantined, found.dropped), counts, "{rule}");
    assert_eq!(outcome.summary.verdict, verdict, "{rule}");
    let count = |codes: &std::collections::BTreeMap<String, u64>| codes.get("FIELD_RANGE").copied().unwrap_or(0);
    let (errors, warnings) = (&outcome.summary.errors_by_code, &outcome.summary.warnings_by_code);
    assert_eq!((count(errors), count(warnings)), (invalid, warned), "{rule}");
}

#[test]
fn severity_says_how_a_fault_counts_and_action_where_the_row_goes() {
    check_handling("{min: -1}", (2, 0, 0), Verdict::Pass, 0, 0);
    check_handling("{min: 0}", (1, 1, 0), Verdict::Warn, 1, 0);
    check_handling("{min: 0, severity: warn}", (2, 0, 0), Verdict::Warn, 0, 1);
    check_handling("{min: 0, action: keep, severity: fail}", (2, 0, 0), Verdict::Warn, 1, 0);
    check_handling("{min: 0, action: drop}", (1, 0, 1), Verdict::Warn, 1, 0);
    check_handling("{min: 0, action: drop, severity: warn}", (1, 0, 1), Verdict::Warn, 0, 1);
    check_handling("{min: 0, action: fail}", (1, 1, 0), Verdict::Fail, 1, 0);
    check_handling("[{min: 0, severity: warn}, {min: -1}]", (2, 0, 0), Verdict::Warn, 0, 1);
    check_handling("[{min: 0, action: drop}, {min: 0, action: quarantine}]", (1, 1, 0), Verdict::Warn, 1, 0);
}

/// Whatever becomes of a row, what is wrong with it is told, and where.
#[test]
fn rows_that_are_kept_or_dropped_tell_why_too() {
    let rules = "
fields:
  /n: [{min: 0, action: drop}, {type: integer, severity: warn}]
  /items/*/price: {min: 0, severity: warn}
";
    let rows =
        [r#", "n": 1"#, r#", "n": -0.5"#, r#", "n": 0.5, "items": [{"price": 1}, {"price": -1}, {"price": -1}]"#];
    let outcome = read_rows(rules, &[&rows[..], &[r#", "user_id": null"#]].concat());
    let starts = |told: &[(u64, Vec<String>)]| -> Vec<(u64, Vec<String>)> {
        let start = |text: &String| text.split(':').next().unwrap().to_owned();
        told.iter().map(|(line, reasons)| (*line, reasons.iter().map(start).collect())).collect()
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let dropped = texts(&["FIELD_RANGE at /n", "FIELD_TYPE at /n"]);
    let kept = texts(&["FIELD_RANGE at /items/1/price", "FIELD_RANGE at /items/2/price", "FIELD_TYPE at /n"]);
    assert_eq!(starts(&outcome.dropped), [(2, dropped)]);
    assert_eq!(starts(&outcome.kept), [(3, kept)]);
    let counts = |fields: &[(&str, u64)]| fields.iter().map(|(field, rows)| ((*field).to_owned(), *rows)).collect();
    let Summary { errors_by_field, warnings_by_field, .. } = outcome.summary;
    assert_eq!(errors_by_field, counts(&[("/n", 1), ("/user_id", 1)]));
    assert_eq!(warnings_by_field, counts(&[("/items/*/price", 1), ("/n", 2)]));
}

#[test]
fn many_warnings_hide_no_fault() {
    let rules = "fields: {/items/*: [{max: 0, severity: warn}, {max: 100, action: fail}]}";
    let items = format!(r#", "items": [{}101]"#, "1,".repeat(100));
    let outcome = read_rows(rules, &[&items]);
    assert_eq!((outcome.summary.verdict, outcome.summary.counts.quarantined), (Verdict::Fail, 1));
    assert_eq!(outcome.summary.errors_by_code["FIELD_RANGE"], 1);
}

#[test]
fn many_faults_hide_no_stronger_one() {
    let rules = "codes: {NUM_RANGE: {action: drop}, NUM_PRECISION: {action: fail}}";
    let row = format!(r#", "a": [{}0], "b": {}"#, "1e999,".repeat(40), "9".repeat(39));
    let outcome = read_rows(rules, &[&row]);
    assert_eq!((outcome.summary.verdict, outcome.summary.counts.quarantined), (Verdict::Fail, 1));
    assert_eq!(outcome.summary.errors_by_code["NUM_PRECISION"], 1);
}

#[test]
fn a_code_has_a_handling_where_its_rule_has_none() {
    let rules = "
fields: {/n: {min: 0}, /t: {min_length: 2, action: quarantine}}
codes:
  FIELD_RANGE: {action: drop}
  FIELD_LENGTH: {action: drop}
  JSON_SYNTAX: {action: drop}
  JSON_DUPLICATE_KEY: {severity: fail}
";
    let outcome = read_rows(rules, &[r#", "n": -1"#, r#", "t": "x""#, r#", "a": 1, "a": 2"#, ", x"]);
    let counts = outcome.summary.counts;
    assert_eq!((counts.written, counts.dropped, counts.quarantined), (0, 2, 2));
    let codes: Vec<_> = outcome.quarantined.iter().flat_map(|row| &row.codes).collect();
    assert_eq!(codes, [&FieldLength, &Code::JsonDuplicateKey]);
}

#[test]
fn what_cannot_be_an_item_is_never_kept() {
    let rules = "
fields: {/user_id: {required: true, severity: warn}}
codes: {FIELD_MISSING: {action: keep}, FIELD_TYPE: {severity: warn}}
";
    let file =
        "{\"timestamp\": \"2026-01-02T03:04:05Z\"}\n{\"user_id\": [], \"timestamp\": \"2026-01-02T03:04:05Z\"}\n";
    let outcome = read(&contract(rules), file.as_bytes());
    assert_eq!((outcome.summary.counts.quarantined, outcome.summary.counts.lines), (2, 2));
}

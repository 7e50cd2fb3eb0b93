//! What a strict contract makes of a file that it refuses, which takes two readings.

use activity::{FileReader, RecordContract, Row, Summary};
use contract::Refusal;
use contract::{Counts, Verdict};
use proptest::prelude::*;

/// Reads a file as the processor does: twice where the contract is strict.
fn read(contract: &str, file: &[u8]) -> (Summary, u64, u64) {
    let contract = RecordContract::from_yaml(contract).unwrap();
    let pass = |refusal: Option<Refusal>| {
        let (mut items, mut quarantined) = (0, 0);
        let mut reader = FileReader::new(&contract).refusing(refusal);
        let mut sink = |row: Row<'_>| match row {
            Row::Item { .. } => items += 1,
            Row::Quarantined(_) => quarantined += 1,
            Row::Dropped(_) => {}
        };
        reader.feed(file, &mut sink).unwrap();
        let summary = reader.finish(&mut sink).unwrap();
        (summary, items, quarantined)
    };
    match contract.is_strict() {
        true => pass(pass(None).0.refusal),
        false => pass(None),
    }
}

const FILE: &[u8] = br#"{"u": 1, "t": 1, "n": 1}
{"u": 1, "t": 2, "n": -1}
{"u": 1, "t": 1, "n": 1}

{"u": 1, "t": 3, "n": 3}
"#;

fn contract(row_rule: &str, file: &str) -> String {
    format!("user: [/u]\ntime: [/t]\ntime_formats: [epoch_s]\nfields: {{/n: {row_rule}}}\nfile: {file}\n")
}

/// Checks (written, quarantined, dropped) and the verdict of [`FILE`], of whose five lines one breaks `min: 0`.
fn check(row_rule: &str, file: &str, counts: (u64, u64, u64), verdict: Verdict) {
    let (summary, items, records) = read(&contract(row_rule, file), FILE);
    let (written, quarantined, dropped) = counts;
    let expected = Counts { lines: 5, written, duplicates: 1, quarantined, dropped, blank: 1 };
    assert_eq!((summary.counts, summary.verdict), (expected, verdict), "{file}");
    assert_eq!((items, records), (written, quarantined), "{file}");
    let refused = summary.errors_by_code.get("FILE_REFUSED").copied().unwrap_or(0);
    assert_eq!(refused, 2 - written, "{file}");
}

#[test]
fn without_strictness_rows_are_written_whatever_the_verdict() {
    check("{min: 0}", "{rules: [{rule: row_count, max: 9}]}", (2, 1, 0), Verdict::Warn);
    check("{min: 0}", "{rules: [{rule: row_count, max: 1}]}", (2, 1, 0), Verdict::Fail);
    check("{min: 0, action: fail}", "{}", (2, 1, 0), Verdict::Fail);
}

#[test]
fn a_strict_contract_writes_nothing_of_a_file_that_fails() {
    check("{min: 0}", "{strict: true, rules: [{rule: row_count, max: 9}]}", (2, 1, 0), Verdict::Warn);
    check("{min: 0}", "{strict: true, rules: [{rule: row_count, max: 1}]}", (0, 1, 2), Verdict::Fail);
    check("{min: 0}", "{strict: true, rules: [{rule: row_count, max: 1, severity: warn}]}", (2, 1, 0), Verdict::Warn);
    check("{min: 0, action: fail}", "{strict: true}", (0, 1, 2), Verdict::Fail);
}

#[test]
fn a_strict_contract_writes_nothing_of_a_damaged_file() {
    let whole = crate::gzip(FILE);
    let (summary, items, _) = read(&contract("{}", "{strict: true}"), &whole[..whole.len() - 1]);
    assert_eq!((summary.verdict, summary.counts.dropped, items), (Verdict::Fail, 3, 0), "{summary:?}");
}

#[test]
fn a_file_rule_says_what_becomes_of_the_rows() {
    let rules = |action: &str| format!("{{strict: true, rules: [{{rule: row_count, max: 1, {action}}}]}}");
    check("{min: 0}", &rules("action: drop"), (0, 1, 2), Verdict::Fail);
    check("{min: 0}", &rules("action: quarantine"), (0, 3, 0), Verdict::Fail);
    check("{min: 0}", &rules("action: quarantine, severity: warn"), (0, 3, 0), Verdict::Warn);
    check("{min: 0}", &rules("action: keep, severity: fail"), (2, 1, 0), Verdict::Fail);
    let both = "{strict: true, rules: [{rule: row_count, max: 1}, {rule: row_count, max: 2, action: quarantine}]}";
    check("{min: 0}", both, (0, 3, 0), Verdict::Fail);
}

/// A rule of a field with parts, a severity and an action of its own.
fn field_rule() -> impl Strategy<Value = String> {
    let parts = prop::sample::subsequence(
        vec![
            "required: true",
            "type: number, coerce: true",
            "min: 0",
            "one_of: [1, 2, -1]",
            "max_bytes: 2",
            "unique: true",
        ],
        0..4,
    );
    let handling = prop::sample::select(vec![
        "",
        "severity: warn",
        "severity: warn, action: drop",
        "action: keep, severity: fail",
        "action: drop",
        "action: quarantine",
        "action: fail",
    ]);
    (parts, handling).prop_map(|(parts, handling)| {
        let all: Vec<&str> = parts.into_iter().chain([handling]).filter(|part| !part.is_empty()).collect();
        format!("{{{}}}", all.join(", "))
    })
}

fn any_contract() -> impl Strategy<Value = String> {
    let file_rule = prop::sample::select(vec![
        "{rule: row_count, max: 3}",
        "{rule: invalid_ratio, max: 0.3, severity: warn}",
        "{rule: duplicate_ratio, max: 0}",
        "{rule: completeness, field: /n, min: 0.5, action: quarantine}",
        "{rule: uniqueness, field: /items/*/p, min: 0.5, action: drop}",
        "{rule: mean, field: /items/*/p, max: 1}",
        "{rule: quantile, field: /n, at: 0.5, max: 1, severity: warn, action: quarantine}",
        "{rule: schema_drift, baseline: {/u: integer}, severity: warn}",
    ]);
    let code =
        prop::sample::select(vec!["FIELD_RANGE", "FIELD_TYPE", "FIELD_MISSING", "JSON_DUPLICATE_KEY", "FIELD_UNKNOWN"]);
    let action = prop::sample::select(vec!["keep", "drop", "quarantine", "fail"]);
    let parts = (field_rule(), field_rule(), any::<bool>(), prop::collection::vec(file_rule, 0..3), code, action);
    parts.prop_map(|(rule, conditional, forbid_unknown, rules, code, action)| {
        format!(
            "user: [/u]\ntime: [/t]\ntime_formats: [epoch_s]\nfields: {{/n: {rule}}}\nforbid_unknown: {forbid_unknown}\n\
             conditions: [{{when: {{/n: {{min: 1}}}}, then: {{/items/*/p: {}}}}}]\ncodes: {{{code}: {{action: {action}}}}}\n\
             file: {{strict: true, rules: [{}]}}\n",
            conditional.replace("unique: true", "timestamp: {}"),
            rules.join(", ")
        )
    })
}

fn any_line() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec!["1", "-1", "\"2\"", "\"x\"", "null", "1e999", "[]", "{}"]);
    let row = (0..3_u8, 0..3_u8, value.clone(), value).prop_map(|(user, time, n, price)| {
        format!(r#"{{"u":{user},"t":{time},"n":{n},"items":[{{"p":{price}}},{{}}]}}"#)
    });
    let odd =
        prop::sample::select(vec!["", " ", "{", "[]", r#"{"u":"","t":1}"#, r#"{"u":1,"t":1,"t":2}"#, r#"{"t":1}"#]);
    prop_oneof![3 => row, 1 => odd.prop_map(str::to_owned)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_accounted_for_under_any_contract(
        contract in any_contract(),
        lines in prop::collection::vec(any_line(), 0..12),
    ) {
        let file: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let (summary, items, quarantined) = read(&contract, file.as_bytes());
        let counts = summary.counts;
        prop_assert_eq!(counts.lines, lines.len() as u64);
        prop_assert!(counts.reconciles(), "{:?}", counts);
        prop_assert_eq!((counts.written, counts.quarantined), (items, quarantined));
        let faults = summary.errors_by_code.len() + summary.warnings_by_code.len();
        prop_assert!(faults > 0 || counts.dropped + counts.quarantined == 0, "left out without a reason: {:?}", summary);
        prop_assert_eq!(read(&contract, file.as_bytes()), (summary, items, quarantined));
    }
}

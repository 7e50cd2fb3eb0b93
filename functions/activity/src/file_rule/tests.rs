use super::*;
use crate::{FileReader, RecordContract, Summary};

/// Reads rows with these fields behind the user and the time, one second after another, by a contract with one file rule.
fn read(rule: &str, rows: &[&str]) -> Summary {
    let contract = format!(
        "user: [/u]\ntime: [/t]\ntime_formats: [epoch_s]\nfields: {{/n: {{max: 100}}}}\nfile: {{rules: [{rule}]}}\n"
    );
    let contract = RecordContract::from_yaml(&contract).unwrap();
    let arrived = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(100);
    let mut reader = FileReader::new(&contract).arrived_at(arrived);
    for (time, more) in rows.iter().enumerate() {
        reader.feed(format!("{{\"u\": 1, \"t\": {time}{more}}}\n").as_bytes(), &mut |_| {}).unwrap();
    }
    reader.finish(&mut |_| {}).unwrap()
}

/// Checks what one rule finds.
fn check(rule: &str, rows: &[&str], observed: &str, verdict: Verdict) {
    let summary = read(rule, rows);
    let [outcome] = &summary.file_rules[..] else { panic!("{} outcomes", summary.file_rules.len()) };
    assert_eq!((outcome.observed.as_str(), outcome.verdict), (observed, verdict), "{rule}");
}

const ROWS: [&str; 4] = [r#", "n": 1, "s": "a""#, r#", "n": 2, "s": "b""#, r#", "n": 101, "s": "a""#, ""];

#[test]
fn rules_about_counts() {
    check("{rule: row_count, min: 4, max: 4}", &ROWS, "4", Verdict::Pass);
    check("{rule: row_count, max: 3}", &ROWS, "4", Verdict::Fail);
    check("{rule: row_count, min: 1}", &[], "0", Verdict::Fail);
    check("{rule: invalid_ratio, max: 0.2}", &ROWS, "0.25", Verdict::Fail);
    check("{rule: invalid_ratio, max: 0.25}", &ROWS, "0.25", Verdict::Pass);
    check("{rule: invalid_ratio, max: 0.2, severity: warn}", &[], "no rows", Verdict::Pass);
    check("{rule: duplicate_ratio, max: 0}", &ROWS, "0", Verdict::Pass);
    check("{rule: volume, history: [7, 9, 8], max_deviation: 0.5}", &ROWS, "4 rows", Verdict::Pass);
    check("{rule: volume, history: [10], max_deviation: 0.6}", &ROWS, "4 rows", Verdict::Pass);
    check("{rule: volume, history: [9, 10], max_deviation: 0.5}", &ROWS, "4 rows", Verdict::Fail);
}

#[test]
fn rules_about_a_field() {
    check("{rule: completeness, field: /n, min: 0.75}", &ROWS, "0.75", Verdict::Pass);
    check("{rule: completeness, field: /n, min: 0.76, severity: warn}", &ROWS, "0.75", Verdict::Warn);
    check("{rule: uniqueness, field: /s, min: 1}", &ROWS, "0.3333333333333333", Verdict::Fail);
    check("{rule: mean, field: /n, max: 34}", &ROWS, "34.666666666666664", Verdict::Fail);
    check(
        "{rule: mean, field: /n, max: 34.66666666666666, severity: warn}",
        &ROWS,
        "34.666666666666664",
        Verdict::Warn,
    );
    check("{rule: mean, field: /n, max: 34.666666666666664}", &ROWS, "34.666666666666664, rounded", Verdict::Fail);
    check("{rule: sum, field: /n, min: 104, max: 104}", &ROWS, "104", Verdict::Pass);
    check("{rule: mean, field: /x, min: 1}", &ROWS, "nothing to measure", Verdict::Pass);
    check("{rule: quantile, field: /x, at: 0.5, min: 1}", &ROWS, "no numbers", Verdict::Pass);
    let quantile = &read("{rule: quantile, field: /n, at: 0.5, min: 1.99, max: 2.01}", &ROWS).file_rules[0];
    assert_eq!(quantile.verdict, Verdict::Pass, "{quantile:?}");
    let huge = [r#", "n": 1.7e308"#, r#", "n": 2"#, r#", "n": 1.7e308"#];
    check("{rule: sum, field: /n, max: 3}", &huge, "2", Verdict::Pass);
    let items = [r#", "items": [{"p": 1}, {}]"#, r#", "items": [{"p": 3}, {"p": null}]"#];
    check("{rule: completeness, field: /items/*/p, min: 0.5}", &items, "0.5", Verdict::Pass);
    check("{rule: mean, field: /items/*/p, max: 2}", &items, "2", Verdict::Pass);
}

#[test]
fn freshness_is_from_the_newest_row_to_the_arrival() {
    check("{rule: freshness, max_age: 97s}", &ROWS, "97s", Verdict::Pass);
    check("{rule: freshness, max_age: 96s}", &ROWS, "97s", Verdict::Fail);
    check("{rule: freshness, max_age: 1s}", &[], "no row that is kept", Verdict::Pass);
    // The last row is left out.
    check("{rule: freshness, max_age: 99s}", &[r#", "n": 1"#, r#", "n": 1"#, r#", "n": 101"#], "99s", Verdict::Pass);
}

#[test]
fn drift_names_what_is_new_gone_and_changed() {
    let rule = |baseline: &str| format!("{{rule: schema_drift, baseline: {{/u: integer, /t: integer, {baseline}}}}}");
    let rows = [r#", "n": 1.5, "o": {"x": [1, {"y": "z"}]}"#, r#", "n": "text", "e": null"#];
    let whole = "/n: [number, string], /o: object, /o/x: array, /o/x/*: [integer, object], /o/x/*/y: string";
    check(&rule(whole), &rows, "no difference", Verdict::Pass);
    check(
        &rule("/n: number, /gone: boolean, /o: object, /o/x: array, /o/x/*: object"),
        &rows,
        "gone /gone, /n is string, /o/x/* is integer, new /o/x/*/y",
        Verdict::Fail,
    );
    check(&rule(whole), &[], "nothing to measure", Verdict::Pass);
    let long: Vec<String> = (0..2000).map(|name| format!(", \"{}{name}\": 1", "n".repeat(64))).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let found = format!("new /{}…", "n".repeat(64));
    check("{rule: schema_drift, baseline: {/u: integer, /t: integer}}", &long, &found, Verdict::Fail);
    let many: Vec<String> = (0..2000).map(|name| format!(", \"f{name}\": 1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check(&rule(whole), &many, "over 1000 fields", Verdict::Fail);
}

#[test]
fn a_rule_that_cannot_mean_anything_is_refused() {
    for (rule, message) in [
        ("{rule: row_count}", "needs a `min`"),
        ("{rule: row_count, min: -1}", "is below 0"),
        ("{rule: row_count, min: 2, max: 1}", "is above"),
        ("{rule: row_count, min: 1, field: /a}", "`field` does not go with this rule"),
        ("{rule: mean, min: 1}", "field: /price"),
        ("{rule: completeness, field: /a, min: 2}", "is above 1"),
        ("{rule: quantile, field: /a, min: 2}", "at: 0.99"),
        ("{rule: quantile, field: /a, at: 99, min: 2}", "is not within 0 and 1"),
        ("{rule: freshness}", "max_age: 24h"),
        ("{rule: schema_drift}", "baseline"),
        ("{rule: schema_drift, baseline: {/a: text}}", "text"),
        ("{rule: volume, history: [], max_deviation: 1}", "`history` is empty"),
        ("{rule: volume, history: [1]}", "max_deviation"),
        ("{rule: volume, history: [1], max_deviation: -1}", "0 or more"),
        ("{rule: row_count, min: 1, severity: warn, action: fail}", "a warning fails no run"),
        ("{rule: row_count, min: 1, action: drop}", "add `strict: true`"),
        ("{rule: rows, min: 1}", "rows"),
    ] {
        let contract = format!("user: [/u]\ntime: [/t]\ntime_formats: [epoch_s]\nfile:\n  rules:\n    - {rule}\n");
        let error = RecordContract::from_yaml(&contract).unwrap_err();
        assert!(error.to_string().contains(message), "{rule}: {error}");
        // What the rules lack together is said of `file`.
        let expected = if message.contains("strict") { 4 } else { 6 };
        assert_eq!(error.location().map(|(line, _)| line), Some(expected), "{rule}: {error}");
    }
}

//! The program as a user meets it: what it prints where, how it exits, and what it says when something is wrong.

use std::net::TcpListener;

use serde_json::Value;
use tests::{stack, talk, workspace};

/// Runs the program, which must fail with `code`, print no result, and say each of `parts`.
fn check_failure(arguments: &[&str], code: i32, parts: &[&str]) {
    let output = stack(arguments);
    let talk = talk(&output);
    assert_eq!(output.status.code(), Some(code), "{talk}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    for part in parts {
        assert!(talk.contains(part), "`{part}` is not in: {talk}");
    }
}

#[test]
fn local_run_accounts_for_a_sample_of_its_own() {
    let output = stack(&["local", "run", "--port", "0", "--json"]);
    assert!(output.status.success(), "{}", talk(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("standard output is exactly one JSON object");
    let file = &report["files"][0];
    assert_eq!(file["status"], "SUCCEEDED");
    for place in [file, &report["totals"]] {
        let figures = ["lines", "written", "duplicates", "quarantined", "blank"].map(|name| place[name].as_u64());
        assert_eq!(figures, [5_000, 5_000, 0, 0, 0].map(Some));
    }
    assert_eq!(report["table"]["items"], 5_000);
    for name in ["stack", "endpoint", "seconds"] {
        assert!(!report[name].is_null(), "{name} is missing in {report}");
    }
    for name in ["file", "bucket", "key", "execution_arn", "errors_by_code"] {
        assert!(!file[name].is_null(), "{name} is missing in {file}");
    }
}

#[test]
fn a_missing_file_is_named() {
    check_failure(&["local", "run", "no-such.jsonl"], 1, &["no-such.jsonl", "check the path"]);
    check_failure(&["check", "no-such.jsonl"], 1, &["no-such.jsonl", "check the path"]);
}

#[test]
fn a_file_that_would_start_nothing_is_refused() {
    check_failure(&["local", "run", "Cargo.toml"], 1, &["Cargo.toml", ".jsonl.gz", "rename it"]);
}

#[test]
fn a_broken_contract_is_shown_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contract.yaml");
    std::fs::write(&path, "user: [/user_id]\ntyme: [/timestamp]\n").unwrap();
    let path = path.to_string_lossy();
    check_failure(&["local", "run", "--contract", &path], 1, &["contract.yaml", "tyme", "line 2"]);
    check_failure(&["package", "--contract", &path], 1, &["contract.yaml", "tyme"]);
}

#[test]
fn a_port_in_use_is_told_before_anything_is_built() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    check_failure(&["local", "run", "--port", &port], 1, &[&port, "--port 0"]);
}

#[test]
fn an_unknown_environment_lists_the_known() {
    check_failure(&["synth", "--environment", "staging"], 1, &["staging", "development, production"]);
}

#[test]
fn an_unknown_setting_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.yaml");
    let settings = std::fs::read_to_string(workspace().join("stack/settings.yaml")).unwrap();
    std::fs::write(&path, settings.replacen("retain_data", "retain_date", 1)).unwrap();
    check_failure(&["--settings", &path.to_string_lossy(), "synth"], 1, &["retain_date"]);
}

#[test]
fn synth_prints_the_template_and_nothing_else() {
    let output = stack(&["synth", "--stdout", "--format", "json"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", talk(&output));
    let template: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(template["AWSTemplateFormatVersion"], "2010-09-09");
}

#[test]
fn every_verb_has_help_with_examples() {
    let verbs = ["synth", "validate", "package", "check", "upload", "deploy", "destroy", "outputs"];
    let local = ["up", "run", "down"].map(|verb| vec!["local", verb]);
    for verb in verbs.map(|verb| vec![verb]).into_iter().chain(local) {
        let output = stack(&[&verb[..], &["--help"]].concat());
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && help.contains("Examples:"), "{verb:?}: {help}");
    }
}

#[test]
fn check_tells_good_rows_from_bad() {
    let folder = tempfile::tempdir().unwrap();
    let (file, rejects) = (folder.path().join("rows.jsonl"), folder.path().join("rejects.jsonl"));
    let good = r#"{"user_id":"u","timestamp":"2025-01-31T00:00:00Z","event":"view","product_id":"p","price":1}"#;
    std::fs::write(&file, format!("{good}\n\nnot json\n")).unwrap();
    let (file, rejects) = (file.to_string_lossy(), rejects.to_string_lossy());
    let output = stack(&["check", &file, "--json", "--rejects", &rejects]);
    assert_eq!(output.status.code(), Some(2), "{}", talk(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        [&summary["lines"], &summary["written"], &summary["quarantined"], &summary["blank"]].map(Value::as_u64),
        [3, 1, 1, 1].map(Some)
    );
    assert_eq!(summary["errors_by_code"]["JSON_SYNTAX"], 1);
    assert_eq!(std::fs::read_to_string(&*rejects).unwrap().lines().count(), 1);
}

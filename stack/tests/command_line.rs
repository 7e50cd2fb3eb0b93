//! The program as a user meets it, where no AWS is needed: what it prints where, how it exits, and what it says when
//! something is wrong. Runs on the emulator are in the package `tests`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn stack(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stack")).args(arguments).output().expect("the program starts")
}

fn talk(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

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
fn a_file_that_cannot_be_read_is_named() {
    check_failure(&["check", "no-such.jsonl"], 1, &["no-such.jsonl", "check the path"]);
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let script = format!("{} synth --stdout | head -n 1", env!("CARGO_BIN_EXE_stack"));
    let output = Command::new("bash").args(["-o", "pipefail", "-c", &script]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", talk(&output));
}

#[test]
fn an_unknown_environment_lists_the_known() {
    check_failure(&["synth", "--environment", "staging"], 1, &["staging", "development, production"]);
}

#[test]
fn an_unknown_setting_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.yaml");
    let settings = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("settings.yaml")).unwrap();
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

/// The page that `check --report` writes can be handed on: it names no value of a row.
#[test]
fn check_writes_a_report_without_any_value() {
    let folder = tempfile::tempdir().unwrap();
    let (rows, page) = (folder.path().join("rows.jsonl"), folder.path().join("report.html"));
    let good = r#"{"user_id": "somebody", "timestamp": "2026-01-02T03:04:05Z", "event": "view"}"#;
    let bad = r#"{"user_id": "somebody", "timestamp": "2026-01-02T03:04:05Z", "event": "view", "price": -7131}"#;
    std::fs::write(&rows, format!("{good}\n{bad}\n")).unwrap();
    let output = stack(&["check", &rows.to_string_lossy(), "--report", &page.to_string_lossy(), "--json"]);
    assert_eq!(output.status.code(), Some(2), "{}", talk(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["lines"], &summary["quarantined"]), (&2.into(), &1.into()));
    assert!(summary["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{summary}");
    let page = std::fs::read_to_string(page).unwrap();
    for part in ["<!DOCTYPE html>", "rows.jsonl", "FIELD_RANGE", "/price", "at least 0"] {
        assert!(page.contains(part), "`{part}` is not in: {page}");
    }
    assert!(!page.contains("somebody") && !page.contains("7131"), "{page}");
}

#[test]
fn every_verb_has_help_with_examples() {
    let verbs = [
        "synth",
        "validate",
        "statemachine",
        "policy",
        "cost",
        "package",
        "check",
        "contract",
        "upload",
        "replay",
        "diff",
        "bootstrap",
        "plan",
        "deploy",
        "import",
        "watch",
        "drift",
        "status",
        "events",
        "logs",
        "recover",
        "destroy",
        "outputs",
    ];
    let local = ["up", "run", "down"].map(|verb| vec!["local", verb]);
    for verb in verbs.map(|verb| vec![verb]).into_iter().chain(local) {
        let output = stack(&[&verb[..], &["--help"]].concat());
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && help.contains("Examples:"), "{verb:?}: {help}");
    }
}

/// Exit code 2 says that something changes, or was found.
#[test]
fn a_wrong_command_line_is_an_error_like_others() {
    check_failure(&["diff", "--bogus"], 1, &["--bogus"]);
    check_failure(&["plan"], 1, &["--out <FILE>"]);
    check_failure(&[], 1, &["Usage: stack"]);
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
    let sample = &summary["samples"][0];
    assert_eq!(
        (&sample["line"], &sample["went"], &sample["reasons"][0]["byte"]),
        (&3.into(), &"quarantined".into(), &0.into())
    );
    assert_eq!(std::fs::read_to_string(&*rejects).unwrap().lines().count(), 1);
}

/// A row that is written in spite of something can be found.
#[test]
fn check_tells_where_a_row_stands_that_is_kept_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.jsonl");
    let row = r#"{"user_id":"u","timestamp":"2025-01-31T00:00:00Z","event":"view","a":{"b":1,"b":2}}"#;
    std::fs::write(&file, format!("{row}\n")).unwrap();
    let output = stack(&["check", &file.to_string_lossy()]);
    assert!(output.status.success(), "{}", talk(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let sample = text.lines().find(|line| line.contains("JSON_DUPLICATE_KEY at /a/b")).unwrap();
    assert!(sample.trim_start().starts_with('1') && sample.contains("written"), "{text}");
}

#[test]
fn check_writes_over_nothing_that_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (file, other) = (path("rows.jsonl"), path("other.jsonl"));
    for name in [&file, &other] {
        std::fs::write(name, "not json\n").unwrap();
    }
    check_failure(&["check", &file, "--rejects", &file], 1, &["would be written over"]);
    check_failure(&["check", &file, "--report", &file], 1, &["would be written over"]);
    check_failure(&["check", &path("missing"), "--rejects", &other], 1, &["check the path"]);
    check_failure(&["check", &path("")], 1, &["no file that can be read twice"]);
    for name in [&file, &other] {
        assert_eq!(std::fs::read_to_string(name).unwrap(), "not json\n");
    }
}

#[test]
fn validate_lists_findings_with_their_code_line_and_reason() {
    let output = stack(&["validate"]);
    assert!(output.status.success(), "{}", talk(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in ["suppressed  TOPIC_NOT_ENCRYPTED", "stack/src/pipeline/monitoring.rs:", "reason: CloudWatch", "sound"]
    {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let output = stack(&["validate", "--environment", "production", "--json"]);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["errors"], 0);
    let found =
        verdict["findings"].as_array().unwrap().iter().find(|one| one["code"] == "TOPIC_NOT_ENCRYPTED").unwrap();
    assert_eq!((&found["severity"], &found["environments"]), (&"warning".into(), &serde_json::json!(["production"])));
}

#[test]
fn validate_reports_what_cloudformation_would_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.yaml");
    let settings = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("settings.yaml")).unwrap();
    std::fs::write(&path, settings.replacen("log_retention_days: 7", "log_retention_days: 8", 1)).unwrap();
    let output = stack(&["--settings", &path.to_string_lossy(), "validate", "--json"]);
    assert_eq!(output.status.code(), Some(2), "{}", talk(&output));
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fault = &verdict["findings"][0];
    assert_eq!(
        (&fault["code"], &fault["environments"]),
        (&"TEMPLATE_FAULT".into(), &serde_json::json!(["development"]))
    );
    assert!(fault["message"].as_str().unwrap().contains("8 is not one of"), "{fault}");
}

#[test]
fn policy_says_who_may_do_what() {
    let output = stack(&["policy"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, processor) = text.split_once("\nProcessorRole\n").unwrap();
    let line = processor.lines().find(|line| line.contains("dynamodb:BatchWriteItem")).unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        ["Allow", "dynamodb:BatchWriteItem", "Table.Arn", "ProcessorPolicy"]
    );

    let output = stack(&["policy", "--json"]);
    let accesses: Value = serde_json::from_slice(&output.stdout).unwrap();
    let called = accesses.as_array().unwrap().iter().find(|one| one["who"][0] == "s3.amazonaws.com").unwrap();
    assert_eq!(called["actions"], serde_json::json!(["lambda:InvokeFunction"]));
    assert_eq!(called["conditions"][0], "SourceAccount ${AWS::AccountId}");
}

#[test]
fn the_deploy_roles_policies_are_a_line_each() {
    let arguments = ["policy", "deploy-role", "--region", "eu-central-1", "--account", "123456789012"];
    let output = stack(&arguments);
    assert!(output.status.success() && talk(&output).contains("of 6144 characters"), "{}", talk(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let documents: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(documents.iter().all(|document| document["Version"] == "2012-10-17"));
    let stack = "arn:aws:cloudformation:eu-central-1:123456789012:stack/activity-development/*";
    assert!(text.contains(stack), "{text}");
}

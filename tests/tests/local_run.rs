//! `local run` as a user meets it: the report, and one clear message for each thing that can be wrong.

use std::net::TcpListener;

use serde_json::Value;
use tests::{stack, talk};

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

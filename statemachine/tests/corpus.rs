//! The corpus: definitions as users write them, each with what the checker finds. Sound ones are run by the interpreter
//! here, and by the emulator in the package `tests`; risky ones AWS takes as well, and broken ones it refuses.
//! Independent judges are asked about all of them by `.ci/judge_definitions.py`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use serde_json::Value;
use statemachine::interpreter::{Interpreter, TaskError};
use statemachine::{Finding, check_definition};

/// The cases in a folder of the corpus, by name.
fn cases(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions").join(folder);
    let mut cases: Vec<(String, Value)> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&fs::read(&path).unwrap()).unwrap())
        })
        .collect();
    cases.sort_by(|left, right| left.0.cmp(&right.0));
    assert!(!cases.is_empty());
    cases
}

/// The function that the corpus calls: it returns what it is given, or fails as it is told.
fn echo(input: &Value) -> Result<Value, TaskError> {
    let number = |field: &str| input[field].as_u64();
    let is_over = number("until").is_some_and(|until| number("n").is_some_and(|n| n >= until));
    match input["fail"].as_str() {
        Some(error) if !is_over => Err(TaskError::new(error, "as asked")),
        _ => Ok(input.clone()),
    }
}

#[test]
fn sound_definitions_end_as_the_language_says() {
    let mut wrong = Vec::new();
    for (name, case) in cases("sound") {
        let mut interpreter = Interpreter::new(&case["definition"]).unwrap().task("echo", echo);
        for run in case["runs"].as_array().unwrap() {
            let execution = interpreter.run(run["input"].clone()).unwrap();
            let is_right = match run.get("error") {
                Some(error) => execution.error() == error.as_str(),
                None => execution.output() == Some(&run["output"]),
            };
            let outer: Vec<&String> =
                execution.path().iter().filter(|state| case["definition"]["States"].get(state).is_some()).collect();
            if !is_right || run.get("path").is_some_and(|path| serde_json::to_value(&outer).unwrap() != *path) {
                let found = (execution.output(), execution.error(), execution.cause(), execution.path());
                wrong.push(format!("{name} of {}: {found:?}", run["input"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the checker finds, as `ASL201 /States/Work/Next`.
fn found(definition: &Value) -> Vec<String> {
    check_definition(definition).iter().map(|finding| format!("{} {}", finding.code(), finding.path())).collect()
}

fn check_findings(folder: &str) {
    let wrong = cases(folder).into_iter().filter_map(|(name, case)| {
        let expected: Vec<&str> = case["findings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let found = found(&case["definition"]);
        (found != expected).then(|| format!("{name}: found {found:?}, expected {expected:?}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_checker_finds_no_error_in_sound_definitions() {
    for (name, case) in cases("sound") {
        assert!(!check_definition(&case["definition"]).iter().any(Finding::is_error), "{name}");
    }
    check_findings("sound");
}

#[test]
fn the_checker_finds_what_is_risky_and_no_error() {
    for (name, case) in cases("risky") {
        let findings = check_definition(&case["definition"]);
        assert!(!findings.is_empty() && !findings.iter().any(Finding::is_error), "{name}: {findings:?}");
    }
    check_findings("risky");
}

#[test]
fn the_checker_finds_what_is_broken_and_nothing_else() {
    for (name, case) in cases("broken") {
        assert!(check_definition(&case["definition"]).iter().any(Finding::is_error), "{name}");
    }
    check_findings("broken");
}

//! The interpreter against an independent judge: each sound definition of the corpus runs in this process and on the
//! emulator's Step Functions, and both end with the same output or error, by the same states. Where they do not, the
//! table in `differences` says who is right, from AWS's documentation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod differences;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use aws_sdk_sfn::types::ExecutionStatus;
use differences::{DIFFERENCES, Part};
use futures::StreamExt as _;
use futures::stream;
use local::{Emulator, Options};
use serde_json::{Value, json};
use statemachine::interpreter::{Interpreter, TaskError};
use tests::workspace;
use zip::write::SimpleFileOptions;

/// The function that the corpus calls, for the emulator: it returns what it is given, or fails as it is told. It speaks
/// the runtime's own protocol, for only so can a function name its errors on the emulator.
const ECHO: &str = r#"#!/usr/bin/env python3
import json, os, urllib.request

def call(path, body=None):
    url = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/{path}"
    return urllib.request.urlopen(urllib.request.Request(url, data=None if path == "next" else json.dumps(body).encode()))

while True:
    invocation = call("next")
    request, event = invocation.headers["Lambda-Runtime-Aws-Request-Id"], json.load(invocation)
    if isinstance(event, dict) and "fail" in event and not event.get("n", -1) >= event.get("until", 0):
        call(f"{request}/error", {"errorType": event["fail"], "errorMessage": "as asked"})
    else:
        call(f"{request}/response", event)
"#;

/// The same for the interpreter.
fn echo(input: &Value) -> Result<Value, TaskError> {
    let is_over = input["n"].as_f64().unwrap_or(-1.0) >= input["until"].as_f64().unwrap_or(0.0);
    match input["fail"].as_str() {
        Some(error) if !is_over => Err(TaskError::new(error, "as asked")),
        _ => Ok(input.clone()),
    }
}

/// How an execution ended, as far as both can tell: the emulator's history names no states inside of Map and Parallel.
#[derive(Debug, PartialEq)]
struct Outcome {
    output: Value,
    error: Value,
    path: Value,
}

impl Outcome {
    fn part(&self, part: Part) -> &Value {
        match part {
            Part::Output => &self.output,
            Part::Error => &self.error,
            Part::Path => &self.path,
        }
    }
}

fn in_process(definition: &Value, input: &Value) -> Outcome {
    let mut interpreter = Interpreter::new(definition).unwrap().task("echo", echo);
    let execution = interpreter.run(input.clone()).unwrap();
    let is_outer = |state: &&String| definition["States"].get(state).is_some();
    Outcome {
        output: execution.output().cloned().unwrap_or_default(),
        error: json!(execution.error()),
        path: json!(execution.path().iter().filter(is_outer).collect::<Vec<_>>()),
    }
}

async fn on_the_emulator(client: &aws_sdk_sfn::Client, machine: &str, input: &Value) -> Outcome {
    let started = client.start_execution().state_machine_arn(machine).input(input.to_string()).send().await.unwrap();
    let arn = started.execution_arn();
    let ended = loop {
        let execution = client.describe_execution().execution_arn(arn).send().await.unwrap();
        if *execution.status() != ExecutionStatus::Running {
            break execution;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let history = client.get_execution_history().execution_arn(arn).max_results(1000).send().await.unwrap();
    let entered = history.events().iter().filter_map(|event| event.state_entered_event_details());
    // The emulator gives a failed execution an output as well, which AWS does not.
    let output = ended.output().filter(|_| *ended.status() == ExecutionStatus::Succeeded);
    Outcome {
        output: output.map(|output| serde_json::from_str(output).unwrap()).unwrap_or_default(),
        error: json!(ended.error()),
        path: json!(entered.map(|details| details.name()).collect::<Vec<_>>()),
    }
}

/// Every run of the corpus: its name, the definition and the input.
fn runs() -> Vec<(String, Value, Value)> {
    let folder = workspace().join("statemachine/tests/definitions/sound");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut runs: Vec<_> = files.flat_map(|file| runs_of(&file)).collect();
    runs.sort_by(|left, right| left.0.cmp(&right.0));
    assert!(runs.len() > 30);
    runs
}

fn runs_of(file: &Path) -> Vec<(String, Value, Value)> {
    let case: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let name = file.file_stem().unwrap().to_str().unwrap();
    let runs = case["runs"].as_array().unwrap().iter().enumerate();
    runs.map(|(index, run)| (format!("{name}-{index}"), case["definition"].clone(), run["input"].clone())).collect()
}

async fn make_function(client: &aws_sdk_lambda::Client) {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    archive.write_all(ECHO.as_bytes()).unwrap();
    let archive = archive.finish().unwrap().into_inner();
    client
        .create_function()
        .function_name("echo")
        .runtime(Runtime::Providedal2023)
        .role("arn:aws:iam::000000000000:role/echo")
        .handler("bootstrap")
        .timeout(30)
        .code(FunctionCode::builder().zip_file(Blob::new(archive)).build())
        .send()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn both_end_the_same_way() {
    let options = Options { port: 0, ..Options::in_folder(workspace().join("target").join("emulator")) };
    let emulator = Emulator::start(&options).await.unwrap();
    let config = emulator.sdk_config();
    make_function(&aws_sdk_lambda::Client::new(&config)).await;
    let client = &aws_sdk_sfn::Client::new(&config);

    let outcomes: BTreeMap<String, (Outcome, Outcome)> = stream::iter(runs())
        .map(|(name, definition, input)| async move {
            let create = client.create_state_machine().name(&name).definition(definition.to_string());
            let machine = create.role_arn("arn:aws:iam::000000000000:role/machine").send().await.unwrap();
            let emulated = on_the_emulator(client, machine.state_machine_arn(), &input).await;
            (name, (in_process(&definition, &input), emulated))
        })
        .buffer_unordered(16)
        .collect()
        .await;

    let mut unexplained = Vec::new();
    for (name, (ours, theirs)) in &outcomes {
        let known = DIFFERENCES.iter().find(|known| known.run == name);
        for part in [Part::Output, Part::Error, Part::Path] {
            let is_known = known.is_some_and(|known| known.parts.contains(&part));
            let (ours, theirs) = (ours.part(part), theirs.part(part));
            if ours == theirs && is_known {
                unexplained.push(format!("{name} {part:?} no longer differs: {}", known.map_or("", |known| known.why)));
            } else if ours != theirs && !is_known {
                unexplained.push(format!("{name} {part:?}: interpreter {ours}, emulator {theirs}"));
            }
        }
    }
    assert!(unexplained.is_empty(), "\n{}", unexplained.join("\n"));
    assert!(
        DIFFERENCES.iter().all(|known| outcomes.contains_key(known.run)),
        "the table names a run that is not there"
    );
}

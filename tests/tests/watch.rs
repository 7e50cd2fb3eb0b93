//! `watch` as a user meets it, with changes that take no compiler: those of the record contract.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use local::{Emulator, Options};
use rustix::process::{Pid, Signal, kill_process};
use tests::{Pipeline, program, stack, summary, talk, workspace};

/// How long the program may be silent.
const LIMIT: Duration = Duration::from_secs(300);

/// The program while it watches. It is killed when it is dropped.
struct Watch {
    child: Child,
    result: Lines,
    talk: Lines,
}

impl Watch {
    /// Builds with the profile that the deployment before has built with: so there is nothing to compile.
    fn start(endpoint: &str, contract: &Path) -> Self {
        let contract = contract.to_string_lossy();
        let arguments = ["watch", "--endpoint-url", endpoint, "--contract", &contract, "--cargo-profile", "lambda"];
        let mut child =
            program(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let result = Lines::of(child.stdout.take().unwrap());
        let talk = Lines::of(child.stderr.take().unwrap());
        Self { child, result, talk }
    }

    /// Interrupts it, and gives its exit code.
    fn interrupt(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of one of its streams. Which of two streams says a thing first, nobody can tell.
struct Lines(Receiver<String>);

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self(lines)
    }

    /// Waits for a line with `part` in it.
    fn say(&self, part: &str) {
        let mut seen = Vec::new();
        loop {
            let Ok(line) = self.0.recv_timeout(LIMIT) else { panic!("`{part}` is not said, but: {seen:#?}") };
            if line.contains(part) {
                return;
            }
            seen.push(line);
        }
    }
}

/// What becomes of one good row: how many rows are written, and how many quarantined.
async fn process(pipeline: &Pipeline, name: &str) -> (u64, u64) {
    let row = format!(r#"{{"user_id":"{name}","timestamp":"2025-01-31T00:00:00Z","event":"view","product_id":"p"}}"#);
    let executions = pipeline.process(&[(&format!("{name}.jsonl"), row.into_bytes())]).await;
    let counts = summary(&executions[0]).counts;
    (counts.written, counts.quarantined)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_swapped_when_it_changes_and_put_back_by_the_next_deployment() {
    let pipeline = Pipeline::deploy().await;
    let folder = tempfile::tempdir().unwrap();
    let contract = folder.path().join("contract.yaml");
    let original = std::fs::read_to_string(workspace().join("functions/processor/contract.yaml")).unwrap();
    std::fs::write(&contract, &original).unwrap();

    let watch = Watch::start(&pipeline.endpoint, &contract);
    watch.talk.say("waiting for changes");
    assert_eq!(process(&pipeline, "before").await, (1, 0));

    std::fs::write(&contract, original.replace("fields:\n", "fields:\n  /colour: {required: true}\n")).unwrap();
    watch.result.say("ProcessorFunction: swapped in");
    watch.talk.say("now differs from its template");
    assert_eq!(process(&pipeline, "swapped").await, (0, 1));

    std::fs::write(&contract, "colour: required\n").unwrap();
    watch.talk.say("contract.yaml is wrong");
    watch.talk.say("waiting for changes");
    assert_eq!(process(&pipeline, "broken").await, (0, 1), "what was swapped before runs on");
    assert_eq!(watch.interrupt(), Some(0));

    let watch = Watch::start(&pipeline.endpoint, &contract);
    watch.talk.say("swapped already, until the next deploy: ");
    assert_eq!(watch.interrupt(), Some(0));

    let deployed = stack(&["deploy", "--yes", "--endpoint-url", &pipeline.endpoint]);
    assert!(deployed.status.success(), "{}", talk(&deployed));
    assert!(talk(&deployed).contains("ProcessorFunction ran something else"), "{}", talk(&deployed));
    assert_eq!(process(&pipeline, "deployed").await, (1, 0));
}

#[tokio::test]
async fn a_stack_that_is_absent_is_to_be_deployed_first() {
    let folder = workspace().join("target").join("emulator");
    let emulator = Emulator::start(&Options { port: 0, ..Options::in_folder(folder) }).await.unwrap();
    let output = stack(&["watch", "--endpoint-url", &emulator.endpoint()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(talk(&output).contains("no stack `activity-development`"), "{}", talk(&output));
    assert!(talk(&output).contains("deploy it first"), "{}", talk(&output));
}

//! The pipeline's own machine, by every way it can go.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use contract::{FileLocation, ProcessorError, ProcessorOutput};
use serde_json::Value;
use statemachine::interpreter::{Answer, Execution, Interpreter, Status, TaskError};
use statemachine::pipeline::{Settings, machine};

const PROCESSOR: &str = "${ProcessorFunctionArn}";

fn file() -> FileLocation {
    FileLocation { bucket: "files".into(), key: "ingest/a.jsonl".into(), version_id: None, etag: None, size: None }
}

fn summary(damage: Option<&str>) -> Value {
    let output = ProcessorOutput { damage: damage.map(str::to_owned), ..ProcessorOutput::of_empty(file()) };
    serde_json::to_value(output).unwrap()
}

fn succeeds() -> Answer {
    Ok(summary(None)).into()
}

fn fails(error: &str) -> Answer {
    Err(TaskError::new(error, "the log says more")).into()
}

/// The machine, and the answers that the processor gives next, one a call.
struct Pipeline<'a> {
    interpreter: Interpreter<'a>,
    answers: &'a RefCell<VecDeque<Answer>>,
}

impl<'a> Pipeline<'a> {
    fn new(answers: &'a RefCell<VecDeque<Answer>>) -> Self {
        let machine = machine(Settings { processor_timeout_seconds: 900 }).unwrap();
        let interpreter = Interpreter::new(machine.definition()).unwrap().timed_task(PROCESSOR, |input| {
            assert_eq!(*input, serde_json::to_value(file()).unwrap());
            answers.borrow_mut().pop_front().expect("the processor is called no more often")
        });
        Self { interpreter, answers }
    }

    /// An execution in which the processor answers so, and is called as often.
    fn run(&mut self, answers: impl IntoIterator<Item = Answer>) -> Execution {
        self.answers.borrow_mut().extend(answers);
        let execution = self.interpreter.run(serde_json::to_value(file()).unwrap()).unwrap();
        assert!(self.answers.borrow().is_empty(), "the processor is called as often");
        execution
    }
}

#[track_caller]
fn check_path(execution: &Execution, path: &[&str]) {
    assert_eq!(execution.path(), path);
}

#[test]
fn every_way_does_what_it_promises_and_none_is_left_out() {
    let answers = RefCell::default();
    let mut pipeline = Pipeline::new(&answers);

    let execution = pipeline.run([succeeds()]);
    assert_eq!(execution.output(), Some(&summary(None)));
    check_path(&execution, &["ProcessFile", "CheckFile", "FileProcessed"]);

    let damaged = summary(Some("the gzip stream breaks off"));
    let execution = pipeline.run([Ok(damaged.clone()).into()]);
    assert_eq!(execution.error(), Some("FileDamaged"));
    assert_eq!(serde_json::from_str::<Value>(execution.cause().unwrap()).unwrap(), damaged);
    check_path(&execution, &["ProcessFile", "CheckFile", "FileDamaged"]);

    let mut broken = summary(None);
    broken["verdict"] = "FAIL".into();
    let execution = pipeline.run([Ok(broken.clone()).into()]);
    assert_eq!(execution.error(), Some("ContractBroken"));
    assert_eq!(serde_json::from_str::<Value>(execution.cause().unwrap()).unwrap(), broken);
    check_path(&execution, &["ProcessFile", "CheckFile", "ContractBroken"]);

    let poison = ProcessorError::Permanent.name();
    let execution = pipeline.run([fails(poison)]);
    assert_eq!((execution.error(), execution.cause()), (Some(poison), Some("the log says more")));
    check_path(&execution, &["ProcessFile", "ProcessingFailed"]);

    for transient in ["Lambda.ServiceException", "Lambda.TooManyRequestsException", ProcessorError::Transient.name()] {
        let execution = pipeline.run([fails(transient), fails(transient), succeeds()]);
        assert_eq!(execution.status(), Status::Succeeded, "{transient}");
    }

    let coverage = pipeline.interpreter.coverage();
    assert!(coverage.is_complete(), "{coverage}");
    insta::assert_snapshot!(coverage);
}

#[test]
fn a_transient_error_that_stays_fails_the_execution_with_its_own_name() {
    let answers = RefCell::default();
    let name = ProcessorError::Transient.name();
    let execution = Pipeline::new(&answers).run(std::iter::repeat_n(fails(name), 4));
    assert_eq!(execution.error(), Some(name));
    check_path(&execution, &["ProcessFile", "ProcessingFailed"]);
}

#[test]
fn an_answer_that_is_lost_is_a_timeout_after_the_functions_own() {
    let answers = RefCell::default();
    let execution = Pipeline::new(&answers).run([Answer::never()]);
    assert_eq!((execution.error(), execution.cause()), (Some("States.Timeout"), Some("")));
    assert_eq!(execution.elapsed(), Duration::from_secs(960));
}

#[test]
fn the_machines_timeout_never_cuts_off_what_its_retries_allow() {
    let answers = RefCell::default();
    let slowly = |error: &str, calls: usize| std::iter::repeat_n(fails(error).after(Duration::from_secs(959)), calls);
    let errors = [
        ("Lambda.ServiceException", 6),
        ("Lambda.TooManyRequestsException", 20),
        (ProcessorError::Transient.name(), 3),
    ];
    let last = succeeds().after(Duration::from_secs(959));
    let calls = errors.iter().flat_map(|(error, calls)| slowly(error, *calls)).chain([last]);
    let execution = Pipeline::new(&answers).run(calls);
    assert_eq!(execution.status(), Status::Succeeded, "{:?} after {:?}", execution.error(), execution.elapsed());
}

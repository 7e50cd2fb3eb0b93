//! The pipeline's own machine, by every way it can go.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use contract::{ByteRange, Checkpoint, FileDamage, FileLocation, ProcessorError, ProcessorOutput, Progress, SplitPlan};
use serde_json::{Value, json};
use statemachine::interpreter::{Answer, Execution, Interpreter, Status, TaskError};
use statemachine::pipeline::{Settings, SplitSettings, machine};

const PROCESSOR: &str = "${ProcessorFunctionArn}";
const RECORD: &str = "arn:aws:states:::dynamodb:putItem";

const SPLIT: SplitSettings =
    SplitSettings { file_bytes: 1_000, range_bytes: 500, max_concurrency: 2, tolerated_failure_percentage: 0 };

fn file_of(size: u64) -> FileLocation {
    FileLocation {
        bucket: "files".into(),
        key: "ingest/a.jsonl".into(),
        version_id: None,
        etag: None,
        size: Some(size),
    }
}

fn file() -> FileLocation {
    file_of(999)
}

fn json<T: serde::Serialize>(value: T) -> Value {
    serde_json::to_value(value).unwrap()
}

fn summary(damage: Option<&str>) -> Value {
    let damage = damage.map(|text| FileDamage { code: "GZIP_TRUNCATED".into(), text: text.into() });
    json(ProcessorOutput { damage, ..ProcessorOutput::of_empty(file()) })
}

/// What the processor says of a file of which it has done so many lines.
fn unfinished(lines: u64) -> Value {
    let checkpoint = Checkpoint { lines, ..checkpoint() };
    json(ProcessorOutput { checkpoint: Some(checkpoint), ..ProcessorOutput::of_empty(file()) })
}

fn checkpoint() -> Checkpoint {
    Checkpoint { file: file(), contract: "contract".into(), lines: 0, refusal: None, progress: Progress::default() }
}

fn plan(ranges: &[(u64, u64)]) -> SplitPlan {
    let ranges = ranges.iter().map(|&(start, end)| ByteRange { start, end }).collect();
    SplitPlan { file: file_of(2_000), run: "run".into(), ranges }
}

fn succeeds() -> Answer {
    Ok(summary(None)).into()
}

fn fails(error: &str) -> Answer {
    Err(TaskError::new(error, "the log says more")).into()
}

/// The machine; the answers that the processor gives next to each step; and what was asked of it.
struct Pipeline<'a> {
    interpreter: Interpreter<'a>,
    world: &'a World,
}

#[derive(Default)]
struct World {
    answers: RefCell<BTreeMap<String, VecDeque<Answer>>>,
    calls: RefCell<Vec<(String, Value)>>,
    records: RefCell<Vec<Value>>,
    /// The errors that the next records end in.
    record_errors: RefCell<VecDeque<&'static str>>,
}

impl<'a> Pipeline<'a> {
    fn new(world: &'a World) -> Self {
        let machine = machine(Settings { processor_timeout_seconds: 900, split: SPLIT }).unwrap();
        let interpreter = Interpreter::new(machine.definition())
            .unwrap()
            .timed_task(PROCESSOR, |task| {
                let step = task["step"].as_str().unwrap().to_owned();
                world.calls.borrow_mut().push((step.clone(), task["input"].clone()));
                let mut answers = world.answers.borrow_mut();
                let answer = answers.get_mut(&step).and_then(VecDeque::pop_front);
                answer.unwrap_or_else(|| panic!("{step} is called no more often"))
            })
            .task(RECORD, |item| {
                world.records.borrow_mut().push(item.clone());
                let error = world.record_errors.borrow_mut().pop_front();
                error.map_or_else(|| Ok(json!({})), |error| Err(TaskError::new(error, "the table is not there")))
            });
        Self { interpreter, world }
    }

    /// An execution over `file` in which the processor answers so to each step, and is called as often.
    fn run_over(
        &mut self,
        file: FileLocation,
        answers: impl IntoIterator<Item = (&'static str, Vec<Answer>)>,
    ) -> Execution {
        let answers = answers.into_iter().map(|(step, answers)| (step.to_owned(), answers.into()));
        *self.world.answers.borrow_mut() = answers.collect();
        self.world.calls.borrow_mut().clear();
        self.world.records.borrow_mut().clear();
        let execution = self.interpreter.run(json(file)).unwrap();
        let left = self.world.answers.borrow().values().all(VecDeque::is_empty);
        assert!(left, "the processor is called as often: {:?}", self.calls());
        execution
    }

    /// An execution over a small file.
    fn run(&mut self, answers: impl IntoIterator<Item = Answer>) -> Execution {
        self.run_over(file(), [("process", answers.into_iter().collect())])
    }

    fn calls(&self) -> Vec<String> {
        self.world.calls.borrow().iter().map(|(step, _)| step.clone()).collect()
    }
}

#[track_caller]
fn check_path(execution: &Execution, path: &[&str]) {
    assert_eq!(execution.path(), path);
}

#[test]
fn every_way_does_what_it_promises_and_none_is_left_out() {
    let world = World::default();
    let mut pipeline = Pipeline::new(&world);

    let execution = pipeline.run([succeeds()]);
    assert_eq!(execution.output(), Some(&summary(None)));
    check_path(&execution, &["IsLarge", "ProcessFile", "CheckFile", "FileProcessed"]);
    assert_eq!(world.calls.take(), [("process".to_owned(), json(file()))]);

    let damaged = summary(Some("the gzip stream breaks off"));
    let execution = pipeline.run([Ok(damaged.clone()).into()]);
    assert_eq!(execution.error(), Some("FileDamaged"));
    assert_eq!(serde_json::from_str::<Value>(execution.cause().unwrap()).unwrap(), damaged);
    check_path(&execution, &["IsLarge", "ProcessFile", "CheckFile", "FileDamaged"]);

    let mut broken = summary(None);
    broken["verdict"] = "FAIL".into();
    let execution = pipeline.run([Ok(broken.clone()).into()]);
    assert_eq!(execution.error(), Some("ContractBroken"));
    assert_eq!(serde_json::from_str::<Value>(execution.cause().unwrap()).unwrap(), broken);
    check_path(&execution, &["IsLarge", "ProcessFile", "CheckFile", "ContractBroken"]);

    let poison = ProcessorError::Permanent.name();
    let execution = pipeline.run([fails(poison)]);
    assert_eq!((execution.error(), execution.cause()), (Some(poison), Some("the log says more")));
    check_path(&execution, &["IsLarge", "ProcessFile", "RecordFailure", "ProcessingFailed"]);

    a_file_is_continued_until_it_is_read(&mut pipeline);
    a_large_file_that_cannot_be_split_is_read_as_a_whole(&mut pipeline);
    a_large_file_is_read_by_ranges(&mut pipeline);
    a_failure_of_any_step_is_recorded(&mut pipeline);
    a_failure_that_cannot_be_recorded_keeps_its_name(&mut pipeline);
    what_passes_is_tried_again_at_every_step(&mut pipeline);

    let coverage = pipeline.interpreter.coverage();
    assert!(coverage.is_complete(), "{coverage}");
    insta::assert_snapshot!(coverage);
}

fn a_file_is_continued_until_it_is_read(pipeline: &mut Pipeline<'_>) {
    let steps =
        [("process", vec![Ok(unfinished(10)).into()]), ("continue", vec![Ok(unfinished(20)).into(), succeeds()])];
    let execution = pipeline.run_over(file(), steps);
    assert_eq!(execution.output(), Some(&summary(None)));
    let path = ["IsLarge", "ProcessFile", "CheckFile", "ContinueFile", "CheckFile", "ContinueFile", "CheckFile"];
    check_path(&execution, &[&path[..], &["FileProcessed"]].concat());
    let continued = |lines| ("continue".to_owned(), json(Checkpoint { lines, ..checkpoint() }));
    assert_eq!(pipeline.world.calls.take()[1..], [continued(10), continued(20)]);

    let execution =
        pipeline.run_over(file(), [("process", vec![Ok(unfinished(10)).into()]), ("continue", vec![fails("Broken")])]);
    check_path(&execution, &[&path[..4], &["RecordFailure", "ProcessingFailed"]].concat());
}

fn a_large_file_that_cannot_be_split_is_read_as_a_whole(pipeline: &mut Pipeline<'_>) {
    let large = file_of(1_000);
    let steps = [("plan", vec![Ok(json(plan(&[]))).into()]), ("process", vec![succeeds()])];
    let execution = pipeline.run_over(large.clone(), steps);
    check_path(
        &execution,
        &["IsLarge", "PlanFile", "IsSplit", "ReadAsAWhole", "ProcessFile", "CheckFile", "FileProcessed"],
    );
    let asked = json!({"file": large, "range_bytes": 500});
    assert_eq!(pipeline.world.calls.take()[..2], [("plan".into(), asked), ("process".into(), json(plan(&[]).file))]);
}

const RANGES: [(u64, u64); 3] = [(0, 700), (700, 1_400), (1_400, 2_000)];

fn a_large_file_is_read_by_ranges(pipeline: &mut Pipeline<'_>) {
    let done = || Answer::from(Ok(json!({"start": 0, "lines": 7, "written": 7})));
    let steps = [
        ("plan", vec![Ok(json(plan(&RANGES))).into()]),
        ("keys", vec![done(), done(), done()]),
        ("reconcile", vec![Ok(json!({"keys": 21, "duplicates": 0})).into()]),
        ("write", vec![done(), fails(ProcessorError::Transient.name()), done(), done()]),
        ("finish", vec![succeeds()]),
    ];
    let execution = pipeline.run_over(file_of(2_000), steps);
    assert_eq!(execution.output(), Some(&summary(None)), "{:?}", execution.cause());
    let calls = pipeline.world.calls.take();
    let steps: Vec<&str> = calls.iter().map(|(step, _)| step.as_str()).collect();
    let expected = ["plan", "keys", "keys", "keys", "reconcile", "write", "write", "write", "write", "finish"];
    assert_eq!(steps, expected);
    for ((_, input), (start, end)) in calls[1..4].iter().zip(RANGES) {
        let range = json!({"file": file_of(2_000), "run": "run", "range": {"start": start, "end": end}});
        assert_eq!(*input, range);
    }
    for index in [4, 9] {
        assert_eq!(calls[index].1, json(plan(&RANGES)), "{}", calls[index].0);
    }
}

fn a_failure_of_any_step_is_recorded(pipeline: &mut Pipeline<'_>) {
    let done = || Answer::from(Ok(json!({"start": 0, "lines": 7, "written": 7})));
    let before = |steps: &[&'static str]| {
        let answers = steps.iter().map(|&step| {
            let answer = match step {
                "plan" => vec![Ok(json(plan(&RANGES[..1]))).into()],
                _ => vec![done()],
            };
            (step, answer)
        });
        answers.collect::<Vec<_>>()
    };
    let steps = ["plan", "keys", "reconcile", "write", "finish"];
    for (index, failing) in steps.into_iter().enumerate() {
        let mut answers = before(&steps[..index]);
        answers.push((failing, vec![fails("Processor.Permanent")]));
        let large = file_of(2_000);
        let execution = pipeline.run_over(large.clone(), answers);
        assert_eq!(execution.status(), Status::Failed);
        let records = pipeline.world.records.take();
        assert_eq!(records.len(), 1, "{failing}");
        let item = &records[0]["Item"];
        assert_eq!((&item["bucket"]["S"], &item["key"]["S"]), (&json!("files"), &json!("ingest/a.jsonl")));
        assert_eq!(item["error"]["S"], execution.error().unwrap(), "{failing}");
        let input: FileLocation = serde_json::from_str(item["input"]["S"].as_str().unwrap()).unwrap();
        assert_eq!(input, large, "what an execution is started with again");
        assert!(item["execution"]["S"].as_str().unwrap().contains(":execution:"), "{item}");
        assert!(item["failed_at"]["S"].is_string(), "{item}");
    }
}

fn a_failure_that_cannot_be_recorded_keeps_its_name(pipeline: &mut Pipeline<'_>) {
    let errors = ["DynamoDB.ProvisionedThroughputExceededException", "DynamoDB.ResourceNotFoundException"];
    pipeline.world.record_errors.borrow_mut().extend(errors);
    let execution = pipeline.run([fails("Processor.Permanent")]);
    assert_eq!((execution.error(), execution.cause()), (Some("Processor.Permanent"), Some("the log says more")));
}

fn what_passes_is_tried_again_at_every_step(pipeline: &mut Pipeline<'_>) {
    let tried_again = |last: Value| {
        let passing = ["Lambda.ServiceException", "Lambda.TooManyRequestsException", ProcessorError::Transient.name()];
        passing.into_iter().map(fails).chain([Ok(last).into()]).collect::<Vec<_>>()
    };
    let done = json!({"start": 0, "lines": 7, "written": 7});
    let by_ranges = [
        ("plan", tried_again(json(plan(&RANGES[..1])))),
        ("keys", tried_again(done.clone())),
        ("reconcile", tried_again(json!({"keys": 7, "duplicates": 0}))),
        ("write", tried_again(done)),
        ("finish", tried_again(summary(None))),
    ];
    assert_eq!(pipeline.run_over(file_of(2_000), by_ranges).status(), Status::Succeeded);
    let as_a_whole = [("process", tried_again(unfinished(10))), ("continue", tried_again(summary(None)))];
    assert_eq!(pipeline.run_over(file(), as_a_whole).status(), Status::Succeeded);
}

#[test]
fn a_transient_error_that_stays_fails_the_execution_with_its_own_name() {
    let world = World::default();
    let name = ProcessorError::Transient.name();
    let execution = Pipeline::new(&world).run(std::iter::repeat_n(fails(name), 4));
    assert_eq!(execution.error(), Some(name));
    check_path(&execution, &["IsLarge", "ProcessFile", "RecordFailure", "ProcessingFailed"]);
}

#[test]
fn an_answer_that_is_lost_is_a_timeout_after_the_functions_own() {
    let world = World::default();
    let execution = Pipeline::new(&world).run([Answer::never()]);
    assert_eq!((execution.error(), execution.cause()), (Some("States.Timeout"), Some("")));
    assert_eq!(execution.elapsed(), Duration::from_secs(960));
}

#[test]
fn the_machines_timeout_never_cuts_off_what_its_retries_allow() {
    let world = World::default();
    let slowly = |error: &str, calls: usize| std::iter::repeat_n(fails(error).after(Duration::from_secs(959)), calls);
    let errors = [
        ("Lambda.ServiceException", 6),
        ("Lambda.TooManyRequestsException", 20),
        (ProcessorError::Transient.name(), 3),
    ];
    let slow = |last: Value| {
        let last = Answer::from(Ok(last)).after(Duration::from_secs(959));
        errors.iter().flat_map(|(error, calls)| slowly(error, *calls)).chain([last]).collect::<Vec<_>>()
    };
    let done = json!({"start": 0, "lines": 7, "written": 7});
    let steps = [
        ("plan", slow(json(plan(&RANGES[..1])))),
        ("keys", slow(done.clone())),
        ("reconcile", slow(json!({"keys": 7, "duplicates": 0}))),
        ("write", slow(done)),
        ("finish", slow(summary(None))),
    ];
    let execution = Pipeline::new(&world).run_over(file_of(2_000), steps);
    assert_eq!(execution.status(), Status::Succeeded, "{:?} after {:?}", execution.error(), execution.elapsed());
}

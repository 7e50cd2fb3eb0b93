//! The handler itself answers a task of a state machine, which runs in this process.

use std::time::Duration;

use contract::{FileLocation, ProcessorError, ProcessorOutput};
use processor::{Backoff, Processor};
use serde_json::json;
use statemachine::interpreter::{Interpreter, TaskError};
use statemachine::{ErrorName, ErrorOutput, Fail, Jitter, Retry, StateMachine, Task, field};

use crate::support::{self, Server};

const CONTRACT: &str = "{user: [/user_id], time: [/timestamp], time_formats: [iso8601]}";

/// A processor that tries twice.
fn processor(server: &Server) -> Processor {
    let backoff = Backoff { base: Duration::from_millis(1), cap: Duration::from_millis(2), tries: 2 };
    support::processor(CONTRACT, server).with_backoff(backoff)
}

#[test]
fn a_machine_retries_and_catches_what_the_handler_raises() {
    let mut machine = StateMachine::<FileLocation, ProcessorOutput>::builder("Processes a file.");
    let failed = machine.add("Failed", Fail::new(field!(ErrorOutput, Error), field!(ErrorOutput, Cause).unwrap_or("")));
    let process = Task::lambda::<FileLocation, ProcessorOutput>("processor")
        .raises::<ProcessorError>()
        .timeout_seconds(900)
        .retry(Retry::on([ProcessorError::Transient]).interval_seconds(3600).max_attempts(1).jitter(Jitter::None))
        .catch([ErrorName::All], &failed);
    let process = machine.add("Process", process.end());
    let machine = machine.build(&process).unwrap();

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rows = b"{\"user_id\":\"a\",\"timestamp\":\"2015-09-12T00:00:00Z\"}\n{\"user_id\":\"b\"}\n";
    let server = runtime.block_on(Server::start(&[("/activity/ingest/a.jsonl", rows)]));
    let processor = processor(&server);
    let mut calls = 0;
    let handler = |file: FileLocation| {
        calls += 1;
        // S3 is busy in the first call only.
        server.state.lock().unwrap().refuse_object = (calls == 1).then_some(("a.jsonl", 503, "SlowDown"));
        let processed = runtime.block_on(processor.process(file, Duration::from_secs(60)));
        processed.map_err(|error| TaskError::new(error.kind().name(), error.to_string()))
    };
    let mut interpreter = Interpreter::new(machine.definition()).unwrap().function("processor", handler);

    let execution = interpreter.run(json!({"bucket": "activity", "key": "ingest/a.jsonl"})).unwrap();
    let output = execution.output().unwrap();
    assert_eq!((&output["written"], &output["quarantined"]), (&json!(1), &json!(1)), "{output}");
    assert_eq!(execution.elapsed(), Duration::from_secs(3600));
    assert_eq!(server.state.lock().unwrap().items.len(), 1);

    let execution = interpreter.run(json!({"bucket": "activity", "key": "ingest/gone.jsonl"})).unwrap();
    assert_eq!(execution.error(), Some(ProcessorError::Permanent.name()), "{:?}", execution.cause());
    assert!(interpreter.coverage().is_complete(), "{}", interpreter.coverage());
}

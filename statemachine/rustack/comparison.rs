//! Each sound definition of the corpus that speaks JSONPath runs in the interpreter and in `rustack-stepfunctions-core`,
//! an implementation that shares no line with it, and both end with the same output or error, by the same states. Where
//! they do not, the tables in `differences` say who is right, from AWS's documentation.

#![allow(clippy::unwrap_used, clippy::panic)]

mod differences;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use differences::{DIFFERENCES, REFUSED};
use rustack_stepfunctions_core::{
    AslCompiler, ClockSample, CompiledMachine, EvaluationContext, ExecutionDriver, ExecutionLimits, ExecutionOutcome,
    ExecutionSupervisor, HistoryLimits, LambdaTaskCommand, LambdaTaskPort, Payload, RuntimeLimits, StateSupport,
    TaskCall, TaskFailure, TaskSupport, TenantScope,
};
use serde_json::{Value, json};
use statemachine::interpreter::{Interpreter, TaskError};

/// The function that the corpus calls: it returns what it is given, or fails as it is told.
fn echo(input: &Value) -> Result<Value, &str> {
    let is_over = input["n"].as_f64().unwrap_or(-1.0) >= input["until"].as_f64().unwrap_or(0.0);
    match input["fail"].as_str() {
        Some(error) if !is_over => Err(error),
        _ => Ok(input.clone()),
    }
}

/// The same for rustack.
#[derive(Debug)]
struct Echo;

impl LambdaTaskPort for Echo {
    fn start(&self, command: LambdaTaskCommand) -> Result<TaskCall, TaskFailure> {
        let (call, mut responder) = TaskCall::channel();
        let parameters = command.dispatch().parameters().value().clone();
        tokio::spawn(async move {
            responder.started().unwrap();
            // The optimised integration hands over the call's parameters, and wants its whole answer.
            let answer = match parameters.get("Payload") {
                Some(payload) => echo(payload).map(|payload| json!({"Payload": payload, "StatusCode": 200})),
                None => echo(&parameters),
            };
            responder.finish(match answer {
                Ok(answer) => Ok(Payload::from_value(&answer).unwrap()),
                Err(error) => Err(TaskFailure::new(error, Some("as asked")).unwrap()),
            });
        });
        Ok(call)
    }
}

/// How an execution ended.
#[derive(Debug, PartialEq)]
struct Outcome {
    output: Value,
    error: Value,
    path: Vec<String>,
}

impl Outcome {
    /// States inside of a Map or a Parallel are left out: those that a failure cuts short may or may not be entered.
    fn new(definition: &Value, output: Option<Value>, error: Option<&str>, path: &[String]) -> Self {
        let outer = path.iter().filter(|state| definition["States"].get(state.as_str()).is_some());
        Self { output: output.unwrap_or_default(), error: json!(error), path: outer.cloned().collect() }
    }
}

fn in_the_interpreter(definition: &Value, input: &Value) -> Outcome {
    let echo = |input: &Value| echo(input).map_err(|error| TaskError::new(error, "as asked"));
    let execution = Interpreter::new(definition).unwrap().task("echo", echo).run(input.clone()).unwrap();
    Outcome::new(definition, execution.output().cloned(), execution.error(), execution.path())
}

fn compile(definition: &Value) -> Option<Arc<CompiledMachine>> {
    let compiler =
        AslCompiler::new(TenantScope::default(), TaskSupport::Lambda).with_state_support(StateSupport::Structured);
    Some(compiler.compile(definition.to_string().as_bytes()).ok()?.machine().clone())
}

async fn in_rustack(
    owner: &mut ExecutionSupervisor,
    machine: Arc<CompiledMachine>,
    definition: &Value,
    input: &Value,
) -> Outcome {
    let context = json!({"Execution": {"Input": input, "Name": "execution"}, "StateMachine": {"Name": "machine"}});
    let driver = ExecutionDriver::for_structured_owner(
        machine,
        Payload::from_value(input).unwrap(),
        EvaluationContext::from_value(&context).unwrap(),
        ClockSample::new(Instant::now(), chrono::Utc::now()),
        ExecutionLimits::default(),
    );
    let mut execution = owner.start_structured(driver.unwrap()).unwrap();
    let view = execution.wait(tokio::time::Instant::now() + Duration::from_secs(60)).await.unwrap();
    let history = view.history().page(1, 1000, true).unwrap();
    let entered = history.events().iter().filter_map(|event| event.state_entered_event_details.as_ref());
    let path: Vec<String> = entered.map(|details| details.name.clone()).collect();
    match view.outcome().unwrap().as_ref() {
        ExecutionOutcome::Succeeded(output) => Outcome::new(definition, Some(output.value().clone()), None, &path),
        ExecutionOutcome::Failed(failure) => Outcome::new(definition, None, failure.error(), &path),
        other => panic!("{other:?}"),
    }
}

/// The definitions of the corpus in JSONPath, by name.
fn cases() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/definitions/sound");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut cases: Vec<(String, Value)> = files
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_slice(&fs::read(file).unwrap()).unwrap())
        })
        .filter(|(_, case): &(String, Value)| !case["definition"].to_string().contains("\"JSONata\""))
        .collect();
    cases.sort_by(|left, right| left.0.cmp(&right.0));
    assert!(cases.len() > 30);
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn both_end_the_same_way() {
    let port = Some(Arc::new(Echo) as Arc<dyn LambdaTaskPort>);
    let (limits, history) = (RuntimeLimits::default(), HistoryLimits::default());
    let mut owner = ExecutionSupervisor::new(limits, history, 256 << 20, port).unwrap();
    let (mut differing, mut refused) = (Vec::new(), Vec::new());
    for (name, case) in cases() {
        let definition = &case["definition"];
        let Some(machine) = compile(definition) else {
            refused.push(name);
            continue;
        };
        for (index, run) in case["runs"].as_array().unwrap().iter().enumerate() {
            let ours = in_the_interpreter(definition, &run["input"]);
            let theirs = in_rustack(&mut owner, machine.clone(), definition, &run["input"]).await;
            if ours != theirs {
                println!("{name}-{index}: interpreter {ours:?}, rustack {theirs:?}");
                differing.push(format!("{name}-{index}"));
            }
        }
    }
    let known = |table: &[differences::Difference]| table.iter().map(|row| row.run.to_owned()).collect::<Vec<_>>();
    assert!(DIFFERENCES.iter().chain(REFUSED).all(|row| row.why.contains("https://docs.aws.amazon.com/")));
    assert_eq!(differing, known(DIFFERENCES));
    assert_eq!(refused, known(REFUSED));
}

//! `statemachine`: an execution on this machine, and a picture.

mod check;
mod history;
mod state;

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::process::ExitCode;

use contract::{ProcessorError, ProcessorOutput, ProcessorStep, SplitPlan, StateMachineSubstitutions};
use miette::{Context, IntoDiagnostic, Result, miette};
use serde_json::{Value, json};
use stack::pipeline;
use statemachine::graph::{Graph, Trace};
use statemachine::interpreter::{Execution, Interpreter, Status, TaskError};

use super::{SettingsFile, read_text};
use crate::cli::{Drawing, Statemachine};
use crate::terminal::{self, Table};

/// The exit code where the execution did not succeed.
const UNSUCCESSFUL: u8 = 2;

/// Runs the machine, draws it, or both.
pub fn run(verb: &Statemachine, settings: &SettingsFile) -> Result<ExitCode> {
    let definition = match &verb.definition {
        Some(path) => read_json(path)?,
        None => {
            let settings = settings.read(&verb.environment.environment)?;
            parse(&pipeline::definition(&settings).into_diagnostic()?, "the definition")?
        }
    };
    if verb.check {
        return check::print(&definition, verb.json);
    }
    let mut interpreter = interpreter(verb, &definition)?;
    if let (Some(name), Some(input)) = (&verb.state, &verb.run) {
        return state::test(name, input, verb, &interpreter);
    }
    let execution = match &verb.run {
        Some(input) => Some(interpreter.run(input_of(input)?).into_diagnostic().wrap_err(HINT)?),
        None => None,
    };
    if verb.graph {
        let trace = match &execution {
            Some(execution) => Trace::of(execution),
            None => history::trace_of(&verb.history)?,
        };
        let graph = Graph::of(&definition);
        terminal::print(&match verb.format {
            Drawing::Mermaid => graph.mermaid(&trace),
            Drawing::Svg => graph.svg(&trace),
        })?;
    } else if let Some(execution) = &execution {
        print(execution, &interpreter, verb.json)?;
    }
    let has_failed = execution.is_some_and(|execution| execution.status() != Status::Succeeded);
    Ok(if has_failed { ExitCode::from(UNSUCCESSFUL) } else { ExitCode::SUCCESS })
}

const HINT: &str = "the execution cannot run here; say with --task NAME=JSON what each task answers";

fn interpreter<'a>(verb: &Statemachine, definition: &Value) -> Result<Interpreter<'a>> {
    let mut interpreter = Interpreter::new(definition).into_diagnostic()?;
    if verb.definition.is_none() {
        let functions: StateMachineSubstitutions = statemachine::placeholders().into_diagnostic()?;
        interpreter = interpreter
            .task(functions.processor_function_arn, empty_file)
            .task("arn:aws:states:::dynamodb:putItem", |_| Ok(json!({})));
    }
    let mut answers: HashMap<&str, VecDeque<Value>> = HashMap::new();
    for task in &verb.task {
        let (name, answer) = task
            .split_once('=')
            .ok_or_else(|| miette!("{task:?} is no NAME=JSON; write --task 'charge={{\"total\": 7}}'"))?;
        answers.entry(name).or_default().push_back(parse(answer, &format!("the answer of {name}"))?);
    }
    for (name, mut answers) in answers {
        interpreter = interpreter.task(name, move |_| {
            let last = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
            answer(last.unwrap_or_default())
        });
    }
    Ok(interpreter)
}

/// What the processor says of a file without rows that is read as a whole, unless told otherwise.
fn empty_file(input: &Value) -> Result<Value, TaskError> {
    let refused = |error: serde_json::Error| TaskError::new(ProcessorError::Permanent.name(), error.to_string());
    let output = match serde_json::from_value(input.clone()).map_err(refused)? {
        ProcessorStep::Process(file) => serde_json::to_value(ProcessorOutput::of_empty(file)),
        ProcessorStep::Continue(checkpoint) => serde_json::to_value(ProcessorOutput::of_empty(checkpoint.file)),
        ProcessorStep::Plan(input) => {
            serde_json::to_value(SplitPlan { file: input.file, run: String::new(), ranges: Vec::new() })
        }
        // A file that is not split has no ranges.
        ProcessorStep::Keys(_) | ProcessorStep::Reconcile(_) | ProcessorStep::Write(_) | ProcessorStep::Finish(_) => {
            Ok(Value::Null)
        }
    };
    output.map_err(refused)
}

fn answer(answer: Value) -> Result<Value, TaskError> {
    match answer.get("Error").and_then(Value::as_str) {
        Some(error) => Err(TaskError::new(error, answer.get("Cause").and_then(Value::as_str).unwrap_or_default())),
        None => Ok(answer),
    }
}

/// JSON, or what a file of that name holds.
fn input_of(input: &str) -> Result<Value> {
    serde_json::from_str(input)
        .or_else(|_| read_json(Path::new(input)).wrap_err("--run takes JSON, or a file with JSON"))
}

fn read_json(path: &Path) -> Result<Value> {
    parse(&read_text(path)?, &path.display().to_string())
}

fn parse(text: &str, what: &str) -> Result<Value> {
    serde_json::from_str(text).into_diagnostic().wrap_err_with(|| format!("{what} is no JSON"))
}

/// How many states of a path are printed.
const PATH_LIMIT: usize = 100;

/// `A -> B -> C`, shortened where it is long.
fn path_of(execution: &Execution) -> String {
    let path = execution.path();
    let shown = path.iter().take(PATH_LIMIT).map(String::as_str).collect::<Vec<_>>().join(" -> ");
    match path.len().saturating_sub(PATH_LIMIT) {
        0 => shown,
        more => format!("{shown} -> and {more} more"),
    }
}

fn print(execution: &Execution, interpreter: &Interpreter<'_>, as_json: bool) -> Result<()> {
    if as_json {
        return terminal::print_json(&json!({
            "status": execution.status(),
            "output": execution.output(),
            "error": execution.error(),
            "cause": execution.cause(),
            "elapsedSeconds": execution.elapsed().as_secs_f64(),
            "path": execution.path(),
            "history": execution.history(),
            "children": execution.children(),
            "coverage": interpreter.coverage(),
        }));
    }
    let mut table = Table::new();
    for event in execution.history() {
        let after = format!("{:.3} s", event.elapsed().as_secs_f64());
        table.add([after.as_str(), event.event_type(), event.state().unwrap_or_default()]);
    }
    terminal::print(&table.to_string())?;
    let result = match (execution.output(), execution.error()) {
        (Some(output), _) => format!("{output:#}"),
        (None, error) => format!("{}: {}", error.unwrap_or("States.Timeout"), execution.cause().unwrap_or("no cause")),
    };
    let path = path_of(execution);
    terminal::print(&format!("\n{path}\n\n{} {result}\n\n{}", execution.status(), interpreter.coverage()))
}

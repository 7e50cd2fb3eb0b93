//! `statemachine`: an execution on this machine, and a picture.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use contract::{FileLocation, ProcessorOutput, StateMachineSubstitutions};
use miette::{Context, IntoDiagnostic, Result, miette};
use serde_json::{Value, json};
use stack::pipeline;
use statemachine::graph::{Graph, Trace};
use statemachine::interpreter::{Execution, Interpreter, StateStatus, Status, TaskError, TestedState};

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
    let mut interpreter = interpreter(verb, &definition)?;
    if let (Some(state), Some(input)) = (&verb.state, &verb.run) {
        return test(state, input, verb, &interpreter);
    }
    let execution = match &verb.run {
        Some(input) => Some(interpreter.run(input_of(input)?).into_diagnostic().wrap_err(HINT)?),
        None => None,
    };
    if verb.graph {
        let trace = match &execution {
            Some(execution) => Trace::of(execution),
            None => trace_of(&verb.history)?,
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

/// Tests one state.
fn test(state: &str, input: &str, verb: &Statemachine, interpreter: &Interpreter<'_>) -> Result<ExitCode> {
    let variables = verb.variables.as_deref().map(|text| parse(text, "--variables")).transpose()?;
    let test = interpreter.test_state(state, input_of(input)?).variables(variables.unwrap_or_default());
    let tested = test.run().into_diagnostic()?;
    if verb.json {
        terminal::print_json(&tested)?;
    } else {
        print_tested(&tested)?;
    }
    let is_good = matches!(tested.status, StateStatus::Succeeded | StateStatus::CaughtError);
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(UNSUCCESSFUL) })
}

/// The data, step by step, and then what came of it.
fn print_tested(tested: &TestedState) -> Result<()> {
    let mut table = Table::new();
    let seen = serde_json::to_value(&tested.inspection).into_diagnostic()?;
    for (step, data) in seen.as_object().into_iter().flatten() {
        table.add([step.clone(), data.to_string()]);
    }
    for (variable, value) in &tested.assigned {
        table.add([format!("${variable}"), value.to_string()]);
    }
    if let Some(output) = &tested.output {
        table.add(["output".to_owned(), output.to_string()]);
        table.add(["next", tested.next.as_deref().unwrap_or("end")]);
    }
    terminal::print(&table.to_string())?;
    let error =
        tested.error.as_ref().map(|error| format!(" {error}: {}", tested.cause.as_deref().unwrap_or("no cause")));
    terminal::print(&format!("\n{}{}\n", tested.status, error.unwrap_or_default()))
}

const HINT: &str = "the execution cannot run here; say with --task NAME=JSON what each task answers";

fn interpreter<'a>(verb: &Statemachine, definition: &Value) -> Result<Interpreter<'a>> {
    let mut interpreter = Interpreter::new(definition).into_diagnostic()?;
    if verb.definition.is_none() {
        let functions: StateMachineSubstitutions = statemachine::placeholders().into_diagnostic()?;
        interpreter = interpreter.task(functions.processor_function_arn, empty_file);
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

/// What the processor says of a file without rows, unless told otherwise.
fn empty_file(input: &Value) -> Result<Value, TaskError> {
    let refused =
        |error: serde_json::Error| TaskError::new(contract::ProcessorError::Permanent.name(), error.to_string());
    let file: FileLocation = serde_json::from_value(input.clone()).map_err(refused)?;
    serde_json::to_value(ProcessorOutput::of_empty(file)).map_err(refused)
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

/// The way in histories that were written down, a file for each execution.
fn trace_of(paths: &[PathBuf]) -> Result<Trace> {
    paths.iter().try_fold(Trace::default(), |trace, path| {
        let histories = histories_of(path)?;
        Ok(histories.iter().fold(trace, |trace, events| trace.and_events(events)))
    })
}

/// The execution's own history, whose pages may follow each other; and those of its child executions, where the file is
/// what `--json` printed.
fn histories_of(path: &Path) -> Result<Vec<Vec<Value>>> {
    let text = read_text(path)?;
    let mut own = Vec::new();
    let mut children = Vec::new();
    for page in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        let page = page.into_diagnostic().wrap_err_with(|| format!("{} is no JSON", path.display()))?;
        let events = ["events", "history"].into_iter().find_map(|field| page.get(field)).unwrap_or(&page);
        let events = events.as_array().ok_or_else(|| miette!("{} holds no list of events", path.display()))?;
        own.extend(events.iter().cloned());
        let started = page.get("children").and_then(Value::as_array).into_iter().flatten();
        children.extend(started.filter_map(|child| child.get("events")?.as_array().cloned()));
    }
    Ok(std::iter::once(own).chain(children).collect())
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

//! One state by itself.

use std::process::ExitCode;

use miette::{IntoDiagnostic, Result};
use statemachine::interpreter::{Interpreter, StateStatus, TestedState};

use super::{UNSUCCESSFUL, input_of, parse};
use crate::cli::Statemachine;
use crate::terminal::{self, Table};

/// Tests one state.
pub(super) fn test(state: &str, input: &str, verb: &Statemachine, interpreter: &Interpreter<'_>) -> Result<ExitCode> {
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

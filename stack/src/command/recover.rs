//! `recover`: rolls back a stack that got stuck.

use std::process::ExitCode;

use deployment::{Connection, NextStep, Resource, Stack};
use miette::{IntoDiagnostic, Result, miette};
use serde_json::json;

use super::follow::{View, follow};
use super::{SettingsFile, deploy};
use crate::cli::Recover;
use crate::terminal::{self, Table};

/// Rolls back one environment's stack, after showing what is in the way.
pub async fn run(verb: &Recover, settings: &SettingsFile) -> Result<ExitCode> {
    let name = settings.read(&verb.environment.environment)?.stack_name();
    let connection = deploy::connect(&verb.target).await?;
    let stack = connection.stack(&name).await.into_diagnostic()?;
    if let Some(stack) =
        stack.filter(|stack| matches!(stack.next_step(), NextStep::ContinueRollback | NextStep::RollBack))
    {
        eprint!("{}", obstacles(&connection, &stack).await?);
        if !terminal::consent(&question(&stack, &verb.skip), verb.yes)? {
            return Err(miette!("nothing was rolled back"));
        }
    }
    // What is not stuck, or not there, is refused with the reason.
    let view = View::new(verb.json).stack(&connection, &name);
    let status = follow(connection.recover(&name, verb.skip.clone()), &view).await?;
    view.outcome(&json!({ "stack": name, "status": status, "next": status.next_step() }))?;
    eprintln!("stack {name}: {status}; {}", status.next_step().advice());
    Ok(ExitCode::SUCCESS)
}

/// The resources that failed, and why.
async fn obstacles(connection: &Connection, stack: &Stack) -> Result<String> {
    let resources = connection.resources(&stack.id).await.into_diagnostic()?;
    let mut table = Table::new();
    for Resource { logical_id, resource_type, status, reason, .. } in resources {
        if status.is_failed() {
            table.add([logical_id, resource_type, status.to_string(), reason.unwrap_or_default()]);
        }
    }
    let reason = stack.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    Ok(format!("stack {} is {}{reason}\n{table}", stack.name, stack.status))
}

fn question(stack: &Stack, skip: &[String]) -> String {
    match (stack.status.as_str(), skip) {
        ("CREATE_FAILED", _) => "Delete what its failed creation made?".to_owned(),
        ("UPDATE_FAILED", _) => "Undo what its failed update did?".to_owned(),
        (_, []) => "Try again to roll these back?".to_owned(),
        (_, skip) => format!("Try again to roll these back, and leave {} as it is?", skip.join(", ")),
    }
}

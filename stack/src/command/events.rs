//! `events`: what happened to the stack's resources.

use std::process::ExitCode;

use deployment::{EventRange, StackEvent};
use miette::{IntoDiagnostic, Result};

use super::{SettingsFile, deploy, follow};
use crate::cli::Events;
use crate::terminal;

/// Prints the events of one environment's stack, or watches an operation.
pub async fn run(verb: &Events, settings: &SettingsFile) -> Result<ExitCode> {
    let name = settings.read(&verb.environment.environment)?.stack_name();
    let connection = deploy::connect(&verb.target).await?;
    if verb.follow {
        // Whoever begins an operation watches it live; here the events are the result, to be piped on.
        let mut operation = connection.attach(&name);
        while let Some(event) = operation.next_event().await {
            print(&event, verb.json)?;
        }
        operation.outcome().await.into_diagnostic()?;
        return Ok(ExitCode::SUCCESS);
    }
    let range = match (verb.since, verb.all) {
        (Some(moment), _) => EventRange::Since(moment),
        (None, true) => EventRange::All,
        (None, false) => EventRange::LastOperation,
    };
    for event in connection.events(&name, range).await.into_diagnostic()? {
        print(&event, verb.json)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(event: &StackEvent, json: bool) -> Result<()> {
    if json { terminal::print_json(event) } else { terminal::print(&format!("{}\n", follow::plain(event))) }
}

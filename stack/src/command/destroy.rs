//! `destroy`: deletes the stack.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use deployment::Deletion;
use miette::{IntoDiagnostic, Result, miette};

use super::follow::{View, follow};
use super::{SettingsFile, deploy};
use crate::cli::Destroy;

/// Deletes one environment's stack, after its name was typed back.
pub async fn run(verb: &Destroy, settings: &SettingsFile) -> Result<ExitCode> {
    let name = settings.read(&verb.environment.environment)?.stack_name();
    let connection = deploy::connect(&verb.target).await?;
    if !verb.yes {
        confirm(&name)?;
    }
    match follow(connection.delete(name.as_str()), &View::new(false).stack(&connection, &name)).await? {
        Deletion::Absent => eprintln!("stack {name}: there is none"),
        Deletion::Deleted { retained } => {
            eprintln!("stack {name}: deleted");
            for resource in retained {
                let physical_id = resource.physical_id.unwrap_or_default();
                eprintln!("retained: {} {} {physical_id}", resource.resource_type, resource.logical_id);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn confirm(name: &str) -> Result<()> {
    if !io::stdin().is_terminal() {
        return Err(miette!("there is no terminal to ask on; give --yes to delete the stack {name}"));
    }
    eprint!("This deletes the stack {name}. Type its name to go on: ");
    io::stderr().flush().into_diagnostic()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).into_diagnostic()?;
    if answer.trim() == name { Ok(()) } else { Err(miette!("that is not the stack's name; nothing was deleted")) }
}

//! `outputs`: what the deployed stack gives.

use std::collections::BTreeMap;
use std::process::ExitCode;

use miette::{IntoDiagnostic, Result, miette};

use super::{SettingsFile, deploy};
use crate::cli::Outputs;
use crate::terminal::{self, Table};

/// Prints the outputs of one environment's stack.
pub async fn run(verb: &Outputs, settings: &SettingsFile) -> Result<ExitCode> {
    let name = settings.read(&verb.environment.environment)?.stack_name();
    let outputs = deploy::connect(&verb.target).await?.outputs(&name).await.into_diagnostic()?;
    if verb.json {
        terminal::print_json(&outputs)?;
    } else if let Some(wanted) = &verb.raw {
        let known = || outputs.keys().cloned().collect::<Vec<_>>().join(", ");
        let value = outputs.get(wanted).ok_or_else(|| miette!("{name} has no output {wanted}; it has {}", known()))?;
        terminal::print(&format!("{value}\n"))?;
    } else {
        terminal::print(&table(&outputs).to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The outputs as a table.
pub fn table(outputs: &BTreeMap<String, String>) -> Table {
    let mut table = Table::new();
    for (name, value) in outputs {
        table.add([name, value]);
    }
    table
}

//! `drift`: what was changed behind the stack's back.

use std::process::ExitCode;

use deployment::{Drift, DriftStatus, PropertyDifference, ResourceDrift};
use indicatif::ProgressBar;
use miette::{IntoDiagnostic, Result, miette};

use super::{SettingsFile, deploy};
use crate::cli;
use crate::terminal;

/// What the program ends with where something has drifted.
const DRIFTED: u8 = 2;

/// Compares one environment's stack with its template and prints what is not the same.
pub async fn run(verb: &cli::Drift, settings: &SettingsFile) -> Result<ExitCode> {
    let name = settings.read(&verb.environment.environment)?.stack_name();
    let connection = deploy::connect(&verb.target).await?;
    let spinner = ProgressBar::new_spinner().with_message(format!("comparing the stack {name} with its template"));
    spinner.enable_steady_tick(std::time::Duration::from_millis(200));
    let drift = connection.drift(&name).await;
    spinner.finish_and_clear();
    let drift = drift.into_diagnostic()?;

    if verb.json {
        terminal::print_json(&drift)?;
    } else {
        terminal::print(&drift.drifted().map(describe).collect::<String>())?;
    }
    eprintln!("{}", summary(&name, &drift));
    match (&drift.incomplete, drift.drifted().next()) {
        (_, Some(_)) => Ok(ExitCode::from(DRIFTED)),
        (None, None) => Ok(ExitCode::SUCCESS),
        (Some(reason), None) => Err(miette!("not every resource could be compared: {reason}; try again")),
    }
}

/// A resource and its differences, from what the template says to what is there.
fn describe(resource: &ResourceDrift) -> String {
    let ResourceDrift { logical_id, physical_id, resource_type, status, differences } = resource;
    match status {
        DriftStatus::Deleted => format!("- {logical_id} ({resource_type}) was deleted: {physical_id}\n"),
        _ => {
            let differences: String = differences.iter().map(difference).collect();
            format!("~ {logical_id} ({resource_type}) was modified: {physical_id}\n{differences}")
        }
    }
}

fn difference(PropertyDifference { path, expected, actual }: &PropertyDifference) -> String {
    match (expected, actual) {
        (None, Some(actual)) => format!("    + {path}: {actual}\n"),
        (Some(expected), None) => format!("    - {path}: {expected}\n"),
        (expected, actual) => {
            let value = |value: &Option<String>| value.clone().unwrap_or_default();
            format!("    ~ {path}: {} -> {}\n", value(expected), value(actual))
        }
    }
}

fn summary(name: &str, drift: &Drift) -> String {
    let (drifted, all, unchecked) = (drift.drifted().count(), drift.resources.len(), drift.unchecked().count());
    let verdict = if drifted == 0 { "in sync".to_owned() } else { format!("{drifted} of {all} resources drifted") };
    match unchecked {
        0 => format!("stack {name}: {verdict}"),
        _ => format!("stack {name}: {verdict}; {unchecked} of {all} were not compared: AWS cannot read their types"),
    }
}

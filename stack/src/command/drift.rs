//! `drift`: what was changed behind the stack's back.

use std::process::ExitCode;
use std::time::Duration;

use deployment::{
    Connection, Drift, DriftStatus, PropertyDifference, ResourceDrift, Reversal, RevertAction, RevertedResource,
};
use indicatif::ProgressBar;
use miette::{IntoDiagnostic, Result, miette};

use super::follow::{View, follow};
use super::{SettingsFile, deploy};
use crate::cli;
use crate::terminal;

/// What the program ends with where something has drifted.
const DRIFTED: u8 = 2;

/// Compares one environment's stack with its template, prints what is not the same, and reverts it where it is told.
pub async fn run(verb: &cli::Drift, settings: &SettingsFile) -> Result<ExitCode> {
    let name = settings.read(&verb.environment.environment)?.stack_name();
    let connection = deploy::connect(&verb.target).await?;
    let mut drift = detect(&connection, &name).await?;
    if verb.revert && drift.drifted().next().is_some() {
        eprint!("{}", describe(&drift));
        if revert(&connection, &name, verb.yes).await? {
            drift = detect(&connection, &name).await?;
        }
    }
    if verb.json {
        terminal::print_json(&drift)?;
    } else {
        terminal::print(&describe(&drift))?;
    }
    eprintln!("{}", summary(&name, &drift));
    match (&drift.incomplete, drift.drifted().next()) {
        (_, Some(_)) => Ok(ExitCode::from(DRIFTED)),
        (None, None) => Ok(ExitCode::SUCCESS),
        (Some(reason), None) => Err(miette!("not every resource could be compared: {reason}; try again")),
    }
}

async fn detect(connection: &Connection, name: &str) -> Result<Drift> {
    let spinner = ProgressBar::new_spinner().with_message(format!("comparing the stack {name} with its template"));
    spinner.enable_steady_tick(Duration::from_millis(200));
    let drift = connection.drift(name).await;
    spinner.finish_and_clear();
    drift.into_diagnostic()
}

/// Reverts after consent. Whether something was changed.
async fn revert(connection: &Connection, name: &str, yes: bool) -> Result<bool> {
    let Some(reversal) = connection.plan_revert(name).await.into_diagnostic()? else {
        eprintln!("stack {name}: AWS finds nothing that it can revert");
        return Ok(false);
    };
    eprint!("{}", reversal.resources.iter().map(describe_revert).collect::<String>());
    match terminal::consent(&consequence(name, &reversal), yes) {
        Ok(true) => follow(connection.revert(reversal), &View::new(false).stack(connection, name)).await.map(|()| true),
        refused => {
            connection.abandon_revert(reversal).await.into_diagnostic()?;
            refused.inspect(|_| eprintln!("nothing was changed"))
        }
    }
}

fn consequence(name: &str, reversal: &Reversal) -> String {
    let resources = match reversal.resources.len() {
        1 => "one resource".to_owned(),
        count => format!("{count} resources"),
    };
    format!("This puts {resources} of the stack {name} back to what its deployed template says.")
}

fn describe_revert(resource: &RevertedResource) -> String {
    let RevertedResource { logical_id, resource_type, action, differences, left } = resource;
    let what = match action {
        RevertAction::Recreate => "+ made again, empty",
        RevertAction::Modify => "~ put back",
        RevertAction::Record => "= left as it is, and recorded",
    };
    // The other way round than drift: from what is there to what the template says.
    let back = differences.iter().map(|PropertyDifference { path, expected, actual }| {
        difference(&PropertyDifference { path: path.clone(), expected: actual.clone(), actual: expected.clone() })
    });
    let left = left.iter().map(|(path, reason)| format!("    = {path}: stays as it is ({reason})\n"));
    format!("{what}: {logical_id} ({resource_type})\n{}", back.chain(left).collect::<String>())
}

fn describe(drift: &Drift) -> String {
    drift.drifted().map(describe_resource).collect()
}

/// A resource and its differences, from what the template says to what is there.
fn describe_resource(resource: &ResourceDrift) -> String {
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

//! `plan`: what a deployment would do, kept in a file that `deploy --plan` applies exactly.

use std::process::ExitCode;

use deployment::StackRequest;
use miette::{Context, IntoDiagnostic, Result};

use super::{SettingsFile, deploy, package};
use crate::cli::Plan;
use crate::terminal;

/// What the program ends with where something would change.
const CHANGES: u8 = 2;

/// Makes a plan, writes it, and prints what it does.
pub async fn run(verb: &Plan, settings: &SettingsFile) -> Result<ExitCode> {
    let settings = settings.read(&verb.environment.environment)?;
    let connection = deploy::connect(&verb.target).await?;
    let packages = package::build(&verb.packaging, &settings)?;
    // The packages go up now, so that the plan lacks nothing when it is applied.
    let request = deploy::request(&connection, &settings, &packages, verb.yes, false).await?;
    let request = StackRequest { refactor: !verb.renames.no_refactor, ..request };
    let plan = connection.plan(&request).await.into_diagnostic()?;
    let text = serde_json::to_string_pretty(&plan).into_diagnostic()?;
    std::fs::write(&verb.out, format!("{text}\n"))
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot write {}", verb.out.display()))?;
    if verb.json {
        terminal::print_json(&plan)?;
    } else if !plan.is_unchanged() {
        terminal::print(&deploy::describe(&connection, &plan, &request, &settings, console::colors_enabled()).await?)?;
    }
    if plan.is_unchanged() {
        eprintln!("stack {}: nothing to change", plan.stack);
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("apply it with `stack deploy --plan {}`", verb.out.display());
    let losses: Vec<_> = plan.losses().iter().map(|loss| format!("--allow-replace {}", loss.logical_id)).collect();
    if !losses.is_empty() {
        eprintln!("since data can be lost, that takes {} too", losses.join(" "));
    }
    Ok(ExitCode::from(CHANGES))
}

//! `validate`: everything that can be found wrong without AWS.

use std::process::ExitCode;

use miette::{Context, IntoDiagnostic, Result};
use stack::pipeline;

use super::{SettingsFile, package};
use crate::cli::Validate;
use crate::terminal;

/// Checks the record contract, and each environment's settings, state machine and template.
pub fn run(verb: &Validate, settings: &SettingsFile) -> Result<ExitCode> {
    package::record_contract(&verb.packaging)?;
    let environments = match &verb.environment {
        Some(environment) => vec![environment.clone()],
        None => settings.environments()?,
    };
    for environment in environments {
        let template = pipeline::template(&settings.read(&environment)?)
            .into_diagnostic()
            .wrap_err_with(|| format!("the environment `{environment}` is not sound"))?;
        let resources = template.as_json()["Resources"].as_object().map_or(0, serde_json::Map::len);
        terminal::print(&format!("{environment}: {resources} resources, sound\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

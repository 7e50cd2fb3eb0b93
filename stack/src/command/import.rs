//! `import`: takes resources that exist into the stack.

use std::process::ExitCode;

use deployment::{ASSETS_STACK, AssetsStack, Connection, Import, ImportRequest, Template};
use miette::{IntoDiagnostic, Result, miette};
use serde_json::json;
use stack::pipeline;

use super::follow::{View, follow};
use super::{SettingsFile, deploy};
use crate::cli;
use crate::terminal::{self, Table};

/// Imports resources into one environment's stack, after showing which and asking.
pub async fn run(verb: &cli::Import, settings: &SettingsFile) -> Result<ExitCode> {
    let settings = settings.read(&verb.environment.environment)?;
    let name = settings.stack_name();
    let definition = pipeline::template(&settings).into_diagnostic()?.as_json().to_string();
    // What is wrong with the request itself is said before anybody is asked for credentials.
    ImportRequest::new(&name, definition.clone(), &verb.resources).into_diagnostic()?;
    let connection = deploy::connect(&verb.target).await?;
    let template = template(&connection, definition).await?;
    let request = ImportRequest::new(&name, template, &verb.resources).into_diagnostic()?;
    let import = connection.plan_import(&request).await.into_diagnostic()?;
    eprint!("{}", describe(&import));
    let into = if import.creates_stack { "a new stack" } else { "the stack" };
    match terminal::consent(&format!("This takes them into {into} {name}."), verb.yes) {
        Ok(true) => {}
        refused => {
            connection.abandon_import(import).await.into_diagnostic()?;
            refused?;
            return Err(miette!("nothing was imported"));
        }
    }
    let resources = import.resources.clone();
    let view = View::new(verb.json).stack(&connection, &name);
    let outcome = follow(connection.import(import), &view).await?;
    view.outcome(&json!({ "stack": name, "outcome": outcome, "imported": resources }))?;
    eprintln!("stack {name}: imported; `stack drift` says where the resources are not as the definition has them");
    Ok(ExitCode::SUCCESS)
}

/// The template, as CloudFormation is given it: by way of the assets bucket where there is one and it is long.
async fn template(connection: &Connection, body: String) -> Result<Template> {
    match connection.assets_stack(ASSETS_STACK).await.into_diagnostic()? {
        AssetsStack::Ready(store) | AssetsStack::Outdated(store) => store.template(body).await.into_diagnostic(),
        AssetsStack::Absent => Ok(body.into()),
    }
}

fn describe(import: &Import) -> String {
    let mut table = Table::new();
    for resource in &import.resources {
        let identifier = resource.identifier.iter().map(|(key, value)| format!("{key}: {value}"));
        let policy = if resource.lacks_deletion_policy { "is retained until the next deploy" } else { "" };
        let identifier = identifier.collect::<Vec<_>>().join("\n");
        table.add([&resource.logical_id, &resource.resource_type, &identifier, policy]);
    }
    table.to_string()
}

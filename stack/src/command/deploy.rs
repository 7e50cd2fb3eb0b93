//! `deploy`: packages the functions and makes the stack what the definition says.

use std::collections::BTreeMap;
use std::process::ExitCode;

use deployment::{ASSETS_STACK, Capability, ConnectOptions, Connection, Outcome, StackRequest};
use miette::{IntoDiagnostic, Result};
use serde::Serialize;
use stack::pipeline::{self, Settings, parameter};

use super::SettingsFile;
use super::follow::{View, follow};
use super::package::{self, Packages};
use crate::cli::{Deploy, Target};
use crate::terminal;

/// Deploys one environment and prints the stack's outputs.
pub async fn run(verb: &Deploy, settings: &SettingsFile) -> Result<ExitCode> {
    let settings = settings.read(&verb.environment.environment)?;
    // Region and credentials first: packaging takes minutes, and without them it is for nothing.
    let connection = connect(&verb.target).await?;
    let packages = package::build(&verb.packaging, &settings)?;
    let deployed = deploy(&connection, &settings, &packages, verb.json).await?;
    if !verb.json {
        terminal::print(&super::outputs::table(&deployed.outputs).to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Connects to the account that the command line names.
pub async fn connect(target: &Target) -> Result<Connection> {
    let options = ConnectOptions {
        endpoint_url: target.endpoint_url.clone(),
        region: target.region.clone(),
        profile: target.profile.clone(),
    };
    Connection::connect(&options).await.into_diagnostic()
}

/// What a deployment came to.
#[derive(Serialize)]
pub struct Deployed {
    stack: String,
    outcome: &'static str,
    /// The stack's outputs, by name.
    pub outputs: BTreeMap<String, String>,
}

/// Uploads the packages, creates or updates the stack, and gives its outputs. Tells on standard error what happens, or
/// with `json` on standard output.
pub async fn deploy(connection: &Connection, settings: &Settings, packages: &Packages, json: bool) -> Result<Deployed> {
    let template = pipeline::template(settings).into_diagnostic()?;
    let assets = follow(connection.bootstrap(ASSETS_STACK), &View::new(json)).await?;
    let mut parameters = BTreeMap::from([(parameter::ASSETS_BUCKET.to_owned(), assets.bucket().to_owned())]);
    let uploads = super::assets::upload(&assets, &[&packages.orchestrator, &packages.processor]).await?;
    let keys = [parameter::ORCHESTRATOR_KEY, parameter::PROCESSOR_KEY].map(str::to_owned);
    parameters.extend(keys.into_iter().zip(uploads.into_iter().map(|upload| upload.key)));

    let name = settings.stack_name();
    let view = View::new(json).template(template.as_json()).stack(connection, &name);
    let request = StackRequest {
        parameters,
        capabilities: vec![Capability::Iam],
        ..StackRequest::new(&name, assets.template(template.as_json().to_string()).await.into_diagnostic()?)
    };
    let outcome = match follow(connection.apply(request), &view).await? {
        Outcome::Created => "created",
        Outcome::Updated => "updated",
        Outcome::Unchanged => "unchanged",
    };
    eprintln!("stack {name}: {outcome}");
    let outputs = connection.outputs(&name).await.into_diagnostic()?;
    let deployed = Deployed { stack: name, outcome, outputs };
    view.outcome(&deployed)?;
    Ok(deployed)
}

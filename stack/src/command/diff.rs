//! `diff`: what a deployment would change.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use cloudformation::diff::{Diff, Side, moves};
use cloudformation::read_template;
use deployment::{ASSETS_STACK, Asset, AssetsStack, Connection, NextStep};
use miette::{Context, IntoDiagnostic, Result};
use serde::Serialize;
use serde_json::Value as Json;
use stack::cost::CostChange;
use stack::pipeline::{self, Settings, parameter};

use super::package::{self, Packages};
use super::{SettingsFile, cost, deploy, read_text};
use crate::cli;
use crate::terminal::{self, cost::render_change, diff::render};

/// What the program ends with where something would change.
const CHANGES: u8 = 2;

/// A template and the values of its parameters.
#[derive(Default)]
pub struct Document {
    template: Json,
    parameters: BTreeMap<String, String>,
}

/// Compares the deployed stack with the definition, or two files, and prints what differs.
pub async fn run(verb: &cli::Diff, settings: &SettingsFile) -> Result<ExitCode> {
    let settings = settings.read(&verb.environment.environment)?;
    let (before, after, region) = match verb.offline.as_deref() {
        Some([before, after]) => (file(before)?, file(after)?, verb.target.region.clone()),
        _ => with_deployed(verb, &settings).await?,
    };
    let moves = if verb.renames.no_refactor { Vec::new() } else { moves(&before.template, &after.template) };
    let diff = Diff::after_moves(&before.side(), &after.side(), &moves);
    let cost = cost::change(&before.side(), &after.side(), &settings, region.as_deref())?;
    if verb.json {
        terminal::print_json(&Priced { diff: &diff, cost: &cost })?;
    } else {
        terminal::print(&text(&diff, &cost, console::colors_enabled()))?;
    }
    Ok(if diff.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(CHANGES) })
}

/// What would change, and what that does to the cost.
#[derive(Serialize)]
struct Priced<'a> {
    #[serde(flatten)]
    diff: &'a Diff,
    cost: &'a CostChange,
}

/// What would change, for people; with the cost, where anything does.
pub fn text(diff: &Diff, cost: &CostChange, colour: bool) -> String {
    let text = render(diff, colour);
    if diff.is_empty() { text } else { format!("{text}\n{}", render_change(cost)) }
}

impl Document {
    /// As a side of a comparison.
    pub fn side(&self) -> Side<'_> {
        Side::new(&self.template, &self.parameters)
    }
}

/// A template file. Its parameters take their defaults.
fn file(path: &Path) -> Result<Document> {
    let template = read_template(&read_text(path)?).into_diagnostic();
    Ok(Document { template: template.wrap_err_with(|| path.display().to_string())?, ..Document::default() })
}

/// The deployed stack, what a deployment would make of it, and the region.
async fn with_deployed(verb: &cli::Diff, settings: &Settings) -> Result<(Document, Document, Option<String>)> {
    let template = pipeline::template(settings).into_diagnostic()?;
    let connection = deploy::connect(&verb.target).await?;
    let before = deployed(&connection, &settings.stack_name()).await?;
    let parameters = if verb.no_code {
        eprintln!("the functions' code is left out: --no-code");
        before.parameters.clone()
    } else {
        let packages = package::build(&verb.packaging, settings)?;
        with_packages(&connection, &packages, &before).await?
    };
    let after = Document { template: template.as_json().clone(), parameters };
    Ok((before, after, Some(connection.region().to_owned())))
}

/// What is deployed: nothing where there is no stack, or one that never came to be.
pub async fn deployed(connection: &Connection, name: &str) -> Result<Document> {
    let stack = connection.stack(name).await.into_diagnostic()?;
    let Some(stack) = stack.filter(|stack| !matches!(stack.next_step(), NextStep::Create | NextStep::Recreate)) else {
        eprintln!("there is no stack {name}: everything is new");
        return Ok(Document::default());
    };
    let text = connection.template(name).await.into_diagnostic()?;
    let template = read_template(&text).into_diagnostic().wrap_err_with(|| format!("the stack {name}"))?;
    Ok(Document { template, parameters: stack.parameters })
}

/// The parameters that a deployment would pass. Nothing is uploaded: a package's key follows from its content.
async fn with_packages(
    connection: &Connection,
    packages: &Packages,
    before: &Document,
) -> Result<BTreeMap<String, String>> {
    let key = |package: &packaging::Package| Asset { path: package.path.clone(), sha256: package.sha256.clone() }.key();
    let bucket = match connection.assets_stack(ASSETS_STACK).await.into_diagnostic()? {
        AssetsStack::Ready(store) | AssetsStack::Outdated(store) => Some(store.bucket().to_owned()),
        AssetsStack::Absent => before.parameters.get(parameter::ASSETS_BUCKET).cloned(),
    };
    let parameters = [
        (parameter::ASSETS_BUCKET, bucket),
        (parameter::ORCHESTRATOR_KEY, Some(key(&packages.orchestrator))),
        (parameter::PROCESSOR_KEY, Some(key(&packages.processor))),
    ];
    Ok(parameters.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

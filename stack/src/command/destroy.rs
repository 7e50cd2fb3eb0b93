//! `destroy`: deletes the stack, and nothing that its template retains.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use deployment::{
    BucketContent, Connection, DeleteRequest, Deletion, DeploymentError, Fate, NextStep, Removal, Resource,
};
use indicatif::ProgressBar;
use miette::{IntoDiagnostic, Result, miette};
use serde_json::json;

use super::follow::{View, follow};
use super::{SettingsFile, deploy};
use crate::cli::Destroy;
use crate::terminal::{self, Table};

/// The status of a stack whose deletion failed, and of the resources because of which it did.
const DELETE_FAILED: &str = "DELETE_FAILED";

/// Deletes one environment's stack, after its name was typed back.
pub async fn run(verb: &Destroy, settings: &SettingsFile) -> Result<ExitCode> {
    let name = settings.read(&verb.environment.environment)?.stack_name();
    let connection = deploy::connect(&verb.target).await?;
    let view = View::new(verb.json).stack(&connection, &name);
    let Some(removal) = connection.removal(&name, &verb.retain).await.into_diagnostic()? else {
        eprintln!("stack {name}: there is none");
        view.outcome(&json!({ "stack": name, "outcome": "absent" }))?;
        return Ok(ExitCode::SUCCESS);
    };
    eprint!("{}", describe(&removal));
    if removal.stack.status.as_str() == DELETE_FAILED && verb.retain.is_empty() {
        eprintln!("the deletion failed last time; --retain LOGICAL_ID leaves what is in the way");
    }
    // A deletion that somebody has begun is only watched.
    if removal.stack.next_step() != NextStep::Wait {
        prepare(verb, &connection, &removal).await?;
    }
    let request = DeleteRequest { retain: verb.retain.clone(), ..DeleteRequest::new(&removal.stack.id) };
    let deletion = follow(connection.delete(request), &view).await?;
    let swept = connection.delete_log_groups(&removal.log_groups_to_sweep()).await.into_diagnostic()?;
    tell(&name, &deletion, &swept, &view)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks, and clears what would be in the way.
async fn prepare(verb: &Destroy, connection: &Connection, removal: &Removal) -> Result<()> {
    let name = &removal.stack.name;
    if removal.stack.termination_protection && !verb.lift_protection {
        return Err(DeploymentError::Protected { stack: name.clone() }).into_diagnostic();
    }
    let full = if verb.purge { Vec::new() } else { full_buckets(connection, removal).await? };
    if !full.is_empty() {
        return Err(miette!(
            help = "give --purge to empty them: every version of every object goes",
            "CloudFormation deletes no bucket that holds anything; {}",
            full.join("; ")
        ));
    }
    if !verb.yes {
        confirm(name)?;
    }
    if removal.stack.termination_protection {
        connection.set_termination_protection(name, false).await.into_diagnostic()?;
    }
    if verb.purge { purge(connection, removal).await } else { Ok(()) }
}

/// What goes and what stays, and what was in the way last time.
fn describe(removal: &Removal) -> Table {
    let mut table = Table::new();
    for (resource, fate) in &removal.resources {
        let Resource { logical_id, resource_type, physical_id, .. } = resource;
        table.add([fate_name(*fate), logical_id, resource_type, physical_id, &obstacle(resource)]);
    }
    for log_group in &removal.log_groups {
        table.add([fate_name(Fate::DataLost), "-", "AWS::Logs::LogGroup", log_group]);
    }
    table
}

/// Why the resource could not be deleted, if it could not.
fn obstacle(resource: &Resource) -> String {
    if resource.status.as_str() != DELETE_FAILED {
        return String::new();
    }
    format!("in the way: {}", resource.reason.as_deref().unwrap_or("CloudFormation gives no reason"))
}

fn fate_name(fate: Fate) -> &'static str {
    match fate {
        Fate::Deleted => "deleted",
        Fate::DataLost => "deleted, data is lost",
        Fate::Snapshot => "deleted, after a snapshot",
        Fate::Retained => "retained",
    }
}

/// The buckets in the way, each with what it holds.
async fn full_buckets(connection: &Connection, removal: &Removal) -> Result<Vec<String>> {
    let mut full = Vec::new();
    for bucket in removal.buckets() {
        let content = connection.bucket_content(bucket).await.into_diagnostic()?;
        if !content.is_empty() {
            full.push(match content {
                BucketContent { versions: 1, more: false } => format!("{bucket} holds a version of an object"),
                BucketContent { versions, more: false } => format!("{bucket} holds {versions} versions of objects"),
                BucketContent { versions, more: true } => {
                    format!("{bucket} holds more than {versions} versions of objects")
                }
            });
        }
    }
    Ok(full)
}

async fn purge(connection: &Connection, removal: &Removal) -> Result<()> {
    for bucket in removal.buckets() {
        let spinner = ProgressBar::new_spinner().with_message(format!("emptying {bucket}"));
        let count = connection.purge_bucket(bucket, |so_far| {
            spinner.set_message(format!("emptying {bucket}: {so_far} versions deleted"));
            spinner.tick();
        });
        let count = count.await;
        spinner.finish_and_clear();
        eprintln!("emptied {bucket}: {} versions deleted", count.into_diagnostic()?);
    }
    Ok(())
}

fn confirm(name: &str) -> Result<()> {
    if !terminal::can_ask() {
        return Err(miette!("there is no terminal to ask on; give --yes to delete the stack {name}"));
    }
    eprint!("This deletes the stack {name}. Type its name to go on: ");
    io::stderr().flush().into_diagnostic()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).into_diagnostic()?;
    if answer.trim() == name { Ok(()) } else { Err(miette!("that is not the stack's name; nothing was deleted")) }
}

fn tell(name: &str, deletion: &Deletion, swept: &BTreeSet<String>, view: &View) -> Result<()> {
    let retained = match deletion {
        Deletion::Deleted { retained } => retained.as_slice(),
        Deletion::Absent => &[],
    };
    eprintln!("stack {name}: deleted");
    for log_group in swept {
        eprintln!("deleted too: the log group {log_group}, which belonged to no stack");
    }
    for resource in retained {
        let physical_id = resource.physical_id.as_deref().unwrap_or_default();
        eprintln!("retained: {} {} {physical_id}", resource.resource_type, resource.logical_id);
    }
    view.outcome(&json!({ "stack": name, "outcome": "deleted", "retained": retained, "log_groups": swept }))
}

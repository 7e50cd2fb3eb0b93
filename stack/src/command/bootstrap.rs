//! `bootstrap`: makes sure of the bucket for the functions' packages.

use std::process::ExitCode;

use deployment::{ASSETS_STACK, AssetStore, AssetsStack, Connection};
use miette::{IntoDiagnostic, Result};
use serde_json::json;

use super::deploy;
use super::follow::{View, follow};
use crate::cli::Bootstrap;
use crate::terminal;

/// Makes or updates the assets stack, after consent, and prints the bucket's name.
pub async fn run(verb: &Bootstrap) -> Result<ExitCode> {
    let connection = deploy::connect(&verb.target).await?;
    let (consequence, outcome) = match connection.assets_stack(ASSETS_STACK).await.into_diagnostic()? {
        AssetsStack::Ready(store) => return print(verb.json, &connection, "unchanged", &store),
        AssetsStack::Absent => (creation(&connection), "created"),
        AssetsStack::Outdated(_) => (update(&connection), "updated"),
    };
    if !terminal::consent(&consequence, verb.yes)? {
        eprintln!("nothing was changed");
        return Ok(ExitCode::FAILURE);
    }
    // The result is one object: the events are talk, also for programs.
    let store = follow(connection.bootstrap(ASSETS_STACK), &View::new(false).stack(&connection, ASSETS_STACK)).await?;
    print(verb.json, &connection, outcome, &store)
}

fn creation(connection: &Connection) -> String {
    format!(
        "This makes the stack {ASSETS_STACK} in {}: a bucket for packages, private, encrypted, versioned, over TLS only.",
        connection.region()
    )
}

fn update(connection: &Connection) -> String {
    format!("This updates the stack {ASSETS_STACK} in {} to this program's version of it.", connection.region())
}

fn print(as_json: bool, connection: &Connection, outcome: &str, store: &AssetStore) -> Result<ExitCode> {
    let (bucket, region) = (store.bucket(), connection.region());
    if as_json {
        let result = json!({ "stack": ASSETS_STACK, "region": region, "outcome": outcome, "bucket": bucket });
        terminal::print_json(&result)?;
    } else {
        eprintln!("stack {ASSETS_STACK}: {outcome}");
        terminal::print(&format!("{bucket}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

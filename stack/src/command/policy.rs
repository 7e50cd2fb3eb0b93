//! `policy`: who may do what, and what whoever deploys must be allowed to do.

use std::process::ExitCode;

use cloudformation::access::{self, Access};
use cloudformation::deploy_role::{self, Extra, POLICY_CHARACTERS, Target};
use miette::{IntoDiagnostic, Result};
use stack::pipeline;

use super::SettingsFile;
use crate::cli::{self, DeployRole, Policy, PolicyVerb};
use crate::terminal::{self, Table};

/// Prints the access that the template gives, or the deploy role's policy.
pub fn run(verb: &Policy, settings: &SettingsFile) -> Result<ExitCode> {
    match &verb.verb {
        Some(PolicyVerb::DeployRole(verb)) => print_deploy_role(verb, settings)?,
        None => {
            let template = pipeline::template(&settings.read(&verb.environment.environment)?).into_diagnostic()?;
            let accesses = access::accesses(template.as_json());
            if verb.json { terminal::print_json(&accesses)? } else { terminal::print(&tables(&accesses))? }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A table for each of those who may do something: what, on what, and when.
fn tables(accesses: &[Access]) -> String {
    let mut who: Vec<&[String]> = Vec::new();
    for access in accesses {
        if !who.contains(&access.who.as_slice()) {
            who.push(&access.who);
        }
    }
    let tables = who.into_iter().map(|who| {
        let mut table = Table::new();
        accesses.iter().filter(|access| access.who == who).for_each(|access| add(&mut table, access));
        let names: Vec<&str> = who.iter().map(|name| readable(name)).collect();
        let lines: String = table.to_string().lines().map(|line| format!("  {line}\n")).collect();
        format!("{}\n{lines}", if names == ["*"] { "everyone".to_owned() } else { names.join(", ") })
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// A line for each action; what it is about stands once.
fn add(table: &mut Table, access: &Access) {
    let resources: Vec<&str> = access.resources.iter().map(|name| readable(name)).collect();
    let (mut resources, mut conditions) = (resources.into_iter(), access.conditions.iter());
    let lines = access.actions.len().max(access.resources.len()).max(access.conditions.len());
    for index in 0..lines {
        let action = access.actions.get(index).map_or("", String::as_str);
        let own = if index == 0 { access.logical_id.as_str() } else { "" };
        let effect = if action.is_empty() { "" } else { access.effect.as_str() };
        let condition = conditions.next().map_or("", String::as_str);
        table.add([effect, action, resources.next().unwrap_or_default(), own, condition]);
    }
}

/// A lone reference without its braces: `Table.Arn`.
fn readable(name: &str) -> &str {
    let inner = name.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
    inner.filter(|inner| !inner.contains('{')).unwrap_or(name)
}

fn print_deploy_role(verb: &DeployRole, settings: &SettingsFile) -> Result<()> {
    let settings = settings.read(&verb.environment.environment)?;
    let template = pipeline::template(&settings).into_diagnostic()?;
    let name = settings.stack_name();
    let extra = |extra: &cli::Extra| match extra {
        cli::Extra::Purge => Extra::Purge,
        cli::Extra::Logs => Extra::Logs,
    };
    let extras: Vec<Extra> = verb.with.iter().map(extra).collect();
    let target = Target {
        stack: &name,
        assets_stack: deployment::ASSETS_STACK,
        region: verb.region.as_deref(),
        account: verb.account.as_deref(),
        extras: &extras,
    };
    let role = deploy_role::deploy_role(template.as_json(), &target);
    for document in &role.documents {
        let text = document.to_string();
        eprintln!("policy of {} of {POLICY_CHARACTERS} characters", text.chars().count());
        terminal::print(&format!("{text}\n"))?;
    }
    if !role.unknown.is_empty() {
        let types: Vec<&str> = role.unknown.iter().map(String::as_str).collect();
        eprintln!("add by hand what deploys these; their schemas name no permissions: {}", types.join(", "));
    }
    Ok(())
}

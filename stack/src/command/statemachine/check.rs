//! What is wrong with a definition, and what its role must be allowed.

use std::process::ExitCode;

use miette::Result;
use serde_json::{Value, json};
use statemachine::{Finding, check_definition, known_permissions};

use super::UNSUCCESSFUL;
use crate::terminal;

pub(super) fn print(definition: &Value, as_json: bool) -> Result<ExitCode> {
    let findings = check_definition(definition);
    let is_sound = !findings.iter().any(Finding::is_error);
    // Of a broken definition, what its states may do is a guess.
    let (known, unknown) = if is_sound { known_permissions(definition) } else { Default::default() };
    if as_json {
        terminal::print_json(&json!({
            "isSound": is_sound,
            "findings": findings.iter().map(json_of).collect::<Vec<_>>(),
            "permissions": known.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "unknownPermissions": unknown.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }))?;
    } else {
        let listing: String = findings.iter().map(line_of).collect();
        terminal::print(&format!("{listing}{}\n", if is_sound { "sound" } else { "not sound" }))?;
        if is_sound {
            let known = known.iter().map(ToString::to_string);
            let lines: String = known.chain(unknown.iter().map(ToString::to_string)).map(|line| line + "\n").collect();
            let lines = if lines.is_empty() { "nothing\n" } else { &lines };
            terminal::print(&format!("\nits role must be allowed\n{lines}"))?;
        }
    }
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::from(UNSUCCESSFUL) })
}

/// A finding, and below it what to do, or why it does not matter.
fn line_of(finding: &Finding) -> String {
    let severity = if finding.suppressed().is_some() { "suppressed" } else { finding.code().severity().as_str() };
    let path = if finding.path().is_empty() { "/" } else { finding.path() };
    let explained = match finding.suppressed() {
        Some(reason) => format!("reason: {reason}"),
        None => finding.message().to_owned(),
    };
    format!("{severity} {} {path}\n    {explained}\n", finding.code())
}

fn json_of(finding: &Finding) -> Value {
    json!({
        "code": finding.code().as_str(),
        "severity": finding.code().severity().as_str(),
        "path": finding.path(),
        "message": finding.message(),
        "suppressed": finding.suppressed(),
    })
}

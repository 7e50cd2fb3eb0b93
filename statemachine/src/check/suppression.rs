//! Suppressions: a line `suppress ASL304: reason` in the Comment of a state, or of the definition, for what is found
//! there. The reason stands where a reader of the definition sees it, and travels with the definition.

use serde_json::{Map, Value};

use super::finding::{Code, Finding, Severity};
use super::{nested_machines, state_path, states};

/// Marks what the definition suppresses, and reports suppressions that are unsound or stale.
pub(super) fn apply(definition: &Map<String, Value>, findings: &mut Vec<Finding>) {
    let mut faults = comment(definition, "", findings);
    machine(definition, "", findings, &mut faults);
    findings.extend(faults);
}

fn machine(machine: &Map<String, Value>, path: &str, findings: &mut [Finding], faults: &mut Vec<Finding>) {
    for (name, state) in states(machine) {
        let path = state_path(path, name);
        faults.extend(comment(state, &path, findings));
        for (nested, path) in nested_machines(state, &path) {
            self::machine(nested, &path, findings, faults);
        }
    }
}

/// Applies the suppressions in one Comment.
fn comment(object: &Map<String, Value>, path: &str, findings: &mut [Finding]) -> Vec<Finding> {
    let lines = object.get("Comment").and_then(Value::as_str).unwrap_or_default().lines();
    let suppressions = lines.filter_map(|line| line.trim().strip_prefix("suppress "));
    suppressions.filter_map(|suppression| suppress(suppression, path, findings)).collect()
}

fn suppress(suppression: &str, path: &str, findings: &mut [Finding]) -> Option<Finding> {
    let fault = |code, message: String| Some(Finding::new(code, format!("{path}/Comment"), message));
    let (name, reason) = suppression.split_once(':').map_or((suppression, ""), |(name, reason)| (name, reason.trim()));
    match Code::from_text(name) {
        None => return fault(Code::SuppressionUnsound, format!("no finding has the code {name:?}")),
        Some(code) if code.severity() == Severity::Error => {
            return fault(Code::SuppressionUnsound, format!("{code} is an error; correct it"));
        }
        Some(code) if reason.is_empty() => {
            return fault(Code::SuppressionUnsound, format!("say why {code} does not matter here"));
        }
        Some(_) => {}
    }
    let is_meant = |finding: &&mut Finding| finding.code().as_str() == name && is_here(finding.path(), path);
    let mut meant = findings.iter_mut().filter(is_meant).peekable();
    if meant.peek().is_none() {
        return fault(Code::SuppressionStale, format!("nothing here is {name}; remove the suppression"));
    }
    meant.for_each(|finding| finding.suppress(reason));
    None
}

/// Whether `finding` is about the state or definition at `path`, and not about a state nested in it.
fn is_here(finding: &str, path: &str) -> bool {
    let below = finding.strip_prefix(path);
    below.is_some_and(|below| below.is_empty() || below.starts_with('/') && !below.contains("/States/"))
}

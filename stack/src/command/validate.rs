//! `validate`: everything that can be found wrong without AWS.

use std::process::ExitCode;

use cloudformation::rules::{self, Finding, Severity};
use cloudformation::{Fault, SOURCE, TemplateError};
use miette::{IntoDiagnostic, Result};
use serde::Serialize;
use serde_json::Value;
use stack::pipeline::{self, PipelineError};

use super::{SettingsFile, package};
use crate::cli::Validate;
use crate::terminal::{self, Table};

/// The exit code where a template is not sound.
const UNSOUND: u8 = 2;

/// The code of what CloudFormation itself would refuse. It is no rule: it cannot be suppressed.
const FAULT: &str = "TEMPLATE_FAULT";

/// One line of the result: what was found, and in which environments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Found {
    code: &'static str,
    severity: &'static str,
    path: String,
    message: String,
    source: Option<String>,
    suppressed: Option<String>,
    environments: Vec<String>,
}

/// The result: its counts leave out what is suppressed.
#[derive(Debug, Serialize)]
struct Verdict {
    errors: usize,
    warnings: usize,
    suppressed: usize,
    findings: Vec<Found>,
}

/// Checks the record contract, and each environment's settings, state machine and template.
pub fn run(verb: &Validate, settings: &SettingsFile) -> Result<ExitCode> {
    package::record_contract(&verb.packaging)?;
    let environments = match &verb.environment {
        Some(environment) => vec![environment.clone()],
        None => settings.environments()?,
    };
    let mut found = Vec::new();
    for environment in &environments {
        match pipeline::template(&settings.read(environment)?) {
            Ok(template) => {
                rules::check(template.as_json()).into_iter().for_each(|one| add(&mut found, one.into(), environment));
                state_machines(template.as_json()).into_iter().for_each(|one| add(&mut found, one, environment));
            }
            Err(PipelineError::Template(TemplateError(faults))) => {
                faults.into_iter().for_each(|fault| add(&mut found, fault.into(), environment));
            }
            Err(error) => return Err(error).into_diagnostic(),
        }
    }
    let verdict = Verdict::of(found);
    if verb.json {
        terminal::print_json(&verdict)?;
    } else {
        terminal::print(&format!("{}{}\n", listing(&verdict.findings), summary(&verdict, &environments)))?;
    }
    Ok(if verdict.errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(UNSOUND) })
}

/// What is found in the definitions of the template's state machines.
fn state_machines(template: &Value) -> Vec<Found> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    let machines = resources.filter(|(_, resource)| resource["Type"] == "AWS::StepFunctions::StateMachine");
    let definitions = machines.filter_map(|(logical_id, resource)| {
        let definition = serde_json::from_str(resource["Properties"]["DefinitionString"].as_str()?).ok()?;
        let source = resource["Metadata"][SOURCE].as_str();
        Some((logical_id, source, statemachine::check_definition(&definition)))
    });
    let found = definitions.flat_map(|(logical_id, source, findings)| {
        findings.into_iter().map(move |finding| Found {
            code: finding.code().as_str(),
            severity: finding.code().severity().as_str(),
            path: format!("Resources/{logical_id}/Properties/DefinitionString{}", finding.path()),
            message: finding.message().to_owned(),
            source: source.map(str::to_owned),
            suppressed: finding.suppressed().map(str::to_owned),
            environments: Vec::new(),
        })
    });
    found.collect()
}

/// Adds what was found in an environment to what was found in others.
fn add(found: &mut Vec<Found>, one: Found, environment: &str) {
    let known = found.iter().position(|other| Found { environments: Vec::new(), ..other.clone() } == one);
    let index = known.unwrap_or_else(|| {
        found.push(one);
        found.len() - 1
    });
    found[index].environments.push(environment.to_owned());
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Self {
        Self {
            code: finding.code(),
            severity: finding.rule.severity().as_str(),
            path: finding.path,
            message: finding.message,
            source: finding.source,
            suppressed: finding.suppressed,
            environments: Vec::new(),
        }
    }
}

impl From<Fault> for Found {
    fn from(fault: Fault) -> Self {
        Self {
            code: FAULT,
            severity: Severity::Error.as_str(),
            path: fault.path,
            message: fault.message,
            source: fault.source,
            suppressed: None,
            environments: Vec::new(),
        }
    }
}

impl Verdict {
    fn of(findings: Vec<Found>) -> Self {
        let count = |severity: Severity| {
            findings.iter().filter(|one| one.suppressed.is_none() && one.severity == severity.as_str()).count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        Self { errors, warnings, suppressed: findings.len() - errors - warnings, findings }
    }
}

/// A line for each finding, and below it what to do, or why it does not matter.
fn listing(findings: &[Found]) -> String {
    let mut table = Table::new();
    for one in findings {
        let severity = if one.suppressed.is_some() { "suppressed" } else { one.severity };
        let path = one.path.trim_start_matches("Resources/").replace("/Properties/", "/");
        table.add([severity, one.code, &path, one.source.as_deref().unwrap_or_default(), &one.environments.join(", ")]);
    }
    let lines = table.to_string();
    let explained = lines.lines().zip(findings).map(|(line, one)| match &one.suppressed {
        Some(reason) => format!("{line}\n    reason: {reason}\n"),
        None => format!("{line}\n    {}\n", one.message),
    });
    explained.collect()
}

fn summary(verdict: &Verdict, environments: &[String]) -> String {
    let Verdict { errors, warnings, suppressed, .. } = verdict;
    let sound = if *errors == 0 { "sound" } else { "not sound" };
    format!("{}: {sound}; errors: {errors}, warnings: {warnings}, suppressed: {suppressed}", environments.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_risk_of_a_state_machine_is_a_warning_at_its_place_in_the_template() {
        let definition = json!({
            "StartAt": "Call",
            "States": {"Call": {"Type": "Task", "Resource": "${FunctionArn}", "TimeoutSeconds": 9, "End": true}}
        });
        let machine = json!({
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"DefinitionString": definition.to_string()},
            "Metadata": {SOURCE: "stack/src/machine.rs:7"}
        });
        let found = state_machines(&json!({"Resources": {"Machine": machine}}));
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((one.code, one.severity), ("ASL304", "warning"));
        assert_eq!(one.path, "Resources/Machine/Properties/DefinitionString/States/Call");
        assert_eq!(one.source.as_deref(), Some("stack/src/machine.rs:7"));
    }
}

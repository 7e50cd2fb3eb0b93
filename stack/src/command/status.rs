//! `status`: what state the stack is in, and what to do next.

use std::process::ExitCode;

use deployment::{Connection, EventRange, NextStep, Resource, Stack, StackEvent};
use jiff::Timestamp;
use miette::{IntoDiagnostic, Result};
use serde::Serialize;

use super::{SettingsFile, deploy, follow};
use crate::cli;
use crate::terminal::{self, Table};

/// What the program ends with where something needs doing.
const NEEDS_DOING: u8 = 2;

/// Prints the state of one environment's stack.
pub async fn run(verb: &cli::Status, settings: &SettingsFile) -> Result<ExitCode> {
    let name = settings.read(&verb.environment.environment)?.stack_name();
    let connection = deploy::connect(&verb.target).await?;
    let mut stack = connection.stack(&name).await.into_diagnostic()?;
    if verb.watch && stack.as_ref().is_some_and(|stack| stack.next_step() == NextStep::Wait) {
        follow::look_on(&connection, &name).await?;
        stack = connection.stack(&name).await.into_diagnostic()?;
    }
    let report = Report::of(&connection, name, stack).await?;
    if verb.json {
        terminal::print_json(&report)?
    } else {
        terminal::print(&report.table().to_string())?
    }
    Ok(if report.is_well { ExitCode::SUCCESS } else { ExitCode::from(NEEDS_DOING) })
}

/// What there is to say of a stack.
#[derive(Serialize)]
struct Report {
    stack: String,
    /// Whether the stack is as its template wants it, as far as is known.
    is_well: bool,
    /// CloudFormation's status; none where there is no stack.
    status: Option<String>,
    meaning: String,
    reason: Option<String>,
    next: NextStep,
    advice: &'static str,
    created: Option<Timestamp>,
    updated: Option<Timestamp>,
    termination_protection: bool,
    /// What the last drift detection found.
    drift: Option<String>,
    outputs: usize,
    resources: usize,
    /// The resources that are in progress or have failed.
    incomplete: Vec<Resource>,
    last_operation: Option<LastOperation>,
}

/// The operation that is under way, or the last one.
#[derive(Serialize)]
struct LastOperation {
    began: Timestamp,
    /// When its last event came.
    last_event: Timestamp,
    failures: Vec<StackEvent>,
}

impl Report {
    async fn of(connection: &Connection, name: String, stack: Option<Stack>) -> Result<Self> {
        let Some(stack) = stack else { return Ok(Self::absent(name)) };
        let resources = connection.resources(&stack.id).await.into_diagnostic()?;
        let events = connection.events(&stack.id, EventRange::LastOperation).await.into_diagnostic()?;
        let count = resources.len();
        let drifted = stack.drift.as_deref() == Some("DRIFTED");
        Ok(Self {
            is_well: stack.status.is_success() && !drifted,
            meaning: stack.status.meaning().to_owned(),
            next: stack.next_step(),
            advice: if drifted && stack.next_step() == NextStep::Update {
                "see what was changed behind its back with `stack drift`"
            } else {
                stack.next_step().advice()
            },
            incomplete: resources
                .into_iter()
                .filter(|resource| !resource.status.as_str().ends_with("_COMPLETE"))
                .collect(),
            last_operation: LastOperation::of(events),
            status: Some(stack.status.to_string()),
            stack: stack.name,
            reason: stack.reason,
            created: stack.created,
            updated: stack.updated,
            termination_protection: stack.termination_protection,
            drift: stack.drift,
            outputs: stack.outputs.len(),
            resources: count,
        })
    }

    fn absent(name: String) -> Self {
        Self {
            stack: name,
            is_well: false,
            status: None,
            meaning: "there is no such stack".to_owned(),
            reason: None,
            next: NextStep::Create,
            advice: NextStep::Create.advice(),
            created: None,
            updated: None,
            termination_protection: false,
            drift: None,
            outputs: 0,
            resources: 0,
            incomplete: Vec::new(),
            last_operation: None,
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.add(["stack", &self.stack]);
        match &self.status {
            None => table.add(["status", &self.meaning]),
            Some(status) => table.add(["status", &format!("{status}: {}", self.meaning)]),
        }
        let time = |time: &Option<Timestamp>| time.map(|time| format!("{time:.0}"));
        let optional = [
            ("reason", self.reason.clone()),
            ("created", time(&self.created)),
            ("updated", time(&self.updated)),
            ("drift", self.drift.clone()),
            ("protected", self.termination_protection.then(|| "from deletion".to_owned())),
            ("resources", self.status.as_ref().map(|_| self.resources.to_string())),
            ("outputs", self.status.as_ref().map(|_| self.outputs.to_string())),
            ("last operation", self.last_operation.as_ref().map(LastOperation::span)),
        ];
        for (label, value) in optional {
            value.into_iter().for_each(|value| table.add([label, &value]));
        }
        for Resource { logical_id, resource_type, status, reason, .. } in &self.incomplete {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            table.add(["incomplete", &format!("{logical_id} ({resource_type}) {status}{reason}")]);
        }
        for failure in self.last_operation.iter().flat_map(|operation| &operation.failures) {
            let reason = failure.reason.as_deref().unwrap_or("no reason given");
            table.add(["failed", &format!("{} ({}): {reason}", failure.logical_id, failure.resource_type)]);
        }
        table.add(["next", self.advice]);
        table
    }
}

impl LastOperation {
    fn of(events: Vec<StackEvent>) -> Option<Self> {
        let (began, last_event) = (events.first()?.timestamp, events.last()?.timestamp);
        let caused = |event: &StackEvent| event.status.is_failed() && !event.is_cancelled();
        Some(Self { began, last_event, failures: events.into_iter().filter(caused).collect() })
    }

    fn span(&self) -> String {
        format!("{:.0} to {:.0}", self.began, self.last_event)
    }
}

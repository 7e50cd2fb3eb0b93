//! How an operation is shown while it runs: its events, and what it came to.

use std::collections::BTreeMap;

use deployment::{Operation, StackEvent};
use miette::{IntoDiagnostic, Result};
use serde::Serialize;
use serde_json::Value as Json;

use crate::terminal;

/// How the operations of one stack are shown.
pub struct View {
    json: bool,
    /// The Rust source line of each resource, by logical id.
    sources: BTreeMap<String, String>,
}

impl View {
    /// A view for people, on standard error; or with `json` for programs, as lines of JSON on standard output.
    pub fn new(json: bool) -> Self {
        Self { json, sources: BTreeMap::new() }
    }

    /// Names the Rust source line of a resource that fails, as `template` has it.
    pub fn template(mut self, template: &Json) -> Self {
        let resources = template["Resources"].as_object().into_iter().flatten();
        let source = |resource: &Json| Some(resource["Metadata"][cloudformation::SOURCE].as_str()?.to_owned());
        self.sources = resources.filter_map(|(id, resource)| Some((id.clone(), source(resource)?))).collect();
        self
    }

    /// Ends the stream of JSON with what the operation came to. People are told by the verb itself.
    pub fn outcome(&self, outcome: &impl Serialize) -> Result<()> {
        if self.json { terminal::print_json(&Line::Outcome(outcome)) } else { Ok(()) }
    }

    fn event(&self, event: &StackEvent) -> Result<()> {
        if self.json {
            return terminal::print_json(&Line::<()>::Event(event));
        }
        eprintln!("{}", plain(event));
        Ok(())
    }
}

/// A line of the stream for programs.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a, T> {
    Event(&'a StackEvent),
    Outcome(&'a T),
}

/// Shows an operation's events until it ends, and gives its outcome.
pub async fn follow<T>(mut operation: Operation<T>, view: &View) -> Result<T> {
    while let Some(event) = operation.next_event().await {
        view.event(&event)?;
    }
    operation.outcome().await.into_diagnostic()
}

/// An event as one line.
fn plain(event: &StackEvent) -> String {
    let StackEvent { timestamp, status, resource_type, logical_id, .. } = event;
    let reason = event.reason.as_deref().map(|reason| format!("  {reason}")).unwrap_or_default();
    format!("{timestamp:.0}  {:<28}  {resource_type:<34}  {logical_id}{reason}", status.as_str())
}

//! Executions that were written down: by `aws stepfunctions get-execution-history`, or by `--json`.

use std::path::{Path, PathBuf};

use miette::{Context, IntoDiagnostic, Result, miette};
use serde_json::Value;
use statemachine::graph::Trace;

use crate::command::read_text;

/// The way in histories that were written down, a file for each execution.
pub(super) fn trace_of(paths: &[PathBuf]) -> Result<Trace> {
    paths.iter().try_fold(Trace::default(), |trace, path| {
        let histories = histories_of(path)?;
        Ok(histories.iter().fold(trace, |trace, events| trace.and_events(events)))
    })
}

/// The execution's own history, whose pages may follow each other; and those of its child executions, where the file is
/// what `--json` printed.
fn histories_of(path: &Path) -> Result<Vec<Vec<Value>>> {
    let text = read_text(path)?;
    let mut own = Vec::new();
    let mut children = Vec::new();
    for page in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        let page = page.into_diagnostic().wrap_err_with(|| format!("{} is no JSON", path.display()))?;
        let events = ["events", "history"].into_iter().find_map(|field| page.get(field)).unwrap_or(&page);
        let events = events.as_array().ok_or_else(|| miette!("{} holds no list of events", path.display()))?;
        own.extend(events.iter().cloned());
        let started = page.get("children").and_then(Value::as_array).into_iter().flatten();
        children.extend(started.filter_map(|child| child.get("events")?.as_array().cloned()));
    }
    Ok(std::iter::once(own).chain(children).collect())
}

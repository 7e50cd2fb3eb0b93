//! What an operation that failed says: the first cause and not the cascade, where it was defined, what to do, and what
//! the rollback made of it.

use std::error::Error;
use std::fmt::{self, Display, Write};

use deployment::{DeploymentError, Failure, NextStep, StackEvent, hint};
use miette::{Diagnostic, Result};
use serde::Serialize;

use super::{Form, Line, View};
use crate::terminal;

/// How many resources are named where there may be many.
const NAMED: usize = 5;

/// Ends the stream of JSON with the failure, and gives it as an error for people.
pub fn report<T>(error: DeploymentError, view: &View) -> Result<T> {
    let explained = Explained::new(error, view);
    if view.form == Form::Json {
        terminal::print_json(&Line::Failure(&explained.for_programs()))?;
    }
    Err(explained.into())
}

/// An error of an operation, with what is known beside it.
#[derive(Debug)]
struct Explained {
    error: DeploymentError,
    /// The Rust source line that defined the resource to blame.
    defined: Option<String>,
    hint: Option<String>,
}

impl Explained {
    fn new(error: DeploymentError, view: &View) -> Self {
        let cause = failure(&error).and_then(|failure| failure.cause.as_ref());
        let defined = cause.and_then(|cause| view.sources.get(&cause.logical_id)).cloned();
        let hint = match failure(&error) {
            Some(_) => cause.and_then(|cause| hint(cause.reason.as_deref()?)),
            None => hint(&error.to_string()),
        };
        Self { error, defined, hint }
    }

    fn for_programs(&self) -> ForPrograms<'_> {
        ForPrograms {
            message: self.error.to_string(),
            failure: failure(&self.error),
            defined: self.defined.as_deref(),
            next: failure(&self.error).map(|failure| failure.status.next_step()),
            hint: self.hint.as_deref(),
        }
    }
}

/// The last line of the stream of JSON, where the operation failed.
#[derive(Serialize)]
struct ForPrograms<'a> {
    message: String,
    #[serde(flatten)]
    failure: Option<&'a Failure>,
    defined: Option<&'a str>,
    next: Option<NextStep>,
    hint: Option<&'a str>,
}

fn failure(error: &DeploymentError) -> Option<&Failure> {
    match error {
        DeploymentError::Failed(failure) => Some(failure),
        _ => None,
    }
}

impl Display for Explained {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match failure(&self.error) {
            Some(failure) => formatter.write_str(describe(failure, self.defined.as_deref()).trim_end()),
            None => self.error.fmt(formatter),
        }
    }
}

impl Error for Explained {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl Diagnostic for Explained {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn Display>)
    }
}

fn describe(failure: &Failure, defined: Option<&str>) -> String {
    let status = &failure.status;
    let mut text = format!("stack `{}` ended in {status}: {}\n", failure.stack, status.meaning());
    // Writing to a string cannot fail.
    let mut line = |name: &str, value: &str| _ = writeln!(text, "{name:<12} {value}");
    match &failure.cause {
        Some(cause) => describe_cause(cause, failure, defined, &mut line),
        None => line("reason", "CloudFormation gives none; `stack events` shows what happened"),
    }
    if !failure.rolled_back.is_empty() {
        line("rolled back", &names(&failure.rolled_back.iter().collect::<Vec<_>>()));
    }
    for event in &failure.not_rolled_back {
        let reason = event.reason.as_deref().unwrap_or("no reason given");
        line("stayed", &format!("{} ({}) {}: {reason}", event.logical_id, event.resource_type, event.status));
    }
    if status.next_step() != NextStep::Update {
        line("next", status.next_step().advice());
    }
    text
}

fn describe_cause(cause: &StackEvent, failure: &Failure, defined: Option<&str>, line: &mut impl FnMut(&str, &str)) {
    line("first cause", &format!("{} ({}) {}", cause.logical_id, cause.resource_type, cause.status));
    line("reason", cause.reason.as_deref().unwrap_or("CloudFormation gives none"));
    if let Some(id) = cause.physical_id.as_deref().filter(|_| !cause.is_of_stack()) {
        line("physical id", id);
    }
    if let Some(defined) = defined {
        line("defined in", defined);
    }
    let others: Vec<_> = failure.failures.iter().filter(|event| event.id != cause.id).collect();
    let (cancelled, failed): (Vec<_>, Vec<_>) = others.into_iter().partition(|event| event.is_cancelled());
    for (name, events) in [("failed too", failed), ("cancelled", cancelled)] {
        if !events.is_empty() {
            line(name, &names(&events));
        }
    }
}

/// The logical ids, or the first of them and how many more there are.
fn names(events: &[&StackEvent]) -> String {
    let mut names: Vec<_> = events.iter().take(NAMED).map(|event| event.logical_id.clone()).collect();
    if events.len() > NAMED {
        names.push(format!("and {} more", events.len() - NAMED));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::failed_update;
    use super::*;
    use deployment::Status;

    fn view() -> View {
        View::new(false).template(&serde_json::json!({
            "Resources": {"Queue": {"Metadata": {"Source": "stack/src/pipeline/storage.rs:31"}}}
        }))
    }

    fn failure() -> Failure {
        let events = failed_update();
        Failure {
            stack: "orders".into(),
            status: Status::new("UPDATE_ROLLBACK_FAILED"),
            cause: Some(events[5].clone()),
            failures: events[5..7].to_vec(),
            rolled_back: vec![events[9].clone(); 7],
            not_rolled_back: vec![super::super::tests::event(
                "40 Bucket S3::Bucket DELETE_FAILED The bucket you tried to delete is not empty",
            )],
        }
    }

    #[test]
    fn a_failure_is_told_by_its_first_cause() {
        let explained = Explained::new(DeploymentError::Failed(Box::new(failure())), &view());
        insta::assert_snapshot!(explained, @r"
        stack `orders` ended in UPDATE_ROLLBACK_FAILED: an update failed, and so did its undoing
        first cause  Queue (AWS::SQS::Queue) CREATE_FAILED
        reason       Resource of type 'AWS::SQS::Queue' already exists.
        physical id  orders-queue-1A2B
        defined in   stack/src/pipeline/storage.rs:31
        cancelled    Topic
        rolled back  Table, Table, Table, Table, Table, and 2 more
        stayed       Bucket (AWS::S3::Bucket) DELETE_FAILED: The bucket you tried to delete is not empty
        next         continue the rollback with `stack recover`
        ");
        assert!(explained.help().unwrap().to_string().contains("stack import"));
    }

    #[test]
    fn a_failure_without_a_cause_says_where_to_look() {
        let failure = Failure { cause: None, ..failure() };
        let explained = Explained::new(DeploymentError::Failed(Box::new(failure)), &view());
        insta::assert_snapshot!(explained, @r"
        stack `orders` ended in UPDATE_ROLLBACK_FAILED: an update failed, and so did its undoing
        reason       CloudFormation gives none; `stack events` shows what happened
        rolled back  Table, Table, Table, Table, Table, and 2 more
        stayed       Bucket (AWS::S3::Bucket) DELETE_FAILED: The bucket you tried to delete is not empty
        next         continue the rollback with `stack recover`
        ");
    }

    #[test]
    fn programs_are_told_the_same() {
        let error = DeploymentError::Failed(Box::new(Failure { rolled_back: Vec::new(), ..failure() }));
        let value = serde_json::to_value(Line::Failure(&Explained::new(error, &view()).for_programs())).unwrap();
        assert_eq!(value["type"], "failure");
        assert_eq!(value["status"], "UPDATE_ROLLBACK_FAILED");
        assert_eq!(value["cause"]["logical_id"], "Queue");
        assert_eq!(value["defined"], "stack/src/pipeline/storage.rs:31");
        assert_eq!(value["next"], "continue_rollback");
        assert!(value["hint"].is_string());
    }

    #[test]
    fn a_refusal_has_its_hint_too() {
        let error = DeploymentError::Refused {
            action: "create a change set".into(),
            code: "AccessDenied".into(),
            message: "User: a is not authorized to perform: cloudformation:CreateChangeSet on resource: b".into(),
        };
        let explained = Explained::new(error, &view());
        assert!(explained.help().unwrap().to_string().contains("may not do cloudformation:CreateChangeSet"));
    }
}

//! Makes a stack what its template says, whatever it was before.

use std::collections::BTreeSet;

use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;

use crate::change_set::Creation;
use crate::delete::delete;
use crate::events::EventLog;
use crate::plan::{Prepared, prepare};
use crate::watch::watch;
use crate::{
    Change, ChangeSet, ChangeSetKind, Connection, DeleteRequest, DeployOptions, DeploymentError, Operation, Plan,
    Refactor, StackEvent, StackRequest, Step, change_set, refactor, stale,
};

/// What an apply did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The stack is new.
    Created,
    /// The stack was changed.
    Updated,
    /// The stack was already so.
    Unchanged,
}

impl Connection {
    /// Creates or updates a stack through a change set, and watches it to its end.
    ///
    /// The operation fails where CloudFormation refuses the template, a resource that holds data would be lost without
    /// consent, a resource fails (the error names the first one), another operation is under way, or the stack is in a
    /// state that takes no update.
    pub fn apply(&self, request: StackRequest) -> Operation<Outcome> {
        let connection = self.clone();
        Operation::new(|events| async move { apply(&connection, &request, &events).await })
    }

    /// Applies a plan: executes what was planned, and nothing else. `request` is what is wanted now.
    ///
    /// The operation fails where anything that the plan rests on has moved, of what is wanted or of what is there; and
    /// as [`apply`](Self::apply) does.
    pub fn apply_plan(&self, plan: Plan, request: StackRequest) -> Operation<Outcome> {
        let connection = self.clone();
        Operation::new(|events| async move {
            stale::check(&connection, &plan, &request).await?;
            plan.check_losses(&request.allow_replace)?;
            match &plan.step {
                Step::Nothing => Ok(Outcome::Unchanged),
                Step::ChangeSet(change_set) => {
                    execute(&connection, &plan.stack, change_set, plan.options, &events).await
                }
                Step::Refactor(refactor) => {
                    move_and_change(&connection, &request, refactor, &plan.changes, &events).await
                }
            }
        })
    }
}

pub(crate) async fn apply(
    connection: &Connection,
    request: &StackRequest,
    events: &UnboundedSender<StackEvent>,
) -> Result<Outcome, DeploymentError> {
    let prepared = match prepare(connection, request).await {
        Err(DeploymentError::MustBeRecreated { .. }) if request.recreate_failed => {
            delete(connection, &DeleteRequest::new(&request.name), events).await?;
            prepare(connection, request).await?
        }
        prepared => prepared?,
    };
    let Prepared { step, changes, .. } = prepared;
    match step {
        Step::Nothing => Ok(Outcome::Unchanged),
        Step::ChangeSet(change_set) => {
            if let Err(error) = guard(&request.name, &changes, &request.allow_replace) {
                change_set::discard(connection, &change_set).await?;
                return Err(error);
            }
            execute(connection, &request.name, &change_set, request.options, events).await
        }
        Step::Refactor(refactor) => {
            guard(&request.name, &changes, &request.allow_replace)?;
            move_and_change(connection, request, &refactor, &changes, events).await
        }
    }
}

/// Executes a refactor, and then a change set of what is left, unless that does more than `expected`.
async fn move_and_change(
    connection: &Connection,
    request: &StackRequest,
    refactor: &Refactor,
    expected: &[Change],
    events: &UnboundedSender<StackEvent>,
) -> Result<Outcome, DeploymentError> {
    refactor::execute(connection, &request.name, refactor).await?;
    match change_set::create(connection, request, ChangeSetKind::Update).await? {
        Creation::NoChanges => Ok(Outcome::Updated),
        Creation::Ready(change_set, changes) => {
            let checked = check_expected(&request.name, &changes, expected);
            if let Err(error) = checked.and_then(|()| guard(&request.name, &changes, &request.allow_replace)) {
                change_set::discard(connection, &change_set).await?;
                return Err(error);
            }
            execute(connection, &request.name, &change_set, request.options, events).await
        }
    }
}

/// Refuses what nobody was shown.
fn check_expected(stack: &str, changes: &[Change], expected: &[Change]) -> Result<(), DeploymentError> {
    let unexpected = changes.iter().filter(|change| !change.is_among(expected));
    let changes: Vec<_> = unexpected.map(|change| format!("{:?} {}", change.action, change.logical_id)).collect();
    if changes.is_empty() { Ok(()) } else { Err(DeploymentError::Unexpected { stack: stack.to_owned(), changes }) }
}

impl Plan {
    /// Refuses a plan that would lose data without consent to it: `allowed` are the logical ids of resources that may be
    /// replaced or deleted. [`apply_plan`](Connection::apply_plan) does it too; this says it before anybody is asked.
    ///
    /// # Errors
    ///
    /// A resource that holds data, and that is not among them, would be replaced or deleted.
    pub fn check_losses(&self, allowed: &BTreeSet<String>) -> Result<(), DeploymentError> {
        guard(&self.stack, &self.changes, allowed)
    }
}

/// Refuses what would lose data without consent to it.
fn guard(stack: &str, changes: &[Change], allowed: &BTreeSet<String>) -> Result<(), DeploymentError> {
    let losses = changes.iter().filter_map(Change::loss);
    let losses: Vec<_> = losses.filter(|loss| !allowed.contains(&loss.logical_id)).collect();
    if losses.is_empty() { Ok(()) } else { Err(DeploymentError::WouldLose { stack: stack.to_owned(), losses }) }
}

/// Executes a change set and watches it to its end.
pub(crate) async fn execute(
    connection: &Connection,
    stack: &str,
    change_set: &ChangeSet,
    options: DeployOptions,
    events: &UnboundedSender<StackEvent>,
) -> Result<Outcome, DeploymentError> {
    let log = EventLog::from_now(connection, stack, &change_set.stack_id, &change_set.name).await?;
    change_set::execute(connection, change_set, options).await?;
    watch(log, events).await?.into_result()?;
    Ok(if change_set.kind.creates_stack() { Outcome::Created } else { Outcome::Updated })
}

//! Watches an operation to its end, and sums up what happened.

use tokio::sync::mpsc::UnboundedSender;

use crate::events::EventLog;
use crate::{DeploymentError, Failure, StackEvent, Status};

/// How an operation ended.
pub(crate) struct Ending {
    pub(crate) status: Status,
    /// Resources that the operation left alone because their deletion policy says so.
    pub(crate) retained: Vec<StackEvent>,
    account: Account,
    stack: String,
}

impl Ending {
    /// The operation's success, or its failure.
    pub(crate) fn into_result(self) -> Result<Self, DeploymentError> {
        if self.status.is_success() { Ok(self) } else { Err(self.into_failure()) }
    }

    /// The operation's failure, whatever its status.
    pub(crate) fn into_failure(self) -> DeploymentError {
        let Self { status, account, stack, .. } = self;
        let Account { failures, rolled_back, not_rolled_back, stack_failure, .. } = account;
        let first = failures.iter().find(|event| !event.is_cancelled()).or(failures.first());
        // Where the operation is itself a rollback, what it cannot roll back is the cause.
        let cause = first.cloned().or_else(|| not_rolled_back.first().cloned()).or(stack_failure);
        DeploymentError::Failed(Box::new(Failure { stack, status, cause, failures, rolled_back, not_rolled_back }))
    }
}

/// What happened so far.
#[derive(Default)]
struct Account {
    rolling_back: bool,
    retained: Vec<StackEvent>,
    failures: Vec<StackEvent>,
    rolled_back: Vec<StackEvent>,
    not_rolled_back: Vec<StackEvent>,
    /// Where the stack itself first gave a reason for its failure.
    stack_failure: Option<StackEvent>,
    /// The status in which the stack came to rest.
    end: Option<Status>,
}

impl Account {
    /// Takes an event of the stack itself.
    fn note_stack(&mut self, event: &StackEvent) {
        self.rolling_back |= event.status.is_rollback();
        if self.stack_failure.is_none() && event.reason.is_some() && event.status.is_unwanted() {
            self.stack_failure = Some(event.clone());
        }
        if !event.status.is_in_progress() {
            self.end = Some(event.status.clone());
        }
    }

    /// Takes an event of a resource.
    fn note_resource(&mut self, event: &StackEvent) {
        if event.status.as_str() == "DELETE_SKIPPED" {
            self.retained.push(event.clone());
        }
        if !self.rolling_back {
            if event.status.is_failed() {
                self.failures.push(event.clone());
            }
        } else if !event.status.is_in_progress() {
            // A rollback tries a resource again that it failed on: the last word holds.
            let same = |earlier: &StackEvent| earlier.logical_id != event.logical_id;
            self.rolled_back.retain(same);
            self.not_rolled_back.retain(same);
            let list = if event.status.is_failed() { &mut self.not_rolled_back } else { &mut self.rolled_back };
            list.push(event.clone());
        }
    }
}

/// Reports the events of `log` to `events` until the stack itself has come to an end.
///
/// Throttling and a lost connection are waited out. Where that lasts too long, or the credentials expire, the error
/// says that the operation goes on by itself.
pub(crate) async fn watch(mut log: EventLog, events: &UnboundedSender<StackEvent>) -> Result<Ending, DeploymentError> {
    let mut account = Account::default();
    loop {
        let unread = log
            .unread()
            .await
            .map_err(|source| DeploymentError::LostSight { stack: log.stack().to_owned(), source: Box::new(source) })?;
        for event in unread {
            if log.is_about_stack(&event) {
                // What comes after the end up to the stack's next event is only late; that one begins another operation.
                if account.end.is_some() {
                    break;
                }
                account.note_stack(&event);
            } else {
                account.note_resource(&event);
            }
            // Nobody listens where the operation is only awaited.
            let _ = events.send(event);
        }
        if let Some(status) = account.end.take() {
            let retained = std::mem::take(&mut account.retained);
            return Ok(Ending { status, retained, account, stack: log.stack().to_owned() });
        }
        log.pause().await;
    }
}

//! An operation on a stack while it runs.

use std::pin::Pin;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{DeploymentError, StackEvent};

type Work<T> = Pin<Box<dyn Future<Output = Result<T, DeploymentError>> + Send>>;

/// An operation on a stack: a stream of events that ends in an outcome.
///
/// It advances only while [`next_event`](Self::next_event) or [`outcome`](Self::outcome) is awaited. Dropping it stops
/// the watching; what CloudFormation has begun goes on by itself.
pub struct Operation<T> {
    work: Work<T>,
    events: UnboundedReceiver<StackEvent>,
    outcome: Option<Result<T, DeploymentError>>,
}

impl<T> Operation<T> {
    pub(crate) fn new<F>(work: impl FnOnce(UnboundedSender<StackEvent>) -> F) -> Self
    where
        F: Future<Output = Result<T, DeploymentError>> + Send + 'static,
    {
        let (sender, events) = unbounded_channel();
        Self { work: Box::pin(work(sender)), events, outcome: None }
    }

    /// The next event, as soon as there is one; `None` when the operation has ended.
    pub async fn next_event(&mut self) -> Option<StackEvent> {
        if self.outcome.is_none() {
            tokio::select! {
                biased;
                Some(event) = self.events.recv() => return Some(event),
                outcome = &mut self.work => self.outcome = Some(outcome),
            }
        }
        self.events.try_recv().ok()
    }

    /// Waits for the end. Events that were not taken are dropped.
    ///
    /// # Errors
    ///
    /// The operation failed: the error names the first cause.
    pub async fn outcome(self) -> Result<T, DeploymentError> {
        match self.outcome {
            Some(outcome) => outcome,
            None => self.work.await,
        }
    }
}

/// A token for one operation, which its events carry: no two are alike. It names the operation's change set too.
pub(crate) fn operation_token(verb: &str) -> String {
    format!("{verb}-{}-{:08x}", Timestamp::now().strftime("%Y%m%dT%H%M%S"), fastrand::u32(..))
}

//! Starts executions for what an event announces.

use std::time::{Duration, Instant};

use aws_lambda_events::event::sqs::BatchItemFailure;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tracing::{error, info};

use crate::event::{CreatedObject, Delivery, EventError, Notice, deliveries};
use crate::execution;
use crate::services::{ServiceError, Services, Start};

/// How long the state machine's ARN is remembered. A redeployment that replaces the state machine is noticed within
/// this time, and at once when the old one is gone.
const ARN_LIFETIME: Duration = Duration::from_secs(300);

/// What came of an event.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Executions started.
    pub started: u64,
    /// Objects whose execution an earlier event had started.
    pub already_started: u64,
    /// Announcements of something that the pipeline does not take.
    pub ignored: u64,
    /// For an SQS event: the messages that SQS is to deliver again. The event source mapping must have
    /// `ReportBatchItemFailures`
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).
    #[serde(rename = "batchItemFailures", skip_serializing_if = "Option::is_none")]
    pub batch_item_failures: Option<Vec<BatchItemFailure>>,
}

/// The invocation fails, so that Lambda tries the event again. What was started is not started twice.
#[derive(Debug, thiserror::Error)]
pub enum OrchestratorError {
    /// The event cannot be read at all.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Some of the objects have no execution.
    #[error("{failed} of {total} announced objects have no execution; the first: {first}")]
    Incomplete {
        /// Objects without an execution, and announcements that cannot be read.
        failed: u64,
        /// Announcements in the event.
        total: u64,
        /// Why the first of them failed.
        first: StartError,
    },
}

impl From<OrchestratorError> for Diagnostic {
    fn from(error: OrchestratorError) -> Self {
        let error_type = match error {
            OrchestratorError::Event(_) => "Orchestrator.Event",
            OrchestratorError::Incomplete { .. } => "Orchestrator.Incomplete",
        };
        Self { error_type: error_type.into(), error_message: error.to_string() }
    }
}

/// One object has no execution.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its announcement cannot be read.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A service did not do its part.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The execution's input cannot be written as JSON.
    #[error("the execution's input cannot be written: {0}")]
    Input(#[from] serde_json::Error),
    /// The SSM parameter names a state machine that does not exist.
    #[error("the state machine {0} that the SSM parameter names does not exist; deploy the stack again")]
    NoStateMachine(String),
}

/// Starts one execution for each object that an event announces.
#[derive(Debug)]
pub struct Orchestrator<S> {
    services: S,
    arn_parameter: String,
    arn: Mutex<Option<(Instant, String)>>,
}

impl<S: Services> Orchestrator<S> {
    /// An orchestrator that reads the state machine's ARN from the SSM parameter `arn_parameter`.
    pub fn new(services: S, arn_parameter: String) -> Self {
        Self { services, arn_parameter, arn: Mutex::new(None) }
    }

    /// Starts what `event` announces. Every object is tried, whatever became of the ones before it.
    ///
    /// # Errors
    ///
    /// The event cannot be read, or objects are left without an execution. For an SQS event those are reported in the
    /// summary instead.
    pub async fn handle(&self, event: Value) -> Result<Summary, OrchestratorError> {
        let mut summary = Summary::default();
        let mut failed = 0;
        let mut first = None;
        for Delivery { message_id, notices } in deliveries(event)? {
            let errors = self.deliver(notices, &mut summary).await;
            if let Some(item_identifier) = message_id {
                let failures = summary.batch_item_failures.get_or_insert_default();
                if !errors.is_empty() {
                    let mut failure = BatchItemFailure::default();
                    failure.item_identifier = item_identifier;
                    failures.push(failure);
                }
                continue;
            }
            failed += errors.len() as u64;
            first = first.or(errors.into_iter().next());
        }
        let Some(first) = first else { return Ok(summary) };
        let total = failed + summary.started + summary.already_started + summary.ignored;
        Err(OrchestratorError::Incomplete { failed, total, first })
    }

    /// Does what one delivery asks for, counts it in `summary`, and returns what failed.
    async fn deliver(&self, notices: Result<Vec<Notice>, EventError>, summary: &mut Summary) -> Vec<StartError> {
        let mut errors = Vec::new();
        let notices = notices.unwrap_or_else(|error| {
            error!(%error, "an announcement cannot be read");
            errors.push(error.into());
            Vec::new()
        });
        for notice in notices {
            let object = match notice {
                Notice::Start(object) => object,
                Notice::Ignore(reason) => {
                    info!(reason, "ignored");
                    summary.ignored += 1;
                    continue;
                }
            };
            let location = &object.location;
            match self.start(&object, Instant::now()).await {
                Ok((name, already)) => {
                    *(if already { &mut summary.already_started } else { &mut summary.started }) += 1;
                    info!(execution = name, already, bucket = location.bucket, key = location.key, "started");
                }
                Err(error) => {
                    error!(%error, bucket = location.bucket, key = location.key, "not started");
                    errors.push(error);
                }
            }
        }
        errors
    }

    /// Starts the execution for `object`: its name, and whether it had been started before.
    async fn start(&self, object: &CreatedObject, now: Instant) -> Result<(String, bool), StartError> {
        let name = execution::name(object);
        let input = serde_json::to_string(&object.location)?;
        let arn = self.state_machine_arn(now).await?;
        let mut start = self.services.start_execution(&arn, &name, input.clone()).await?;
        if start == Start::NoStateMachine {
            self.forget(&arn).await;
            let fresh = self.state_machine_arn(now).await?;
            if fresh != arn {
                start = self.services.start_execution(&fresh, &name, input).await?;
            }
        }
        match start {
            Start::Started => Ok((name, false)),
            Start::AlreadyStarted => Ok((name, true)),
            Start::NoStateMachine => Err(StartError::NoStateMachine(arn)),
        }
    }

    /// The state machine's ARN, as it was at most [`ARN_LIFETIME`] before `now`.
    async fn state_machine_arn(&self, now: Instant) -> Result<String, ServiceError> {
        let mut cached = self.arn.lock().await;
        if let Some((read, arn)) = &*cached
            && now.saturating_duration_since(*read) < ARN_LIFETIME
        {
            return Ok(arn.clone());
        }
        let arn = self.services.parameter(&self.arn_parameter).await?;
        *cached = Some((now, arn.clone()));
        Ok(arn)
    }

    /// Forgets `arn`, unless another has been read meanwhile.
    async fn forget(&self, arn: &str) {
        self.arn.lock().await.take_if(|(_, cached)| cached == arn);
    }
}

#[cfg(test)]
mod tests;

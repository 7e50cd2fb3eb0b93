//! The two calls that the orchestrator makes to AWS.

use aws_config::SdkConfig;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::operation::start_execution::StartExecutionError;

/// What came of starting an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It runs.
    Started,
    /// An execution of that name ran or runs.
    AlreadyStarted,
    /// There is no such state machine.
    NoStateMachine,
}

/// A call failed after the SDK's own retries.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {reason}")]
pub struct ServiceError {
    /// What was tried, and on what.
    pub doing: String,
    /// The service's answer, or why there was none.
    pub reason: String,
}

/// What the orchestrator asks of AWS.
pub trait Services: Sync {
    /// The value of the SSM parameter `name`.
    fn parameter(&self, name: &str) -> impl Future<Output = Result<String, ServiceError>> + Send;

    /// Starts an execution of the state machine `arn`, named `name`, with `input` (JSON).
    fn start_execution(
        &self,
        arn: &str,
        name: &str,
        input: String,
    ) -> impl Future<Output = Result<Start, ServiceError>> + Send;
}

/// AWS itself, or what `AWS_ENDPOINT_URL` names.
#[derive(Clone, Debug)]
pub struct AwsServices {
    ssm: aws_sdk_ssm::Client,
    sfn: aws_sdk_sfn::Client,
}

impl AwsServices {
    /// Clients with the settings of the function's environment.
    pub fn new(config: &SdkConfig) -> Self {
        Self { ssm: aws_sdk_ssm::Client::new(config), sfn: aws_sdk_sfn::Client::new(config) }
    }
}

impl Services for AwsServices {
    async fn parameter(&self, name: &str) -> Result<String, ServiceError> {
        let failed = |reason: String| ServiceError { doing: format!("read the SSM parameter {name}"), reason };
        let answer = self.ssm.get_parameter().name(name).send().await;
        let answer = answer.map_err(|error| failed(reason(&error)))?;
        answer.parameter.and_then(|parameter| parameter.value).ok_or_else(|| failed("it has no value".into()))
    }

    async fn start_execution(&self, arn: &str, name: &str, input: String) -> Result<Start, ServiceError> {
        let answer = self.sfn.start_execution().state_machine_arn(arn).name(name).input(input).send().await;
        let Err(error) = answer else { return Ok(Start::Started) };
        match error.as_service_error() {
            Some(StartExecutionError::ExecutionAlreadyExists(_)) => Ok(Start::AlreadyStarted),
            Some(StartExecutionError::StateMachineDoesNotExist(_)) => Ok(Start::NoStateMachine),
            // A state machine that is being deleted is as good as gone: its successor's ARN is in the parameter.
            _ if error.code() == Some("StateMachineDeleting") => Ok(Start::NoStateMachine),
            _ => Err(ServiceError { doing: format!("start an execution of {arn}"), reason: reason(&error) }),
        }
    }
}

/// The service's answer, or, where there was none, what went wrong on the way, each cause after what it caused.
fn reason<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E>) -> String {
    if let Some(code) = error.code() {
        return format!("{code}: {}", error.message().unwrap_or("no message"));
    }
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

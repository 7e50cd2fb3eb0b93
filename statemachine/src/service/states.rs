//! Step Functions: <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html>.

use std::marker::PhantomData;

use super::errors;
use crate::task::{Call, Callback, Job, Service};
use crate::{Expression, Language};

/// The action `StartExecution` of a machine that gives an `Output`.
#[derive(Debug)]
pub struct StartExecution<Output>(PhantomData<Output>);

/// What Step Functions answers.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct StartedExecution {
    /// The execution's ARN.
    pub ExecutionArn: String,
    /// When it started.
    pub StartDate: String,
}

/// An execution that has succeeded.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct SucceededExecution<Output> {
    /// The execution's ARN.
    pub ExecutionArn: String,
    /// What it gave.
    pub Output: Output,
}

errors! {
    /// The errors of `StartExecution`.
    StartExecutionError {
        /// An execution of this name has run before, with another input.
        AlreadyExists = "StepFunctions.ExecutionAlreadyExistsException",
        /// The account runs as many executions as it may.
        LimitExceeded = "StepFunctions.ExecutionLimitExceeded",
    }
}

impl<Output> Service for StartExecution<Output> {
    type Response = StartedExecution;
    type Error = StartExecutionError;
    const RESOURCE: &'static str = "arn:aws:states:::states:startExecution";
}

impl<Output> Callback for StartExecution<Output> {}

/// With `:2`, the output is JSON and not text that holds JSON.
impl<Output> Job for StartExecution<Output> {
    type Ended = SucceededExecution<Output>;
    const PATTERN: &'static str = ".sync:2";
}

/// Starts an execution of another machine, by its ARN. It takes an `Input` and gives an `Output`.
pub fn start_execution<In, Input, Output, L: Language>(
    machine_arn: &str,
    input: Expression<In, Input, L>,
) -> Call<In, StartExecution<Output>, L> {
    Call::new().text("StateMachineArn", machine_arn).value("Input", input)
}

impl<In, Output, L: Language> Call<In, StartExecution<Output>, L> {
    /// The execution's name. A second execution of one name and input is the first one: safe to retry.
    pub fn name(self, name: impl Into<Expression<In, String, L>>) -> Self {
        self.text("Name", name)
    }
}

//! The names by which Retry and Catch know errors.

use std::convert::Infallible;
use std::fmt;

use contract::ProcessorError;
use serde::{Deserialize, Serialize};

/// Declares the enum and everything that needs the whole list, so that no name can be forgotten in one of them.
macro_rules! error_names {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// An error that a task may raise whatever it does: one of Step Functions itself, or of the Lambda service.
        ///
        /// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorName { $($(#[$doc])* $variant,)+ }

        impl ErrorName {
            /// Every name.
            pub const RESERVED: &[Self] = &[$(Self::$variant),+];

            /// The name as the States Language spells it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

error_names! {
    /// Any error, except `States.DataLimitExceeded` and `States.Runtime`, which nothing can handle.
    All = "States.ALL",
    /// A branch of a Parallel state failed.
    BranchFailed = "States.BranchFailed",
    /// An output is larger than 256 KiB.
    DataLimitExceeded = "States.DataLimitExceeded",
    /// More items of a Map state failed than it tolerates.
    ExceedToleratedFailureThreshold = "States.ExceedToleratedFailureThreshold",
    /// A task sent no heartbeat in time.
    HeartbeatTimeout = "States.HeartbeatTimeout",
    /// An HTTP task could not reach its endpoint in time.
    HttpSocket = "States.Http.Socket",
    /// An intrinsic function failed.
    IntrinsicFailure = "States.IntrinsicFailure",
    /// A Map state could not read its items.
    ItemReaderFailed = "States.ItemReaderFailed",
    /// No rule of a Choice state matched, and it has no Default.
    NoChoiceMatched = "States.NoChoiceMatched",
    /// A path of a payload template found nothing.
    ParameterPathFailure = "States.ParameterPathFailure",
    /// The role may not do what the task needs.
    Permissions = "States.Permissions",
    /// A JSONata expression failed or gave the wrong type.
    QueryEvaluationError = "States.QueryEvaluationError",
    /// A ResultPath does not fit the state's input.
    ResultPathMatchFailure = "States.ResultPathMatchFailure",
    /// A Map state could not write its results.
    ResultWriterFailed = "States.ResultWriterFailed",
    /// The execution cannot go on, for a reason that nothing can handle.
    Runtime = "States.Runtime",
    /// A task failed, in any way but a timeout.
    TaskFailed = "States.TaskFailed",
    /// A task took longer than its TimeoutSeconds.
    Timeout = "States.Timeout",
    /// The Lambda service failed.
    LambdaService = "Lambda.ServiceException",
    /// The Lambda service failed in a way that it gives no name.
    LambdaUnknown = "Lambda.AWSLambdaException",
    /// Step Functions could not reach the Lambda service.
    LambdaSdkClient = "Lambda.SdkClientException",
    /// The Lambda service did not answer in time.
    LambdaClientExecutionTimeout = "Lambda.ClientExecutionTimeoutException",
    /// The function, or the account, already runs as many invocations as it may.
    LambdaTooManyRequests = "Lambda.TooManyRequestsException",
}

impl ErrorName {
    /// Faults of the Lambda service, not of the function: AWS advises to retry them.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html>
    pub const LAMBDA_TRANSIENT: [Self; 4] =
        [Self::LambdaClientExecutionTimeout, Self::LambdaService, Self::LambdaUnknown, Self::LambdaSdkClient];
}

impl fmt::Display for ErrorName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The errors that a function or a service raises by itself: an enum with a variant for each. Retry and Catch of a
/// task may name these, and [`ErrorName`]s, but no others:
///
/// ```
/// # use statemachine::{Raised, Retry, Step, Task};
/// enum ChargeError { Declined, BankBusy }
///
/// impl Raised for ChargeError {
///     fn name(&self) -> &str {
///         match self { Self::Declined => "Declined", Self::BankBusy => "BankBusy" }
///     }
/// }
///
/// let charge: Step<String, u64> = Task::lambda::<String, u64>("arn")
///     .raises::<ChargeError>()
///     .retry(Retry::on([ChargeError::BankBusy]))
///     .end();
/// ```
///
/// An error of something else does not compile:
///
/// ```compile_fail,E0308
/// # use statemachine::{Raised, Retry, Step, Task};
/// # enum ChargeError { Declined }
/// # impl Raised for ChargeError { fn name(&self) -> &str { "Declined" } }
/// # enum ShipError { Lost }
/// # impl Raised for ShipError { fn name(&self) -> &str { "Lost" } }
/// let charge: Step<String, u64> = Task::lambda::<String, u64>("arn")
///     .raises::<ChargeError>()
///     .retry(Retry::on([ShipError::Lost]))
///     .end();
/// ```
pub trait Raised {
    /// The error's name. It may not begin with `States.`, which is for Step Functions.
    fn name(&self) -> &str;
}

/// Raises no error of its own.
impl Raised for Infallible {
    fn name(&self) -> &str {
        match *self {}
    }
}

impl Raised for ProcessorError {
    fn name(&self) -> &str {
        (*self).name()
    }
}

/// What Retry and Catch of a task that raises `E` may name: an `E`, or an [`ErrorName`].
pub trait Names<E> {
    /// The error's name.
    fn error_name(&self) -> &str;
}

impl<E: Raised> Names<E> for E {
    fn error_name(&self) -> &str {
        self.name()
    }
}

impl<E> Names<E> for ErrorName {
    fn error_name(&self) -> &str {
        self.as_str()
    }
}

/// The names as `ErrorEquals` lists them.
pub(crate) fn error_equals<E>(errors: impl IntoIterator<Item: Names<E>>) -> Vec<String> {
    errors.into_iter().map(|error| error.error_name().to_owned()).collect()
}

/// What flows into the state that a Catch names.
#[expect(non_snake_case, reason = "the fields are spelled as Step Functions spells them")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorOutput {
    /// The error's name.
    pub Error: String,
    /// What the failed task said of it, usually JSON of its own. An error need not have one.
    pub Cause: Option<String>,
}

//! The names by which Retry and Catch know errors.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::Expression;

/// Declares the enum and everything that needs the whole list, so that no name can be forgotten in one of them.
macro_rules! error_names {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// An error's name: one that the States Language reserves, or a function's own.
        ///
        /// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorName {
            $($(#[$doc])* $variant,)+
            /// A name that a function or a service reports. It may not begin with `States.`.
            Custom(Cow<'static, str>),
        }

        impl ErrorName {
            /// Every reserved name.
            pub const RESERVED: &[Self] = &[$(Self::$variant),+];

            /// The name as the States Language spells it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Custom(name) => name,
                }
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
}

impl ErrorName {
    /// Faults of the Lambda service, not of the function: AWS advises to retry them.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html>
    pub const LAMBDA_TRANSIENT: [Self; 4] = [
        Self::custom("Lambda.ClientExecutionTimeoutException"),
        Self::custom("Lambda.ServiceException"),
        Self::custom("Lambda.AWSLambdaException"),
        Self::custom("Lambda.SdkClientException"),
    ];

    /// The function, or the account, already runs as many invocations as it may.
    pub const LAMBDA_THROTTLED: Self = Self::custom("Lambda.TooManyRequestsException");

    /// A name that a function or a service reports.
    pub const fn custom(name: &'static str) -> Self {
        Self::Custom(Cow::Borrowed(name))
    }
}

impl fmt::Display for ErrorName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for ErrorName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What flows into the state that a Catch names: `{"Error": …, "Cause": …}`. It exists only as a type of a flow.
#[derive(Clone, Copy, Debug)]
pub enum ErrorOutput {}

impl ErrorOutput {
    /// The error's name.
    pub fn error() -> Expression<Self, String> {
        Expression::unchecked("$states.input.Error")
    }

    /// What the failed task said of it, usually JSON of its own. An error need not have one.
    pub fn cause() -> Expression<Self, Option<String>> {
        Expression::unchecked("$states.input.Cause")
    }
}

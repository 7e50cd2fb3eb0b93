//! How a state fails: an error's name, and what is said of it.

use crate::ErrorName;

/// What ends a state, until a Retry or a Catch takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: String,
    pub(super) cause: Option<String>,
    /// Whether the language raised it, not a task or a Fail state. AWS begins the cause of such a failure with the
    /// state in which it happened.
    pub(super) is_raised: bool,
}

pub(super) type Flow<T> = Result<T, Failure>;

impl Failure {
    /// A failure that a task or a Fail state reports.
    pub(super) fn reported(error: impl Into<String>, cause: Option<String>) -> Self {
        Self { error: error.into(), cause, is_raised: false }
    }

    /// A failure of the language itself.
    pub(super) fn raised(error: ErrorName, cause: impl Into<String>) -> Self {
        Self { error: error.as_str().to_owned(), cause: Some(cause.into()), is_raised: true }
    }

    /// One that nothing can handle.
    pub(super) fn runtime(cause: impl Into<String>) -> Self {
        Self::raised(ErrorName::Runtime, cause)
    }

    pub(super) fn query(cause: impl Into<String>) -> Self {
        Self::raised(ErrorName::QueryEvaluationError, cause)
    }

    pub(super) fn intrinsic(cause: impl Into<String>) -> Self {
        Self::raised(ErrorName::IntrinsicFailure, cause)
    }

    /// Names the state in the cause, once, at the innermost state.
    pub(super) fn in_state(mut self, name: &str, event: u64) -> Self {
        if std::mem::take(&mut self.is_raised) {
            let cause = self.cause.unwrap_or_default();
            let place =
                format!("An error occurred while executing the state '{name}' (entered at the event id #{event}). ");
            self.cause = Some(place + &cause);
        }
        self
    }

    /// Whether an `ErrorEquals` with `names` takes this failure. Two errors are terminal: nothing takes them but, for
    /// the size limit, their own name.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
    pub(super) fn is_named_by(&self, names: &[String]) -> bool {
        let is = |name: &ErrorName| self.error == name.as_str();
        if is(&ErrorName::Runtime) {
            return false;
        }
        names.iter().any(|name| {
            *name == self.error
                || (name == ErrorName::All.as_str() && !is(&ErrorName::DataLimitExceeded))
                || (name == ErrorName::TaskFailed.as_str()
                    && !is(&ErrorName::Timeout)
                    && !is(&ErrorName::DataLimitExceeded))
                || (name == ErrorName::Timeout.as_str() && is(&ErrorName::HeartbeatTimeout))
        })
    }

    /// `{"Error", "Cause"}`, as a Catch gives it on.
    pub(super) fn output(&self) -> serde_json::Value {
        let mut output = serde_json::Map::new();
        output.insert("Error".into(), self.error.clone().into());
        output.extend(self.cause.clone().map(|cause| ("Cause".to_owned(), cause.into())));
        output.into()
    }
}

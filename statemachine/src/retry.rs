//! How often, and after which waits, a failed task is tried again.

use std::marker::PhantomData;

use serde_json::{Value, json};

use crate::Names;
use crate::error_name::error_equals;

/// One retrier of a task that raises `E`: which errors, how many more attempts, and the waits between them.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error>
#[derive(Clone, Debug, PartialEq)]
pub struct Retry<E> {
    error_equals: Vec<String>,
    interval_seconds: u32,
    max_attempts: u32,
    backoff_rate: f64,
    max_delay_seconds: Option<u32>,
    jitter_strategy: Jitter,
    errors: PhantomData<fn(E)>,
}

/// Whether a wait is spread at random, so that executions that failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Anywhere between no wait and the whole one.
    Full,
    /// Exactly the wait.
    None,
}

impl<E> Retry<E> {
    /// Retries `errors` as the States Language does by default: after 1, 2 and 4 seconds. Waits are spread at random,
    /// which is not the language's default, but is what many executions at once need.
    pub fn on(errors: impl IntoIterator<Item: Names<E>>) -> Self {
        Self {
            error_equals: error_equals(errors),
            interval_seconds: 1,
            max_attempts: 3,
            backoff_rate: 2.0,
            max_delay_seconds: None,
            jitter_strategy: Jitter::Full,
            errors: PhantomData,
        }
    }

    /// Retries these errors as well, whatever type names them.
    pub fn or_on(mut self, errors: impl IntoIterator<Item: Names<E>>) -> Self {
        self.error_equals.extend(error_equals(errors));
        self
    }

    /// The first wait, seconds: 1 to 99,999,999.
    pub fn interval_seconds(mut self, seconds: u32) -> Self {
        self.interval_seconds = seconds;
        self
    }

    /// How many attempts may follow the first, 0 to 99,999,999.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// By how much each wait is longer than the one before, at least 1.
    pub fn backoff_rate(mut self, rate: f64) -> Self {
        self.backoff_rate = rate;
        self
    }

    /// The longest wait, seconds: more than the first wait, less than a year.
    pub fn max_delay_seconds(mut self, seconds: u32) -> Self {
        self.max_delay_seconds = Some(seconds);
        self
    }

    /// Whether the waits are spread at random.
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter_strategy = jitter;
        self
    }

    /// The longest that this retrier can keep a task that takes up to `attempt_seconds` an attempt, seconds: all its
    /// waits, and the attempts after them. The first attempt is not counted, for all retriers share it.
    pub fn longest_seconds(&self, attempt_seconds: u32) -> u64 {
        let mut total = 0_u64;
        let mut wait = f64::from(self.interval_seconds);
        for _ in 0..self.max_attempts {
            let capped = self.max_delay_seconds.map_or(wait, |limit| wait.min(f64::from(limit)));
            total = total.saturating_add(capped.ceil() as u64).saturating_add(attempt_seconds.into());
            wait = capped * self.backoff_rate;
        }
        total
    }

    pub(crate) fn retrier(&self) -> Value {
        let mut retrier = json!({
            "ErrorEquals": self.error_equals,
            "IntervalSeconds": self.interval_seconds,
            "MaxAttempts": self.max_attempts,
            "BackoffRate": self.backoff_rate,
        });
        if let Some(seconds) = self.max_delay_seconds {
            retrier["MaxDelaySeconds"] = seconds.into();
        }
        retrier["JitterStrategy"] = match self.jitter_strategy {
            Jitter::Full => "FULL".into(),
            Jitter::None => "NONE".into(),
        };
        retrier
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::ErrorName;

    #[test]
    fn the_longest_time_counts_capped_waits_and_attempts() {
        let retry =
            Retry::<Infallible>::on([ErrorName::TaskFailed]).interval_seconds(2).max_attempts(4).max_delay_seconds(10);
        assert_eq!(retry.longest_seconds(0), 2 + 4 + 8 + 10);
        assert_eq!(retry.longest_seconds(100), 424);
    }
}

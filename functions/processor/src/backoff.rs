//! How long to wait before trying again.

use std::time::Duration;

/// Exponential backoff with full jitter: many callers that fail together do not try again together
/// (<https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait before the first repetition. It doubles with each that follows.
    pub base: Duration,
    /// The longest wait before any repetition.
    pub cap: Duration,
    /// How many tries without any progress are enough to give up.
    pub tries: u32,
}

impl Default for Backoff {
    /// About 17 seconds in all: a table that splits a partition is back by then; one that is not needs the state
    /// machine's longer pauses.
    fn default() -> Self {
        Self { base: Duration::from_millis(50), cap: Duration::from_secs(5), tries: 13 }
    }
}

impl Backoff {
    /// Waits before the next try, after `failed` tries without progress. False where it is time to give up.
    pub(crate) async fn wait(self, failed: u32) -> bool {
        if failed >= self.tries {
            return false;
        }
        let longest = self.base.saturating_mul(1 << failed.saturating_sub(1).min(20)).min(self.cap);
        tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
        true
    }
}

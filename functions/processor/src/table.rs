//! Writes batches of items to DynamoDB.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use activity::Line;
use contract::ProcessorError;
use serde::Deserialize;

use crate::backoff::Backoff;
use crate::batch::{Closed, Put, Row};
use crate::batch_write::{Answer, BatchWriter};
use crate::error::{EXPIRED, Error};
use crate::pace::Pace;

/// What DynamoDB says of a batch whose items lack the table's key, or have it of another type. Every item has its key, as
/// text: so that is about the table, and no row's fault.
const OTHER_KEY: &str = "The provided key element does not match the schema";

/// The table.
pub(crate) struct Table<'a> {
    pub(crate) writer: &'a BatchWriter,
    pub(crate) name: &'a str,
    pub(crate) backoff: Backoff,
    pub(crate) pace: Mutex<Pace>,
}

/// What one request did with its items.
enum Outcome {
    /// All were written but those that the answer lists.
    Written(Answer),
    /// None was written, and this can pass.
    Busy(String),
    /// None was written: at least one item is not acceptable.
    Refused,
}

/// The answer to a request that went well. DynamoDB names what was not written even where that is nothing: without it, the
/// answer is somebody's between here and the table
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written<'a> {
    #[serde(borrow)]
    unprocessed_items: HashMap<String, Vec<Put<'a>>>,
}

/// The answer to one that did not.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Table<'_> {
    /// How many batches may be under way at this moment.
    pub(crate) fn limit(&self) -> usize {
        self.pace().limit()
    }

    /// Tells whether rows wait for the table.
    pub(crate) fn set_behind(&self, is_behind: bool) {
        self.pace().set_behind(is_behind);
    }

    /// Writes every row of `batch` and returns the lines of those that the table refuses.
    ///
    /// One bad item makes DynamoDB refuse its whole batch, so a refused batch is halved until the bad one is alone.
    pub(crate) async fn write<'b>(&self, batch: &'b Closed) -> Result<Vec<Line<'b>>, Error> {
        let mut refused = Vec::new();
        let mut pending = vec![batch.rows().collect()];
        while let Some(rows) = pending.pop() {
            let mut left = self.put(batch, rows).await?;
            if left.len() > 1 {
                pending.push(left.split_off(left.len() / 2));
                pending.push(left);
            } else {
                refused.extend(left.iter().map(|row| batch.line(row)));
            }
        }
        Ok(refused)
    }

    /// Writes `rows` of `batch`, as often as it takes. Returns those that are left where the table refuses them.
    async fn put<'b>(&self, batch: &'b Closed, mut rows: Vec<&'b Row>) -> Result<Vec<&'b Row>, Error> {
        let mut failed = 0;
        loop {
            let reason = match self.request(batch, &rows).await? {
                Outcome::Refused => return Ok(rows),
                Outcome::Busy(reason) => reason,
                Outcome::Written(answer) => {
                    let before = rows.len();
                    let read = retain_unprocessed(batch, &mut rows, &answer);
                    if rows.is_empty() {
                        self.pace().went_through();
                        return Ok(rows);
                    }
                    if rows.len() < before {
                        failed = 0;
                    }
                    match read {
                        Ok(()) => "it returned them unprocessed".into(),
                        // The error itself would quote what it stumbled over: a key, say, which is personal.
                        Err(error) => format!("its answer cannot be read from byte {} on", error.column()),
                    }
                }
            };
            self.pace().was_throttled();
            failed += 1;
            if !self.backoff.wait(failed).await {
                return Err(Error::Busy { table: self.name.into(), items: rows.len(), tries: failed, reason });
            }
        }
    }

    async fn request(&self, batch: &Closed, rows: &[&Row]) -> Result<Outcome, Error> {
        let answer = match self.writer.send(batch.request(rows)).await {
            Ok(answer) => answer,
            Err(cause) => return Ok(Outcome::Busy(crate::error::with_causes(&*cause))),
        };
        if answer.status == 200 {
            return Ok(Outcome::Written(answer));
        }
        // An answer that is no JSON, a proxy's say, tells no more than its status.
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
        let code = refusal.kind.rsplit('#').next().unwrap_or_default();
        if EXPIRED.contains(&code) {
            self.writer.forget_credentials().await;
        }
        let message = refusal.message.as_deref();
        if code == "ValidationException" && !message.is_some_and(|message| message.contains(OTHER_KEY)) {
            return Ok(Outcome::Refused);
        }
        match Error::refused(self.doing(), answer.status, code, message) {
            Error::Service { kind: ProcessorError::Transient, reason, .. } => Ok(Outcome::Busy(reason)),
            error => Err(error),
        }
    }

    fn doing(&self) -> String {
        format!("write to the table {}", self.name)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps those of `rows`, of `batch`, that `answer` lists as not written; all, where it cannot be read.
fn retain_unprocessed(batch: &Closed, rows: &mut Vec<&Row>, answer: &Answer) -> serde_json::Result<()> {
    let written: Written<'_> = serde_json::from_slice(&answer.body)?;
    let left: Vec<_> = written.unprocessed_items.into_values().flatten().collect();
    batch.retain(rows, &left);
    Ok(())
}

//! Writes batches of items to DynamoDB.

use std::collections::HashSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use contract::ProcessorError;

use crate::backoff::Backoff;
use crate::error::Error;
use crate::item::{self, Attributes};
use crate::quarantine::OwnedLine;

/// The most items that one `BatchWriteItem` takes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>).
pub(crate) const BATCH_ITEMS: usize = 25;

/// The most bytes of items, by DynamoDB's size rules, that go into one batch. The request's limit of 16 MB is on its
/// JSON, which is up to seven times as long (`{"NULL":true},` for two bytes).
pub(crate) const BATCH_BYTES: usize = 2 << 20;

/// An item, and the line that it came from.
pub(crate) struct Row {
    pub(crate) item: Attributes,
    pub(crate) line: OwnedLine,
}

/// Rows of different keys, at most [`BATCH_ITEMS`].
pub(crate) type Batch = Vec<Row>;

/// The table.
pub(crate) struct Table<'a> {
    pub(crate) client: &'a Client,
    pub(crate) name: &'a str,
    pub(crate) backoff: Backoff,
}

/// The code of a row that the table refuses although the record contract accepts it.
pub(crate) const WRITE_REFUSED: &str = "WRITE_REFUSED";

/// What one request did with its items.
enum Answer {
    /// All were written but these.
    Unprocessed(Vec<WriteRequest>),
    /// None was written, and this can pass.
    Busy(String),
    /// None was written: at least one item is not acceptable.
    Refused,
}

impl Table<'_> {
    /// Writes every row of `batch` and returns the lines of those that the table refuses.
    ///
    /// One bad item makes DynamoDB refuse its whole batch, so a refused batch is halved until the bad one is alone.
    pub(crate) async fn write(&self, batch: Batch) -> Result<Vec<OwnedLine>, Error> {
        let mut refused = Vec::new();
        let mut pending = vec![batch];
        while let Some(rows) = pending.pop() {
            let Some(mut rows) = self.put(rows).await? else { continue };
            if rows.len() > 1 {
                pending.push(rows.split_off(rows.len() / 2));
                pending.push(rows);
            } else {
                refused.extend(rows.into_iter().map(|row| row.line));
            }
        }
        Ok(refused)
    }

    /// Writes `rows`, as often as it takes. Returns those that are left where the table refuses them.
    async fn put(&self, mut rows: Batch) -> Result<Option<Batch>, Error> {
        let mut failed = 0;
        while !rows.is_empty() {
            let reason = match self.request(&rows).await? {
                Answer::Refused => return Ok(Some(rows)),
                Answer::Busy(reason) => reason,
                Answer::Unprocessed(requests) => {
                    let left: HashSet<_> =
                        requests.iter().filter_map(|request| item::key(&request.put_request()?.item)).collect();
                    let before = rows.len();
                    rows.retain(|row| item::key(&row.item).is_some_and(|key| left.contains(&key)));
                    if rows.len() < before {
                        failed = 0;
                    }
                    "it returned them unprocessed".into()
                }
            };
            failed += 1;
            if !rows.is_empty() && !self.backoff.wait(failed).await {
                return Err(Error::Busy { table: self.name.into(), items: rows.len(), tries: failed, reason });
            }
        }
        Ok(None)
    }

    async fn request(&self, rows: &[Row]) -> Result<Answer, Error> {
        let puts = rows.iter().map(|row| put(row.item.clone())).collect();
        match self.client.batch_write_item().request_items(self.name, puts).send().await {
            Ok(answer) => {
                let left = answer.unprocessed_items.into_iter().flatten().flat_map(|(_, requests)| requests);
                Ok(Answer::Unprocessed(left.collect()))
            }
            Err(error) if error.code() == Some("ValidationException") => Ok(Answer::Refused),
            Err(error) => match Error::service(format!("write to the table {}", self.name), error) {
                Error::Service { kind: ProcessorError::Transient, reason, .. } => Ok(Answer::Busy(reason)),
                error => Err(error),
            },
        }
    }
}

/// The request to write `item`. Building it fails only without an item.
fn put(item: Attributes) -> WriteRequest {
    WriteRequest::builder().set_put_request(PutRequest::builder().set_item(Some(item)).build().ok()).build()
}

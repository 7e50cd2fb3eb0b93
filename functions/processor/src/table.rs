//! Writes batches of items to DynamoDB.

use std::collections::{HashMap, HashSet};

use activity::{Line, PARTITION_KEY, SORT_KEY};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, WriteRequest};
use contract::ProcessorError;

use crate::backoff::Backoff;
use crate::batch::{Batch, Row};
use crate::error::Error;

/// The table.
pub(crate) struct Table<'a> {
    pub(crate) client: &'a Client,
    pub(crate) name: &'a str,
    pub(crate) backoff: Backoff,
}

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
    pub(crate) async fn write<'b>(&self, batch: &'b Batch) -> Result<Vec<Line<'b>>, Error> {
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
    async fn put<'b>(&self, batch: &'b Batch, mut rows: Vec<&'b Row>) -> Result<Vec<&'b Row>, Error> {
        let mut failed = 0;
        loop {
            let reason = match self.request(batch.request(self.name, &rows)).await? {
                Answer::Refused => return Ok(rows),
                Answer::Busy(reason) => reason,
                Answer::Unprocessed(requests) => {
                    let left: HashSet<_> = requests.iter().filter_map(key).collect();
                    if left.len() < rows.len() {
                        failed = 0;
                    }
                    rows.retain(|row| left.contains(&row.key()));
                    "it returned them unprocessed".into()
                }
            };
            if rows.is_empty() {
                return Ok(rows);
            }
            failed += 1;
            if !self.backoff.wait(failed).await {
                return Err(Error::Busy { table: self.name.into(), items: rows.len(), tries: failed, reason });
            }
        }
    }

    /// Sends the `body` of a `BatchWriteItem`, in place of the one that the client would write.
    async fn request(&self, body: Vec<u8>) -> Result<Answer, Error> {
        let request = self.client.batch_write_item().request_items(self.name, Vec::new()).customize();
        let request = request.mutate_request(move |request| {
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = body.clone().into();
        });
        match request.send().await {
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

/// The partition and the sort key of what is to be put.
fn key(request: &WriteRequest) -> Option<(&str, &str)> {
    let item: &HashMap<String, AttributeValue> = &request.put_request()?.item;
    let text = |name| item.get(name)?.as_s().ok().map(String::as_str);
    Some((text(PARTITION_KEY)?, text(SORT_KEY)?))
}

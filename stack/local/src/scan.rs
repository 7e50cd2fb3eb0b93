//! Reading a table's keys back.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeyType};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::reason;

/// An item's primary key.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemKey {
    /// The partition key's value.
    pub partition: AttributeValue,
    /// The sort key's value, where the table has one.
    pub sort: Option<AttributeValue>,
}

/// A table could not be read back.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the table {table} back: {reason}; check that the stack is deployed")]
pub struct ScanError {
    table: String,
    reason: String,
}

/// Reads the key of every item of `table`, in `segments` parallel scans with consistent reads, and calls `on_key` with
/// each, in no order. Returns how many there are.
///
/// # Errors
///
/// The table is not there, or DynamoDB refuses.
pub async fn scan_keys(
    client: &Client,
    table: &str,
    segments: u16,
    mut on_key: impl FnMut(ItemKey),
) -> Result<u64, ScanError> {
    let scan = Scan { client: client.clone(), table: table.to_owned(), segments: i32::from(segments.max(1)) };
    let names = scan.key_names().await?;
    // Few pages wait: a caller that is slow to take keys slows the scan, and memory stays bounded.
    let (sender, mut pages) = mpsc::channel(usize::from(segments.max(1)));
    let mut tasks = JoinSet::new();
    for segment in 0..scan.segments {
        tasks.spawn(scan.clone().read_segment(segment, names.clone(), sender.clone()));
    }
    drop(sender);
    let mut items = 0;
    while let Some(page) = pages.recv().await {
        for key in page {
            items += 1;
            on_key(key);
        }
    }
    while let Some(task) = tasks.join_next().await {
        task.map_err(|error| scan.error(error))??;
    }
    Ok(items)
}

#[derive(Clone)]
struct Scan {
    client: Client,
    table: String,
    segments: i32,
}

/// The names of a table's key attributes.
#[derive(Clone)]
struct KeyNames {
    partition: String,
    sort: Option<String>,
}

impl Scan {
    async fn key_names(&self) -> Result<KeyNames, ScanError> {
        let answer = self.client.describe_table().table_name(&self.table).send().await;
        let answer = answer.map_err(|error| self.error(reason(&error)))?;
        let schema = answer.table().map(|table| table.key_schema()).unwrap_or_default();
        let name = |wanted: &KeyType| {
            schema.iter().find(|part| part.key_type() == wanted).map(|part| part.attribute_name().to_owned())
        };
        let partition = name(&KeyType::Hash).ok_or_else(|| self.error("it has no partition key"))?;
        Ok(KeyNames { partition, sort: name(&KeyType::Range) })
    }

    async fn read_segment(
        self,
        segment: i32,
        names: KeyNames,
        pages: mpsc::Sender<Vec<ItemKey>>,
    ) -> Result<(), ScanError> {
        let mut request = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .segment(segment)
            .total_segments(self.segments)
            .expression_attribute_names("#partition", &names.partition)
            .projection_expression("#partition");
        if let Some(sort) = &names.sort {
            request = request.expression_attribute_names("#sort", sort).projection_expression("#partition, #sort");
        }
        let mut answers = request.into_paginator().send();
        while let Some(answer) = answers.next().await {
            let answer = answer.map_err(|error| self.error(reason(&error)))?;
            let keys: Option<Vec<ItemKey>> =
                answer.items.unwrap_or_default().into_iter().map(|item| key(item, &names)).collect();
            let keys = keys.ok_or_else(|| self.error("an item came back without its key"))?;
            if pages.send(keys).await.is_err() {
                // Nobody listens any more: the caller gave up.
                return Ok(());
            }
        }
        Ok(())
    }

    fn error(&self, reason: impl ToString) -> ScanError {
        ScanError { table: self.table.clone(), reason: reason.to_string() }
    }
}

fn key(mut item: HashMap<String, AttributeValue>, names: &KeyNames) -> Option<ItemKey> {
    let partition = item.remove(&names.partition)?;
    let sort = match &names.sort {
        Some(name) => Some(item.remove(name)?),
        None => None,
    };
    Some(ItemKey { partition, sort })
}

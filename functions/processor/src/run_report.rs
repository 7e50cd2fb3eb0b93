//! Writes the report of a run beside the quarantine: JSON for programs, a page for people.

use aws_sdk_s3::Client;
use contract::RunReport;

use crate::error::Error;
use crate::place::Place;
use crate::quarantine::put;

/// Writes both at `place` in `bucket`.
pub(crate) async fn write(client: &Client, bucket: &str, place: &Place, report: &RunReport) -> Result<(), Error> {
    // Writing text to memory cannot fail.
    let json = serde_json::to_vec_pretty(report).unwrap_or_default();
    let page = report::page(report)?.into_bytes();
    let (json_key, page_key) = (place.report("json"), place.report("html"));
    tokio::try_join!(
        put(client, bucket, &json_key, "application/json", json),
        put(client, bucket, &page_key, "text/html; charset=utf-8", page),
    )?;
    Ok(())
}

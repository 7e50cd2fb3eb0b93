//! Runs the processor on one object, outside Lambda: what the benchmark measures.
//!
//! ```text
//! process BUCKET KEY TABLE QUARANTINE_BUCKET CONTRACT
//! ```
//!
//! Credentials, region and `AWS_ENDPOINT_URL` come from the environment. Prints the processor's output as JSON.

use std::time::Duration;

use activity::RecordContract;
use contract::{FileLocation, ProcessorEnvironment};
use processor::Processor;

/// Longer than Lambda allows: the largest inputs are to end by themselves.
const TIME: Duration = Duration::from_secs(3600);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bucket, key, table_name, quarantine_bucket, contract] = &arguments[..] else {
        return Err("usage: process BUCKET KEY TABLE QUARANTINE_BUCKET CONTRACT".into());
    };
    let environment = ProcessorEnvironment {
        pipeline: "benchmark".into(),
        table_name: table_name.clone(),
        quarantine_bucket: quarantine_bucket.clone(),
    };
    let config = runtime::sdk_config().await;
    let processor =
        Processor::new(&config, environment, RecordContract::from_yaml(&std::fs::read_to_string(contract)?)?);
    let file = FileLocation { bucket: bucket.clone(), key: key.clone(), version_id: None, etag: None, size: None };
    let output = processor.process(file, TIME).await?;
    println!("{}", serde_json::to_string(&output)?);
    Ok(())
}

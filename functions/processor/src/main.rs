//! The processor Lambda: wires [`processor`] to its environment.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use contract::{ProcessorEnvironment, ProcessorStep};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, run, service_fn};
use processor::{Answer, Error, Processor, embedded_metrics, read_contract};
use serde_json::Value;
use tracing::{error, warn};

/// What is kept of the invocation's time for giving up in order: an answer that says why beats Lambda's kill.
const RESERVE: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::start_logs();
    let config = runtime::sdk_config().await;
    // A function that cannot start fails without a word that the state machine knows; one that has started can say why.
    let wired = wire(&config);
    let wired = &wired;
    run(service_fn(async |event: LambdaEvent<Value>| {
        let answer = match wired {
            Ok((processor, pipeline)) => handle(processor, pipeline, event.payload, &event.context).await,
            Err(diagnostic) => Err(diagnostic.clone()),
        };
        answer.inspect_err(|diagnostic| {
            error!(error_type = diagnostic.error_type, error = diagnostic.error_message, "not processed");
        })
    }))
    .await
}

/// The processor, and its pipeline's name.
fn wire(config: &SdkConfig) -> Result<(Processor, String), Diagnostic> {
    let environment = ProcessorEnvironment::read(std::env::vars()).map_err(Error::from)?;
    let contract = read_contract(&package_folder())?;
    let pipeline = environment.pipeline.clone();
    Ok((Processor::new(config, environment, contract), pipeline))
}

/// Where the function's package lies: `LAMBDA_TASK_ROOT`, or, outside Lambda, the folder of the executable.
fn package_folder() -> PathBuf {
    let task_root = std::env::var_os("LAMBDA_TASK_ROOT").map(PathBuf::from);
    let beside_executable = || Some(std::env::current_exe().ok()?.parent()?.to_path_buf());
    task_root.or_else(beside_executable).unwrap_or_default()
}

async fn handle(processor: &Processor, pipeline: &str, input: Value, context: &Context) -> Result<Answer, Diagnostic> {
    let step: ProcessorStep = serde_json::from_value(input).map_err(Error::Input)?;
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let answer = processor.perform(step, left.saturating_sub(RESERVE)).await?;
    if let Answer::File(output) = &answer
        && output.checkpoint.is_none()
    {
        let metrics = embedded_metrics(pipeline, output, SystemTime::now());
        if let Err(error) = writeln!(std::io::stdout(), "{metrics}") {
            warn!(%error, "the metrics are lost");
        }
    }
    Ok(answer)
}

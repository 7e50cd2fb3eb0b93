//! The orchestrator Lambda: wires [`orchestrator`] to its environment.

use contract::OrchestratorEnvironment;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use orchestrator::{AwsServices, Orchestrator};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::start_logs();
    let environment = OrchestratorEnvironment::read(std::env::vars())?;
    let config = runtime::sdk_config().await;
    let orchestrator = Orchestrator::new(AwsServices::new(&config), environment.state_machine_arn_parameter);
    let orchestrator = &orchestrator;
    run(service_fn(async |event: LambdaEvent<Value>| orchestrator.handle(event.payload).await)).await
}

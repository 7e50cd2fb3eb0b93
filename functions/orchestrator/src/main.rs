//! The orchestrator Lambda: wires [`orchestrator`] to its environment.

use aws_config::BehaviorVersion;
use contract::OrchestratorEnvironment;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use orchestrator::{AwsServices, Orchestrator};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let environment = OrchestratorEnvironment::read(std::env::vars())?;
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let orchestrator = Orchestrator::new(AwsServices::new(&config), environment.state_machine_arn_parameter);
    let orchestrator = &orchestrator;
    run(service_fn(async |event: LambdaEvent<Value>| orchestrator.handle(event.payload).await)).await
}

//! The pipeline's definition: one file a concern, in the order in which the parts need each other.
//!
//! Names hold the order together. S3 checks a bucket's notifications when it makes the bucket, so the ingest bucket
//! comes last; what reads it before that uses its reserved name.

mod function;
mod monitoring;
mod orchestration;
mod permission;
mod processing;
mod settings;
mod storage;
mod usage;

use cloudformation::{Name, Parameter, Stack, Template, TemplateError, Value, s3};
use monitoring::{Alarms, Watched};

pub use permission::GrantError;
pub use processing::definition;
pub use settings::{
    AlarmSettings, Architecture, FunctionSettings, Settings, SettingsError, SplitSettings, UsageSettings,
};
pub use usage::usage;

/// The parameters that a deployment fills in: where the packaged functions are.
pub mod parameter {
    /// The bucket that holds the functions' packages.
    pub const ASSETS_BUCKET: &str = "AssetsBucket";
    /// The orchestrator package's key in it.
    pub const ORCHESTRATOR_KEY: &str = "OrchestratorCodeKey";
    /// The processor package's key in it.
    pub const PROCESSOR_KEY: &str = "ProcessorCodeKey";
}

/// The stack's outputs.
pub mod output {
    /// The name of the bucket that takes files under `ingest/`.
    pub const INGEST_BUCKET: &str = "IngestBucketName";
    /// The name of the bucket that keeps quarantined rows.
    pub const QUARANTINE_BUCKET: &str = "QuarantineBucketName";
    /// The table's name.
    pub const TABLE: &str = "TableName";
    /// The name of the table of failures.
    pub const FAILURE_TABLE: &str = "FailureTableName";
    /// The state machine's ARN.
    pub const STATE_MACHINE: &str = "StateMachineArn";
    /// The ARN of the topic that hears of alarms.
    pub const ALARM_TOPIC: &str = "AlarmTopicArn";
    /// The orchestrator function's name.
    pub const ORCHESTRATOR: &str = "OrchestratorFunctionName";
    /// The processor function's name.
    pub const PROCESSOR: &str = "ProcessorFunctionName";
    /// The address of the dashboard in the console.
    pub const DASHBOARD: &str = "DashboardUrl";
}

/// Why the definition did not become a template.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The state machine is not sound.
    #[error(transparent)]
    StateMachine(#[from] statemachine::pipeline::PipelineError),
    /// What the state machine may do cannot be derived from its states.
    #[error(transparent)]
    Permission(#[from] statemachine::PermissionError),
    /// What the state machine may do cannot be granted.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// The dashboard's text could not be rendered.
    #[error("templates/dashboard.json.hbs: {0}")]
    Render(#[from] Box<handlebars::RenderError>),
    /// The dashboard's text is no JSON.
    #[error("templates/dashboard.json.hbs gives no JSON: {0}")]
    Dashboard(#[from] serde_json::Error),
    /// The template is not sound.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// The pipeline's template in one environment. Pure: the same settings give the same bytes.
///
/// # Errors
///
/// A part of the definition is not sound; the error says which, and the source line.
pub fn template(settings: &Settings) -> Result<Template, PipelineError> {
    let mut stack = Stack::new(format!(
        "Event-driven pipeline {}: activity files in S3 become items in DynamoDB.",
        settings.stack_name()
    ));
    stack.tag("pipeline", settings.pipeline.as_str());
    stack.tag("environment", settings.environment.as_str());

    let assets = Assets::add(&mut stack);
    let ingest = storage::reserve_ingest_bucket(&mut stack, settings);
    let quarantine = storage::add_quarantine_bucket(&mut stack, settings);
    let table = storage::add_table(&mut stack, settings);
    let processor = processing::add_processor(&mut stack, settings, &assets, &ingest, &quarantine, &table);
    let failures = storage::add_failure_table(&mut stack, settings);
    let machine = processing::add_state_machine(&mut stack, settings, &processor, &failures)?;
    let orchestrator = orchestration::add_orchestrator(&mut stack, settings, &assets, &machine);
    let watched = Watched {
        machine: &machine,
        orchestrator: &orchestrator,
        processor: &processor,
        table: &table,
        ingest: &ingest,
    };
    let Alarms { topic, alarms } = monitoring::add_alarms(&mut stack, settings, &watched);
    let dashboard = monitoring::add_dashboard(&mut stack, settings, &watched, &alarms)?;
    let ingest = storage::add_ingest_bucket(&mut stack, settings, ingest, &orchestrator);

    stack.output(output::INGEST_BUCKET, "The bucket that takes files under ingest/.", ingest.reference());
    stack.output(output::QUARANTINE_BUCKET, "The bucket that keeps quarantined rows.", quarantine.reference());
    stack.output(output::TABLE, "The table that the rows are written to.", table.reference());
    stack.output(output::FAILURE_TABLE, "The table of executions that failed without a summary.", failures.reference());
    stack.output(output::STATE_MACHINE, "The state machine that processes a file.", machine.arn());
    stack.output(output::ALARM_TOPIC, "The topic that hears of alarms.", topic.reference());
    stack.output(output::ORCHESTRATOR, "The function that starts executions.", orchestrator.reference());
    stack.output(output::PROCESSOR, "The function that processes a file.", processor.reference());
    stack.output(output::DASHBOARD, "The dashboard in the console.", dashboard);
    Ok(stack.template()?)
}

/// Where the functions' packages are. They are parameters, so that a template does not depend on a build.
struct Assets {
    bucket: Value<Name<s3::Bucket>>,
    orchestrator_key: Value<String>,
    processor_key: Value<String>,
}

impl Assets {
    fn add(stack: &mut Stack) -> Self {
        let key = |what| Parameter::text().description(what).allowed_pattern(r"[0-9a-f]{64}\.zip");
        Self {
            bucket: stack.add_parameter(
                parameter::ASSETS_BUCKET,
                Parameter::text().description("The bucket that holds the functions' packages."),
            ),
            orchestrator_key: stack.add_parameter(parameter::ORCHESTRATOR_KEY, key("The orchestrator's package.")),
            processor_key: stack.add_parameter(parameter::PROCESSOR_KEY, key("The processor's package.")),
        }
    }
}

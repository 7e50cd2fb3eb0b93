//! How a file is processed: the processor function, and the state machine that runs it.

use cloudformation::stepfunctions::state_machine::{
    CloudWatchLogsLogGroup, LogDestination, LoggingConfiguration, LoggingConfigurationLevel, StateMachineType,
    TracingConfiguration,
};
use cloudformation::{
    Handle, PolicyDocument, Reserved, Stack, Statement, Value, dynamodb, grant_log_delivery, grant_trace, iam, lambda,
    logs, s3, stepfunctions,
};
use contract::{
    FileLocation, INGEST_PREFIX, ProcessorEnvironment, ProcessorOutput, QUARANTINE_PREFIX, REPORT_PREFIX, RUN_PREFIX,
    StateMachineSubstitutions,
};
use statemachine::{JsonPath, Permission, Resource, StateMachine, pipeline};

use super::function::{FunctionDefinition, add_function};
use super::permission::statements;
use super::{Assets, PipelineError, Settings};

/// Adds the processor: it reads a file, writes its rows to the table, and quarantines those that are malformed.
pub(super) fn add_processor(
    stack: &mut Stack,
    settings: &Settings,
    assets: &Assets,
    ingest: &Reserved<s3::Bucket>,
    quarantine: &Handle<s3::Bucket>,
    table: &Handle<dynamodb::Table>,
) -> Handle<lambda::Function> {
    let environment = ProcessorEnvironment {
        pipeline: settings.stack_name().into(),
        table_name: table.reference().into(),
        quarantine_bucket: quarantine.reference().into(),
    };
    let definition = FunctionDefinition {
        logical_id: "Processor",
        description: "Writes the rows of one file to the table, and quarantines the malformed.",
        code_key: &assets.processor_key,
        size: &settings.processor,
        environment: environment.variables(),
        grants: vec![
            ingest.arn().grant_read_objects(INGEST_PREFIX),
            ingest.arn().grant_list(),
            quarantine.arn().grant_write_objects(QUARANTINE_PREFIX),
            quarantine.arn().grant_write_objects(REPORT_PREFIX),
            // What the parts of a split file leave for each other.
            quarantine.arn().grant_write_objects(RUN_PREFIX),
            quarantine.arn().grant_read_objects(RUN_PREFIX),
            quarantine.arn().grant_list(),
            table.arn().grant_write_items(),
        ],
    };
    add_function(stack, settings, assets, definition)
}

/// Adds the state machine, with its log and its traces.
pub(super) fn add_state_machine(
    stack: &mut Stack,
    settings: &Settings,
    processor: &Handle<lambda::Function>,
    failures: &Handle<dynamodb::Table>,
) -> Result<Handle<stepfunctions::StateMachine>, PipelineError> {
    let log_group = stack.add(
        "StateMachineLogGroup",
        // Under this prefix, the log group's own resource policy does not grow with each state machine:
        // https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
        logs::LogGroup::new()
            .log_group_name(format!("/aws/vendedlogs/states/{}", settings.stack_name()))
            .retention_in_days(settings.log_retention_days),
    );
    stack.attributes(&log_group).removal(settings.removal());
    let role =
        stack.add("StateMachineRole", iam::Role::new(PolicyDocument::new([Statement::trust("states.amazonaws.com")])));
    let definition = machine(settings)?;
    let permissions = definition.permissions()?;
    let substitutions = StateMachineSubstitutions {
        processor_function_arn: Value::<String>::from(processor.arn()),
        failure_table_arn: failures.arn().into(),
    };
    let substitutions = substitutions.entries();
    let is_own = |permission: &&Permission| permission.resources.iter().any(Resource::is_own);
    let mut grants = statements(permissions.iter().filter(|permission| !is_own(permission)), &substitutions, None)?;
    grants.extend([grant_log_delivery(), grant_trace()]);
    let policy = stack.grant("StateMachinePolicy", &role, grants);

    let destination =
        LogDestination::new().cloud_watch_logs_log_group(CloudWatchLogsLogGroup::new().log_group_arn(log_group.arn()));
    // The data of an execution is a bucket, a key, counts, and pointers to fields that are wrong or new: no value of a row.
    let logging = LoggingConfiguration::new()
        .destinations([destination])
        .include_execution_data(true)
        .level(LoggingConfigurationLevel::All);
    let properties = stepfunctions::StateMachine::new(role.arn())
        .definition_string(definition.to_string())
        .definition_substitutions(Value::from_iter(substitutions.clone()))
        .state_machine_type(StateMachineType::Standard)
        .logging_configuration(logging)
        .tracing_configuration(TracingConfiguration::new().enabled(true));
    let machine = stack.add("StateMachine", properties);
    stack.attributes(&machine).depends_on(&policy);
    // What a machine may do with itself can only be said once there is one.
    let own = statements(permissions.iter().filter(is_own), &substitutions, Some(&machine))?;
    if !own.is_empty() {
        stack.grant("StateMachineOwnPolicy", &role, own);
    }
    Ok(machine)
}

/// The state machine's definition, with placeholders for what the template fills in.
///
/// # Errors
///
/// The definition is not sound.
pub fn definition(settings: &Settings) -> Result<String, PipelineError> {
    Ok(machine(settings)?.to_string())
}

fn machine(settings: &Settings) -> Result<StateMachine<FileLocation, ProcessorOutput, JsonPath>, PipelineError> {
    let split = settings.split;
    let bytes = |megabytes: u32| u64::from(megabytes) << 20;
    let split = pipeline::SplitSettings {
        file_bytes: bytes(split.file_mb),
        range_bytes: bytes(split.range_mb),
        max_concurrency: split.max_concurrency,
        tolerated_failure_percentage: split.tolerated_failure_percentage,
    };
    Ok(pipeline::machine(pipeline::Settings { processor_timeout_seconds: settings.processor.timeout_seconds, split })?)
}

//! What every function of the pipeline has: a role of its own, a log group with retention, traces, JSON logs.

use super::{Assets, FunctionSettings, Settings};
use cloudformation::lambda::function::{
    Architecture as LambdaArchitecture, Code, Environment, EphemeralStorage, LogFormat, LoggingConfig, Runtime,
    TracingConfig, TracingConfigMode,
};
use cloudformation::{Handle, PolicyDocument, Stack, Statement, Value, grant_trace, iam, lambda, logs};

/// A function to add.
pub(super) struct FunctionDefinition<'a> {
    /// What its resources' logical ids begin with: `Processor`.
    pub(super) logical_id: &'a str,
    /// What it does, for the console.
    pub(super) description: &'a str,
    /// Its package's key in the assets bucket.
    pub(super) code_key: &'a Value<String>,
    /// Its size and limits.
    pub(super) size: &'a FunctionSettings,
    /// Its environment variables, which a struct of the contract lists.
    pub(super) environment: Vec<(String, Value<String>)>,
    /// What its role may do besides writing its log and its traces.
    pub(super) grants: Vec<Statement>,
}

/// Adds a function, its role, its policy and its log group.
#[track_caller]
pub(super) fn add_function(
    stack: &mut Stack,
    settings: &Settings,
    assets: &Assets,
    definition: FunctionDefinition<'_>,
) -> Handle<lambda::Function> {
    let id = definition.logical_id;
    let log_group = stack.add(
        &format!("{id}LogGroup"),
        logs::LogGroup::new()
            .log_group_name(format!("/aws/lambda/{}-{}", settings.stack_name(), id.to_lowercase()))
            .retention_in_days(settings.log_retention_days),
    );
    stack.attributes(&log_group).removal(settings.removal());
    let role = stack
        .add(&format!("{id}Role"), iam::Role::new(PolicyDocument::new([Statement::trust("lambda.amazonaws.com")])));
    let own = [log_group.arn().grant_write_events(), grant_trace()];
    let policy = stack.grant(&format!("{id}Policy"), &role, own.into_iter().chain(definition.grants));

    let mut function =
        lambda::Function::new(Code::new().s3_bucket(&assets.bucket).s3_key(definition.code_key), role.arn())
            .description(definition.description)
            .runtime(Runtime::ProvidedAl2023)
            .handler("bootstrap")
            .architectures([match settings.architecture {
                super::Architecture::X86_64 => LambdaArchitecture::X86_64,
                super::Architecture::Arm64 => LambdaArchitecture::Arm64,
            }])
            .memory_size(definition.size.memory_mb)
            .timeout(definition.size.timeout_seconds)
            .environment(Environment::new().variables(Value::from_iter(definition.environment)))
            .logging_config(LoggingConfig::new().log_format(LogFormat::Json).log_group(log_group.reference()))
            .tracing_config(TracingConfig::new().mode(TracingConfigMode::Active));
    function.ephemeral_storage = definition.size.ephemeral_storage_mb.map(|size| EphemeralStorage::new(size).into());
    function.reserved_concurrent_executions = definition.size.reserved_concurrency.map(Value::from);

    let function = stack.add(&format!("{id}Function"), function);
    // Without this, a function could be called before its role may do anything.
    stack.attributes(&function).depends_on(&policy);
    function
}

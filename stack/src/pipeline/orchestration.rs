//! How a file's arrival becomes an execution: the SSM parameter that names the state machine, and the orchestrator.

use cloudformation::{Handle, Stack, lambda, ssm, stepfunctions};
use contract::{OrchestratorEnvironment, state_machine_arn_parameter};

use super::function::{FunctionDefinition, add_function};
use super::{Assets, Settings};

/// Adds the orchestrator: it hears of each new object, and starts one execution for it.
pub(super) fn add_orchestrator(
    stack: &mut Stack,
    settings: &Settings,
    assets: &Assets,
    machine: &Handle<stepfunctions::StateMachine>,
) -> Handle<lambda::Function> {
    let parameter = stack.add(
        "StateMachineArnParameter",
        ssm::Parameter::new(ssm::parameter::Type::String, machine.arn())
            .name(state_machine_arn_parameter(&settings.stack_name()))
            .description("The state machine that processes a file; the orchestrator reads it."),
    );
    let environment = OrchestratorEnvironment { state_machine_arn_parameter: parameter.reference().into() };
    let definition = FunctionDefinition {
        logical_id: "Orchestrator",
        description: "Starts an execution for each file that arrives.",
        code_key: &assets.orchestrator_key,
        size: &settings.orchestrator,
        environment: environment.variables(),
        grants: vec![parameter.arn().grant_read(), machine.arn().grant_start_execution()],
    };
    add_function(stack, settings, assets, definition)
}

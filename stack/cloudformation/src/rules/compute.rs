//! What runs: functions and state machines.

use super::reader::{Reader, Resource};
use super::{Report, Rule};
use crate::access::many;

/// The services that call a function and do not wait for its answer.
const ASYNCHRONOUS: [&str; 4] = ["s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com", "logs.amazonaws.com"];

pub(super) fn check(resource: Resource<'_>, reader: &Reader<'_>, report: &mut Report) {
    match resource.type_name {
        "AWS::Lambda::Function" => {
            check_log_group(resource, reader, report);
            check_dead_letters(resource, reader, report);
        }
        "AWS::StepFunctions::StateMachine" => check_state_machine(resource, report),
        _ => {}
    }
}

/// Without a log group of the template's, Lambda makes one that is never emptied and outlives the stack.
fn check_log_group(function: Resource<'_>, reader: &Reader<'_>, report: &mut Report) {
    let properties = function.properties();
    let configured = &properties["LoggingConfig"]["LogGroup"];
    let default = properties["FunctionName"].as_str().map(|name| format!("/aws/lambda/{name}"));
    let own = reader.of_type("AWS::Logs::LogGroup").any(|log_group| {
        let name = &log_group.properties()["LogGroupName"];
        let named = |wanted: &str| name == wanted;
        match configured.as_str() {
            Some(literal) => named(literal),
            None if configured.is_null() => {
                default.as_deref().is_some_and(named) || (name.is_object() && function.is_in(name))
            }
            None => log_group.is_in(configured),
        }
    });
    if !own {
        let message = "add a log group with retention, and name it in LoggingConfig";
        report.add(Rule::FunctionWithoutLogGroup, function, "Properties/LoggingConfig/LogGroup", message);
    }
}

fn check_dead_letters(function: Resource<'_>, reader: &Reader<'_>, report: &mut Report) {
    let called = reader.of_type("AWS::Lambda::Permission").find_map(|permission| {
        let principal = permission.properties()["Principal"].as_str()?;
        let function = function.is_in(&permission.properties()["FunctionName"]);
        (function && ASYNCHRONOUS.contains(&principal)).then_some(principal)
    });
    let Some(principal) = called else { return };
    let destination = reader.of_type("AWS::Lambda::EventInvokeConfig").any(|config| {
        function.is_in(&config.properties()["FunctionName"]) && config.has("DestinationConfig/OnFailure/Destination")
    });
    if !destination && !function.has("DeadLetterConfig/TargetArn") {
        let message = format!(
            "{principal} calls it and does not wait: after two more tries an event is lost; set DeadLetterConfig, or an \
             EventInvokeConfig with a destination on failure"
        );
        report.add(Rule::FunctionWithoutDeadLetters, function, "Properties/DeadLetterConfig", message);
    }
}

fn check_state_machine(machine: Resource<'_>, report: &mut Report) {
    let level = machine.holds("LoggingConfiguration/Level", |level| level.is_string() && level != "OFF");
    let destinations = machine.holds("LoggingConfiguration/Destinations", |list| !many(list).is_empty());
    if !level || !destinations {
        let message = "set LoggingConfiguration, with a level other than OFF and a log group";
        report.add(Rule::StateMachineWithoutLog, machine, "Properties/LoggingConfiguration", message);
    }
    if !machine.holds("TracingConfiguration/Enabled", |enabled| enabled == true) {
        let message = "set TracingConfiguration, so that a slow execution can be explained";
        report.add(Rule::StateMachineWithoutTraces, machine, "Properties/TracingConfiguration", message);
    }
}

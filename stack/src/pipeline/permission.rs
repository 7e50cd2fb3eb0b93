//! A state machine's permissions as statements of its role's policies.

use cloudformation::{Action, Handle, Statement, Value, pseudo, stepfunctions, text};
use statemachine::{Permission, Resource};

/// Why a permission did not become a statement.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The definition names something that the template does not know.
    #[error("the state machine's placeholder ${{{0}}} has no substitution; add it to StateMachineSubstitutions")]
    Placeholder(String),
    /// An action is none.
    #[error("{0} is no IAM action: it needs a service, and no wildcard")]
    Action(&'static str),
    /// A statement about a machine that is not there yet.
    #[error("{0}: grant this after the state machine was added")]
    Own(Permission),
}

/// The statements that allow what `permissions` say. `arns` are what placeholders stand for.
pub(super) fn statements<'a>(
    permissions: impl IntoIterator<Item = &'a Permission>,
    arns: &[(&str, Value<String>)],
    machine: Option<&Handle<stepfunctions::StateMachine>>,
) -> Result<Vec<Statement>, GrantError> {
    let statement = |permission: &Permission| {
        let action = |name: &&'static str| Action::parse(name).ok_or(GrantError::Action(name));
        let actions = permission.actions.iter().map(action).collect::<Result<Vec<_>, _>>()?;
        let resource = |resource: &Resource| match (resource, machine) {
            (Resource::Arn(arn), _) => substituted(arn, arns),
            (Resource::Executions(machine), _) => Ok(executions(substituted(machine, arns)?, ":*")),
            (Resource::Itself, Some(machine)) => Ok(machine.arn().into()),
            (Resource::OwnExecutions, Some(machine)) => Ok(executions(machine.arn().into(), ":*")),
            (Resource::OwnMapRuns, Some(machine)) => Ok(executions(machine.arn().into(), "/*")),
            (_, None) => Err(GrantError::Own(permission.clone())),
        };
        let resources = permission.resources.iter().map(resource).collect::<Result<Vec<_>, _>>()?;
        Ok(Statement::allow(&actions, resources))
    };
    permissions.into_iter().map(statement).collect()
}

/// The executions of a machine: their ARNs have its name, the seventh part of its own.
fn executions(machine_arn: Value<String>, ending: &str) -> Value<String> {
    let name = Value::<String>::select(6, Value::<Vec<String>>::split(":", machine_arn));
    let account = text!["arn:", pseudo::partition(), ":states:", pseudo::region(), ":", pseudo::account_id()];
    text![account, ":execution:", name, ending]
}

/// An ARN with its placeholders filled in.
fn substituted(arn: &str, arns: &[(&str, Value<String>)]) -> Result<Value<String>, GrantError> {
    let mut parts: Vec<Value<String>> = Vec::new();
    let mut rest = arn;
    while let Some((before, (name, after))) =
        rest.split_once("${").and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        parts.extend((!before.is_empty()).then(|| before.into()));
        parts.push(match name {
            "AWS::Partition" => pseudo::partition(),
            "AWS::Region" => pseudo::region(),
            "AWS::AccountId" => pseudo::account_id(),
            _ => {
                let known = arns.iter().find(|(known, _)| *known == name);
                known.map(|(_, arn)| arn.clone()).ok_or_else(|| GrantError::Placeholder(name.to_owned()))?
            }
        });
        rest = after;
    }
    parts.extend((!rest.is_empty()).then(|| rest.into()));
    Ok(Value::concatenate(parts))
}

#[cfg(test)]
mod tests {
    use cloudformation::PolicyDocument;
    use serde_json::json;
    use statemachine::permissions;

    use super::*;

    #[test]
    fn statements_name_what_the_placeholders_stand_for() {
        let definition = json!({"States": {
            "A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "${Work}"}},
            "B": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Arguments": {"StateMachineArn": "${Other}", "Input": "{% $states.input %}"}},
            "C": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "Arguments": {"TableName": "orders"}}
        }});
        let permissions = permissions(&definition).unwrap();
        let arns = [("Work", Value::imported("arn:work")), ("Other", Value::imported("arn:other"))];
        let statements = statements(&permissions, &arns, None).unwrap();
        let document: Value<cloudformation::Json> = PolicyDocument::new(statements).into();
        insta::assert_snapshot!(format!("{:#}", document.to_json()));
        let error = super::statements(&permissions, &arns[..1], None).unwrap_err();
        assert!(error.to_string().contains("${Other}"), "{error}");
    }

    #[test]
    fn what_is_the_machines_own_waits_for_the_machine() {
        let processor = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "States": {}});
        let definition = json!({"States": {"A": {"Type": "Map", "ItemProcessor": processor}}});
        let permissions = permissions(&definition).unwrap();
        assert!(statements(&permissions, &[], None).is_err());
    }
}

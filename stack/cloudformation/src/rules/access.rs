//! Who may do what: policies, trust, and permissions to call.

use serde_json::Value as Json;

use super::reader::Resource;
use super::{Report, Rule};
use crate::access::{PolicyKind, Statement, many, statements};

pub(super) fn check(resource: Resource<'_>, report: &mut Report) {
    let statements = statements(resource.logical_id, resource.document);
    for statement in statements.iter().filter(|statement| statement.document["Effect"] == "Allow") {
        check_actions(resource, statement, report);
        check_principal(resource, statement, report);
    }
    check_resources(resource, &statements, report);
    match resource.type_name {
        "AWS::Lambda::Permission" => check_permission(resource, report),
        "AWS::Lambda::Url" if resource.properties()["AuthType"] == "NONE" => {
            let message = "anyone may call the function; set AuthType to AWS_IAM";
            report.add(Rule::PublicPrincipal, resource, "Properties/AuthType", message);
        }
        _ => {}
    }
}

fn check_actions(resource: Resource<'_>, statement: &Statement<'_>, report: &mut Report) {
    // A key's policy must give its own account everything, or nobody may ever change it.
    if statement.kind == PolicyKind::Key {
        return;
    }
    for action in many(&statement.document["Action"]).iter().filter_map(Json::as_str) {
        if action.contains(['*', '?']) {
            let message = format!("`{action}` allows more than it says; name each action");
            report.add(Rule::WildcardAction, resource, &format!("{}/Action", statement.path), message);
        }
    }
    if !statement.document["NotAction"].is_null() {
        let message = "`NotAction` allows every action but those named; name those that are allowed in `Action`";
        report.add(Rule::WildcardAction, resource, &format!("{}/NotAction", statement.path), message);
    }
}

/// The reasons in the metadata are those of the statements about any resource, in their order.
fn check_resources(resource: Resource<'_>, statements: &[Statement<'_>], report: &mut Report) {
    let reasons = many(&resource.document["Metadata"]["AnyResource"]).len();
    let any = statements.iter().filter(|statement| {
        statement.kind == PolicyKind::Identity
            && statement.document["Effect"] == "Allow"
            && (many(&statement.document["Resource"]).iter().filter_map(Json::as_str).any(is_any_resource)
                || !statement.document["NotResource"].is_null())
    });
    for statement in any.skip(reasons) {
        let message = "the statement is about any resource; name the resources, or say why AWS has no narrower \
                       permission with Statement::allow_on_any_resource";
        report.add(Rule::WildcardResource, resource, &format!("{}/Resource", statement.path), message);
    }
}

/// `*`, or an ARN of which nothing but partition and service is named.
fn is_any_resource(resource: &str) -> bool {
    let mut parts = resource.splitn(4, ':');
    let rest = if resource.starts_with("arn:") { parts.nth(3).unwrap_or("*") } else { resource };
    rest.contains('*') && rest.chars().all(|character| matches!(character, '*' | ':' | '/'))
}

fn check_principal(resource: Resource<'_>, statement: &Statement<'_>, report: &mut Report) {
    let principal = &statement.document["Principal"];
    let conditional = !statement.document["Condition"].is_null();
    let path = format!("{}/Principal", statement.path);
    if (is_everyone(principal) || !statement.document["NotPrincipal"].is_null()) && !conditional {
        report.add(Rule::PublicPrincipal, resource, &path, "everyone is allowed; name who is, or add a condition");
    }
    match statement.kind {
        PolicyKind::Trust => {
            let kinds = principal.as_object().into_iter().flatten().map(|(kind, _)| kind.as_str());
            for kind in kinds.filter(|kind| *kind != "Service" && !(*kind == "Federated" && conditional)) {
                let message = format!("a principal of the kind {kind} may take the role on; trust a service only");
                report.add(Rule::TrustBeyondServices, resource, &path, message);
            }
        }
        PolicyKind::Resource if !principal["Service"].is_null() && !conditional => {
            let message =
                "the service is let in for any account; add a condition on aws:SourceAccount or aws:SourceArn";
            report.add(Rule::ServiceWithoutSource, resource, &path, message);
        }
        _ => {}
    }
}

fn is_everyone(principal: &Json) -> bool {
    principal == "*" || many(&principal["AWS"]).iter().any(|one| one == "*")
}

fn check_permission(resource: Resource<'_>, report: &mut Report) {
    let properties = resource.properties();
    let Some(principal) = properties["Principal"].as_str() else { return };
    let narrowed = |names: &[&str]| names.iter().any(|name| !properties[name].is_null());
    if principal == "*" && !narrowed(&["PrincipalOrgID", "SourceArn", "SourceAccount"]) {
        let message = "anyone may call the function; name the account or the service that may";
        report.add(Rule::PublicPrincipal, resource, "Properties/Principal", message);
    }
    if !principal.ends_with(".amazonaws.com") {
        return;
    }
    if !narrowed(&["SourceArn", "SourceAccount", "EventSourceToken"]) {
        let message = format!("{principal} may call the function for any account; set SourceArn");
        report.add(Rule::ServiceWithoutSource, resource, "Properties/Principal", message);
    } else if principal == "s3.amazonaws.com" && !narrowed(&["SourceAccount"]) {
        let message =
            "a bucket's ARN names no account, and a deleted bucket's name is free for others; set SourceAccount";
        report.add(Rule::ServiceWithoutSource, resource, "Properties/SourceAccount", message);
    }
}

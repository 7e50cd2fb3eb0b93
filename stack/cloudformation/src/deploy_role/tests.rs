use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::*;
use crate::ALL;

const TARGET: Target<'static> =
    Target { stack: "activity-test", assets_stack: "assets", region: Some("eu-central-1"), account: None, extras: &[] };

fn role(resources: Json) -> DeployRole {
    deploy_role(&json!({ "Resources": resources }), &TARGET)
}

/// The resources on which `action` is allowed.
fn resources_of(role: &DeployRole, action: &str) -> Vec<String> {
    let statements = role.documents.iter().flat_map(|document| many(&document["Statement"]));
    let found = statements.filter(|statement| many(&statement["Action"]).contains(&action.into()));
    found.flat_map(|statement| many(&statement["Resource"])).filter_map(Json::as_str).map(str::to_owned).collect()
}

#[track_caller]
fn check(resources: Json, action: &str, expected: &[&str]) {
    assert_eq!(resources_of(&role(resources), action), expected);
}

/// A resource with every property that causes a call.
fn with_every_cause(type_name: &str) -> Json {
    let causes = need::ONLY_WITH.iter().filter(|(kind, ..)| *kind == type_name).flat_map(|(.., names)| *names);
    json!({ "Type": type_name, "Properties": causes.map(|name| ((*name).to_owned(), json!({}))).collect::<serde_json::Map<_, _>>() })
}

fn permissions(spec: &crate::ResourceSpec) -> BTreeSet<&'static str> {
    let permissions = &spec.permissions;
    [permissions.create, permissions.read, permissions.update, permissions.delete]
        .into_iter()
        .flatten()
        .copied()
        .collect()
}

#[test]
fn every_permission_of_the_schemas_is_granted_or_left_out_by_name() {
    for spec in ALL {
        let role = role(json!({ "One": with_every_cause(spec.type_name) }));
        for action in permissions(spec) {
            let never = need::ONLY_WITH
                .iter()
                .any(|(kind, prefix, names)| *kind == spec.type_name && action.starts_with(prefix) && names.is_empty());
            let left_out = never || need::NO_ACTIONS.contains(&action);
            let is_own = own::CALLS.iter().any(|(kind, extra, _, actions)| {
                *kind == spec.type_name && extra.is_none() && actions.contains(&action)
            });
            let expected = !left_out || is_own || ASSET_ACTIONS.contains(&action);
            assert_eq!(!resources_of(&role, action).is_empty(), expected, "{} {action}", spec.type_name);
        }
        assert_eq!(role.unknown.contains(spec.type_name), permissions(spec).is_empty(), "{}", spec.type_name);
    }
}

#[test]
fn what_is_left_out_or_not_narrowed_is_in_the_schemas() {
    let listed: BTreeSet<&str> = ALL.iter().flat_map(|spec| permissions(spec)).collect();
    for action in need::NO_ACTIONS.iter().chain(arn::WITHOUT_RESOURCES) {
        assert!(listed.contains(action), "{action} is in no schema; remove it");
    }
    for (type_name, prefix, _) in need::ONLY_WITH {
        let spec = crate::spec(type_name).unwrap();
        assert!(permissions(spec).iter().any(|action| action.starts_with(prefix)), "{type_name} {prefix}");
    }
}

#[test]
fn a_name_is_the_templates_or_begins_with_the_stacks() {
    let table = |properties: Json| json!({ "Table": { "Type": "AWS::DynamoDB::Table", "Properties": properties } });
    let arn = |name: &str| ["", "/*"].map(|rest| format!("arn:aws:dynamodb:eu-central-1:*:table/{name}{rest}"));
    assert_eq!(resources_of(&role(table(json!({}))), "dynamodb:CreateTable"), arn("activity-test-*"));
    assert_eq!(resources_of(&role(table(json!({ "TableName": "rows" }))), "dynamodb:CreateTable"), arn("rows"));

    let name = json!({ "Fn::Sub": "in-${AWS::AccountId}-${AWS::Region}" });
    let bucket = json!({ "Bucket": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": name } } });
    check(bucket, "s3:CreateBucket", &["arn:aws:s3:::in-*-eu-central-1"]);
}

#[test]
fn what_belongs_to_a_resource_is_granted_on_it() {
    let function = json!({ "Type": "AWS::Lambda::Function", "Properties": { "FunctionName": "f" } });
    let permission = json!({ "FunctionName": { "Fn::GetAtt": ["Function", "Arn"] } });
    let resources =
        json!({ "Function": function, "Permission": { "Type": "AWS::Lambda::Permission", "Properties": permission } });
    let function = "arn:aws:lambda:eu-central-1:*:function:f";
    check(resources, "lambda:AddPermission", &[function, &format!("{function}:*")]);

    let parameter = json!({ "P": { "Type": "AWS::SSM::Parameter", "Properties": { "Name": "/a/b" } } });
    check(parameter, "ssm:PutParameter", &["arn:aws:ssm:eu-central-1:*:parameter/a/b"]);
}

#[test]
fn data_are_destroyed_and_shown_only_where_that_is_asked_for() {
    let resources = json!({
        "Bucket": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": "b" } },
        "Function": { "Type": "AWS::Lambda::Function", "Properties": { "FunctionName": "f" } },
    });
    let template = json!({ "Resources": resources });
    let all = deploy_role(&template, &Target { extras: &[Extra::Purge, Extra::Logs], ..TARGET });
    assert_eq!(resources_of(&all, "s3:DeleteObjectVersion"), ["arn:aws:s3:::b/*"]);
    let log_group = "arn:aws:logs:eu-central-1:*:log-group:/aws/lambda/f";
    assert_eq!(resources_of(&all, "logs:FilterLogEvents"), [log_group, &format!("{log_group}:*")]);
    let least = role(resources);
    for action in ["s3:DeleteObject", "s3:DeleteObjectVersion", "logs:FilterLogEvents"] {
        assert!(resources_of(&least, action).is_empty(), "{action}");
    }
    assert_eq!(resources_of(&least, "s3:ListBucketVersions"), ["arn:aws:s3:::b"]);
}

#[test]
fn a_role_is_passed_only_to_the_services_that_it_trusts() {
    let trust = json!({ "Statement": [{ "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" } }] });
    let role = role(json!({
        "Role": { "Type": "AWS::IAM::Role", "Properties": { "AssumeRolePolicyDocument": trust } },
        "Function": { "Type": "AWS::Lambda::Function" },
    }));
    let statements = role.documents.iter().flat_map(|document| many(&document["Statement"]));
    let pass: Vec<_> =
        statements.filter(|statement| many(&statement["Action"]).contains(&"iam:PassRole".into())).collect();
    assert_eq!(pass.len(), 1);
    assert_eq!(pass[0]["Resource"], json!(["arn:aws:iam::*:role/activity-test-*"]));
    assert_eq!(pass[0]["Condition"], json!({ "StringEquals": { "iam:PassedToService": ["lambda.amazonaws.com"] } }));
}

#[test]
fn a_type_that_is_not_known_is_named() {
    let role = role(json!({ "Budget": { "Type": "AWS::Budgets::Budget" } }));
    assert_eq!(role.unknown, BTreeSet::from(["AWS::Budgets::Budget".to_owned()]));
}

#[test]
fn documents_keep_iams_limit_and_lose_nothing() {
    let tables = (0..200).map(|index| {
        let name = format!("table-with-a-name-that-is-long-{index}");
        (format!("Table{index}"), json!({ "Type": "AWS::DynamoDB::Table", "Properties": { "TableName": name } }))
    });
    let role = role(tables.collect::<serde_json::Map<_, _>>().into());
    assert!(role.documents.len() > 1);
    assert!(role.documents.iter().all(|document| length(document) <= POLICY_CHARACTERS));
    assert_eq!(resources_of(&role, "dynamodb:CreateTable").len(), 400);
}

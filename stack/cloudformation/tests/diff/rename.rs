//! Resources that have another logical id and the same content.

use std::collections::BTreeMap;

use cloudformation::diff::{Diff, Side, moves, renamed, renames};
use serde_json::{Value as Json, json};

use super::between;

/// A role, and a policy and a function that refer to it, under these names.
fn template(role: &str, policy: &str, function: &str) -> Json {
    let resources = [
        (role, json!({ "Type": "AWS::IAM::Role", "Properties": { "Path": "/x/" } })),
        (
            policy,
            json!({ "Type": "AWS::IAM::Policy", "Properties": {
                "Roles": [{ "Ref": role }],
                "PolicyDocument": { "Statement": [{ "Effect": "Allow", "Action": "a:B",
                    "Resource": [{ "Fn::Sub": format!("${{{role}.Arn}}/*") }, { "Fn::GetAtt": format!("{role}.Arn") }] }] },
            } }),
        ),
        (
            function,
            json!({ "Type": "AWS::Lambda::Function", "DependsOn": policy,
                "Properties": { "Role": { "Fn::GetAtt": [role, "Arn"] } } }),
        ),
    ];
    let resources = resources.into_iter().map(|(name, resource)| (name.to_owned(), resource));
    json!({ "Resources": resources.collect::<serde_json::Map<_, _>>(), "Outputs": { "Arn": { "Value": { "Fn::Sub": format!("${{{function}.Arn}}") } } } })
}

fn pairs(before: &Json, after: &Json) -> Vec<(String, String)> {
    renames(before, after).into_iter().map(|rename| (rename.from, rename.to)).collect()
}

#[test]
fn a_rename_is_found_however_many_there_are() {
    let (before, after) = (template("R", "P", "F"), template("ZRole", "APolicy", "Fn"));
    let expected = [("F", "Fn"), ("P", "APolicy"), ("R", "ZRole")].map(|(from, to)| (from.into(), to.into()));
    assert_eq!(pairs(&before, &after), expected);
}

#[test]
fn what_a_renamed_resource_refers_to_may_change() {
    let mut after = template("R", "P", "Function");
    after["Resources"]["R"]["Properties"]["Path"] = "/y/".into();
    assert_eq!(pairs(&template("R", "P", "F"), &after), [("F".into(), "Function".into())]);
}

#[test]
fn renames_are_found_and_can_be_made() {
    let (before, after) = (template("R", "P", "F"), template("Role", "P", "Function"));
    let found = renames(&before, &after);
    assert_eq!(pairs(&before, &after), [("F".into(), "Function".into()), ("R".into(), "Role".into())]);
    assert_eq!(found[1].resource_type, "AWS::IAM::Role");
    let moved = renamed(&before, &found);
    assert!(between(&moved, &after).is_empty(), "{moved:#}");
    assert_eq!(between(&before, &after).renames, found);
}

#[test]
fn a_change_of_content_is_no_rename() {
    let mut after = template("Role", "P", "F");
    after["Resources"]["Role"]["Properties"]["Path"] = "/y/".into();
    assert_eq!(pairs(&template("R", "P", "F"), &after), []);
}

#[test]
fn where_two_could_be_meant_none_is() {
    let queues = |names: &[&str]| {
        let queue = |name: &&str| ((*name).to_owned(), json!({ "Type": "AWS::SQS::Queue" }));
        json!({ "Resources": names.iter().map(queue).collect::<serde_json::Map<_, _>>() })
    };
    assert_eq!(pairs(&queues(&["A", "B"]), &queues(&["A", "C"])), [("B".into(), "C".into())]);
    assert_eq!(pairs(&queues(&["A", "B"]), &queues(&["C", "D"])), []);
    assert_eq!(pairs(&queues(&["A"]), &queues(&["C", "D"])), []);
}

#[test]
fn new_code_under_a_new_name_is_still_a_rename() {
    let function = |name: &str| {
        let properties = json!({ "Code": { "S3Key": { "Ref": "Key" } } });
        json!({
            "Parameters": { "Key": { "Type": "String" } },
            "Resources": { name: { "Type": "AWS::Lambda::Function", "Properties": properties } },
        })
    };
    assert_eq!(pairs(&function("A"), &function("B")), [("A".into(), "B".into())]);
}

#[test]
fn what_is_moved_first_neither_comes_nor_goes() {
    let before = template("R", "P", "F");
    let mut after = template("Role", "P", "Function");
    after["Resources"]["P"]["DeletionPolicy"] = "Retain".into();
    let none = BTreeMap::new();
    let diff = Diff::after_moves(&Side::new(&before, &none), &Side::new(&after, &none), &moves(&before, &after));
    assert_eq!(
        diff.moves.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["F -> Function (AWS::Lambda::Function)", "R -> Role (AWS::IAM::Role)"]
    );
    assert_eq!(diff.resources.iter().map(|change| change.logical_id.as_str()).collect::<Vec<_>>(), ["P"]);
    assert!(diff.renames.is_empty() && diff.sections.is_empty() && diff.access.is_empty());

    let only = Diff::after_moves(&Side::new(&before, &none), &Side::new(&before, &none), &diff.moves);
    assert!(!only.is_empty());
}

#[test]
fn what_cloudformation_cannot_refactor_is_renamed_and_not_moved() {
    let resource = |name: &str, resource_type: &str| json!({ "Resources": { name: { "Type": resource_type } } });
    for (resource_type, moved) in [
        ("AWS::DynamoDB::Table", true),
        ("AWS::EC2::Instance", true),
        ("AWS::Lambda::Permission", false),
        ("AWS::Lambda::EventInvokeConfig", false),
        ("Custom::Thing", false),
        ("AWS::CloudFormation::WaitCondition", false),
    ] {
        let (before, after) = (resource("A", resource_type), resource("B", resource_type));
        assert_eq!(renames(&before, &after).len(), 1, "{resource_type}");
        assert_eq!(moves(&before, &after).len(), usize::from(moved), "{resource_type}");
    }
}

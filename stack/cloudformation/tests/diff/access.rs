//! Who may do more or less, and what protects less or more.

use cloudformation::diff::{Protection, StatementChange};
use serde_json::{Value as Json, json};

use super::{between, one};

/// A role with a policy of these statements.
fn policy(statements: Json) -> Json {
    json!({ "Resources": {
        "Role": { "Type": "AWS::IAM::Role", "Properties": {} },
        "Policy": { "Type": "AWS::IAM::Policy", "Properties": {
            "Roles": [{ "Ref": "Role" }],
            "PolicyDocument": { "Version": "2012-10-17", "Statement": statements },
        } },
    } })
}

fn allow(actions: Json, resources: Json) -> Json {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

/// A statement as one line.
fn line(change: &StatementChange) -> String {
    let sign = if change.added { "+" } else { "-" };
    let who = if change.principals.is_empty() { String::new() } else { format!(" by {}", change.principals.join(",")) };
    let broadens = if change.broadens { " broadens" } else { "" };
    let StatementChange { holder, effect, actions, resources, .. } = change;
    format!("{sign} {holder}: {effect} {} on {}{who}{broadens}", actions.join(","), resources.join(","))
}

#[track_caller]
fn check(before: &Json, after: &Json, expected: &[&str]) {
    let diff = between(before, after);
    let lines: Vec<String> = diff.access.iter().map(line).collect();
    assert_eq!(lines, expected);
    assert_eq!(diff.broadens_access(), expected.iter().any(|line| line.ends_with("broadens")));
}

#[test]
fn an_action_added_to_a_statement_is_that_action() {
    let table = json!({ "Fn::GetAtt": ["Table", "Arn"] });
    let before = policy(json!([allow(json!(["dynamodb:PutItem"]), table.clone())]));
    let after = policy(json!([allow(json!(["dynamodb:PutItem", "dynamodb:DeleteItem"]), table)]));
    check(&before, &after, &["+ Role: Allow dynamodb:DeleteItem on ${Table.Arn} broadens"]);
    check(&after, &before, &["- Role: Allow dynamodb:DeleteItem on ${Table.Arn}"]);
}

#[test]
fn the_same_permissions_in_other_statements_are_no_change() {
    let before = policy(json!([allow(json!(["a:B", "a:C"]), json!("x"))]));
    let after = policy(json!([allow(json!("a:C"), json!(["x"])), allow(json!("a:B"), json!("x"))]));
    check(&before, &after, &[]);
}

#[test]
fn what_a_wildcard_had_allowed_broadens_nothing() {
    let wide = policy(json!([allow(json!("s3:*"), json!("arn:aws:s3:::b/*"))]));
    let narrow = policy(json!([allow(json!("s3:GetObject"), json!("arn:aws:s3:::b/in/*"))]));
    check(
        &wide,
        &narrow,
        &["- Role: Allow s3:* on arn:aws:s3:::b/*", "+ Role: Allow s3:GetObject on arn:aws:s3:::b/in/*"],
    );
    let condition = |statement: Json| {
        let mut statement = statement;
        statement["Condition"] = json!({ "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } });
        policy(json!([statement]))
    };
    let open = allow(json!("a:B"), json!("x"));
    check(&policy(json!([open])), &condition(open.clone()), &["- Role: Allow a:B on x", "+ Role: Allow a:B on x"]);
    check(
        &condition(open.clone()),
        &policy(json!([open])),
        &["- Role: Allow a:B on x", "+ Role: Allow a:B on x broadens"],
    );
}

#[test]
fn a_denial_that_goes_broadens() {
    let deny = json!([{ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "x" }]);
    let bucket = |statements: Json| {
        one(
            "AWS::S3::BucketPolicy",
            json!({ "Bucket": { "Ref": "Bucket" }, "PolicyDocument": { "Statement": statements } }),
        )
    };
    let none = json!({ "Resources": {} });
    check(&bucket(deny.clone()), &none, &["- Bucket: Deny s3:* on x by * broadens"]);
    check(&none, &bucket(deny.clone()), &["+ Bucket: Deny s3:* on x by *"]);
    let mut with_bucket = bucket(deny);
    with_bucket["Resources"]["Bucket"] = json!({ "Type": "AWS::S3::Bucket" });
    check(&with_bucket, &none, &["- Bucket: Deny s3:* on x by *"]);
}

#[test]
fn a_trust_policy_says_who_may_take_on_the_role() {
    let role = |services: Json| {
        let statement = json!({ "Effect": "Allow", "Principal": { "Service": services }, "Action": "sts:AssumeRole" });
        one("AWS::IAM::Role", json!({ "AssumeRolePolicyDocument": { "Statement": [statement] } }))
    };
    let (before, after) = (role(json!("a.amazonaws.com")), role(json!(["a.amazonaws.com", "b.amazonaws.com"])));
    check(&before, &after, &["+ It: Allow sts:AssumeRole on  by b.amazonaws.com broadens"]);
}

#[test]
fn managed_policies_and_permissions_of_functions_count() {
    let none = json!({ "Resources": {} });
    let role = one("AWS::IAM::Role", json!({ "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }));
    check(
        &none,
        &role,
        &["+ It: Allow (what the managed policy says) on arn:aws:iam::aws:policy/ReadOnlyAccess broadens"],
    );
    let permission = |account: Json| {
        let properties = json!({ "FunctionName": { "Ref": "F" }, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceAccount": account });
        one("AWS::Lambda::Permission", properties)
    };
    let diff = between(&none, &permission(json!("1")));
    assert_eq!(line(&diff.access[0]), "+ F: Allow lambda:InvokeFunction on  by s3.amazonaws.com broadens");
    assert_eq!(diff.access[0].condition, Some(json!({ "StringEquals": { "aws:SourceAccount": "1" } })));
}

#[test]
fn settings_become_weaker_or_stronger() {
    let check = |resource_type: &str, before: Json, after: Json, path: &str, expected: Protection| {
        let (before, after) = (one(resource_type, before), one(resource_type, after));
        let diff = between(&before, &after);
        let found: Vec<_> = diff.settings.iter().map(|setting| (setting.path.as_str(), setting.protection)).collect();
        assert_eq!(found, [(path, expected)]);
        diff.broadens_access()
    };
    let block =
        |on: bool| json!({ "PublicAccessBlockConfiguration": { "BlockPublicAcls": on, "IgnorePublicAcls": true } });
    let path = "PublicAccessBlockConfiguration/BlockPublicAcls";
    assert!(check("AWS::S3::Bucket", block(true), block(false), path, Protection::Weaker));
    assert!(!check("AWS::S3::Bucket", block(false), block(true), path, Protection::Stronger));
    let days = |days: Json| json!({ "RetentionInDays": days });
    check("AWS::Logs::LogGroup", days(json!(90)), days(json!(7)), "RetentionInDays", Protection::Weaker);
    check("AWS::Logs::LogGroup", days(json!(90)), json!({}), "RetentionInDays", Protection::Stronger);
    let key = |key: &str| json!({ "KmsMasterKeyId": key });
    check("AWS::SNS::Topic", key("a"), json!({}), "KmsMasterKeyId", Protection::Weaker);
    check("AWS::SNS::Topic", key("a"), key("b"), "KmsMasterKeyId", Protection::Different);
    let level = |level: &str| json!({ "LoggingConfiguration": { "Level": level } });
    check(
        "AWS::StepFunctions::StateMachine",
        level("ALL"),
        level("ERROR"),
        "LoggingConfiguration/Level",
        Protection::Weaker,
    );
}

#[test]
fn a_table_that_is_no_longer_retained_is_weaker() {
    let table =
        |policy: &str| json!({ "Resources": { "It": { "Type": "AWS::DynamoDB::Table", "DeletionPolicy": policy } } });
    assert_eq!(between(&table("Retain"), &table("Delete")).settings[0].protection, Protection::Weaker);
}

//! The deploy role and the code that uses it: whatever the deployment crate asks of AWS, the role allows.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use cloudformation::deploy_role::{self, Extra, Target};
use regex::Regex;
use stack::pipeline::{Settings, template};
use tests::workspace;

/// The requests to S3 whose action has another name:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>.
const S3_ACTIONS: &[(&str, &str)] = &[
    ("complete_multipart_upload", "PutObject"),
    ("create_multipart_upload", "PutObject"),
    ("delete_objects", "DeleteObjectVersion"),
    ("head_object", "GetObject"),
    ("list_multipart_uploads", "ListBucketMultipartUploads"),
    ("list_object_versions", "ListBucketVersions"),
    ("list_parts", "ListMultipartUploadParts"),
    ("upload_part", "PutObject"),
];

/// Needs no permission: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
const FREE: &str = "get_caller_identity";

/// The actions of all requests that the sources in `folder` make.
fn called(folder: &Path) -> BTreeSet<String> {
    let call =
        Regex::new(r"\b(cloudformation|s3|lambda|sfn|client|Client::new\([^)]*\)+)\s*\.\s*([a-z_]+)\(\)").unwrap();
    let mut actions = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            actions.extend(called(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        // What is called just `client` belongs to the one SDK that the file imports for it.
        let client = if text.contains("aws_sdk_cloudwatchlogs") { "logs" } else { "cloudformation" };
        for (_, [name, request]) in call.captures_iter(&text).map(|call| call.extract()) {
            let service = match name {
                "sfn" => "states",
                "cloudformation" | "lambda" | "s3" => name,
                _ => client,
            };
            if request != FREE {
                actions.insert(action(service, request));
            }
        }
    }
    actions
}

fn action(service: &str, request: &str) -> String {
    if let ("s3", Some((_, other))) = (service, S3_ACTIONS.iter().find(|(known, _)| *known == request)) {
        return format!("s3:{other}");
    }
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    format!("{service}:{}", request.split('_').map(capital).collect::<String>())
}

/// The actions that the role of the production stack allows.
fn allowed(extras: &[Extra]) -> BTreeSet<String> {
    let settings = Settings::carried("production").unwrap();
    let stack = settings.stack_name();
    let target = Target { stack: &stack, assets_stack: deployment::ASSETS_STACK, region: None, account: None, extras };
    let role = deploy_role::deploy_role(template(&settings).unwrap().as_json(), &target);
    let statements = role.documents.iter().flat_map(|document| document["Statement"].as_array().unwrap());
    let actions = statements.flat_map(|statement| statement["Action"].as_array().unwrap());
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_deploy_role_allows_whatever_the_engine_calls() {
    let called = called(&workspace().join("stack/deployment/src"));
    // One of each client, so that a call in another form does not pass unseen.
    for known in
        ["cloudformation:ExecuteChangeSet", "s3:PutObject", "lambda:UpdateFunctionCode", "logs:FilterLogEvents"]
    {
        assert!(called.contains(known), "{known} is not found in {called:?}");
    }
    let refused: Vec<_> = called.difference(&allowed(&[Extra::Purge, Extra::Logs])).cloned().collect();
    assert!(refused.is_empty(), "add to cloudformation::deploy_role: {refused:?}");
    let more: Vec<_> = called.difference(&allowed(&[])).cloned().collect();
    assert_eq!(more, ["logs:FilterLogEvents", "s3:DeleteObjectVersion"], "these take `--with`");
}

#[test]
fn the_deploy_role_asks_nothing_of_cloudformation_that_the_engine_does_not() {
    let called = called(&workspace().join("stack/deployment/src"));
    let unused =
        allowed(&[]).into_iter().filter(|action| action.starts_with("cloudformation:") && !called.contains(action));
    // CloudFormation checks these where a change set has tags.
    assert_eq!(unused.collect::<Vec<_>>(), ["cloudformation:TagResource", "cloudformation:UntagResource"]);
}

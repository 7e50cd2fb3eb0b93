//! The least IAM policy that deploys a template.
//!
//! It is made of CloudFormation's own actions on the stack, of the assets bucket, and of what CloudFormation's handlers
//! call for each resource of the template, as its provider schema says, on the names that the resources will have. A
//! handler's calls to its own service are all there, since an update may also take a property away; its calls elsewhere
//! only where the template has the property that causes them. What the program that deploys calls itself is there too, to
//! plan, watch, swap, recover and destroy; what destroys or shows data only as an [`Extra`].
//!
//! Whoever may write policies for the stack's roles may give those roles anything: where that is too much, put a permissions
//! boundary on the roles: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>.

mod arn;
mod need;
mod own;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::access::many;
use arn::Names;

pub use own::Extra;

/// The most characters of a managed policy, white space left out:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
pub const POLICY_CHARACTERS: usize = 6_144;

/// The Sid of the statement about what AWS cannot narrow to a resource.
const NO_RESOURCES: &str = "NoResourceLevelPermissions";

/// What CloudFormation does with one stack.
const STACK_ACTIONS: &[&str] = &[
    "cloudformation:CancelUpdateStack",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStackRefactor",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackRefactor",
    "cloudformation:DescribeStackResourceDrifts",
    "cloudformation:DescribeStacks",
    "cloudformation:DetectStackDrift",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:ExecuteStackRefactor",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackRefactorActions",
    "cloudformation:ListStackResources",
    "cloudformation:RollbackStack",
    "cloudformation:TagResource",
    "cloudformation:UntagResource",
    "cloudformation:UpdateTerminationProtection",
];

/// What a deployment does in the assets bucket.
const ASSET_ACTIONS: &[&str] = &["s3:GetObject", "s3:GetObjectVersion", "s3:ListMultipartUploadParts", "s3:PutObject"];

/// Where a template is deployed, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// The stack that has the assets bucket.
    pub assets_stack: &'a str,
    /// The region; without it, any.
    pub region: Option<&'a str>,
    /// The account, twelve digits; without it, the one that the policy is in.
    pub account: Option<&'a str>,
    /// What is allowed beside deploying.
    pub extras: &'a [Extra],
}

/// What whoever deploys a template must be allowed to do.
#[derive(Clone, Debug, PartialEq)]
pub struct DeployRole {
    /// Policy documents, each short enough for a managed policy. All of them together are needed.
    pub documents: Vec<Json>,
    /// The types in the template whose handlers' permissions are not known here.
    pub unknown: BTreeSet<String>,
}

/// The role that deploys `template`.
pub fn deploy_role(template: &Json, target: &Target<'_>) -> DeployRole {
    let names = Names::new(template, target);
    let mut grants = Grants::default();
    let mut unknown = BTreeSet::new();
    grants.add(STACK_ACTIONS, &[names.arn("cloudformation", &format!("stack/{}/*", target.stack))]);
    grants.add(
        &["cloudformation:DescribeStacks"],
        &[names.arn("cloudformation", &format!("stack/{}/*", target.assets_stack))],
    );
    grants.add(&["cloudformation:DescribeStackDriftDetectionStatus"], &["*".to_owned()]);
    let assets = names.assets_bucket();
    grants.add(&["s3:ListBucket", "s3:ListBucketMultipartUploads"], std::slice::from_ref(&assets));
    grants.add(ASSET_ACTIONS, &[format!("{assets}/*")]);

    for (logical_id, resource) in template["Resources"].as_object().into_iter().flatten() {
        let type_name = resource["Type"].as_str().unwrap_or_default();
        let needed = need::actions(type_name, &resource["Properties"]);
        if needed.is_empty() {
            unknown.insert(type_name.to_owned());
        }
        for action in needed {
            grants.add(&[action], &names.resources_of(action, logical_id, resource));
        }
        grants.add_own(&names, target.extras, logical_id, resource);
    }
    DeployRole { documents: pack(grants.statements(&services(template))), unknown }
}

/// The services that the template's roles trust: a role is passed to no other.
fn services(template: &Json) -> BTreeSet<&str> {
    let resources = template["Resources"].as_object().into_iter().flatten().map(|(_, resource)| resource);
    let trusts = resources.flat_map(|role| many(&role["Properties"]["AssumeRolePolicyDocument"]["Statement"]));
    trusts.flat_map(|statement| many(&statement["Principal"]["Service"])).filter_map(Json::as_str).collect()
}

/// Actions with the resources that they are allowed on.
#[derive(Default)]
struct Grants(BTreeMap<String, BTreeSet<String>>);

impl Grants {
    fn add(&mut self, actions: &[&str], resources: &[String]) {
        for action in actions {
            self.0.entry((*action).to_owned()).or_default().extend(resources.iter().cloned());
        }
    }

    /// What is called on a resource by whoever deploys.
    fn add_own(&mut self, names: &Names<'_>, extras: &[Extra], logical_id: &str, resource: &Json) {
        let is_wanted = |extra: Option<Extra>| extra.is_none_or(|extra| extras.contains(&extra));
        let type_name = resource["Type"].as_str().unwrap_or_default();
        let calls = own::CALLS.iter().filter(|(kind, extra, ..)| *kind == type_name && is_wanted(*extra));
        for (_, _, below, actions) in calls {
            for action in *actions {
                let resources = names.resources_of(action, logical_id, resource);
                self.add(&[action], &resources.iter().map(|arn| format!("{arn}{below}")).collect::<Vec<_>>());
            }
        }
        if type_name == "AWS::Lambda::Function" {
            self.add(&["logs:DescribeLogGroups"], &["*".to_owned()]);
            let log_groups = names.function_log_groups(logical_id);
            for (_, action) in own::FUNCTION_LOG_GROUP.iter().filter(|(extra, _)| is_wanted(*extra)) {
                self.add(&[action], &log_groups);
            }
        }
    }

    /// One statement for all actions of a service on the same resources.
    fn statements(self, services: &BTreeSet<&str>) -> Vec<Json> {
        let mut groups: BTreeMap<(String, BTreeSet<String>), Vec<String>> = BTreeMap::new();
        for (action, mut resources) in self.0 {
            if resources.contains("*") {
                resources = BTreeSet::from(["*".to_owned()]);
            }
            let service = match action.split_once(':') {
                _ if resources.contains("*") => "",
                Some(("iam", "PassRole")) => "iam:PassRole",
                Some((service, _)) => service,
                None => "",
            };
            groups.entry((service.to_owned(), resources)).or_default().push(action);
        }
        let statement = |((service, resources), actions): ((String, BTreeSet<String>), Vec<String>)| {
            let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": resources });
            if resources.contains("*") {
                statement["Sid"] = NO_RESOURCES.into();
            }
            if service == "iam:PassRole" && !services.is_empty() {
                statement["Condition"] = json!({ "StringEquals": { "iam:PassedToService": services } });
            }
            statement
        };
        groups.into_iter().map(statement).collect()
    }
}

/// Puts statements into as few documents as their order allows.
fn pack(statements: Vec<Json>) -> Vec<Json> {
    let mut documents: Vec<Vec<Json>> = Vec::new();
    for statement in statements.into_iter().flat_map(halve) {
        match documents.last_mut() {
            Some(last)
                if length(&document(&[last.as_slice(), std::slice::from_ref(&statement)].concat()))
                    <= POLICY_CHARACTERS =>
            {
                last.push(statement);
            }
            _ => documents.push(vec![statement]),
        }
    }
    documents.iter().map(|statements| document(statements)).collect()
}

/// A statement that is too long for a document, as two with half of the actions or of the resources each, and so on.
fn halve(statement: Json) -> Vec<Json> {
    if length(&document(std::slice::from_ref(&statement))) <= POLICY_CHARACTERS {
        return vec![statement];
    }
    let key = if many(&statement["Resource"]).len() > 1 { "Resource" } else { "Action" };
    let items = many(&statement[key]);
    if items.len() < 2 {
        return vec![statement];
    }
    let (first, second) = items.split_at(items.len() / 2);
    let part = |items: &[Json]| {
        let mut part = statement.clone();
        part[key] = items.into();
        part
    };
    [part(first), part(second)].into_iter().flat_map(halve).collect()
}

fn document(statements: &[Json]) -> Json {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn length(document: &Json) -> usize {
    document.to_string().chars().count()
}

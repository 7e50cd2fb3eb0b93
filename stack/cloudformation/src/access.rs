//! Who may do what on what, as a template says it: every policy's statements, in one form.

use serde::Serialize;
use serde_json::Value as Json;

/// What a policy hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyKind {
    /// A role, user or group: what it may do.
    Identity,
    /// A role: who may take it on.
    Trust,
    /// A resource: who may use it.
    Resource,
    /// A key: who may use and manage it.
    Key,
}

/// A statement of a policy in a template.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// The logical id of the resource that holds the policy.
    pub logical_id: &'a str,
    /// Where it is below that resource: `Properties/PolicyDocument/Statement/0`.
    pub path: String,
    /// What the policy hangs on.
    pub kind: PolicyKind,
    /// Whom an identity's policy is given to: `${ProcessorRole}`.
    pub holders: Vec<String>,
    /// The statement as it stands.
    pub document: &'a Json,
}

/// The statements of one resource.
pub fn statements<'a>(logical_id: &'a str, resource: &'a Json) -> Vec<Statement<'a>> {
    let properties = &resource["Properties"];
    let mut found = Vec::new();
    let mut add = |path: &str, document: &'a Json, kind, holders: &[String]| {
        found.extend(many(&document["Statement"]).iter().enumerate().map(|(index, document)| Statement {
            logical_id,
            path: format!("Properties/{path}/Statement/{index}"),
            kind,
            holders: holders.to_vec(),
            document,
        }));
    };
    match resource["Type"].as_str().unwrap_or_default() {
        "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => {
            let holders = ["Roles", "Users", "Groups"].iter().flat_map(|kind| many(&properties[kind])).map(text);
            add("PolicyDocument", &properties["PolicyDocument"], PolicyKind::Identity, &holders.collect::<Vec<_>>());
        }
        "AWS::IAM::Role" => {
            add("AssumeRolePolicyDocument", &properties["AssumeRolePolicyDocument"], PolicyKind::Trust, &[]);
            for (index, policy) in many(&properties["Policies"]).iter().enumerate() {
                let holders = [format!("${{{logical_id}}}")];
                let path = format!("Policies/{index}/PolicyDocument");
                add(&path, &policy["PolicyDocument"], PolicyKind::Identity, &holders);
            }
        }
        "AWS::KMS::Key" => add("KeyPolicy", &properties["KeyPolicy"], PolicyKind::Key, &[]),
        _ => add("PolicyDocument", &properties["PolicyDocument"], PolicyKind::Resource, &[]),
    }
    found
}

/// One thing that somebody may do, or may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// The logical id of the resource that says so.
    pub logical_id: String,
    /// What the policy hangs on.
    pub kind: PolicyKind,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// Who: a role of the template (`${ProcessorRole}`), a service, or an ARN.
    pub who: Vec<String>,
    /// The actions.
    pub actions: Vec<String>,
    /// On what; references stand as in `Fn::Sub`: `${Table.Arn}`.
    pub resources: Vec<String>,
    /// When, each as `operator key value`.
    pub conditions: Vec<String>,
}

/// All access that `template` gives or denies, in its order: policies, trust, and permissions to call a function.
pub fn accesses(template: &Json) -> Vec<Access> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources
        .flat_map(|(logical_id, resource)| {
            let mut found: Vec<Access> = statements(logical_id, resource).iter().map(Access::of).collect();
            if resource["Type"] == "AWS::Lambda::Permission" {
                found.push(Access::of_permission(logical_id, &resource["Properties"]));
            }
            found
        })
        .collect()
}

impl Access {
    fn of(statement: &Statement<'_>) -> Self {
        let document = statement.document;
        let texts = |name: &str| many(&document[name]).iter().map(text).collect::<Vec<_>>();
        let named = |name: &str| match texts(name) {
            found if found.is_empty() => texts(&format!("Not{name}")).iter().map(|one| format!("not {one}")).collect(),
            found => found,
        };
        let who = match &document["Principal"] {
            Json::Object(kinds) => kinds.values().flat_map(many).map(text).collect(),
            Json::Null => statement.holders.clone(),
            everyone => vec![text(everyone)],
        };
        Self {
            logical_id: statement.logical_id.to_owned(),
            kind: statement.kind,
            effect: text(&document["Effect"]),
            who,
            actions: named("Action"),
            resources: named("Resource"),
            conditions: conditions(&document["Condition"]),
        }
    }

    fn of_permission(logical_id: &str, properties: &Json) -> Self {
        let source = ["SourceAccount", "SourceArn", "PrincipalOrgID"].iter().filter(|name| !properties[name].is_null());
        Self {
            logical_id: logical_id.to_owned(),
            kind: PolicyKind::Resource,
            effect: "Allow".into(),
            who: vec![text(&properties["Principal"])],
            actions: vec![text(&properties["Action"])],
            resources: vec![text(&properties["FunctionName"])],
            conditions: source.map(|name| format!("{name} {}", text(&properties[name]))).collect(),
        }
    }
}

fn conditions(condition: &Json) -> Vec<String> {
    let operators = condition.as_object().into_iter().flatten();
    let keys =
        operators.flat_map(|(operator, keys)| keys.as_object().into_iter().flatten().map(move |key| (operator, key)));
    keys.map(|(operator, (key, value))| {
        format!("{operator} {key} {}", many(value).iter().map(text).collect::<Vec<_>>().join(" or "))
    })
    .collect()
}

/// A list's items; a value that is no list stands for a list of one, as IAM has it. Null is none.
pub(crate) fn many(value: &Json) -> &[Json] {
    match value {
        Json::Array(items) => items,
        Json::Null => &[],
        one => std::slice::from_ref(one),
    }
}

/// A value as a person reads it: references stand as in `Fn::Sub`.
pub fn text(value: &Json) -> String {
    let reference = |name: &str, value: &Json| match (name, value) {
        ("Ref", Json::String(target)) => Some(format!("${{{target}}}")),
        ("Fn::Sub", Json::String(pattern)) => Some(pattern.clone()),
        ("Fn::GetAtt", Json::String(target)) => Some(format!("${{{target}}}")),
        ("Fn::GetAtt", Json::Array(target)) => match target.as_slice() {
            [target, attribute] => Some(format!("${{{}.{}}}", text(target), text(attribute))),
            _ => None,
        },
        ("Fn::Join", Json::Array(arguments)) => match arguments.as_slice() {
            [Json::String(delimiter), Json::Array(items)] => {
                Some(items.iter().map(text).collect::<Vec<_>>().join(delimiter))
            }
            _ => None,
        },
        _ => None,
    };
    match value {
        Json::String(text) => text.clone(),
        Json::Object(fields) if fields.len() == 1 => {
            let function = fields.iter().next().and_then(|(name, value)| reference(name, value));
            function.unwrap_or_else(|| value.to_string())
        }
        other => other.to_string(),
    }
}

//! Who may do what, and what would change in it: the IAM statements of every policy, taken apart and compared one
//! permission at a time. So an action added to a statement shows as that action, whichever document it stands in.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::policy;
use super::reference::text;
use super::resource::type_name;

/// The properties that say what a policy belongs to, where it is a resource of its own.
const ATTACHED_TO: [&str; 9] =
    ["Roles", "Users", "Groups", "RoleName", "UserName", "GroupName", "Bucket", "Queues", "Topics"];

/// What a managed policy allows stands elsewhere.
const MANAGED: &str = "(what the managed policy says)";

/// Permissions that come or go, as one statement would say them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementChange {
    /// Whether they come; otherwise they go.
    pub added: bool,
    /// The role, or the resource with a policy of its own, by logical id or name.
    pub holder: String,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// Who may use the holder, or take it on; none where the holder itself is the one who may.
    pub principals: Vec<String>,
    /// The actions.
    pub actions: Vec<String>,
    /// On what; none where the holder is meant.
    pub resources: Vec<String>,
    /// Under which conditions.
    pub condition: Option<Json>,
    /// Whether somebody may do more than before.
    pub broadens: bool,
}

/// One action on one resource by one principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Permission {
    holder: String,
    effect: String,
    condition: String,
    principal: Option<String>,
    resource: Option<String>,
    action: String,
}

/// What changes in who may do what.
pub(super) fn changes(before: &BTreeMap<String, Json>, after: &BTreeMap<String, Json>) -> Vec<StatementChange> {
    let (old, new) = (permissions(before), permissions(after));
    let allows = |permission: &Permission| permission.effect == "Allow";
    let covered = |permission: &Permission, by: &BTreeSet<Permission>| by.iter().any(|other| other.covers(permission));
    let added = new.difference(&old).map(|permission| (permission, allows(permission) && !covered(permission, &old)));
    // With the holder goes what was refused on it.
    let stays = |holder: &str| after.contains_key(holder) || !before.contains_key(holder);
    let removed = old
        .difference(&new)
        .map(|permission| (permission, !allows(permission) && stays(&permission.holder) && !covered(permission, &new)));
    let mut changes = statements(added, true);
    changes.extend(statements(removed, false));
    changes.sort_by(|left, right| (&left.holder, left.added).cmp(&(&right.holder, right.added)));
    changes
}

impl Permission {
    /// Whether this one says at least the same.
    fn covers(&self, other: &Self) -> bool {
        let within = |pattern: &Option<String>, text: &Option<String>| match (pattern, text) {
            (Some(pattern), Some(text)) => matches(pattern, text),
            (None, None) => true,
            _ => false,
        };
        self.holder == other.holder
            && self.effect == other.effect
            && (self.condition == other.condition || self.condition.is_empty())
            && (self.principal == other.principal || self.principal.as_deref() == Some("*"))
            && within(&self.resource, &other.resource)
            && matches(&self.action.to_ascii_lowercase(), &other.action.to_ascii_lowercase())
    }
}

/// Whether the text is one of those that a pattern with `*` and `?` means.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut next) = (0, 0);
    let mut star = None;
    while next < text.len() {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, next));
            at += 1;
        } else if pattern.get(at).is_some_and(|symbol| *symbol == '?' || *symbol == text[next]) {
            (at, next) = (at + 1, next + 1);
        } else if let Some((position, taken)) = star {
            star = Some((position, taken + 1));
            (at, next) = (position + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|symbol| *symbol == '*')
}

/// Every permission that the resources' policies give or refuse.
fn permissions(resources: &BTreeMap<String, Json>) -> BTreeSet<Permission> {
    let mut permissions = BTreeSet::new();
    for (logical_id, resource) in resources {
        let Some(properties) = resource.get("Properties") else { continue };
        if type_name(resource) == "AWS::Lambda::Permission" {
            permissions.extend(lambda_permission(logical_id, properties));
            continue;
        }
        let holders = holders(logical_id, properties);
        let mut found = Vec::new();
        documents(properties, &mut found);
        let statements = found.into_iter().flat_map(|document| policy::many(document.get("Statement")));
        for statement in statements {
            holders.iter().for_each(|holder| permissions.extend(taken_apart(holder, statement)));
        }
        for managed in policy::many(properties.get("ManagedPolicyArns")) {
            let statement = json!({ "Effect": "Allow", "Action": MANAGED, "Resource": managed });
            permissions.extend(taken_apart(logical_id, &statement));
        }
    }
    permissions
}

fn holders(logical_id: &str, properties: &Json) -> Vec<String> {
    let named = ATTACHED_TO.iter().flat_map(|name| policy::many(properties.get(name)));
    let holders: Vec<String> = named.map(holder).collect();
    if holders.is_empty() { vec![logical_id.to_owned()] } else { holders }
}

/// A resource of this stack by its logical id, another by what names it.
fn holder(value: &Json) -> String {
    super::reference::target(value).map_or_else(|| text(value), str::to_owned)
}

fn documents<'a>(value: &'a Json, found: &mut Vec<&'a Json>) {
    match value {
        Json::Object(_) if policy::is_document(value) => found.push(value),
        Json::Object(fields) => fields.values().for_each(|value| documents(value, found)),
        Json::Array(items) => items.iter().for_each(|item| documents(item, found)),
        _ => {}
    }
}

/// A function's permission is a statement of the function's policy in other words.
fn lambda_permission(logical_id: &str, properties: &Json) -> Vec<Permission> {
    let keys = [
        ("SourceArn", "ArnLike", "aws:SourceArn"),
        ("SourceAccount", "StringEquals", "aws:SourceAccount"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
        ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
    ];
    let mut condition = json!({});
    for (property, operator, key) in keys {
        if let Some(value) = properties.get(property) {
            condition[operator][key] = value.clone();
        }
    }
    let mut statement =
        json!({ "Effect": "Allow", "Principal": properties["Principal"], "Action": properties["Action"] });
    if condition != json!({}) {
        statement["Condition"] = condition;
    }
    let function = properties.get("FunctionName").map_or_else(|| logical_id.to_owned(), holder);
    taken_apart(&function, &statement)
}

fn taken_apart(holder: &str, statement: &Json) -> Vec<Permission> {
    let effect = statement["Effect"].as_str().unwrap_or_default();
    let condition = statement.get("Condition").map(policy::sorted_text).unwrap_or_default();
    let principals = either(principals(statement.get("Principal")), principals(statement.get("NotPrincipal")));
    let resources = either(texts(statement.get("Resource")), texts(statement.get("NotResource")));
    let actions = either(texts(statement.get("Action")), texts(statement.get("NotAction")));
    let mut permissions = Vec::new();
    for action in actions {
        for resource in optional(&resources) {
            for principal in optional(&principals) {
                permissions.push(Permission {
                    holder: holder.to_owned(),
                    effect: effect.to_owned(),
                    condition: condition.clone(),
                    principal,
                    resource: resource.clone(),
                    action: action.clone(),
                });
            }
        }
    }
    permissions
}

/// A set, or all but another: that is one thing, which cannot be taken apart.
fn either(set: Vec<String>, all_but: Vec<String>) -> Vec<String> {
    if all_but.is_empty() { set } else { vec![format!("all but {}", all_but.join(", "))] }
}

fn optional(items: &[String]) -> Vec<Option<String>> {
    if items.is_empty() { vec![None] } else { items.iter().cloned().map(Some).collect() }
}

fn texts(set: Option<&Json>) -> Vec<String> {
    policy::many(set).iter().map(text).collect()
}

fn principals(principal: Option<&Json>) -> Vec<String> {
    match principal {
        Some(Json::Object(kinds)) if super::resolve::intrinsic(kinds).is_none() => {
            kinds.values().flat_map(|set| texts(Some(set))).collect()
        }
        other => texts(other),
    }
}

/// Permissions put together again, as few statements as say them.
fn statements<'a>(permissions: impl Iterator<Item = (&'a Permission, bool)>, added: bool) -> Vec<StatementChange> {
    let mut by_resource: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (permission, broadens) in permissions {
        let Permission { holder, effect, condition, principal, resource, action } = permission;
        by_resource.entry((holder, effect, condition, broadens, principal, resource)).or_default().push(action);
    }
    let mut by_actions: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for ((holder, effect, condition, broadens, principal, resource), actions) in by_resource {
        let resources = by_actions.entry((holder, effect, condition, broadens, principal, actions)).or_default();
        resources.extend(resource.as_deref());
    }
    let mut by_principal: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for ((holder, effect, condition, broadens, principal, actions), resources) in by_actions {
        let principals = by_principal.entry((holder, effect, condition, broadens, actions, resources)).or_default();
        principals.extend(principal.as_deref());
    }
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    by_principal
        .into_iter()
        .map(|((holder, effect, condition, broadens, actions, resources), principals)| StatementChange {
            added,
            holder: holder.clone(),
            effect: effect.clone(),
            principals: owned(principals),
            actions: owned(actions),
            resources: owned(resources),
            condition: serde_json::from_str(condition).ok(),
            broadens,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("s3:*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("s3:?et*ct", "s3:GetObject", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b", "abX", false),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}

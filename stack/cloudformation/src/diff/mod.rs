//! What a deployment would change: two templates compared by what they mean.
//!
//! Not a change: the order of keys, tags, and of what an IAM policy treats as a set; a policy, an attribute or a text in
//! another of its forms (`Fn::GetAtt`, `Fn::Join` and `Fn::Sub`); `true` for `"true"` and `1` for `"1"`, which
//! CloudFormation converts; the source line that a resource's metadata names.
//!
//! Parameters, mappings and conditions are looked up on each side as far as they are known before deployment. So a new
//! package's key is a change of the function's code, and a resource whose condition does not hold is not there.
//! The value of a `NoEcho` parameter is never looked at: a change of a secret cannot be seen, and is not shown.
//!
//! ```
//! use std::collections::BTreeMap;
//! use cloudformation::diff::{Impact, Diff, Side};
//! use serde_json::json;
//!
//! let template = |name| json!({ "Resources": { "Queue": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": name } } } });
//! let (before, after, none) = (template("old"), template("new"), BTreeMap::new());
//! let diff = Diff::between(&Side::new(&before, &none), &Side::new(&after, &none));
//! assert_eq!(diff.resources[0].impact, Impact::Replace);
//! ```

mod access;
mod compare;
mod policy;
mod reference;
mod rename;
mod replacement;
mod resolve;
mod resource;
mod section;
mod setting;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

pub use access::StatementChange;
pub use reference::targets;
pub use rename::{Rename, moves, renamed, renames};
pub use resource::{Cause, CodeChange, Disposal, Impact, Obstacle, PropertyChange, ResourceChange};
pub use section::SectionChange;
pub use setting::{Aspect, Protection, SettingChange};

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The template. `null` is no template: everything on the other side comes or goes.
    pub template: &'a Json,
    /// The parameters' values. One that is left out takes its default.
    pub parameters: &'a BTreeMap<String, String>,
}

impl<'a> Side<'a> {
    /// A template with the values of its parameters.
    pub fn new(template: &'a Json, parameters: &'a BTreeMap<String, String>) -> Self {
        Self { template, parameters }
    }

    /// The resources that there are on this side, with parameters, mappings and conditions looked up.
    pub fn resources(&self) -> BTreeMap<String, Json> {
        resolve::Resolver::new(self).entries(self.template, "Resources")
    }
}

/// What a deployment would change.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Diff {
    /// Resources, in the order of the template after; then those that go.
    pub resources: Vec<ResourceChange>,
    /// Resources among them that have the same content under another logical id.
    pub renames: Vec<Rename>,
    /// Resources that are renamed first, and so are not among them unless something else about them changes.
    pub moves: Vec<Rename>,
    /// Parameters, mappings, conditions, outputs and the like.
    pub sections: Vec<SectionChange>,
    /// Who may do more or less: the statements of IAM policies.
    pub access: Vec<StatementChange>,
    /// Settings that protect a resource: encryption, public access, retention.
    pub settings: Vec<SettingChange>,
}

impl Diff {
    /// Compares what is with what would be.
    pub fn between(before: &Side<'_>, after: &Side<'_>) -> Self {
        let (old, new) = (resolve::Resolver::new(before), resolve::Resolver::new(after));
        let (old_resources, new_resources) =
            (old.entries(before.template, "Resources"), new.entries(after.template, "Resources"));
        let resources = resource::changes((before.template, &old_resources), (after.template, &new_resources));
        Self {
            renames: renames(before.template, after.template),
            sections: section::changes((before, &old), (after, &new), &resources),
            access: access::changes(&old_resources, &new_resources),
            settings: setting::changes(&old_resources, &new_resources),
            moves: Vec::new(),
            resources,
        }
    }

    /// Compares what is, once `moves` are made, with what would be.
    pub fn after_moves(before: &Side<'_>, after: &Side<'_>, moves: &[Rename]) -> Self {
        let template = renamed(before.template, moves);
        let before = Side::new(&template, before.parameters);
        Self { moves: moves.to_vec(), ..Self::between(&before, after) }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.sections.is_empty() && self.moves.is_empty()
    }

    /// Whether somebody may do more than before: a permission that is new, or a setting that opens.
    pub fn broadens_access(&self) -> bool {
        let opens =
            |setting: &SettingChange| setting.aspect == Aspect::Access && setting.protection == Protection::Weaker;
        self.access.iter().any(|statement| statement.broadens) || self.settings.iter().any(opens)
    }

    /// The resources whose data would be lost: they hold some, go or may go, and nothing keeps them.
    pub fn data_losses(&self) -> impl Iterator<Item = &ResourceChange> {
        self.resources.iter().filter(|change| change.loses_data())
    }
}

/// Whether a parameter's declaration says that its value is a secret.
fn is_secret(declaration: &Json) -> bool {
    declaration.get("NoEcho").is_some_and(|secret| resolve::literal(secret) == "true")
}

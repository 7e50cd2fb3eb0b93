//! Rules for templates: what CloudFormation accepts and a careful engineer would not.
//!
//! [`check`] reads any template, whether this crate made it or not. A finding has a stable code, and the Rust source line
//! where the template names one. What an intrinsic function will give is not known here and passes, save for `Fn::If`, of
//! which both sides are looked at.
//!
//! A finding that does not matter is suppressed where the resource is defined, with the reason:
//!
//! ```
//! use cloudformation::rules::{self, Rule};
//! use cloudformation::{Stack, sns};
//!
//! let mut stack = Stack::new("A topic.");
//! let topic = stack.add("Topic", sns::Topic::new());
//! stack.attributes(&topic).suppress(Rule::TopicNotEncrypted, "What it carries is public.");
//!
//! let findings = rules::check(stack.template()?.as_json());
//! assert_eq!(findings[0].code(), "TOPIC_NOT_ENCRYPTED");
//! assert_eq!(findings[0].suppressed.as_deref(), Some("What it carries is public."));
//! # Ok::<(), cloudformation::TemplateError>(())
//! ```
//!
//! A suppression that suppresses nothing is itself a finding: it would hide the next fault.

mod access;
mod compute;
mod monitoring;
mod reader;
mod rule;
mod secret;
mod storage;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use reader::{Reader, Resource};
pub use rule::{Rule, Severity};

/// The metadata key under which a resource suppresses rules: an object of code to reason.
pub const SUPPRESS: &str = "Suppress";

/// A place in a template that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The resource's logical id, or the parameter's name.
    pub logical_id: String,
    /// Where it is: `Resources/Table/Properties/SSESpecification`.
    pub path: String,
    /// What is wrong, and what to do.
    pub message: String,
    /// The Rust source line: `stack/src/pipeline/storage.rs:12`.
    pub source: Option<String>,
    /// Why it does not matter, where the template says so.
    pub suppressed: Option<String>,
}

impl Finding {
    /// The rule's code.
    pub fn code(&self) -> &'static str {
        self.rule.code()
    }

    /// Whether the template is not sound because of it.
    pub fn is_error(&self) -> bool {
        self.suppressed.is_none() && self.rule.severity() == Severity::Error
    }
}

/// Everything in `template` that breaks a rule, suppressed or not, in the template's order.
pub fn check(template: &Json) -> Vec<Finding> {
    let reader = Reader::new(template);
    let mut report = Report::default();
    secret::check_parameters(template, &mut report);
    for resource in reader.resources() {
        access::check(resource, &mut report);
        compute::check(resource, &reader, &mut report);
        monitoring::check(resource, &mut report);
        secret::check(resource, &mut report);
        storage::check(resource, &reader, &mut report);
        suppress(resource, &mut report);
    }
    report.findings
}

/// What the rules found so far.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Adds a finding about a resource; `path` begins below the resource.
    fn add(&mut self, rule: Rule, resource: Resource<'_>, path: &str, message: impl Into<String>) {
        self.findings.push(Finding {
            rule,
            logical_id: resource.logical_id.to_owned(),
            path: format!("Resources/{}/{path}", resource.logical_id),
            message: message.into(),
            source: resource.source().map(str::to_owned),
            suppressed: None,
        });
    }
}

/// Marks what the resource suppresses among its findings, and reports suppressions that are unsound or stale.
fn suppress(resource: Resource<'_>, report: &mut Report) {
    let Some(entries) = resource.document["Metadata"][SUPPRESS].as_object() else { return };
    let mut reasons = BTreeMap::new();
    for (code, reason) in entries {
        let path = format!("Metadata/{SUPPRESS}/{code}");
        let reason = reason.as_str().unwrap_or_default().trim();
        match Rule::from_code(code) {
            Some(rule) if !reason.is_empty() => _ = reasons.insert(rule, (path, reason)),
            Some(_) => {
                report.add(Rule::SuppressionUnsound, resource, &path, "say why the finding does not matter here");
            }
            None => report.add(Rule::SuppressionUnsound, resource, &path, format!("no rule is called {code}")),
        }
    }
    for (rule, (path, reason)) in reasons {
        let mut found = false;
        for finding in report.findings.iter_mut().filter(|finding| finding.logical_id == resource.logical_id) {
            if finding.rule == rule {
                finding.suppressed = Some(reason.to_owned());
                found = true;
            }
        }
        if !found {
            let message = format!("nothing here breaks {}; remove the suppression", rule.code());
            report.add(Rule::SuppressionStale, resource, &path, message);
        }
    }
}

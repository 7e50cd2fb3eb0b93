//! Secrets that stand in the template, where everyone who may read the stack may read them.

use serde_json::Value as Json;

use super::reader::Resource;
use super::{Finding, Report, Rule};

/// What the name of a setting ends in that holds a secret itself, and not where one is kept.
const SECRET_NAMES: [&str; 7] = ["PASSWORD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "ACCESSKEY", "PRIVATEKEY"];

pub(super) fn check(resource: Resource<'_>, report: &mut Report) {
    let mut found = Vec::new();
    find(resource.properties(), "Properties", &mut |path| found.push(path.to_owned()));
    for (name, value) in resource.properties()["Environment"]["Variables"].as_object().into_iter().flatten() {
        let path = format!("Properties/Environment/Variables/{name}");
        if names_a_secret(name) && is_literal_secret(value) && !found.contains(&path) {
            found.push(path);
        }
    }
    for path in found {
        let message = "this looks like a secret; keep it in Secrets Manager or SSM, and give its name here";
        report.add(Rule::SecretInPlainText, resource, &path, message);
    }
}

pub(super) fn check_parameters(template: &Json, report: &mut Report) {
    for (name, parameter) in template["Parameters"].as_object().into_iter().flatten() {
        let default = &parameter["Default"];
        let named = names_a_secret(name) && is_literal_secret(default);
        if named || default.as_str().is_some_and(is_credential) {
            report.findings.push(Finding {
                rule: Rule::SecretInPlainText,
                logical_id: name.clone(),
                path: format!("Parameters/{name}/Default"),
                message: "this looks like a secret; leave the default out, and set NoEcho".into(),
                source: None,
                suppressed: None,
            });
        }
    }
}

/// Calls `found` with the path of each text that is evidently a credential.
fn find(value: &Json, path: &str, found: &mut dyn FnMut(&str)) {
    match value {
        Json::String(text) if is_credential(text) => found(path),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| find(item, &format!("{path}/{index}"), found));
        }
        Json::Object(fields) => {
            fields.iter().for_each(|(name, value)| find(value, &format!("{path}/{name}"), found));
        }
        _ => {}
    }
}

/// Whether the text holds an AWS access key or a private key:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>.
fn is_credential(text: &str) -> bool {
    text.contains("PRIVATE KEY-----") || ["AKIA", "ASIA"].iter().any(|prefix| has_access_key(text, prefix))
}

/// An access key's identifier: the prefix and sixteen capital letters or digits, with neither before nor after.
fn has_access_key(text: &str, prefix: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.as_bytes().split(|byte| !part(*byte)).any(|word| word.len() == 20 && word.starts_with(prefix.as_bytes()))
}

fn names_a_secret(name: &str) -> bool {
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect();
    SECRET_NAMES.iter().any(|secret| name.ends_with(secret))
}

/// A text that is neither empty, nor resolved at deployment, nor the place where the secret is kept.
fn is_literal_secret(value: &Json) -> bool {
    let kept = |text: &str| text.starts_with("{{resolve:") || text.starts_with("arn:") || text.starts_with('/');
    value.as_str().is_some_and(|text| !text.is_empty() && !kept(text))
}

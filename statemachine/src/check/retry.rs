//! Retriers and catchers: the names of errors, their order, and the limits of the numbers.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>

use serde_json::Value;

use super::NUMBER_LIMIT;
use super::finding::{Code, Finding, pointer};
use crate::ErrorName;

/// The longest wait between two attempts, seconds: 366 days.
const DELAY_LIMIT: u64 = 31_622_400;

/// Checks the Retry and Catch of one state.
pub(super) fn check(state: &serde_json::Map<String, Value>, path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for field in ["Retry", "Catch"] {
        let Some(list) = state.get(field) else { continue };
        let path = format!("{path}{}", pointer([field]));
        let Some(items) = list.as_array() else {
            findings.push(Finding::new(Code::Structure, path, format!("{field} is a list")));
            continue;
        };
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}/{index}");
            findings.extend(error_names(item, index + 1 == items.len(), &path));
            if field == "Retry" {
                findings.extend(limits(item, &path));
            } else if item.get("Next").is_none() {
                findings.push(Finding::new(Code::Transition, path, "say in Next where the error leads"));
            }
        }
    }
    findings
}

fn error_names(item: &Value, is_last: bool, path: &str) -> Vec<Finding> {
    let path = format!("{path}/ErrorEquals");
    let names: Vec<&str> =
        item.get("ErrorEquals").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() {
        return vec![Finding::new(Code::Structure, path, "ErrorEquals is a list of at least one error's name")];
    }
    let unknown = names.iter().filter(|name| !is_known(name)).map(|name| {
        let message = format!("{name} does not exist; only Step Functions may name errors States.…");
        Finding::new(Code::UnknownErrorName, &path, message)
    });
    let mut findings: Vec<Finding> = unknown.collect();
    if names.contains(&ErrorName::All.as_str()) && (names.len() > 1 || !is_last) {
        findings.push(Finding::new(
            Code::MisplacedAll,
            path,
            "write States.ALL alone, and in the last entry of the list",
        ));
    }
    findings
}

/// A name of one's own, or a reserved one. HTTP tasks put a status into theirs.
fn is_known(name: &str) -> bool {
    !name.starts_with("States.")
        || name.starts_with("States.Http.StatusCode.")
        || ErrorName::RESERVED.iter().any(|reserved| reserved.as_str() == name)
}

/// A retrier's field, whether a value of it is in range, and the range in words.
type Limit = (&'static str, fn(&Value) -> bool, &'static str);

const LIMITS: [Limit; 5] = [
    ("IntervalSeconds", |value| in_range(value, 1, NUMBER_LIMIT), "write a whole number, 1 to 99,999,999"),
    ("MaxAttempts", |value| in_range(value, 0, NUMBER_LIMIT), "write a whole number, 0 to 99,999,999"),
    ("BackoffRate", |value| value.as_f64().is_some_and(|rate| rate >= 1.0), "write a number, at least 1"),
    ("MaxDelaySeconds", |value| in_range(value, 1, DELAY_LIMIT), "write a whole number, 1 to 31,622,400"),
    ("JitterStrategy", |value| value == "FULL" || value == "NONE", "write FULL or NONE"),
];

fn limits(retrier: &Value, path: &str) -> Vec<Finding> {
    let finding = |field: &str, message| Finding::new(Code::RetryLimit, format!("{path}/{field}"), message);
    let broken = |(field, is_sound, _): &&Limit| retrier.get(field).is_some_and(|value| !is_sound(value));
    let mut findings: Vec<Finding> =
        LIMITS.iter().filter(broken).map(|(field, _, message)| finding(field, *message)).collect();
    let interval = retrier.get("IntervalSeconds").map_or(Some(1), Value::as_u64);
    let delay = retrier.get("MaxDelaySeconds").and_then(Value::as_u64);
    if findings.is_empty() && delay.is_some() && delay <= interval {
        findings.push(finding("MaxDelaySeconds", "make it larger than IntervalSeconds"));
    }
    findings
}

fn in_range(value: &Value, least: u64, most: u64) -> bool {
    value.as_u64().is_some_and(|number| (least..=most).contains(&number))
}

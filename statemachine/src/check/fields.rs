//! Which fields a state has, by its type and its query language.

use serde_json::{Map, Value};

use super::finding::{Code, Finding, pointer};

/// The language of a state's expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueryLanguage {
    Jsonata,
    JsonPath,
}

impl QueryLanguage {
    /// The language that a machine or a state names itself.
    pub(super) fn of(object: &Map<String, Value>) -> Option<Self> {
        match object.get("QueryLanguage")?.as_str()? {
            "JSONata" => Some(Self::Jsonata),
            "JSONPath" => Some(Self::JsonPath),
            _ => None,
        }
    }
}

/// The fields of one type of state.
struct Fields {
    required: &'static [&'static str],
    optional: &'static [&'static str],
    /// Fields of both kinds that only one query language has.
    jsonata: &'static [&'static str],
    jsonpath: &'static [&'static str],
    /// Whether the state names its successor in Next or End.
    has_transition: bool,
}

const COMMON: &[&str] = &["Type", "Comment", "QueryLanguage"];

/// The table of <https://states-language.net/spec.html#state-type-table>, and the fields of each type.
fn fields(type_name: &str) -> Option<Fields> {
    let fields = match type_name {
        "Task" => Fields {
            required: &["Resource"],
            optional: &["Credentials", "TimeoutSeconds", "HeartbeatSeconds", "Retry", "Catch", "Assign"],
            jsonata: &["Arguments", "Output"],
            jsonpath: &[
                "InputPath",
                "OutputPath",
                "Parameters",
                "ResultSelector",
                "ResultPath",
                "TimeoutSecondsPath",
                "HeartbeatSecondsPath",
            ],
            has_transition: true,
        },
        "Parallel" => Fields {
            required: &["Branches"],
            optional: &["Retry", "Catch", "Assign"],
            jsonata: &["Arguments", "Output"],
            jsonpath: &["InputPath", "OutputPath", "Parameters", "ResultSelector", "ResultPath"],
            has_transition: true,
        },
        "Map" => Fields {
            required: &[],
            optional: &[
                "ItemProcessor",
                "Iterator",
                "ItemReader",
                "ItemBatcher",
                "ItemSelector",
                "ResultWriter",
                "MaxConcurrency",
                "ToleratedFailureCount",
                "ToleratedFailurePercentage",
                "Label",
                "Retry",
                "Catch",
                "Assign",
            ],
            jsonata: &["Items", "Output"],
            jsonpath: &[
                "InputPath",
                "OutputPath",
                "Parameters",
                "ResultSelector",
                "ResultPath",
                "ItemsPath",
                "MaxConcurrencyPath",
                "ToleratedFailureCountPath",
                "ToleratedFailurePercentagePath",
            ],
            has_transition: true,
        },
        "Pass" => Fields {
            required: &[],
            optional: &["Assign"],
            jsonata: &["Output"],
            jsonpath: &["InputPath", "OutputPath", "Parameters", "Result", "ResultPath"],
            has_transition: true,
        },
        "Wait" => Fields {
            required: &[],
            optional: &["Seconds", "Timestamp", "Assign"],
            jsonata: &["Output"],
            jsonpath: &["InputPath", "OutputPath", "SecondsPath", "TimestampPath"],
            has_transition: true,
        },
        "Choice" => Fields {
            required: &["Choices"],
            optional: &["Default", "Assign"],
            jsonata: &["Output"],
            jsonpath: &["InputPath", "OutputPath"],
            has_transition: false,
        },
        "Succeed" => Fields {
            required: &[],
            optional: &[],
            jsonata: &["Output"],
            jsonpath: &["InputPath", "OutputPath"],
            has_transition: false,
        },
        "Fail" => Fields {
            required: &[],
            optional: &["Error", "Cause"],
            jsonata: &[],
            jsonpath: &["ErrorPath", "CausePath"],
            has_transition: false,
        },
        _ => return None,
    };
    Some(fields)
}

/// Checks a state's type, its fields, its transition and its choice rules.
pub(super) fn check(state: &Map<String, Value>, language: QueryLanguage, path: &str) -> Vec<Finding> {
    let name = state.get("Type").and_then(Value::as_str).unwrap_or_default();
    let Some(fields) = fields(name) else {
        let message = "set Type to Task, Choice, Pass, Wait, Succeed, Fail, Parallel or Map";
        return vec![Finding::new(Code::UnknownType, path, message)];
    };
    let mut findings = unexpected(state, name, &fields, language, path);
    for field in fields.required.iter().filter(|field| !state.contains_key(**field)) {
        findings.push(Finding::new(Code::MissingField, path, format!("a {name} state needs {field}")));
    }
    if fields.has_transition {
        findings.extend(transition(state, path));
    }
    if name == "Choice" {
        findings.extend(choice(state, language, path));
    }
    findings
}

/// Fields that the state does not have at all, or not in its language.
fn unexpected(
    state: &Map<String, Value>,
    name: &str,
    fields: &Fields,
    language: QueryLanguage,
    path: &str,
) -> Vec<Finding> {
    let (own, foreign, language) = match language {
        QueryLanguage::Jsonata => (fields.jsonata, fields.jsonpath, "JSONata"),
        QueryLanguage::JsonPath => (fields.jsonpath, fields.jsonata, "JSONPath"),
    };
    let transitions: &[&str] = if fields.has_transition { &["Next", "End"] } else { &[] };
    let known = [COMMON, fields.required, fields.optional, own, transitions].concat();
    let unknown = state.keys().filter(|field| !known.contains(&field.as_str()));
    unknown
        .map(|field| {
            let path = format!("{path}{}", pointer([field.as_str()]));
            if foreign.contains(&field.as_str()) {
                Finding::new(
                    Code::MixedLanguages,
                    path,
                    format!("a {name} state in {language} has no {field}; remove it"),
                )
            } else {
                Finding::new(Code::UnknownField, path, format!("a {name} state has no {field}; remove it"))
            }
        })
        .collect()
}

fn transition(state: &Map<String, Value>, path: &str) -> Option<Finding> {
    let ends = state.get("End").is_some_and(|end| end == true);
    let goes_on = state.contains_key("Next");
    let message = match (goes_on, ends) {
        (false, false) => "say where the state goes: a Next, or \"End\": true",
        (true, true) => "keep Next or End, not both",
        _ => return None,
    };
    Some(Finding::new(Code::Transition, path, message))
}

/// A Choice needs a Default, and rules in its own language.
fn choice(state: &Map<String, Value>, language: QueryLanguage, path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !state.contains_key("Default") {
        let message = "add a Default; without it the execution fails with States.NoChoiceMatched when no rule holds";
        findings.push(Finding::new(Code::MissingDefault, path, message));
    }
    let rules = state.get("Choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if rules.is_empty() && state.contains_key("Choices") {
        findings.push(Finding::new(Code::Structure, path, "Choices is a list of at least one rule"));
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("{path}{}", pointer(["Choices", &index.to_string()]));
        if rule.get("Next").is_none() {
            findings.push(Finding::new(Code::Transition, &path, "say in Next where the rule leads"));
        }
        let is_jsonata = rule.get("Condition").is_some();
        if is_jsonata != (language == QueryLanguage::Jsonata) {
            let message = "a rule in JSONata has a Condition, and one in JSONPath a Variable and a comparison";
            findings.push(Finding::new(Code::MixedLanguages, path, message));
        }
    }
    findings
}

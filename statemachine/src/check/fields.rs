//! Which fields a state has, by its type and its query language.

use serde_json::{Map, Value};

use super::finding::{Code, Finding, pointer};

/// The language of a state's expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryLanguage {
    Jsonata,
    JsonPath,
}

impl QueryLanguage {
    /// The language that a machine or a state names itself, if it names one that exists.
    pub(super) fn of(object: &Map<String, Value>) -> Option<Self> {
        let name = object.get("QueryLanguage")?.as_str()?;
        [Self::Jsonata, Self::JsonPath].into_iter().find(|language| language.name() == name)
    }

    /// The language that holds in a machine or a state: its own, or that of what is around it. What is neither of the
    /// two names counts as JSONata, as on AWS, besides being a fault.
    pub(crate) fn within(object: &Map<String, Value>, around: Self) -> Self {
        if object.contains_key("QueryLanguage") { Self::of(object).unwrap_or(Self::Jsonata) } else { around }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Jsonata => "JSONata",
            Self::JsonPath => "JSONPath",
        }
    }
}

/// A row of the table of fields.
struct Row {
    fields: &'static [&'static str],
    /// The one query language that has the fields, or both.
    language: Option<QueryLanguage>,
    /// The types of state that have the fields.
    types: &'static [&'static str],
}

const TYPES: &[&str] = &["Task", "Parallel", "Map", "Pass", "Wait", "Choice", "Succeed", "Fail"];
const GOES_ON: &[&str] = &["Task", "Parallel", "Map", "Pass", "Wait"];
const WORKS: &[&str] = &["Task", "Parallel", "Map"];
const JSONATA: Option<QueryLanguage> = Some(QueryLanguage::Jsonata);
const JSONPATH: Option<QueryLanguage> = Some(QueryLanguage::JsonPath);

/// The table of <https://states-language.net/spec.html#state-type-table>, and the fields of each type.
const TABLE: &[Row] = &[
    row(&["Type", "Comment", "QueryLanguage"], None, TYPES),
    row(&["Output"], JSONATA, &["Task", "Parallel", "Map", "Pass", "Wait", "Choice", "Succeed"]),
    row(&["InputPath", "OutputPath"], JSONPATH, &["Task", "Parallel", "Map", "Pass", "Wait", "Choice", "Succeed"]),
    row(&["Assign"], None, &["Task", "Parallel", "Map", "Pass", "Wait", "Choice"]),
    row(&["Next", "End"], None, GOES_ON),
    row(&["Parameters", "ResultPath"], JSONPATH, &["Task", "Parallel", "Map", "Pass"]),
    row(&["Arguments"], JSONATA, &["Task", "Parallel"]),
    row(&["ResultSelector"], JSONPATH, WORKS),
    row(&["Retry", "Catch"], None, WORKS),
    row(&["Resource", "Credentials", "TimeoutSeconds", "HeartbeatSeconds"], None, &["Task"]),
    row(&["TimeoutSecondsPath", "HeartbeatSecondsPath"], JSONPATH, &["Task"]),
    row(&["Branches"], None, &["Parallel"]),
    row(&["ItemProcessor", "Iterator", "ItemReader", "ItemBatcher", "ItemSelector", "ResultWriter"], None, &["Map"]),
    row(&["MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage", "Label"], None, &["Map"]),
    row(&["Items"], JSONATA, &["Map"]),
    row(&["ItemsPath", "MaxConcurrencyPath"], JSONPATH, &["Map"]),
    row(&["ToleratedFailureCountPath", "ToleratedFailurePercentagePath"], JSONPATH, &["Map"]),
    row(&["Result"], JSONPATH, &["Pass"]),
    row(&["Seconds", "Timestamp"], None, &["Wait"]),
    row(&["SecondsPath", "TimestampPath"], JSONPATH, &["Wait"]),
    row(&["Choices", "Default"], None, &["Choice"]),
    row(&["Error", "Cause"], None, &["Fail"]),
    row(&["ErrorPath", "CausePath"], JSONPATH, &["Fail"]),
];

const fn row(fields: &'static [&'static str], language: Option<QueryLanguage>, types: &'static [&'static str]) -> Row {
    Row { fields, language, types }
}

/// What the objects of a Map that name a store cannot do without: at least one of these fields.
const STORES: &[(&str, &[&str])] = &[("ItemReader", &["Resource"]), ("ResultWriter", &["Resource", "WriterConfig"])];

/// The fields of a definition, and those of a machine inside a state.
const DEFINITION: &[&str] = &["Comment", "StartAt", "States", "QueryLanguage", "TimeoutSeconds", "Version"];
const NESTED: &[&str] = &["Comment", "StartAt", "States", "QueryLanguage", "ProcessorConfig"];

/// Checks which fields a machine has, whole or nested.
pub(super) fn machine(machine: &Map<String, Value>, path: &str) -> Vec<Finding> {
    let known = if path.is_empty() { DEFINITION } else { NESTED };
    let unknown = machine.keys().filter(|field| !known.contains(&field.as_str()));
    let unknown = unknown.map(|field| {
        let place = format!("{path}{}", pointer([field.as_str()]));
        Finding::new(Code::UnknownField, place, format!("a machine has no {field} here; remove it"))
    });
    let mut findings: Vec<Finding> = unknown.collect();
    let config = machine.get("ProcessorConfig");
    let is = |field: &str, value: &str| config.and_then(|config| config.get(field)).is_some_and(|name| name == value);
    if is("Mode", "DISTRIBUTED") && config.is_some_and(|config| config.get("ExecutionType").is_none()) {
        let message = "say in ExecutionType whether the items' executions are STANDARD or EXPRESS";
        findings.push(Finding::new(Code::MissingField, format!("{path}/ProcessorConfig"), message));
    }
    findings
}

/// What a type of state cannot do without: exactly one of these fields.
const NEEDS: &[(&str, &[&str])] = &[
    ("Task", &["Resource"]),
    ("Parallel", &["Branches"]),
    ("Map", &["ItemProcessor", "Iterator"]),
    ("Wait", &["Seconds", "Timestamp", "SecondsPath", "TimestampPath"]),
    ("Choice", &["Choices"]),
];

/// Checks a state's type, its fields, its transition and its choice rules.
pub(super) fn check(state: &Map<String, Value>, language: QueryLanguage, path: &str) -> Vec<Finding> {
    let name = state.get("Type").and_then(Value::as_str).unwrap_or_default();
    if !TYPES.contains(&name) {
        let message = format!("set Type to one of {}", TYPES.join(", "));
        return vec![Finding::new(Code::UnknownType, path, message)];
    }
    let mut findings: Vec<Finding> = state.keys().filter_map(|field| unexpected(field, name, language, path)).collect();
    for (_, fields) in NEEDS.iter().filter(|(type_name, _)| *type_name == name) {
        if fields.iter().filter(|field| state.contains_key(**field)).count() != 1 {
            let message = format!("a {name} state needs exactly one of {}", fields.join(", "));
            findings.push(Finding::new(Code::MissingField, path, message));
        }
    }
    findings.extend(STORES.iter().filter_map(|(field, needs)| {
        let store = state.get(*field)?.as_object()?;
        let message = format!("{field} needs {}", needs.join(" or "));
        let has_one = needs.iter().any(|need| store.contains_key(*need));
        (!has_one).then(|| Finding::new(Code::MissingField, format!("{path}{}", pointer([*field])), message))
    }));
    if GOES_ON.contains(&name) {
        findings.extend(transition(state, path));
    }
    if name == "Choice" {
        findings.extend(super::choice::check(state, language, path));
    }
    findings
}

/// A field that the state does not have at all, or not in its language.
fn unexpected(field: &str, name: &str, language: QueryLanguage, path: &str) -> Option<Finding> {
    let place = format!("{path}{}", pointer([field]));
    match TABLE.iter().find(|row| row.fields.contains(&field) && row.types.contains(&name)) {
        None => Some(Finding::new(Code::UnknownField, place, format!("a {name} state has no {field}; remove it"))),
        Some(row) if row.language.is_some_and(|only| only != language) => {
            let message = format!("a {name} state in {} has no {field}; remove it", language.name());
            Some(Finding::new(Code::MixedLanguages, place, message))
        }
        Some(_) => None,
    }
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

//! What a field may hold: a text, a number, an object. In JSONata an expression may stand where a value is asked for.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html> and the pages of the states.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::NUMBER_LIMIT;
use super::fields::QueryLanguage;
use super::finding::{Code, Finding, pointer};

/// What a value has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    Text,
    TextOrNull,
    Boolean,
    Number,
    /// Items, executions.
    Count,
    Seconds,
    Percentage,
    Moment,
    /// An ARN, whole or by a placeholder.
    Arn,
    Object,
    List,
    /// A list of objects.
    Machines,
    OneOf(&'static [&'static str]),
}

use Shape::{Arn, Count, List, Machines, Moment, Object, OneOf, Percentage, Seconds, Text, TextOrNull};

impl Shape {
    pub(super) fn fits(self, value: &Value) -> bool {
        match self {
            Text => value.is_string(),
            TextOrNull => value.is_string() || value.is_null(),
            Self::Boolean => value.is_boolean(),
            Self::Number => value.is_number(),
            Count => value.is_u64(),
            Seconds => value.as_u64().is_some_and(|seconds| seconds <= NUMBER_LIMIT),
            Percentage => value.as_f64().is_some_and(|share| (0.0..=100.0).contains(&share)),
            Moment => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok() || text.contains("${")),
            Arn => value.as_str().is_some_and(|text| text.starts_with("arn:") || text.starts_with("${")),
            Object => value.is_object(),
            List => value.is_array(),
            Machines => value.as_array().is_some_and(|items| items.iter().all(Value::is_object)),
            OneOf(names) => value.as_str().is_some_and(|name| names.contains(&name)),
        }
    }

    pub(super) fn wanted(self) -> String {
        match self {
            Text => "a text".to_owned(),
            TextOrNull => "a path, or null".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Number => "a number".to_owned(),
            Count => "a whole number".to_owned(),
            Seconds => format!("whole seconds, 0 to {NUMBER_LIMIT}"),
            Percentage => "a number, 0 to 100".to_owned(),
            Moment => "a moment, as 2026-01-01T00:00:00Z".to_owned(),
            Arn => "an ARN".to_owned(),
            Object => "an object".to_owned(),
            List => "a list".to_owned(),
            Machines => "a list of machines".to_owned(),
            OneOf(names) => names.join(" or "),
        }
    }
}

/// A row of a table of shapes: what these fields hold, and whether an expression may stand there instead.
type Row = (&'static [&'static str], Shape, bool);

/// The fields of a state. Those that hold whatever a user likes are not here, nor those that other checks judge.
const STATE: &[Row] = &[
    (&["Comment", "Next", "Default", "Error", "Cause"], Text, false),
    (&["InputPath", "OutputPath", "ResultPath"], TextOrNull, false),
    (&["ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath"], Text, false),
    (&["MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath"], Text, false),
    (&["ErrorPath", "CausePath"], Text, false),
    (&["Resource"], Arn, false),
    (&["Assign", "Parameters", "ResultSelector", "Credentials"], Object, false),
    (&["ItemSelector"], Object, true),
    (&["ItemProcessor", "Iterator", "ItemReader", "ItemBatcher", "ResultWriter"], Object, false),
    (&["Branches"], Machines, false),
    (&["Choices"], List, false),
    (&["MaxConcurrency", "ToleratedFailureCount"], Count, true),
    (&["Seconds"], Seconds, true),
    (&["ToleratedFailurePercentage"], Percentage, true),
    (&["Timestamp"], Moment, true),
];

const CATCHER: &[Row] =
    &[(&["Comment", "Next"], Text, false), (&["ResultPath"], TextOrNull, false), (&["Assign"], Object, false)];

/// The arguments of a call. Those of a Parallel are whatever its branches take.
const TASK: &[Row] = &[(&["Arguments"], Object, true)];

const PROCESSOR: &[Row] = &[(&["ProcessorConfig"], Object, false), (&["Comment", "StartAt"], Text, false)];

const PROCESSOR_CONFIG: &[Row] = &[
    (&["Mode"], OneOf(&["INLINE", "DISTRIBUTED"]), false),
    (&["ExecutionType"], OneOf(&["STANDARD", "EXPRESS"]), false),
];

/// What reads the items of a Map, and what writes its results.
const STORE: &[Row] = &[
    (&["Resource"], Arn, false),
    (&["Arguments"], Object, true),
    (&["Parameters", "ReaderConfig", "WriterConfig"], Object, false),
];

const READER_CONFIG: &[Row] = &[
    (&["InputType"], OneOf(&["CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"]), false),
    (&["CSVHeaderLocation"], OneOf(&["FIRST_ROW", "GIVEN"]), false),
    (&["CSVDelimiter"], OneOf(&["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]), false),
    (&["CSVHeaders"], List, false),
    (&["ItemsPointer"], Text, false),
    (&["MaxItems"], Count, true),
];

const WRITER_CONFIG: &[Row] = &[
    (&["Transformation"], OneOf(&["NONE", "COMPACT", "FLATTEN"]), false),
    (&["OutputType"], OneOf(&["JSON", "JSONL"]), false),
];

const BATCHER: &[Row] = &[(&["MaxItemsPerBatch", "MaxInputBytesPerBatch"], Count, true)];

/// The objects inside a Map: where each is, and what it holds.
const INSIDE: &[(&[&str], &[Row])] = &[
    (&["ItemProcessor"], PROCESSOR),
    (&["ItemProcessor", "ProcessorConfig"], PROCESSOR_CONFIG),
    (&["ItemReader"], STORE),
    (&["ItemReader", "ReaderConfig"], READER_CONFIG),
    (&["ItemBatcher"], BATCHER),
    (&["ResultWriter"], STORE),
    (&["ResultWriter", "WriterConfig"], WRITER_CONFIG),
];

/// Checks what the fields of one state hold.
pub(super) fn check(state: &Map<String, Value>, language: QueryLanguage, path: &str) -> Vec<Finding> {
    let mut findings = table(STATE, state, language, path);
    if state.get("Type").is_some_and(|name| name == "Task") {
        findings.extend(table(TASK, state, language, path));
    }
    findings.extend(items(state, language, path));
    for (place, rows) in INSIDE {
        let inside = place.iter().try_fold(state, |object, field| object.get(*field)?.as_object());
        let path = || format!("{path}{}", pointer(place.iter().copied()));
        findings.extend(inside.into_iter().flat_map(|object| table(rows, object, language, &path())));
    }
    for (index, catcher) in state.get("Catch").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let path = format!("{path}{}", pointer(["Catch", &index.to_string()]));
        findings.extend(catcher.as_object().into_iter().flat_map(|catcher| table(CATCHER, catcher, language, &path)));
    }
    findings
}

/// Items may be a list or an object, of which each field is an item.
fn items(state: &Map<String, Value>, language: QueryLanguage, path: &str) -> Option<Finding> {
    let items = state.get("Items")?;
    let is_sound = items.is_array() || items.is_object() || is_expression(items, language);
    let message = "write a list, an object or an expression";
    (!is_sound).then(|| Finding::new(Code::Structure, format!("{path}/Items"), message))
}

fn table(rows: &[Row], object: &Map<String, Value>, language: QueryLanguage, path: &str) -> Vec<Finding> {
    let fields =
        rows.iter().flat_map(|(fields, shape, takes)| fields.iter().map(move |field| (*field, *shape, *takes)));
    let wrong = fields.filter(|(field, shape, takes_expression)| {
        let is_sound = |value: &Value| shape.fits(value) || (*takes_expression && is_expression(value, language));
        object.get(*field).is_some_and(|value| !is_sound(value))
    });
    wrong
        .map(|(field, shape, takes_expression)| {
            let or = if takes_expression && language == QueryLanguage::Jsonata { ", or an expression" } else { "" };
            let message = format!("write {}{or}", shape.wanted());
            Finding::new(Code::Structure, format!("{path}{}", pointer([field])), message)
        })
        .collect()
}

pub(super) fn is_expression(value: &Value, language: QueryLanguage) -> bool {
    language == QueryLanguage::Jsonata && value.as_str().is_some_and(|text| text.trim_start().starts_with("{%"))
}

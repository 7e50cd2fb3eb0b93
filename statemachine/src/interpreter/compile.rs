//! From a definition to a [`Program`].

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use super::choice::Rule;
use super::intrinsic;
use super::items::Format;
use super::path::Path;
use super::program::{
    Batcher, Catcher, Edge, Items, Kind, Machine, Map, Next, Number, Numbers, Places, Program, Reader, ResultPath,
    Retrier, Selection, State, Task, Text, Transformation, Until, Work, Writer,
};
use super::source::{DefinitionError, Read, Source};
use super::template::Template;
use crate::check::QueryLanguage;

impl Program {
    pub(super) fn read(definition: &Value) -> Read<Self> {
        let source = Source::new(definition, "")?;
        let language = QueryLanguage::within(source.object(), QueryLanguage::JsonPath);
        let mut numbers = Numbers::default();
        let machine = machine(&source, language, &mut numbers)?;
        let timeout = source.value("TimeoutSeconds").and_then(Value::as_u64).map(Duration::from_secs);
        Ok(Self { machine, timeout, names: numbers.names, edges: numbers.edges })
    }
}

fn machine(source: &Source<'_>, language: QueryLanguage, numbers: &mut Numbers) -> Read<Machine> {
    let states = source.inner("States")?.ok_or_else(|| DefinitionError::new(&source.path, "States is missing"))?;
    let places: HashMap<&str, usize> =
        states.object().keys().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
    let start = target(source, "StartAt", &places)?;
    let names = states.object().iter();
    let states = names.map(|(name, value)| {
        let source = Source::new(value, states.at(name))?;
        Reading { source, language, places: &places }.state(name, numbers)
    });
    Ok(Machine { start, states: states.collect::<Read<_>>()? })
}

fn target(source: &Source<'_>, field: &str, places: &Places<'_>) -> Read<usize> {
    let name = source.required(field)?;
    places.get(name).copied().ok_or_else(|| source.error(field, format!("there is no state {name:?}")))
}

/// A state that is being read.
struct Reading<'a> {
    source: Source<'a>,
    /// The machine's language, then the state's own.
    language: QueryLanguage,
    places: &'a Places<'a>,
}

impl Reading<'_> {
    fn state(mut self, name: &str, numbers: &mut Numbers) -> Read<State> {
        let machine_language = self.language;
        self.language = QueryLanguage::within(self.source.object(), machine_language);
        let (name, number) = numbers.next(name);
        let (entered, exited, kind) = match self.source.required("Type")? {
            "Pass" => ("PassStateEntered", "PassStateExited", self.pass()?),
            "Wait" => ("WaitStateEntered", "WaitStateExited", self.wait()?),
            "Choice" => ("ChoiceStateEntered", "ChoiceStateExited", self.choice()?),
            "Succeed" => ("SucceedStateEntered", "SucceedStateExited", Kind::Succeed),
            "Fail" => ("FailStateEntered", "", self.fail()?),
            "Task" => ("TaskStateEntered", "TaskStateExited", self.task()?),
            "Parallel" => {
                let branches = self.source.list("Branches")?;
                let branches = branches.iter().map(|branch| machine(branch, machine_language, numbers));
                let branches = branches.collect::<Read<_>>()?;
                ("ParallelStateEntered", "ParallelStateExited", Kind::Parallel { branches, work: self.work()? })
            }
            "Map" => {
                let map = Box::new(self.map(machine_language, numbers)?);
                ("MapStateEntered", "MapStateExited", Kind::Map { map, work: self.work()? })
            }
            other => return Err(self.source.error("Type", format!("there is no type {other:?}"))),
        };
        numbers.edges[number] = self.edges();
        Ok(State {
            name,
            number,
            language: self.language,
            entered,
            exited,
            aborted: match &kind {
                Kind::Task { .. } => "TaskStateAborted",
                Kind::Wait { .. } => "WaitStateAborted",
                Kind::Parallel { .. } => "ParallelStateAborted",
                _ => "MapStateAborted",
            },
            input: self.selection("InputPath")?,
            output_path: self.selection("OutputPath")?,
            output: self.in_jsonata("Output")?,
            assign: self.template("Assign")?,
            kind,
        })
    }

    /// The ways out, in the order in which they are written.
    fn edges(&self) -> Vec<(Edge, Option<std::sync::Arc<str>>)> {
        let named = |value: Option<&Value>| value.and_then(Value::as_str).map(Into::into);
        let object = self.source.object();
        let listed = |field: &str, edge: fn(usize) -> Edge| {
            let items = object.get(field).and_then(Value::as_array).into_iter().flatten().enumerate();
            items.map(|(index, item)| (edge(index), named(item.get("Next")))).collect::<Vec<_>>()
        };
        let mut edges = listed("Choices", Edge::Choice);
        edges.extend(object.get("Default").map(|name| (Edge::Default, named(Some(name)))));
        let goes_on = object.contains_key("Next") || object.get("End").is_some_and(|end| end == true);
        edges.extend(goes_on.then(|| (Edge::Next, named(object.get("Next")))));
        edges.extend(listed("Retry", Edge::Retry));
        edges.extend(listed("Catch", Edge::Catch));
        edges
    }

    fn template(&self, field: &str) -> Read<Option<Template>> {
        let value = self.source.value(field);
        value.map(|value| Template::parse(value, self.language, field, &self.source.at(field))).transpose()
    }

    fn in_jsonata(&self, field: &str) -> Read<Option<Template>> {
        if self.language == QueryLanguage::Jsonata { self.template(field) } else { Ok(None) }
    }

    fn path(&self, field: &str) -> Read<Option<Path>> {
        let parse = |text: &str| Path::parse(text).map_err(|message| self.source.error(field, message));
        self.source.text(field)?.map(parse).transpose()
    }

    fn selection(&self, field: &str) -> Read<Selection> {
        match self.source.value(field) {
            None => Ok(Selection::All),
            Some(Value::Null) => Ok(Selection::Nothing),
            Some(_) => Ok(self.path(field)?.map_or(Selection::All, Selection::Path)),
        }
    }

    fn next(&self) -> Read<Next> {
        match self.source.value("Next") {
            Some(_) => target(&self.source, "Next", self.places).map(Next::State),
            None => Ok(Next::End),
        }
    }

    fn pass(&self) -> Read<Kind> {
        Ok(Kind::Pass {
            result: self.source.value("Result").cloned(),
            parameters: self.template("Parameters")?,
            result_path: result_path(&self.source)?,
            next: self.next()?,
        })
    }

    fn wait(&self) -> Read<Kind> {
        let until = match (self.number("Seconds", "SecondsPath")?, self.words("Timestamp", "TimestampPath")?) {
            (Some(seconds), _) => Until::Seconds(seconds),
            (None, Some(moment)) => Until::Timestamp(moment),
            (None, None) => return Err(DefinitionError::new(&self.source.path, "a Wait needs Seconds or Timestamp")),
        };
        Ok(Kind::Wait { until, next: self.next()? })
    }

    fn choice(&self) -> Read<Kind> {
        let rules = self.source.list("Choices")?;
        let rules = rules.iter().enumerate().map(|(index, rule)| Rule::read(rule, index, self.language, self.places));
        let default = self.source.value("Default").map(|_| target(&self.source, "Default", self.places));
        Ok(Kind::Choice { rules: rules.collect::<Read<_>>()?, default: default.transpose()? })
    }

    fn fail(&self) -> Read<Kind> {
        Ok(Kind::Fail { error: self.words("Error", "ErrorPath")?, cause: self.words("Cause", "CausePath")? })
    }

    fn task(&self) -> Read<Kind> {
        let task = Task {
            resource: self.source.required("Resource")?.to_owned(),
            timeout: self.number("TimeoutSeconds", "TimeoutSecondsPath")?,
            heartbeat: self.number("HeartbeatSeconds", "HeartbeatSecondsPath")?,
        };
        Ok(Kind::Task { task: Box::new(task), work: self.work()? })
    }

    fn work(&self) -> Read<Box<Work>> {
        let is_map = self.source.value("Type").is_some_and(|name| name == "Map");
        let arguments = match self.language {
            QueryLanguage::Jsonata => self.template("Arguments")?,
            // On a Map, Parameters is the old spelling of ItemSelector.
            QueryLanguage::JsonPath if is_map => None,
            QueryLanguage::JsonPath => self.template("Parameters")?,
        };
        let retriers = self.source.list("Retry")?;
        let catchers = self.source.list("Catch")?;
        let catchers = catchers.iter().enumerate().map(|(index, catcher)| self.catcher(catcher, index));
        Ok(Box::new(Work {
            arguments,
            result_selector: self.template("ResultSelector")?,
            result_path: result_path(&self.source)?,
            retriers: retriers.iter().map(retrier).collect::<Read<_>>()?,
            catchers: catchers.collect::<Read<_>>()?,
            next: self.next()?,
        }))
    }

    fn catcher(&self, source: &Source<'_>, index: usize) -> Read<Catcher> {
        let template = |field: &str| {
            let value = source.value(field);
            let name = format!("Catch[{index}]/{field}");
            value.map(|value| Template::parse(value, self.language, &name, &source.at(field))).transpose()
        };
        Ok(Catcher {
            errors: source.texts("ErrorEquals")?,
            output: template("Output")?,
            assign: template("Assign")?,
            result_path: result_path(source)?,
            next: target(source, "Next", self.places)?,
        })
    }

    fn map(&self, machine_language: QueryLanguage, numbers: &mut Numbers) -> Read<Map> {
        let processor = match self.source.inner("ItemProcessor")? {
            Some(processor) => Some(processor),
            None => self.source.inner("Iterator")?,
        };
        let processor = processor.ok_or_else(|| DefinitionError::new(&self.source.path, "ItemProcessor is missing"))?;
        let mode = processor.inner("ProcessorConfig")?.and_then(|config| config.value("Mode").cloned());
        let items = match (self.in_jsonata("Items")?, self.path("ItemsPath")?) {
            (Some(template), _) => Items::Template(template),
            (None, Some(path)) => Items::Path(path),
            (None, None) => Items::Input,
        };
        let selector = match self.template("ItemSelector")? {
            Some(selector) => Some(selector),
            None => self.template("Parameters")?,
        };
        Ok(Map {
            machine: machine(&processor, machine_language, numbers)?,
            is_distributed: mode.is_some_and(|mode| mode == "DISTRIBUTED"),
            items,
            reader: self.source.inner("ItemReader")?.map(|reader| self.reader(reader)).transpose()?,
            selector,
            batcher: self.source.inner("ItemBatcher")?.map(|batcher| self.batcher(batcher)).transpose()?,
            writer: self.source.inner("ResultWriter")?.map(|writer| self.writer(&writer)).transpose()?,
            concurrency: self.number("MaxConcurrency", "MaxConcurrencyPath")?,
            tolerated_count: self.number("ToleratedFailureCount", "ToleratedFailureCountPath")?,
            tolerated_percentage: self.number("ToleratedFailurePercentage", "ToleratedFailurePercentagePath")?,
            label: self.source.text("Label")?.map(str::to_owned),
        })
    }

    fn reader(&self, source: Source<'_>) -> Read<Reader> {
        let config = source.inner("ReaderConfig")?;
        let most = match &config {
            Some(config) => self.below(config).number("MaxItems", "MaxItemsPath")?,
            None => None,
        };
        Ok(Reader {
            is_listing: source.required("Resource")?.ends_with("s3:listObjectsV2"),
            arguments: self.arguments(&source, "ItemReader")?,
            format: Format::read(config.as_ref())?,
            most,
        })
    }

    fn writer(&self, source: &Source<'_>) -> Read<Writer> {
        let config = source.inner("WriterConfig")?;
        let text = |field: &str| config.as_ref().map_or(Ok(None), |config| config.text(field));
        let is_exported = source.value("Resource").is_some();
        let transformation = match text("Transformation")? {
            Some("FLATTEN") => Transformation::Flatten,
            Some("COMPACT") => Transformation::Compact,
            None if !is_exported => Transformation::Compact,
            _ => Transformation::None,
        };
        let is_in_lines = text("OutputType")? == Some("JSONL");
        Ok(Writer { is_exported, arguments: self.arguments(source, "ResultWriter")?, transformation, is_in_lines })
    }

    fn batcher(&self, source: Source<'_>) -> Read<Batcher> {
        let below = self.below(&source);
        Ok(Batcher {
            items: below.number("MaxItemsPerBatch", "MaxItemsPerBatchPath")?,
            bytes: below.number("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")?,
            input: below.template("BatchInput")?,
        })
    }

    /// The same reading, of an object inside the state.
    fn below<'b>(&'b self, source: &Source<'b>) -> Reading<'b> {
        Reading { source: source.clone(), language: self.language, places: self.places }
    }

    /// Arguments in JSONata, Parameters in JSONPath.
    fn arguments(&self, source: &Source<'_>, within: &str) -> Read<Option<Template>> {
        let field = if self.language == QueryLanguage::Jsonata { "Arguments" } else { "Parameters" };
        let value = source.value(field);
        let name = format!("{within}/{field}");
        value.map(|value| Template::parse(value, self.language, &name, &source.at(field))).transpose()
    }

    fn number(&self, field: &'static str, path_field: &'static str) -> Read<Option<Number>> {
        if let Some(path) = self.path(path_field)? {
            return Ok(Some(Number::Path(path, path_field)));
        }
        Ok(match self.source.value(field) {
            None => None,
            Some(Value::String(_)) if self.language == QueryLanguage::Jsonata => {
                self.template(field)?.map(Number::Template)
            }
            Some(_) => Some(Number::Literal(self.source.number(field, 0.0)?)),
        })
    }

    fn words(&self, field: &'static str, path_field: &'static str) -> Read<Option<Text>> {
        if let Some(text) = self.source.text(path_field)? {
            let query = intrinsic::query(text).map_err(|message| self.source.error(path_field, message))?;
            return Ok(Some(Text::Query(query, path_field)));
        }
        match (self.source.text(field)?, self.language) {
            (None, _) => Ok(None),
            (Some(_), QueryLanguage::Jsonata) => Ok(self.template(field)?.map(Text::Template)),
            (Some(text), QueryLanguage::JsonPath) => Ok(Some(Text::Literal(text.to_owned()))),
        }
    }
}

fn result_path(source: &Source<'_>) -> Read<ResultPath> {
    match source.value("ResultPath") {
        None => Ok(ResultPath::Replace),
        Some(Value::Null) => Ok(ResultPath::Discard),
        Some(_) => {
            let path = Path::parse(source.required("ResultPath")?);
            path.map(ResultPath::At).map_err(|message| source.error("ResultPath", message))
        }
    }
}

fn retrier(source: &Source<'_>) -> Read<Retrier> {
    Ok(Retrier {
        errors: source.texts("ErrorEquals")?,
        interval_seconds: source.number("IntervalSeconds", 1.0)?,
        attempts: source.value("MaxAttempts").map_or(Some(3), Value::as_u64).unwrap_or(0),
        backoff_rate: source.number("BackoffRate", 2.0)?,
        longest_seconds: source.number("MaxDelaySeconds", f64::INFINITY)?,
        is_jittered: source.value("JitterStrategy").is_some_and(|strategy| strategy == "FULL"),
    })
}

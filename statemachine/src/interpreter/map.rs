//! States that run other machines: Parallel, and Map in both its modes.

use futures::StreamExt as _;
use futures::stream::{self, FuturesUnordered};
use serde_json::{Map as Fields, Value, json};

use super::data::Data;
use super::engine::{Engine, PAYLOAD_LIMIT};
use super::failure::{Failure, Flow};
use super::history::Details;
use super::items::missing;
use super::journal::{Journal, Line};
use super::program::{Batcher, Items, Machine, Map, Number, Reader, State, Transformation, Writer};
use super::scope::{ContextObject, item};
use super::template::Template;
use super::{ChildExecution, MACHINE_ARN};
use crate::ErrorName;

/// How many items run at once where MaxConcurrency is 0.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>
const INLINE_CONCURRENCY: usize = 40;
const DISTRIBUTED_CONCURRENCY: usize = 10_000;

impl Engine<'_, '_> {
    pub(super) async fn parallel(&self, branches: &[Machine], input: Data, line: &mut Line<'_>) -> Flow<Data> {
        line.record("ParallelStateStarted", &self.world, Details::None)?;
        let mut running = FuturesUnordered::new();
        for (index, branch) in branches.iter().enumerate() {
            let (mut inner, input) = (line.branch(), input.clone());
            running.push(async move {
                let outcome = self.nested(branch, input, &mut inner).await;
                (index, outcome, inner.previous)
            });
        }
        let mut outputs = vec![Value::Null; branches.len()];
        while let Some((index, outcome, previous)) = running.next().await {
            line.previous = previous;
            match outcome {
                Ok(output) => outputs[index] = output.into_json(),
                Err(failure) => {
                    line.journal.abort(&self.world, running);
                    line.record("ParallelStateFailed", &self.world, Details::failed(&failure))?;
                    return Err(failure);
                }
            }
        }
        drop(running);
        line.record("ParallelStateSucceeded", &self.world, Details::None)?;
        Ok(Value::Array(outputs).into())
    }

    pub(super) async fn map(&self, state: &State, map: &Map, input: &Data, line: &mut Line<'_>) -> Flow<Data> {
        if map.is_distributed {
            self.distributed(state, map, input, line).await
        } else {
            self.inline(state, map, input, line).await
        }
    }

    async fn inline(&self, state: &State, map: &Map, input: &Data, line: &mut Line<'_>) -> Flow<Data> {
        let items = self.items(map, input, line)?;
        let concurrency = self.concurrency(map, input, line, INLINE_CONCURRENCY)?;
        self.inspect(state, |seen| {
            seen.after_items_path = Some(items.clone().into());
            seen.max_concurrency = Some(concurrency as f64);
        });
        line.record("MapStateStarted", &self.world, Details::Length(items.len()))?;
        let mut outputs = vec![Value::Null; items.len()];
        let start = &*line;
        let iterations =
            items.into_iter().enumerate().map(|(index, value)| self.iteration(state, map, input, start, index, value));
        let mut running = Box::pin(stream::iter(iterations).buffer_unordered(concurrency));
        let mut previous = line.previous;
        let mut failed = None;
        while let Some((index, outcome, last)) = running.next().await {
            previous = last;
            match outcome {
                Ok(output) => outputs[index] = output.into_json(),
                Err(failure) => {
                    failed = Some(failure);
                    break;
                }
            }
        }
        line.journal.abort(&self.world, running);
        line.previous = previous;
        if let Some(failure) = failed {
            line.record("MapStateFailed", &self.world, Details::failed(&failure))?;
            return Err(failure);
        }
        line.record("MapStateSucceeded", &self.world, Details::None)?;
        Ok(Value::Array(outputs).into())
    }

    async fn iteration(
        &self,
        state: &State,
        map: &Map,
        input: &Data,
        start: &Line<'_>,
        index: usize,
        value: Value,
    ) -> (usize, Flow<Data>, u64) {
        let mut line = start.branch();
        let outcome = self.iterate(state, map, input, &mut line, index, value).await;
        (index, outcome, line.previous)
    }

    async fn iterate(
        &self,
        state: &State,
        map: &Map,
        input: &Data,
        line: &mut Line<'_>,
        index: usize,
        value: Value,
    ) -> Flow<Data> {
        let details = || Details::Iteration { state: state.name.clone(), index };
        line.record("MapIterationStarted", &self.world, details())?;
        line.open("MapIterationAborted", details());
        let item_input = self.select_item(map, input, line, index, value)?;
        if map.selector.is_some() {
            self.inspect(state, |seen| push(&mut seen.after_item_selector, item_input.json()));
        }
        let outcome = self.nested(&map.machine, item_input, line).await;
        line.close();
        let event = if outcome.is_ok() { "MapIterationSucceeded" } else { "MapIterationFailed" };
        line.record(event, &self.world, details())?;
        outcome
    }

    /// What the processor gets for an item. The item is in the context object from here on.
    fn select_item(&self, map: &Map, input: &Data, line: &mut Line<'_>, index: usize, value: Value) -> Flow<Data> {
        let Some(selector) = &map.selector else {
            line.context = std::mem::take(&mut line.context).with("Map", item(index, value.clone()));
            return Ok(value.into());
        };
        line.context = std::mem::take(&mut line.context).with("Map", item(index, value));
        selector.evaluate(&line.scope(input, &self.world))
    }

    fn concurrency(&self, map: &Map, input: &Data, line: &Line<'_>, most: usize) -> Flow<usize> {
        let wanted = self.number(map.concurrency.as_ref(), input, line)?.unwrap_or(0.0) as usize;
        Ok(if wanted == 0 { most } else { wanted.min(most) })
    }

    fn number(&self, number: Option<&Number>, input: &Data, line: &Line<'_>) -> Flow<Option<f64>> {
        number.map(|number| number.evaluate(&line.scope(input, &self.world))).transpose()
    }

    fn evaluate(&self, template: Option<&Template>, input: &Data, line: &Line<'_>) -> Flow<Value> {
        let evaluated = template.map(|template| template.evaluate(&line.scope(input, &self.world)));
        Ok(evaluated.transpose()?.map_or(Value::Null, Data::into_json))
    }

    fn items(&self, map: &Map, input: &Data, line: &Line<'_>) -> Flow<Vec<Value>> {
        if let Some(reader) = &map.reader {
            return self.read(reader, input, line);
        }
        let scope = line.scope(input, &self.world);
        let items = match &map.items {
            Items::Input => input.json().clone(),
            Items::Path(path) => path.read(&scope, "ItemsPath")?,
            Items::Template(template) => template.evaluate(&scope)?.into_json(),
        };
        match (items, &map.items) {
            (Value::Array(items), _) => Ok(items),
            (other, Items::Template(_)) => Err(Failure::query(format!("Items gave {other}, where a list is needed"))),
            (other, _) => Err(Failure::runtime(format!("The items of a Map are a list, not {other}"))),
        }
    }

    fn read(&self, reader: &Reader, input: &Data, line: &Line<'_>) -> Flow<Vec<Value>> {
        let arguments = self.evaluate(reader.arguments.as_ref(), input, line)?;
        let text = |field: &str| arguments.get(field).and_then(Value::as_str).unwrap_or_default();
        let (bucket, key) = (text("Bucket"), text("Key"));
        let objects = self.objects.borrow();
        let mut items = if reader.is_listing {
            objects.list(bucket, text("Prefix"))
        } else {
            let bytes = objects.get(bucket, key).ok_or_else(|| missing(bucket, key))?;
            reader.format.items(bytes, &objects)?
        };
        if let Some(most) = self.number(reader.most.as_ref(), input, line)?.filter(|most| *most > 0.0) {
            items.truncate(most as usize);
        }
        Ok(items)
    }

    /// Each item, or batch of items, is an execution of its own, with its own history.
    async fn distributed(&self, state: &State, map: &Map, input: &Data, line: &mut Line<'_>) -> Flow<Data> {
        let label = map.label.clone().unwrap_or_else(|| state.name.to_string());
        let arn = format!("arn:aws:states:us-east-1:123456789012:mapRun:machine/{label}:{}", self.world.uuid());
        // How many items a reader will read is not known yet; AWS says 0.
        let listed = if map.reader.is_none() { Some(self.items(map, input, line)?) } else { None };
        let length = listed.as_ref().map_or(0, Vec::len);
        line.record("MapStateStarted", &self.world, Details::Length(length))?;
        line.record("MapRunStarted", &self.world, Details::MapRun { arn: arn.clone() })?;
        let outcome = self.map_run(state, map, listed, input, line, &label).await;
        let children = match outcome {
            Ok(children) => children,
            Err(failure) => {
                line.record("MapRunFailed", &self.world, Details::failed(&failure))?;
                line.record("MapStateFailed", &self.world, Details::None)?;
                return Err(failure);
            }
        };
        line.record("MapRunSucceeded", &self.world, Details::None)?;
        line.record("MapStateSucceeded", &self.world, Details::None)?;
        match &map.writer {
            Some(writer) => self.results(writer, input, line, &arn, &children),
            None => Ok(children.into_iter().map(Child::output).collect::<Value>().into()),
        }
    }

    async fn map_run(
        &self,
        state: &State,
        map: &Map,
        listed: Option<Vec<Value>>,
        input: &Data,
        line: &mut Line<'_>,
        label: &str,
    ) -> Flow<Vec<Child>> {
        let inputs = self.child_inputs(state, map, listed, input, line)?;
        let total: usize = inputs.iter().map(|(_, weight)| weight).sum();
        let tolerance = self.tolerance(state, map, input, line, total)?;
        let concurrency = self.concurrency(map, input, line, DISTRIBUTED_CONCURRENCY)?;
        self.inspect(state, |seen| seen.max_concurrency = Some(concurrency as f64));
        let mut children: Vec<Option<Child>> = inputs.iter().map(|_| None).collect();
        let start = &*line;
        let runs = inputs.into_iter().enumerate().map(|(index, (input, weight))| async move {
            (index, self.child(map, &start.context, label, input, weight).await)
        });
        let mut running = Box::pin(stream::iter(runs).buffer_unordered(concurrency));
        let mut failed = 0;
        while let Some((index, child)) = running.next().await {
            failed += if child.outcome.is_err() { child.weight } else { 0 };
            children[index] = Some(child);
            if failed > 0 && failed as f64 > tolerance {
                let cause = "The specified tolerated failure threshold was exceeded";
                return Err(Failure::reported(
                    ErrorName::ExceedToleratedFailureThreshold.as_str(),
                    Some(cause.to_owned()),
                ));
            }
        }
        Ok(children.into_iter().flatten().collect())
    }

    /// How many items may fail. Where both limits are given, the first that is exceeded counts.
    fn tolerance(&self, state: &State, map: &Map, input: &Data, line: &Line<'_>, total: usize) -> Flow<f64> {
        let count = self.number(map.tolerated_count.as_ref(), input, line)?;
        let percentage = self.number(map.tolerated_percentage.as_ref(), input, line)?;
        self.inspect(state, |seen| {
            (seen.tolerated_failure_count, seen.tolerated_failure_percentage) = (count, percentage);
        });
        let share = percentage.map(|percentage| percentage / 100.0 * total as f64);
        Ok(count.into_iter().chain(share).reduce(f64::min).unwrap_or(0.0))
    }

    async fn child(&self, map: &Map, context: &ContextObject, label: &str, input: Data, weight: usize) -> Child {
        let name = self.world.uuid();
        let arn = format!("arn:aws:states:us-east-1:123456789012:execution:machine/{label}:{name}");
        let started = self.world.now();
        let execution = json!({"Id": arn, "Input": input.json(), "Name": name, "StartTime": started});
        let journal = Journal::default();
        let mut line = Line::new(&journal, context.clone().with("Execution", execution.into()));
        line.is_branch = true;
        let outcome = match line.begin(&self.world, &input) {
            Ok(()) => self.nested(&map.machine, input.clone(), &mut line).await,
            Err(failure) => Err(failure),
        };
        let previous = line.previous;
        drop(line);
        let (event, details) = match &outcome {
            Ok(output) => ("ExecutionSucceeded", Details::Succeeded { output: output.text().clone() }),
            Err(failure) => ("ExecutionFailed", Details::failed(failure)),
        };
        journal.close(event, previous, &self.world, details);
        let events = journal.into_events();
        self.children.borrow_mut().push(ChildExecution { execution_arn: arn.clone(), events });
        Child { input, outcome, weight, arn, started, stopped: self.world.now() }
    }

    /// The input of each child execution, and how many items it holds.
    fn child_inputs(
        &self,
        state: &State,
        map: &Map,
        listed: Option<Vec<Value>>,
        input: &Data,
        line: &Line<'_>,
    ) -> Flow<Vec<(Data, usize)>> {
        let items = match listed {
            Some(items) => items,
            None => self.items(map, input, line)?,
        };
        self.inspect(state, |seen| seen.after_items_path = Some(items.clone().into()));
        let items = items.into_iter().enumerate();
        let mut inner = line.branch();
        let items = items.map(|(index, value)| self.select_item(map, input, &mut inner, index, value));
        let items = items.collect::<Flow<Vec<Data>>>()?;
        if map.selector.is_some() {
            self.inspect(state, |seen| seen.after_item_selector = Some(list(&items)));
        }
        match &map.batcher {
            Some(batcher) => {
                let batches = self.batches(batcher, items, input, line)?;
                let inputs = || batches.iter().map(|(batch, _)| batch);
                self.inspect(state, |seen| seen.after_item_batcher = Some(list(inputs())));
                Ok(batches)
            }
            None => Ok(items.into_iter().map(|item| (item, 1)).collect()),
        }
    }

    fn batches(&self, batcher: &Batcher, items: Vec<Data>, input: &Data, line: &Line<'_>) -> Flow<Vec<(Data, usize)>> {
        let limit = |number: Option<f64>, most: usize| {
            number.filter(|number| *number >= 1.0).map_or(most, |number| number as usize)
        };
        let most_items = limit(self.number(batcher.items.as_ref(), input, line)?, usize::MAX);
        let most_bytes = limit(self.number(batcher.bytes.as_ref(), input, line)?, PAYLOAD_LIMIT);
        let common = self.evaluate(batcher.input.as_ref(), input, line)?;
        let batch = |items: Vec<Value>| {
            let weight = items.len();
            let mut fields = Fields::new();
            if !common.is_null() {
                fields.insert("BatchInput".into(), common.clone());
            }
            fields.insert("Items".into(), items.into());
            (Data::from(Value::Object(fields)), weight)
        };
        let frame = batch(Vec::new()).0.text().len();
        let mut batches = Vec::new();
        let (mut held, mut bytes) = (Vec::new(), frame);
        for item in items {
            let size = item.text().len() + 1;
            if !held.is_empty() && (held.len() >= most_items || bytes + size > most_bytes) {
                batches.push(batch(std::mem::take(&mut held)));
                bytes = frame;
            }
            bytes += size;
            held.push(item.into_json());
        }
        batches.extend((!held.is_empty()).then(|| batch(held)));
        Ok(batches)
    }

    /// What a ResultWriter makes of the results: written to S3, the state gives where they are, and else themselves.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>
    fn results(&self, writer: &Writer, input: &Data, line: &Line<'_>, arn: &str, children: &[Child]) -> Flow<Data> {
        if !writer.is_exported {
            return Ok(writer.results(children.iter()).into_iter().collect::<Value>().into());
        }
        let target = self.evaluate(writer.arguments.as_ref(), input, line)?;
        let text = |field: &str| target.get(field).and_then(Value::as_str).unwrap_or_default();
        let (bucket, prefix) = (text("Bucket"), text("Prefix"));
        let folder =
            [prefix, &self.world.uuid()].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/");
        let mut files = Fields::new();
        for status in ["FAILED", "SUCCEEDED"] {
            let results = writer.results(children.iter().filter(|child| child.status() == status));
            let mut listed = Vec::new();
            if !results.is_empty() {
                let (bytes, ending) = writer.bytes(results);
                let key = format!("{folder}/{status}_0.{ending}");
                listed.push(json!({"Key": key, "Size": bytes.len()}));
                self.objects.borrow_mut().put(bucket, &key, bytes);
            }
            files.insert(status.to_owned(), listed.into());
        }
        files.insert("PENDING".to_owned(), json!([]));
        let manifest = json!({"DestinationBucket": bucket, "MapRunArn": arn, "ResultFiles": files});
        let key = format!("{folder}/manifest.json");
        self.objects.borrow_mut().put(bucket, &key, manifest.to_string().into_bytes());
        Ok(json!({"MapRunArn": arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}).into())
    }
}

impl Writer {
    /// The results as they are to be. What failed is told whole, whatever is asked for.
    fn results<'a>(&self, children: impl Iterator<Item = &'a Child>) -> Vec<Value> {
        let mut results = Vec::new();
        for child in children {
            match (&child.outcome, self.transformation) {
                (Err(_), _) | (_, Transformation::None) => results.push(child.record()),
                (Ok(output), Transformation::Compact) => results.push(output.json().clone()),
                (Ok(output), Transformation::Flatten) => match output.json() {
                    Value::Array(items) => results.extend(items.iter().cloned()),
                    other => results.push(other.clone()),
                },
            }
        }
        results
    }

    /// A file of results, and the ending of its name.
    fn bytes(&self, results: Vec<Value>) -> (Vec<u8>, &'static str) {
        if self.is_in_lines {
            (results.iter().map(|result| format!("{result}\n")).collect::<String>().into_bytes(), "jsonl")
        } else {
            (Value::Array(results).to_string().into_bytes(), "json")
        }
    }
}

fn list<'a>(items: impl IntoIterator<Item = &'a Data>) -> Value {
    items.into_iter().map(|item| item.json().clone()).collect()
}

fn push(list: &mut Option<Value>, item: &Value) {
    if let Value::Array(items) = list.get_or_insert_with(|| json!([])) {
        items.push(item.clone());
    }
}

/// A child execution that has ended.
struct Child {
    input: Data,
    outcome: Flow<Data>,
    weight: usize,
    arn: String,
    started: String,
    stopped: String,
}

impl Child {
    fn status(&self) -> &'static str {
        if self.outcome.is_ok() { "SUCCEEDED" } else { "FAILED" }
    }

    /// A failure that was tolerated leaves null in its place.
    fn output(self) -> Value {
        self.outcome.map_or(Value::Null, Data::into_json)
    }

    /// All that is known of it, as a ResultWriter writes it.
    fn record(&self) -> Value {
        let mut record = json!({
            "ExecutionArn": self.arn,
            "Input": &**self.input.text(),
            "InputDetails": {"Included": true},
            "Name": self.arn.rsplit(':').next(),
            "StartDate": self.started,
            "StateMachineArn": MACHINE_ARN,
            "Status": self.status(),
            "StopDate": self.stopped,
        });
        let outcome = match &self.outcome {
            Ok(output) => json!({"Output": &**output.text(), "OutputDetails": {"Included": true}}),
            Err(failure) => failure.output(),
        };
        if let (Some(record), Value::Object(outcome)) = (record.as_object_mut(), outcome) {
            record.extend(outcome);
        }
        record
    }
}

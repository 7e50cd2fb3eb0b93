//! Runs states, one after the other: what each takes, does and gives, and where it goes.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::future::LocalBoxFuture;

use super::coverage::Coverage;
use super::data::Data;
use super::failure::{Failure, Flow};
use super::history::Details;
use super::journal::Line;
use super::objects::Objects;
use super::program::{Edge, Kind, Machine, Next, ResultPath, Selection, State, Text, Until, Work};
use super::scope::Scope;
use super::state_test::Watch;
use super::task::Tasks;
use super::template::Template;
use super::world::{self, World};
use super::{ChildExecution, RunError, clock};
use crate::ErrorName;
use crate::check::QueryLanguage;

/// The most bytes that go into a state or come out of it.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub(crate) const PAYLOAD_LIMIT: usize = 262_144;

/// What all lines of a run share.
pub(super) struct Engine<'a, 'h> {
    pub(super) tasks: &'a RefCell<Tasks<'h>>,
    pub(super) coverage: &'a RefCell<Coverage>,
    pub(super) objects: &'a RefCell<Objects>,
    pub(super) world: Rc<World>,
    /// The states in the order in which they were entered.
    pub(super) path: RefCell<Vec<Arc<str>>>,
    /// The executions that distributed Map states started, as they ended.
    pub(super) children: RefCell<Vec<ChildExecution>>,
    /// The state that is tested by itself, if one is.
    pub(super) watched: Option<Watch>,
    /// Why the run cannot go on for reasons of the test, not of the machine.
    pub(super) broken: RefCell<Option<RunError>>,
}

/// What a state ends with.
pub(super) struct Step {
    pub(super) output: Data,
    pub(super) assigned: Assigned,
    pub(super) next: Next,
    pub(super) edge: Option<Edge>,
}

pub(super) type Assigned = Vec<(String, Data)>;

impl Engine<'_, '_> {
    /// Runs a machine inside another. It is boxed because machines nest.
    pub(super) fn nested<'f>(
        &'f self,
        machine: &'f Machine,
        input: Data,
        line: &'f mut Line<'_>,
    ) -> LocalBoxFuture<'f, Flow<Data>> {
        Box::pin(self.machine(machine, input, line))
    }

    pub(super) async fn machine(&self, machine: &Machine, mut input: Data, line: &mut Line<'_>) -> Flow<Data> {
        let mut place = machine.start;
        loop {
            if line.is_branch {
                clock::take_turns().await;
            }
            let step = self.state(&machine.states[place], input, line).await?;
            match step.next {
                Next::State(next) => (place, input) = (next, step.output),
                Next::End => return Ok(step.output),
            }
        }
    }

    /// One state, from its entry to its exit.
    pub(super) async fn state(&self, state: &State, input: Data, line: &mut Line<'_>) -> Flow<Step> {
        let name = &state.name;
        let details = Details::Entered { state: Arc::clone(name), input: Arc::clone(input.text()) };
        let entered = line.record(state.entered, &self.world, details)?;
        self.path.borrow_mut().push(Arc::clone(name));
        self.coverage.borrow_mut().enter(state.number);
        line.enter(name, 0, &self.world);

        line.open(state.aborted, Details::None);
        let step = self.inside(state, input, line, entered).await;
        line.close();
        let step = step.and_then(|step| within_limit(&step.output).map(|()| step));
        let mut step = step.map_err(|failure| failure.in_state(name, entered))?;
        line.assign(std::mem::take(&mut step.assigned));
        let details = Details::Exited { state: Arc::clone(name), output: Arc::clone(step.output.text()) };
        line.record(state.exited, &self.world, details)?;
        if let Some(edge) = step.edge {
            self.coverage.borrow_mut().leave(state.number, edge);
        }
        Ok(step)
    }

    async fn inside(&self, state: &State, input: Data, line: &mut Line<'_>, entered: u64) -> Flow<Step> {
        match &state.kind {
            Kind::Task { work, .. } | Kind::Parallel { work, .. } | Kind::Map { work, .. } => {
                self.work(state, work, input, line, entered).await
            }
            Kind::Wait { until, next } => {
                let scope = line.scope(&input, &self.world);
                let effective = self.effective(state, &scope)?;
                let step = self.wait(until, &scope.at(&effective))?;
                self.world.clock.sleep(step).await;
                self.leave(state, &line.scope(&input, &self.world), effective, *next)
            }
            Kind::Pass { result, parameters, result_path, next } => {
                let scope = line.scope(&input, &self.world);
                let effective = self.effective(state, &scope)?;
                let result = match (result, parameters) {
                    (Some(result), _) => result.clone().into(),
                    (None, Some(parameters)) => {
                        let parameters = parameters.evaluate(&scope.at(&effective))?;
                        self.inspect(state, |seen| seen.after_parameters = Some(parameters.json().clone()));
                        parameters
                    }
                    (None, None) => effective,
                };
                let (output, assigned) = self.finish(state, &scope, &result, result.clone(), result_path)?;
                Ok(Step { output, assigned, next: *next, edge: Some(Edge::Next) })
            }
            Kind::Choice { .. } => self.choose(state, &line.scope(&input, &self.world)),
            Kind::Succeed => {
                let scope = line.scope(&input, &self.world);
                let effective = self.effective(state, &scope)?;
                let step = self.leave(state, &scope, effective, Next::End)?;
                Ok(Step { edge: None, ..step })
            }
            Kind::Fail { error, cause } => {
                let scope = line.scope(&input, &self.world);
                let text = |text: &Option<Text>| text.as_ref().map(|text| text.evaluate(&scope)).transpose();
                Err(Failure::reported(text(error)?.unwrap_or_default(), text(cause)?))
            }
        }
    }

    fn wait(&self, until: &Until, scope: &Scope<'_>) -> Flow<Duration> {
        match until {
            Until::Seconds(seconds) => {
                Ok(Duration::try_from_secs_f64(seconds.evaluate(scope)?).unwrap_or(Duration::MAX))
            }
            Until::Timestamp(text) => {
                let moment = text.evaluate(scope)?;
                let moment = world::until(&moment)
                    .ok_or_else(|| Failure::runtime(format!("{moment:?} is no timestamp, as 2026-01-01T00:00:00Z")))?;
                Ok(moment.saturating_sub(self.world.clock.now()))
            }
        }
    }

    /// A state that works: tried, tried again, and caught.
    async fn work(&self, state: &State, work: &Work, input: Data, line: &mut Line<'_>, entered: u64) -> Flow<Step> {
        let mut spent = vec![self.retries_before(state); work.retriers.len()];
        loop {
            let failure = match self.attempt(state, work, &input, line).await {
                Ok((output, assigned)) => {
                    return Ok(Step { output, assigned, next: work.next, edge: Some(Edge::Next) });
                }
                Err(failure) => failure.in_state(&state.name, entered),
            };
            // The first retrier that names the error decides, even where it has no attempt left.
            let matching = work.retriers.iter().position(|retrier| failure.is_named_by(&retrier.errors));
            match matching.map(|index| (index, &work.retriers[index])) {
                Some((index, retrier)) if spent[index] < retrier.attempts => {
                    let share = if retrier.is_jittered { self.world.random() } else { 1.0 };
                    let delay = retrier.delay(spent[index], share);
                    if self.tells_retry(state, index, delay) {
                        return Err(failure);
                    }
                    spent[index] += 1;
                    self.coverage.borrow_mut().leave(state.number, Edge::Retry(index));
                    self.world.clock.sleep(delay).await;
                    line.enter(&state.name, spent.iter().sum(), &self.world);
                }
                _ => return self.catch(state, work, &input, line, failure),
            }
        }
    }

    async fn attempt(&self, state: &State, work: &Work, input: &Data, line: &mut Line<'_>) -> Flow<(Data, Assigned)> {
        self.give_token(state, line);
        let (effective, arguments) = {
            let scope = line.scope(input, &self.world);
            let effective = self.effective(state, &scope)?;
            let arguments = work.arguments.as_ref().map(|arguments| arguments.evaluate(&scope.at(&effective)));
            let arguments = arguments.transpose()?.inspect(|arguments| self.inspect_arguments(state, arguments));
            (effective.clone(), arguments.unwrap_or(effective))
        };
        within_limit(&arguments)?;
        let result = match &state.kind {
            Kind::Task { task, .. } => self.task(state, task, &effective, arguments, line).await?,
            Kind::Parallel { branches, .. } => self.parallel(branches, arguments, line).await?,
            Kind::Map { map, .. } => self.map(state, map, &effective, line).await?,
            _ => arguments,
        };
        self.inspect(state, |seen| seen.result = Some(result.json().clone()));
        within_limit(&result)?;
        let scope = line.scope(input, &self.world);
        let selected = match &work.result_selector {
            Some(selector) => {
                let selected = selector.evaluate(&scope.at(&result))?;
                self.inspect(state, |seen| seen.after_result_selector = Some(selected.json().clone()));
                selected
            }
            None => result.clone(),
        };
        self.finish(state, &scope.with_result(&result), &result, selected, &work.result_path)
    }

    fn catch(&self, state: &State, work: &Work, input: &Data, line: &Line<'_>, failure: Failure) -> Flow<Step> {
        let matching = work.catchers.iter().position(|catcher| failure.is_named_by(&catcher.errors));
        let Some((index, catcher)) = matching.map(|index| (index, &work.catchers[index])) else { return Err(failure) };
        self.tell_catch(state, index, &failure);
        let error = Data::from(failure.output());
        let scope = line.scope(input, &self.world);
        let scope = match state.language {
            QueryLanguage::Jsonata => scope.with_error(&error),
            QueryLanguage::JsonPath => scope.at(&error),
        };
        let output = match (&catcher.output, state.language) {
            (Some(output), QueryLanguage::Jsonata) => output.evaluate(&scope)?,
            (_, QueryLanguage::Jsonata) => error.clone(),
            (_, QueryLanguage::JsonPath) => combine(&catcher.result_path, input, error.clone())?,
        };
        let assigned = assign(catcher.assign.as_ref(), &scope)?;
        Ok(Step { output, assigned, next: Next::State(catcher.next), edge: Some(Edge::Catch(index)) })
    }

    /// The state's input as InputPath leaves it.
    fn effective(&self, state: &State, scope: &Scope<'_>) -> Flow<Data> {
        let effective = select(&state.input, scope)?;
        if state.language == QueryLanguage::JsonPath {
            self.inspect(state, |seen| seen.after_input_path = Some(effective.json().clone()));
        }
        Ok(effective)
    }

    fn inspect_arguments(&self, state: &State, arguments: &Data) {
        self.inspect(state, |seen| {
            let field = match state.language {
                QueryLanguage::Jsonata => &mut seen.after_arguments,
                QueryLanguage::JsonPath => &mut seen.after_parameters,
            };
            *field = Some(arguments.json().clone());
        });
    }

    /// The end of a state with a result: what it gives on and what it assigns. `selected` is what ResultSelector made of
    /// the result.
    fn finish(
        &self,
        state: &State,
        scope: &Scope<'_>,
        result: &Data,
        selected: Data,
        result_path: &ResultPath,
    ) -> Flow<(Data, Assigned)> {
        match state.language {
            QueryLanguage::Jsonata => {
                let output = state.output.as_ref().map(|output| output.evaluate(scope)).transpose()?;
                Ok((output.unwrap_or(selected), assign(state.assign.as_ref(), scope)?))
            }
            QueryLanguage::JsonPath => {
                let combined = combine(result_path, scope.input, selected)?;
                if !matches!(result_path, ResultPath::Replace) {
                    self.inspect(state, |seen| seen.after_result_path = Some(combined.json().clone()));
                }
                let output = select(&state.output_path, &scope.at(&combined))?;
                Ok((output, assign(state.assign.as_ref(), &scope.at(result))?))
            }
        }
    }

    /// The end of a state without a result.
    fn leave(&self, state: &State, scope: &Scope<'_>, effective: Data, next: Next) -> Flow<Step> {
        let (output, assigned) = self.finish(state, scope, &effective, effective.clone(), &ResultPath::Replace)?;
        Ok(Step { output, assigned, next, edge: Some(Edge::Next) })
    }

    fn choose(&self, state: &State, scope: &Scope<'_>) -> Flow<Step> {
        let Kind::Choice { rules, default } = &state.kind else {
            return self.leave(state, scope, scope.input.clone(), Next::End);
        };
        let effective = self.effective(state, scope)?;
        let inner = scope.at(&effective);
        for (index, rule) in rules.iter().enumerate() {
            if rule.condition.holds(&inner)? {
                let output = match &rule.output {
                    Some(output) => output.evaluate(&inner)?,
                    None => select(&state.output_path, &inner)?,
                };
                let assigned = assign(rule.assign.as_ref(), &inner)?;
                return Ok(Step { output, assigned, next: Next::State(rule.next), edge: Some(Edge::Choice(index)) });
            }
        }
        match default {
            Some(default) => {
                let step = self.leave(state, scope, effective, Next::State(*default))?;
                Ok(Step { edge: Some(Edge::Default), ..step })
            }
            None => {
                Err(Failure::raised(ErrorName::NoChoiceMatched, "No rule of the Choice holds, and it has no Default."))
            }
        }
    }
}

/// A value that is too large to go on is an error.
pub(super) fn within_limit(data: &Data) -> Flow<()> {
    if data.text().len() <= PAYLOAD_LIMIT {
        return Ok(());
    }
    let cause = format!("A value of {} bytes is larger than the limit of {PAYLOAD_LIMIT}.", data.text().len());
    Err(Failure::raised(ErrorName::DataLimitExceeded, cause))
}

/// What InputPath or OutputPath leaves.
fn select(selection: &Selection, scope: &Scope<'_>) -> Flow<Data> {
    match selection {
        Selection::All => Ok(scope.input.clone()),
        Selection::Nothing => Ok(serde_json::json!({}).into()),
        Selection::Path(path) => path.read(scope, "InputPath").map(Data::from),
    }
}

/// Puts a result into the state's input.
fn combine(result_path: &ResultPath, input: &Data, result: Data) -> Flow<Data> {
    match result_path {
        ResultPath::Replace => Ok(result),
        ResultPath::Discard => Ok(input.clone()),
        ResultPath::At(path) => {
            let combined = path.write(input.json().clone(), result.into_json());
            combined.map(Data::from).ok_or_else(|| {
                let cause = format!("Unable to apply ReferencePath {} to input {}", path.source(), input.text());
                Failure::raised(ErrorName::ResultPathMatchFailure, cause)
            })
        }
    }
}

fn assign(template: Option<&Template>, scope: &Scope<'_>) -> Flow<Assigned> {
    template.map_or(Ok(Vec::new()), |template| template.evaluate_fields(scope))
}

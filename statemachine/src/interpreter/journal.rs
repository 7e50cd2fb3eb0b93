//! Who writes the history: an execution has one journal, and each line of states in it knows its own last event.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::data::Data;
use super::failure::{Failure, Flow};
use super::history::{Details, HistoryEvent};
use super::scope::{ContextObject, Scope, Variables};
use super::world::World;

/// The most events of an execution.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub(crate) const EVENT_LIMIT: usize = 25_000;

#[derive(Debug, Default)]
pub(super) struct Journal {
    events: RefCell<Vec<HistoryEvent>>,
    /// When what is dropped now was cut short.
    aborted: Cell<Option<Duration>>,
}

impl Journal {
    pub(super) fn into_events(self) -> Vec<HistoryEvent> {
        self.events.into_inner()
    }

    /// Writes an event that no limit holds back: the last one.
    pub(super) fn close(&self, name: &'static str, previous: u64, world: &World, details: Details) -> u64 {
        self.push(name, previous, world.clock.now(), details)
    }

    fn push(&self, name: &'static str, previous: u64, at: Duration, details: Details) -> u64 {
        let mut events = self.events.borrow_mut();
        let id = events.len() as u64 + 1;
        events.push(HistoryEvent { id, previous, at, name, details });
        id
    }

    /// Drops lines that another's failure cuts short. Each says what of it was open.
    pub(super) fn abort<T>(&self, world: &World, lines: T) {
        self.aborted.set(Some(world.clock.now()));
        drop(lines);
        self.aborted.set(None);
    }
}

/// States that follow each other: an execution's own, those of a branch, or those of an item.
pub(super) struct Line<'j> {
    pub(super) journal: &'j Journal,
    /// The last event of this line.
    pub(super) previous: u64,
    pub(super) variables: Variables,
    pub(super) context: ContextObject,
    /// Whether others go on beside it.
    pub(super) is_branch: bool,
    /// What it is in the middle of, and the event that says that it was cut short.
    open: Vec<(&'static str, Details)>,
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let Some(at) = self.journal.aborted.get() else { return };
        while let Some((name, details)) = self.open.pop() {
            self.previous = self.journal.push(name, self.previous, at, details);
        }
    }
}

impl<'j> Line<'j> {
    pub(super) fn new(journal: &'j Journal, context: ContextObject) -> Self {
        Self { journal, previous: 0, variables: Variables::default(), context, is_branch: false, open: Vec::new() }
    }

    /// A line that begins here and shares what is known so far.
    pub(super) fn branch(&self) -> Self {
        let Self { journal, previous, .. } = *self;
        Self {
            journal,
            previous,
            variables: Rc::clone(&self.variables),
            context: self.context.clone(),
            is_branch: true,
            open: Vec::new(),
        }
    }

    /// From here until [`close`](Self::close), the line can be cut short in the middle of something.
    pub(super) fn open(&mut self, aborted: &'static str, details: Details) {
        self.open.push((aborted, details));
    }

    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// Writes that the execution has started. The first state's entry has no event before it, as on AWS.
    pub(super) fn begin(&mut self, world: &World, input: &Data) -> Flow<()> {
        self.record("ExecutionStarted", world, Details::Started { input: Arc::clone(input.text()) })?;
        self.previous = 0;
        Ok(())
    }

    pub(super) fn record(&mut self, name: &'static str, world: &World, details: Details) -> Flow<u64> {
        if self.journal.events.borrow().len() + 1 >= EVENT_LIMIT {
            let cause = format!("The execution reached the maximum number of history events ({EVENT_LIMIT}).");
            return Err(Failure { is_raised: false, ..Failure::runtime(cause) });
        }
        self.previous = self.journal.close(name, self.previous, world, details);
        Ok(self.previous)
    }

    pub(super) fn enter(&mut self, state: &str, retries: u64, world: &World) {
        let state = json!({"EnteredTime": world.now(), "Name": state, "RetryCount": retries});
        self.context = std::mem::take(&mut self.context).with("State", state.into());
    }

    pub(super) fn assign(&mut self, assigned: Vec<(String, Data)>) {
        if !assigned.is_empty() {
            Rc::make_mut(&mut self.variables).extend(assigned);
        }
    }

    pub(super) fn scope<'a>(&'a self, input: &'a Data, world: &'a Rc<World>) -> Scope<'a> {
        Scope { input, result: None, error: None, context: &self.context, variables: &self.variables, world }
    }
}

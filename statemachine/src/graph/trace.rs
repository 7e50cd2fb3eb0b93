//! The way that an execution took, from its history.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::interpreter::{ChildExecution, Execution, HistoryEvent};

/// Which states an execution entered, from which to which it went, and where it stopped.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    entered: BTreeMap<String, usize>,
    exited: BTreeMap<String, usize>,
    steps: HashSet<(String, String)>,
    /// States after which a machine was at its end.
    ends: HashSet<String>,
}

/// What a trace says of a state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    Missed,
    Passed,
    /// It was entered more often than left: the execution failed here, or still is here.
    Stopped,
}

impl Trace {
    /// The way of an execution in this process, and of those that its distributed Map states started.
    pub fn of(execution: &Execution) -> Self {
        let children = execution.children().iter().map(ChildExecution::history);
        std::iter::once(execution.history())
            .chain(children)
            .fold(Self::default(), |trace, history| trace.and(history.iter().map(Event::of)))
    }

    /// The way in a history as `GetExecutionHistory` gives it: the list `events`, of all pages, in any order.
    pub fn of_events(events: &[Value]) -> Self {
        Self::default().and_events(events)
    }

    /// Adds the way in the history of another execution, as a distributed Map starts them.
    pub fn and_events(self, events: &[Value]) -> Self {
        self.and(events.iter().map(Event::read))
    }

    fn and<'a>(mut self, events: impl Iterator<Item = Event<'a>>) -> Self {
        let events: Vec<Event<'_>> = events.collect();
        let mut left: HashMap<u64, &str> = HashMap::new();
        for event in &events {
            if let Some(state) = event.exited {
                *self.exited.entry(state.to_owned()).or_default() += 1;
                left.insert(event.id, state);
            }
        }
        let mut followed = HashSet::new();
        for event in &events {
            let Some(state) = event.entered else { continue };
            *self.entered.entry(state.to_owned()).or_default() += 1;
            if let Some(before) = left.get(&event.previous) {
                self.steps.insert(((*before).to_owned(), state.to_owned()));
                followed.insert(event.previous);
            }
        }
        let last = left.iter().filter(|(id, _)| !followed.contains(id));
        self.ends.extend(last.map(|(_, state)| (*state).to_owned()));
        self
    }

    pub(super) fn mark(&self, state: &str) -> Mark {
        match (self.entered.get(state), self.exited.get(state)) {
            (None, _) => Mark::Missed,
            (entered, exited) if entered == exited => Mark::Passed,
            _ => Mark::Stopped,
        }
    }

    /// Whether the execution went from one state to the other; to the end of a machine where there is no other.
    pub(super) fn goes(&self, from: &str, to: Option<&str>) -> bool {
        match to {
            Some(to) => self.steps.contains(&(from.to_owned(), to.to_owned())),
            None => self.ends.contains(from),
        }
    }
}

/// What of an event says which way an execution went.
struct Event<'a> {
    id: u64,
    previous: u64,
    entered: Option<&'a str>,
    exited: Option<&'a str>,
}

impl<'a> Event<'a> {
    fn of(event: &'a HistoryEvent) -> Self {
        let state = |is_meant: bool| event.state().filter(|_| is_meant);
        let is_entry = event.event_type().ends_with("StateEntered");
        Self { id: event.id(), previous: event.previous_event_id(), entered: state(is_entry), exited: state(!is_entry) }
    }

    fn read(event: &'a Value) -> Self {
        let number = |field: &str| event.get(field).and_then(Value::as_u64).unwrap_or_default();
        let state = |details: &str| event.get(details)?.get("name")?.as_str();
        Self {
            id: number("id"),
            previous: number("previousEventId"),
            entered: state("stateEnteredEventDetails"),
            exited: state("stateExitedEventDetails"),
        }
    }
}

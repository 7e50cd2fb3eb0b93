//! Which states and transitions the runs have come by.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::program::{Edge, Program};

/// Counts, by the number of a state.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    entered: Vec<u64>,
    left: Vec<BTreeMap<Edge, u64>>,
}

impl Coverage {
    pub(super) fn new(states: usize) -> Self {
        Self { entered: vec![0; states], left: vec![BTreeMap::new(); states] }
    }

    pub(super) fn enter(&mut self, state: usize) {
        if let Some(count) = self.entered.get_mut(state) {
            *count += 1;
        }
    }

    pub(super) fn leave(&mut self, state: usize, edge: Edge) {
        if let Some(edges) = self.left.get_mut(state) {
            *edges.entry(edge).or_default() += 1;
        }
    }

    pub(super) fn report(&self, program: &Program) -> Report {
        let states = program.names.iter().zip(&self.entered);
        let states = states.map(|(name, runs)| StateCoverage { state: name.to_string(), entered: *runs });
        let transitions = program.names.iter().zip(&program.edges).zip(&self.left).flat_map(|((name, edges), left)| {
            edges.iter().map(move |(edge, target)| TransitionCoverage {
                state: name.to_string(),
                transition: edge.to_string(),
                target: target_name(name, *edge, target.as_ref()),
                taken: left.get(edge).copied().unwrap_or(0),
            })
        });
        Report { states: states.collect(), transitions: transitions.collect() }
    }
}

fn target_name(state: &Arc<str>, edge: Edge, target: Option<&Arc<str>>) -> Option<String> {
    if matches!(edge, Edge::Retry(_)) { Some(state.to_string()) } else { target.map(|name| name.to_string()) }
}

/// How much of a definition the runs have come by: the states, and the ways out of them.
///
/// It shows as a text, and serialises.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    states: Vec<StateCoverage>,
    transitions: Vec<TransitionCoverage>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct StateCoverage {
    state: String,
    entered: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct TransitionCoverage {
    state: String,
    transition: String,
    /// Nothing: the execution, the branch or the item ends.
    target: Option<String>,
    taken: u64,
}

impl Report {
    /// The states that no run has entered.
    pub fn missed_states(&self) -> Vec<&str> {
        self.states.iter().filter(|state| state.entered == 0).map(|state| state.state.as_str()).collect()
    }

    /// The ways out that no run has taken, as `Work Catch[0] -> Failed`.
    pub fn missed_transitions(&self) -> Vec<String> {
        self.transitions.iter().filter(|transition| transition.taken == 0).map(ToString::to_string).collect()
    }

    /// Whether every state was entered and every way out taken.
    pub fn is_complete(&self) -> bool {
        self.missed_states().is_empty() && self.missed_transitions().is_empty()
    }
}

impl fmt::Display for TransitionCoverage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} -> {}", self.state, self.transition, self.target.as_deref().unwrap_or("end"))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |missed: usize, all: usize| format!("{} of {all}", all - missed);
        let states = share(self.missed_states().len(), self.states.len());
        let transitions = share(self.missed_transitions().len(), self.transitions.len());
        writeln!(formatter, "states       {states}")?;
        writeln!(formatter, "transitions  {transitions}")?;
        for state in &self.states {
            writeln!(formatter, "{:>8}  {}", state.entered, state.state)?;
            for transition in self.transitions.iter().filter(|transition| transition.state == state.state) {
                let target = transition.target.as_deref().unwrap_or("end");
                writeln!(formatter, "{:>8}    {} -> {target}", transition.taken, transition.transition)?;
            }
        }
        Ok(())
    }
}

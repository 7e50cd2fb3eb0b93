//! The machine, put together from states.

use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::assignment::unassigned;
use crate::check::{Code, Finding, check_definition, pointer};
use crate::definition::{Fields, targets};
use crate::{JsonPath, Jsonata, Language, Step, Variable};

/// A state machine that takes `In` and, where it succeeds, gives `Out`.
pub struct StateMachine<In, Out, L = Jsonata> {
    definition: Value,
    types: PhantomData<fn(In, L) -> Out>,
}

impl<In, Out> StateMachine<In, Out> {
    /// Begins a machine. `comment` says what it is for; the console shows it.
    pub fn builder(comment: impl Into<String>) -> Builder<In, Out> {
        Builder::new(comment.into())
    }
}

impl<In, Out> StateMachine<In, Out, JsonPath> {
    /// Begins a machine in JSONPath. It may have states in JSONata as well; the reverse, AWS refuses.
    pub fn json_path_builder(comment: impl Into<String>) -> Builder<In, Out, JsonPath> {
        Builder::new(comment.into())
    }
}

impl<In, Out, L> StateMachine<In, Out, L> {
    /// The definition, with its states in the order in which an execution meets them.
    pub fn definition(&self) -> &Value {
        &self.definition
    }

    /// The machine as part of another. Its comment and timeout belong to one that runs by itself, and stay behind.
    pub(crate) fn nested(&self) -> Fields {
        let fields = ["StartAt", "States"].into_iter();
        fields.filter_map(|field| Some((field.to_owned(), self.definition.get(field)?.clone()))).collect()
    }
}

impl<In, Out, L> Clone for StateMachine<In, Out, L> {
    fn clone(&self) -> Self {
        Self { definition: self.definition.clone(), types: PhantomData }
    }
}

impl<In, Out, L> fmt::Debug for StateMachine<In, Out, L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("StateMachine").field(&self.definition).finish()
    }
}

/// The definition as indented JSON.
impl<In, Out, L> fmt::Display for StateMachine<In, Out, L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:#}", self.definition)
    }
}

/// A state that can come next: it takes `In`, and from there the machine ends with `Out`.
#[derive(Debug)]
pub struct Next<In, Out> {
    name: String,
    types: PhantomData<fn(In) -> Out>,
}

impl<In, Out> Next<In, Out> {
    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }
}

/// A machine in the making.
#[derive(Debug)]
pub struct Builder<In, Out, L = Jsonata> {
    comment: String,
    timeout_seconds: Option<u32>,
    states: Vec<(String, Fields)>,
    variables: Vec<String>,
    types: PhantomData<fn(In, L) -> Out>,
}

impl<In, Out, L: Language> Builder<In, Out, L> {
    fn new(comment: String) -> Self {
        Self { comment, timeout_seconds: None, states: Vec::new(), variables: Vec::new(), types: PhantomData }
    }

    /// How long one execution may take, seconds: 1 to 99,999,999.
    pub fn timeout_seconds(&mut self, seconds: u32) -> &mut Self {
        self.timeout_seconds = Some(seconds);
        self
    }

    /// Names a variable: up to 80 letters, digits and underscores, the first a letter. What a machine assigns, the
    /// machines inside it can read too, except those of a distributed Map.
    ///
    /// A state that reads it can only come after one that assigns it:
    ///
    /// ```
    /// # use statemachine::{BuildError, Pass, StateMachine, field};
    /// struct Order { total: u64 }
    /// let mut machine = StateMachine::<Order, u64>::builder("");
    /// let total = machine.variable::<u64>("total");
    /// let read = machine.add("Read", Pass::output(total.value()).end());
    /// assert!(matches!(machine.build(&read), Err(BuildError::Unassigned { .. })));
    /// ```
    pub fn variable<T>(&mut self, name: &str) -> Variable<T> {
        self.variables.push(name.to_owned());
        Variable::new(name)
    }

    /// Adds a state under a name of up to 80 characters.
    pub fn add<T>(&mut self, name: &str, step: Step<T, Out, L>) -> Next<T, Out> {
        let next = self.declare(name);
        self.define(&next, step);
        next
    }

    /// Names a state that is defined later, so that one before it can go back to it.
    pub fn declare<T>(&self, name: &str) -> Next<T, Out> {
        Next { name: name.to_owned(), types: PhantomData }
    }

    /// Defines a state that was declared.
    pub fn define<T>(&mut self, declared: &Next<T, Out>, step: Step<T, Out, L>) {
        self.states.push((declared.name(), step.into_state(None)));
    }

    /// Finishes the machine, which starts at `start`.
    ///
    /// ```compile_fail,E0308
    /// # use statemachine::{StateMachine, Task};
    /// let mut machine = StateMachine::<String, u64>::builder("");
    /// let work = machine.add("Work", Task::lambda::<bool, u64>("arn").timeout_seconds(1).end());
    /// machine.build(&work); // it takes a bool, and the machine a String
    /// ```
    ///
    /// # Errors
    ///
    /// [`check_definition`] found an error, two states have one name, or a variable is read where it may not have a
    /// value.
    pub fn build(self, start: &Next<In, Out>) -> Result<StateMachine<In, Out, L>, BuildError> {
        for variable in self.variables {
            if !is_variable_name(&variable) {
                return Err(BuildError::VariableName(variable));
            }
            if let Some(state) = unassigned(&self.states, &start.name, &variable) {
                return Err(BuildError::Unassigned { state: state.to_owned(), variable });
            }
        }
        let mut findings = duplicates(&self.states);
        let mut definition = json!({"Comment": self.comment, "QueryLanguage": L::NAME});
        if let Some(seconds) = self.timeout_seconds {
            definition["TimeoutSeconds"] = seconds.into();
        }
        definition["StartAt"] = start.name().into();
        definition["States"] = in_reading_order(self.states, &start.name);
        findings.extend(check_definition(&definition).into_iter().filter(Finding::is_error));
        if findings.is_empty() {
            Ok(StateMachine { definition, types: PhantomData })
        } else {
            Err(BuildError::Broken(findings))
        }
    }
}

impl<In, Out> Builder<In, Out, JsonPath> {
    /// Adds a state in JSONata.
    pub fn add_jsonata<T>(&mut self, name: &str, step: Step<T, Out, Jsonata>) -> Next<T, Out> {
        let next = self.declare(name);
        self.define_jsonata(&next, step);
        next
    }

    /// Defines a state in JSONata that was declared.
    pub fn define_jsonata<T>(&mut self, declared: &Next<T, Out>, step: Step<T, Out, Jsonata>) {
        self.states.push((declared.name(), step.into_state(Some(Jsonata::NAME))));
    }
}

/// A machine that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The definition breaks rules that the types cannot hold.
    #[error("the state machine is broken; correct these states:{}", list(.0))]
    Broken(Vec<Finding>),
    /// A variable has a name that Step Functions refuses.
    #[error("no variable can be called {0:?}; use up to 80 letters, digits and underscores, and not `states`")]
    VariableName(String),
    /// An execution can come to a state that reads a variable, and the variable has no value.
    #[error("{state} reads ${variable}, which need not have a value there; assign it on every way that leads to it")]
    Unassigned {
        /// The state.
        state: String,
        /// The variable.
        variable: String,
    },
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n  {finding}")).collect()
}

/// <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>
fn is_variable_name(name: &str) -> bool {
    let is_letter = |character: char| character.is_alphanumeric() || character == '_';
    name.starts_with(char::is_alphabetic) && name.chars().all(is_letter) && name.len() <= 80 && name != "states"
}

fn duplicates(states: &[(String, Fields)]) -> Vec<Finding> {
    let names: Vec<&String> = states.iter().map(|(name, _)| name).collect();
    let repeated = names.iter().enumerate().filter(|(index, name)| names[..*index].contains(name));
    repeated
        .map(|(_, name)| Finding::new(Code::DuplicateName, pointer(["States", name]), "rename one of the two states"))
        .collect()
}

/// Sorts states as an execution meets them, the usual way first, for they were added from the last to the first.
/// States that none leads to come last.
fn in_reading_order(states: Vec<(String, Fields)>, start: &str) -> Value {
    let mut left: IndexMap<String, Fields> = states.into_iter().collect();
    let mut sorted = Fields::new();
    let mut ahead = vec![start.to_owned()];
    while let Some(name) = ahead.pop() {
        if let Some(state) = left.shift_remove(&name) {
            ahead.extend(targets(&state).into_iter().rev());
            sorted.insert(name, state.into());
        }
    }
    sorted.extend(left.into_iter().map(|(name, state)| (name, state.into())));
    sorted.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Choice, Expression, Fail, Pass, Succeed, Task, Wait};

    fn names(machine: &StateMachine<String, String>) -> Vec<&str> {
        machine.definition()["States"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    fn codes(result: Result<StateMachine<String, String>, BuildError>) -> Vec<Code> {
        match result.unwrap_err() {
            BuildError::Broken(findings) => findings.iter().map(Finding::code).collect(),
            error => panic!("{error}"),
        }
    }

    #[test]
    fn a_loop_is_closed_with_a_declared_state_and_states_are_sorted_as_they_are_met() {
        let mut machine = StateMachine::<String, String>::builder("Waits for a job.");
        let poll = machine.declare("Poll");
        let done = machine.add("Done", Succeed::new());
        let wait = machine.add("Pause", Wait::seconds(5).then(&poll));
        let is_done = Expression::<String, String>::input().equals("done");
        let verdict = machine.add("IsDone", Choice::when(is_done, &done).otherwise(&wait));
        machine.define(&poll, Task::lambda::<String, String>("arn").timeout_seconds(1).then(&verdict));
        let machine = machine.build(&poll).unwrap();
        assert_eq!(names(&machine), ["Poll", "IsDone", "Done", "Pause"]);
    }

    #[test]
    fn two_states_of_one_name_are_refused() {
        let mut machine = StateMachine::<String, String>::builder("");
        let first = machine.add("End", Succeed::new());
        machine.add("End", Wait::seconds(1).end());
        assert_eq!(codes(machine.build(&first)), [Code::DuplicateName]);
    }

    #[test]
    fn a_declared_state_must_be_defined() {
        let mut machine = StateMachine::<String, String>::builder("");
        let later = machine.declare("Later");
        let start = machine.add("Start", Wait::seconds(1).then(&later));
        assert_eq!(codes(machine.build(&start)), [Code::UnknownTarget]);
    }

    /// A machine in which the way around `Keep` leaves the variable without a value, unless `Fail` takes it.
    fn assigned_on_one_way(is_caught: bool) -> Result<StateMachine<String, String>, BuildError> {
        let mut machine = StateMachine::<String, String>::builder("");
        let kept = machine.variable::<String>("kept");
        let read = machine.add("Read", Pass::output(kept.value()).end());
        let failed = machine.add("Failed", Fail::new("Failed", "no way on"));
        let keep = machine.add("Keep", Pass::input().assign(&kept, Expression::input()).then(&read));
        let around = machine.add("Around", Pass::input().then(if is_caught { &failed } else { &read }));
        let is_short = Expression::<String, String>::input().equals("short");
        let start = machine.add("Start", Choice::when(is_short, &around).otherwise(&keep));
        machine.build(&start)
    }

    #[test]
    fn a_variable_is_assigned_on_every_way_to_where_it_is_read() {
        assigned_on_one_way(true).unwrap();
        let error = assigned_on_one_way(false).unwrap_err().to_string();
        assert!(error.contains("Read reads $kept"), "{error}");
    }

    #[test]
    fn a_variable_has_a_name_that_can_be_written() {
        for name in ["", "1st", "a-b", "states", &"x".repeat(81)] {
            let mut machine = StateMachine::<String, String>::builder("");
            machine.variable::<String>(name);
            let start = machine.add("End", Succeed::new());
            assert!(matches!(machine.build(&start), Err(BuildError::VariableName(_))), "{name}");
        }
    }
}

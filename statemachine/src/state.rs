//! The states, each a builder that ends in a [`Step`]: a state that knows what it takes, and what the machine gives
//! once it went that way.

use std::marker::PhantomData;

use serde_json::{Value, json};

use crate::definition::{Catcher, Fields, Rule, State, Transition};
use crate::{ErrorName, ErrorOutput, Expression, Next, Retry, Text};

/// A finished state: it takes `In`, and an execution that passes it ends with `Out`. [`Builder::add`] names it.
///
/// [`Builder::add`]: crate::Builder::add
#[derive(Debug)]
pub struct Step<In, Out> {
    pub(crate) state: State,
    types: PhantomData<fn(In) -> Out>,
}

impl<In, Out> Step<In, Out> {
    fn new(fields: Fields) -> Self {
        Self { state: State::new(fields), types: PhantomData }
    }

    /// Says why the state is there. The console shows it.
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.state.comment = Some(text.into());
        self
    }
}

/// A state that does work: it takes `In` and gives `Mid` to the next one; the machine ends with `Out`.
///
/// A state that takes something else cannot come next:
///
/// ```compile_fail
/// # use statemachine::{StateMachine, Succeed, Task};
/// let mut machine = StateMachine::<String, u64>::builder("");
/// let end = machine.add("End", Succeed::<u64>::new());
/// machine.add("Work", Task::lambda::<String, bool>("arn").then(&end));
/// ```
///
/// An error cannot flow where the task's input is expected:
///
/// ```compile_fail
/// # use statemachine::{ErrorName, StateMachine, Succeed, Task};
/// let mut machine = StateMachine::<String, u64>::builder("");
/// let end = machine.add("End", Succeed::<u64>::new());
/// machine.add("Work", Task::lambda::<String, u64>("arn").catch([ErrorName::All], &end).then(&end));
/// ```
///
/// Both compile with the types right:
///
/// ```
/// # use statemachine::{ErrorName, ErrorOutput, Fail, StateMachine, Succeed, Task};
/// let mut machine = StateMachine::<String, u64>::builder("");
/// let end = machine.add("End", Succeed::<u64>::new());
/// let failed = machine.add("Failed", Fail::new(ErrorOutput::error(), "see the log"));
/// machine.add("Work", Task::lambda::<String, u64>("arn").catch([ErrorName::All], &failed).then(&end));
/// ```
#[derive(Debug)]
pub struct Task<In = (), Mid = (), Out = ()> {
    resource: &'static str,
    arguments: Value,
    output: Expression<In, Mid>,
    timeout_seconds: Option<u32>,
    retry: Vec<Retry>,
    catch: Vec<Catcher>,
    types: PhantomData<fn(In) -> (Mid, Out)>,
}

impl<Out> Task<(), (), Out> {
    /// Invokes a Lambda function with the state's input as its payload, and waits for what it returns.
    ///
    /// `function` is a name, an ARN or a placeholder. `In` and `Mid` are the types that the function takes and
    /// returns: say them with the types it is written with.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html>
    pub fn lambda<In, Mid>(function: &str) -> Task<In, Mid, Out> {
        let payload = Expression::<In, In>::input().delimited();
        Task {
            resource: "arn:aws:states:::lambda:invoke",
            arguments: json!({"FunctionName": function, "Payload": payload}),
            output: Expression::unchecked("$states.result.Payload"),
            timeout_seconds: None,
            retry: Vec::new(),
            catch: Vec::new(),
            types: PhantomData,
        }
    }
}

impl<In, Mid, Out> Task<In, Mid, Out> {
    /// How long one attempt may take, seconds: 1 to 99,999,999. Longer is the error `States.Timeout`.
    pub fn timeout_seconds(mut self, seconds: u32) -> Self {
        self.timeout_seconds = Some(seconds);
        self
    }

    /// Tries again as `retry` says. The first retrier that names an error decides.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry.push(retry);
        self
    }

    /// Goes to `next` with `{"Error", "Cause"}` when one of `errors` is left after all retries. The first match counts.
    pub fn catch<Name: Into<ErrorName>>(
        mut self,
        errors: impl IntoIterator<Item = Name>,
        next: &Next<ErrorOutput, Out>,
    ) -> Self {
        let error_equals = errors.into_iter().map(Into::into).collect();
        self.catch.push(Catcher { error_equals, next: next.name() });
        self
    }

    /// Gives the task's result to `next`.
    pub fn then(self, next: &Next<Mid, Out>) -> Step<In, Out> {
        self.finish(Transition::Next(next.name()))
    }

    fn finish(self, transition: Transition) -> Step<In, Out> {
        Step::new(Fields::Task {
            resource: self.resource,
            arguments: self.arguments,
            timeout_seconds: self.timeout_seconds,
            retry: self.retry,
            catch: self.catch,
            output: self.output.delimited(),
            transition,
        })
    }
}

impl<In, Out> Task<In, Out, Out> {
    /// Ends the execution with the task's result.
    pub fn end(self) -> Step<In, Out> {
        self.finish(Transition::End(true))
    }
}

/// A fork: the first rule that holds says where the input goes.
///
/// A rule about another type than the one that flows does not compile:
///
/// ```compile_fail
/// # use statemachine::{Choice, StateMachine, Succeed, field};
/// struct Order { express: bool }
/// struct Parcel { express: bool }
/// let mut machine = StateMachine::<Order, Order>::builder("");
/// let end = machine.add("End", Succeed::<Order>::new());
/// machine.add("IsExpress", Choice::when(field!(Parcel, express), &end).otherwise(&end));
/// ```
///
/// With the right one it does:
///
/// ```
/// # use statemachine::{Choice, StateMachine, Succeed, field};
/// struct Order { express: bool }
/// let mut machine = StateMachine::<Order, Order>::builder("");
/// let end = machine.add("End", Succeed::<Order>::new());
/// machine.add("IsExpress", Choice::when(field!(Order, express), &end).otherwise(&end));
/// ```
#[derive(Debug)]
pub struct Choice<In, Out> {
    rules: Vec<Rule>,
    types: PhantomData<fn(In) -> Out>,
}

impl<In, Out> Choice<In, Out> {
    /// Goes to `next` when `condition` holds.
    pub fn when(condition: Expression<In, bool>, next: &Next<In, Out>) -> Self {
        Self { rules: Vec::new(), types: PhantomData }.or_when(condition, next)
    }

    /// Goes to `next` when `condition` holds and none before did.
    pub fn or_when(mut self, condition: Expression<In, bool>, next: &Next<In, Out>) -> Self {
        self.rules.push(Rule { condition: condition.delimited(), next: next.name() });
        self
    }

    /// Goes to `next` when no condition holds. A choice without it could fail with `States.NoChoiceMatched`.
    pub fn otherwise(self, next: &Next<In, Out>) -> Step<In, Out> {
        Step::new(Fields::Choice { choices: self.rules, default: next.name() })
    }
}

/// A state that does no work: it passes its input on, or makes a `Mid` of it.
#[derive(Debug)]
pub struct Pass<In, Mid>(Expression<In, Mid>);

impl<In, Mid> Pass<In, Mid> {
    /// Gives what `output` makes of the input.
    pub fn output(output: Expression<In, Mid>) -> Self {
        Self(output)
    }

    /// Gives the output to `next`.
    pub fn then<Out>(self, next: &Next<Mid, Out>) -> Step<In, Out> {
        Step::new(Fields::Pass { output: self.0.delimited(), transition: Transition::Next(next.name()) })
    }

    /// Ends the execution with the output.
    pub fn end(self) -> Step<In, Mid> {
        Step::new(Fields::Pass { output: self.0.delimited(), transition: Transition::End(true) })
    }
}

/// A state that waits and passes its input on.
#[derive(Debug)]
pub struct Wait(u32);

impl Wait {
    /// Waits this long, seconds: 1 to 99,999,999.
    pub fn seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Gives the input to `next` afterwards.
    pub fn then<In, Out>(self, next: &Next<In, Out>) -> Step<In, Out> {
        Step::new(Fields::Wait { seconds: self.0, transition: Transition::Next(next.name()) })
    }

    /// Ends the execution afterwards, with the input as its output.
    pub fn end<Out>(self) -> Step<Out, Out> {
        Step::new(Fields::Wait { seconds: self.0, transition: Transition::End(true) })
    }
}

/// The good end: the execution succeeds, and the state's input is its output.
///
/// A machine cannot end with another type than it promises:
///
/// ```compile_fail
/// # use statemachine::{StateMachine, Succeed};
/// let mut machine = StateMachine::<String, u64>::builder("");
/// machine.add("End", Succeed::<String>::new());
/// ```
#[derive(Debug)]
pub struct Succeed<Out>(PhantomData<Out>);

impl<Out> Succeed<Out> {
    /// Ends the execution.
    #[expect(clippy::new_ret_no_self, reason = "a state without settings is a finished step at once")]
    pub fn new() -> Step<Out, Out> {
        Step::new(Fields::Succeed {})
    }
}

/// The bad end: the execution fails, whatever flows here.
#[derive(Debug)]
pub struct Fail<In>(PhantomData<In>);

impl<In> Fail<In> {
    /// Fails the execution with an error's name (up to 256 characters) and its cause (up to 32,768).
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html>
    #[expect(clippy::new_ret_no_self, reason = "a state without settings is a finished step at once")]
    pub fn new<Out>(error: impl Into<Text<In>>, cause: impl Into<Text<In>>) -> Step<In, Out> {
        Step::new(Fields::Fail { error: error.into().into_field(), cause: cause.into().into_field() })
    }
}

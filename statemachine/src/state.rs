//! The states that do no work of their own, each a builder that ends in a [`Step`]: a state that knows what it takes,
//! and what the machine gives once it went that way.

use std::marker::PhantomData;

use jiff::Timestamp;
use serde_json::Value;

use crate::condition::Condition;
use crate::definition::{Fields, put_some, put_template, put_transition};
use crate::language::Node;
use crate::{Expression, JsonPath, Jsonata, Language, Next, Variable};

/// A finished state: it takes `In`, and an execution that passes it ends with `Out`. [`Builder::add`] names it.
///
/// [`Builder::add`]: crate::Builder::add
#[derive(Debug)]
pub struct Step<In, Out, L = Jsonata> {
    pub(crate) type_name: &'static str,
    pub(crate) comment: Option<String>,
    pub(crate) fields: Fields,
    types: PhantomData<fn(In, L) -> Out>,
}

impl<In, Out, L> Step<In, Out, L> {
    pub(crate) fn new(type_name: &'static str, fields: Fields) -> Self {
        Self { type_name, comment: None, fields, types: PhantomData }
    }

    /// Says why the state is there. The console shows it.
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.comment = Some(text.into());
        self
    }

    /// The state as a machine in `language` has it.
    pub(crate) fn into_state(self, language: Option<&'static str>) -> Fields {
        let mut state = Fields::new();
        state.insert("Type".to_owned(), self.type_name.into());
        state.extend(self.comment.map(|comment| ("Comment".to_owned(), Value::from(comment))));
        state.extend(language.map(|language| ("QueryLanguage".to_owned(), Value::from(language))));
        state.extend(self.fields);
        state
    }
}

/// A fork: the first rule that holds says where the input goes.
///
/// ```
/// # use statemachine::{Choice, Fail, StateMachine, Succeed, field};
/// # use statemachine::interpreter::Interpreter;
/// # use serde_json::json;
/// struct Order { total: u64, express: bool }
/// let mut machine = StateMachine::<Order, Order>::builder("");
/// let end = machine.add("End", Succeed::new());
/// let refused = machine.add("Refused", Fail::new("Refused", "too little for express"));
/// let is_little = field!(Order, express).and(field!(Order, total).less_than(10));
/// let check = machine.add("Check", Choice::when(is_little, &refused).otherwise(&end));
/// let machine = machine.build(&check)?;
///
/// let mut interpreter = Interpreter::new(machine.definition())?;
/// assert_eq!(interpreter.run(json!({"total": 5, "express": true}))?.error(), Some("Refused"));
/// assert_eq!(interpreter.run(json!({"total": 50, "express": true}))?.error(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A rule about another type than the one that flows does not compile:
///
/// ```compile_fail,E0308
/// # use statemachine::{Choice, StateMachine, Succeed, field};
/// # struct Order { express: bool }
/// struct Parcel { express: bool }
/// let mut machine = StateMachine::<Order, Order>::builder("");
/// let end = machine.add("End", Succeed::<Order>::new());
/// machine.add("IsExpress", Choice::when(field!(Parcel, express), &end).otherwise(&end));
/// ```
#[derive(Debug)]
pub struct Choice<In, Out, L = Jsonata> {
    rules: Vec<Value>,
    types: PhantomData<fn(In, L) -> Out>,
}

impl<In, Out, L: Language> Choice<In, Out, L> {
    /// Goes to `next` when `condition` holds.
    pub fn when(condition: impl Condition<In, Language = L>, next: &Next<In, Out>) -> Self {
        Self { rules: Vec::new(), types: PhantomData }.or_when(condition, next)
    }

    /// Goes to `next` when `condition` holds and none before did.
    pub fn or_when(mut self, condition: impl Condition<In, Language = L>, next: &Next<In, Out>) -> Self {
        let mut rule = condition.into_rule();
        rule.insert("Next".to_owned(), next.name().into());
        self.rules.push(rule.into());
        self
    }

    /// Goes to `next` when no condition holds. A choice without it could fail with `States.NoChoiceMatched`.
    pub fn otherwise(self, next: &Next<In, Out>) -> Step<In, Out, L> {
        let fields = [("Choices".to_owned(), self.rules.into()), ("Default".to_owned(), next.name().into())];
        Step::new("Choice", Fields::from_iter(fields))
    }
}

/// A state that does no work: it passes its input on, or makes a `Mid` of it, and may keep something in a variable.
///
/// ```
/// # use statemachine::{Expression, Pass, StateMachine, field, object};
/// # use statemachine::interpreter::Interpreter;
/// # use serde_json::json;
/// struct Order { id: String, total: u64 }
/// struct Invoice { order: String, due: u64 }
///
/// let mut machine = StateMachine::<Order, Invoice>::builder("");
/// let id = machine.variable::<String>("id");
/// let due = Expression::<u64, u64>::input() + 5;
/// let invoice = machine.add("Invoice", Pass::output(object!(Invoice { order: id.value(), due: due })).end());
/// let keep = Pass::output(field!(Order, total)).assign(&id, field!(Order, id)).then(&invoice);
/// let keep = machine.add("Keep", keep);
/// let machine = machine.build(&keep)?;
///
/// let execution = Interpreter::new(machine.definition())?.run(json!({"id": "a", "total": 7}))?;
/// assert_eq!(execution.output(), Some(&json!({"order": "a", "due": 12})));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Pass<In, Mid, L = Jsonata> {
    fields: Fields,
    assign: Vec<(String, Node)>,
    types: PhantomData<fn(In, L) -> Mid>,
}

impl<In, Mid, L: Language> Pass<In, Mid, L> {
    fn of(fields: Fields) -> Self {
        Self { fields, assign: Vec::new(), types: PhantomData }
    }

    /// Keeps what `value` gives of the input in a variable.
    pub fn assign<T>(mut self, variable: &Variable<T>, value: impl Into<Expression<In, T, L>>) -> Self {
        self.assign.push((variable.name().to_owned(), value.into().into_node()));
        self
    }

    /// Gives the output to `next`.
    pub fn then<Out>(self, next: &Next<Mid, Out>) -> Step<In, Out, L> {
        self.finish(Some(next.name()))
    }

    /// Ends the execution with the output.
    pub fn end(self) -> Step<In, Mid, L> {
        self.finish(None)
    }

    fn finish<Out>(mut self, next: Option<String>) -> Step<In, Out, L> {
        put_template::<L>(&mut self.fields, "Assign", &self.assign);
        put_transition(&mut self.fields, next);
        Step::new("Pass", self.fields)
    }
}

impl<In, L: Language> Pass<In, In, L> {
    /// Gives the input on as it is.
    pub fn input() -> Self {
        Self::of(Fields::new())
    }
}

impl<In, Mid> Pass<In, Mid> {
    /// Gives what `output` makes of the input.
    pub fn output(output: Expression<In, Mid>) -> Self {
        let mut fields = Fields::new();
        Jsonata::put(&mut fields, "Output", output.node());
        Self::of(fields)
    }
}

/// In JSONPath the fields have other names:
///
/// ```compile_fail,E0308
/// # use statemachine::{JsonPath, Pass, Step, field};
/// # struct Order { total: u64 }
/// let state: Step<Order, u64, JsonPath> = Pass::output(field!(Order, total)).end();
/// ```
impl<In, Mid> Pass<In, Mid, JsonPath> {
    /// Gives a part of the input: InputPath.
    pub fn input_path(path: Expression<In, Mid, JsonPath>) -> Self {
        let mut fields = Fields::new();
        JsonPath::put(&mut fields, "Input", path.node());
        Self::of(fields)
    }

    /// Gives an [`object!`](crate::object) of parts of the input: Parameters.
    pub fn parameters(object: Expression<In, Mid, JsonPath>) -> Self {
        let mut fields = Fields::new();
        JsonPath::put(&mut fields, JsonPath::ARGUMENTS, object.node());
        Self::of(fields)
    }
}

/// A state that waits and passes its input on.
///
/// ```
/// # use statemachine::{StateMachine, Wait, field};
/// # use statemachine::interpreter::Interpreter;
/// # use serde_json::json;
/// struct Reminder { minutes: u64 }
/// let mut machine = StateMachine::<Reminder, Reminder>::builder("");
/// let wait = machine.add("Pause", Wait::seconds(field!(Reminder, minutes) * 60).end());
/// let machine = machine.build(&wait)?;
/// let execution = Interpreter::new(machine.definition())?.run(json!({"minutes": 30}))?;
/// assert_eq!(execution.elapsed().as_secs(), 1800);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Wait<In, L = Jsonata> {
    fields: Fields,
    types: PhantomData<fn(In, L)>,
}

impl<In, L: Language> Wait<In, L> {
    /// Waits this long, seconds: 1 to 99,999,999.
    pub fn seconds(seconds: impl Into<Expression<In, u64, L>>) -> Self {
        Self::of("Seconds", seconds.into().node())
    }

    /// Waits until a moment; not at all, where it is past.
    pub fn until(moment: impl Into<Expression<In, Timestamp, L>>) -> Self {
        Self::of("Timestamp", moment.into().node())
    }

    fn of(field: &str, node: &Node) -> Self {
        let mut fields = Fields::new();
        L::put(&mut fields, field, node);
        Self { fields, types: PhantomData }
    }

    /// Gives the input to `next` afterwards.
    pub fn then<Out>(self, next: &Next<In, Out>) -> Step<In, Out, L> {
        self.finish(Some(next.name()))
    }

    /// Ends the execution afterwards, with the input as its output.
    pub fn end(self) -> Step<In, In, L> {
        self.finish(None)
    }

    fn finish<Out>(mut self, next: Option<String>) -> Step<In, Out, L> {
        put_transition(&mut self.fields, next);
        Step::new("Wait", self.fields)
    }
}

/// The good end: the execution succeeds, and the state's input is its output.
///
/// A machine cannot end with another type than it promises:
///
/// ```compile_fail,E0308
/// # use statemachine::{StateMachine, Succeed};
/// let mut machine = StateMachine::<String, u64>::builder("");
/// machine.add("End", Succeed::<String>::new());
/// ```
#[derive(Debug)]
pub struct Succeed<Out>(PhantomData<Out>);

impl<Out> Succeed<Out> {
    /// Ends the execution.
    #[expect(clippy::new_ret_no_self, reason = "a state without settings is a finished step at once")]
    pub fn new<L>() -> Step<Out, Out, L> {
        Step::new("Succeed", Fields::new())
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
    pub fn new<Out, L: Language>(
        error: impl Into<Expression<In, String, L>>,
        cause: impl Into<Expression<In, String, L>>,
    ) -> Step<In, Out, L> {
        let mut fields = Fields::new();
        put_some::<L>(&mut fields, "Error", Some(error.into().node()));
        put_some::<L>(&mut fields, "Cause", Some(cause.into().node()));
        Step::new("Fail", fields)
    }
}

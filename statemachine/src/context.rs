//! The context object: what an execution knows of itself.

use jiff::Timestamp;

use crate::language::Node;
use crate::{Expression, Language};

/// The context object of an execution that was started with an `Input`.
///
/// ```
/// # use statemachine::{Context, Expression, Pass, StateMachine, field};
/// # use statemachine::interpreter::Interpreter;
/// # use serde_json::json;
/// let context = Expression::<u64, Context<u64>>::context();
/// let mut machine = StateMachine::<u64, String>::builder("");
/// let start = machine.add("Start", Pass::output(field!(context.State.Name)).end());
/// let machine = machine.build(&start)?;
/// assert_eq!(Interpreter::new(machine.definition())?.run(json!(1))?.output(), Some(&json!("Start")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct Context<Input> {
    /// The execution.
    pub Execution: ExecutionContext<Input>,
    /// The state at hand.
    pub State: StateContext,
    /// The machine.
    pub StateMachine: StateMachineContext,
}

/// What the context object says of the execution.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct ExecutionContext<Input> {
    /// Its ARN.
    pub Id: String,
    /// What it was started with.
    pub Input: Input,
    /// Its name.
    pub Name: String,
    /// When it was started.
    pub StartTime: Timestamp,
}

/// What the context object says of the state at hand.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct StateContext {
    /// When it was entered.
    pub EnteredTime: Timestamp,
    /// Its name.
    pub Name: String,
    /// How often it has been tried again.
    pub RetryCount: u64,
}

/// What the context object says of the machine.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct StateMachineContext {
    /// Its ARN.
    pub Id: String,
    /// Its name.
    pub Name: String,
}

impl<In, Input, L: Language> Expression<In, Context<Input>, L> {
    /// The context object. That the execution was started with an `Input` is not checked: say the machine's.
    pub fn context() -> Self {
        Self::of(Node::operand(L::CONTEXT))
    }
}

impl<In, L> Expression<In, Timestamp, L> {
    /// The moment as the text it is in JSON.
    pub fn text(self) -> Expression<In, String, L> {
        Expression::of(self.into_node())
    }
}

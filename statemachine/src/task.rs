//! Tasks: work that a service does.

use std::convert::Infallible;
use std::marker::PhantomData;

use crate::definition::{Fields, put_template};
use crate::language::Node;
use crate::service::lambda;
use crate::work::{HasResult, Work};
use crate::{Expression, JsonPath, Jsonata, Language, Raised, field};

/// A call of a service, made from a state's input: the modules of [`service`](crate::service) have one for each action,
/// and say how to add another.
#[derive(Debug)]
pub struct Call<In, S, L = Jsonata> {
    arguments: Vec<(String, Node)>,
    types: PhantomData<fn(In, L) -> S>,
}

impl<In, S, L: Language> Call<In, S, L> {
    /// A call without arguments.
    #[expect(clippy::new_without_default, reason = "the types would have to be said")]
    pub fn new() -> Self {
        Self { arguments: Vec::new(), types: PhantomData }
    }

    /// Adds an argument that is a text, under the name that the service gives it.
    pub fn text(self, name: &str, text: impl Into<Expression<In, String, L>>) -> Self {
        self.value(name, text.into())
    }

    /// Adds an argument.
    pub fn value<T>(mut self, name: &str, value: Expression<In, T, L>) -> Self {
        self.arguments.push((name.to_owned(), value.into_node()));
        self
    }
}

/// An action of a service that a task can call.
pub trait Service {
    /// What the service answers.
    type Response;
    /// The errors that it raises by itself.
    type Error: Raised;
    /// The action's resource, without the pattern of the call.
    const RESOURCE: &'static str;
}

/// An action that begins a job whose end a task can wait for: `.sync`.
pub trait Job: Service {
    /// What is known of a job that has ended.
    type Ended;
    /// The pattern's ending.
    const PATTERN: &'static str;
}

/// An action that can take a token with it, which whoever does the work sends back: `.waitForTaskToken`.
pub trait Callback: Service {}

/// The kind of a [`Task`].
#[derive(Debug)]
pub enum TaskKind {}

impl HasResult for TaskKind {}

/// A state that calls a service: it takes `In` and gives `Mid` to the next one; the machine ends with `Out`.
///
/// A state that takes something else cannot come next:
///
/// ```compile_fail,E0308
/// # use statemachine::{StateMachine, Succeed, Task};
/// let mut machine = StateMachine::<String, u64>::builder("");
/// let end = machine.add("End", Succeed::<u64>::new());
/// machine.add("Work", Task::lambda::<String, bool>("arn").then(&end));
/// ```
///
/// An error cannot flow where the task's input is expected:
///
/// ```compile_fail,E0308
/// # use statemachine::{ErrorName, StateMachine, Succeed, Task};
/// let mut machine = StateMachine::<String, u64>::builder("");
/// let end = machine.add("End", Succeed::<u64>::new());
/// machine.add("Work", Task::lambda::<String, u64>("arn").catch([ErrorName::All], &end).then(&end));
/// ```
///
/// Both compile with the types right:
///
/// ```
/// # use statemachine::{ErrorName, ErrorOutput, Fail, StateMachine, Succeed, Task, field};
/// let mut machine = StateMachine::<String, u64>::builder("");
/// let end = machine.add("End", Succeed::<u64>::new());
/// let failed = machine.add("Failed", Fail::new(field!(ErrorOutput, Error), "see the log"));
/// machine.add("Work", Task::lambda::<String, u64>("arn").catch([ErrorName::All], &failed).then(&end));
/// ```
pub type Task<In = (), Mid = (), Out = (), E = Infallible, L = Jsonata> = Work<TaskKind, In, Mid, Out, E, L>;

impl<Out> Task<(), (), Out> {
    /// Invokes a Lambda function with the state's input as its payload, and waits for what it returns.
    ///
    /// `function` is a name, an ARN or a placeholder. `In` and `Mid` are the types that the function takes and
    /// returns: say them with the types it is written with, and its errors with [`raises`](Work::raises).
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html>
    pub fn lambda<In, Mid>(function: &str) -> Task<In, Mid, Out> {
        Task::call(lambda::invoke::<In, In, Mid, _>(function, Expression::input()))
            .output(|_, result| field!(result.Payload))
    }
}

impl<In, Out, L: Language> Task<In, (), Out, Infallible, L> {
    /// Calls a service and waits for its answer.
    ///
    /// ```
    /// # use statemachine::{Expression, StateMachine, Task, field, object};
    /// # use statemachine::interpreter::Interpreter;
    /// # use statemachine::service::sqs;
    /// # use serde_json::json;
    /// struct Order { id: String }
    /// struct Ticket { order: String, message: String }
    ///
    /// let mut machine = StateMachine::<Order, Ticket>::builder("Queues an order.");
    /// let send = Task::call(sqs::send_message("${QueueUrl}", field!(Order, id)))
    ///     .output(|order, sent| object!(Ticket { order: field!(order.id), message: field!(sent.MessageId) }))
    ///     .timeout_seconds(10)
    ///     .end();
    /// let send = machine.add("Send", send);
    /// let machine = machine.build(&send)?;
    ///
    /// let mut interpreter = Interpreter::new(machine.definition())?
    ///     .task("arn:aws:states:::sqs:sendMessage", |message| Ok(json!({"MessageId": message["MessageBody"]})));
    /// let execution = interpreter.run(json!({"id": "a"}))?;
    /// assert_eq!(execution.output(), Some(&json!({"order": "a", "message": "a"})));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn call<S: Service>(call: Call<In, S, L>) -> Task<In, S::Response, Out, S::Error, L> {
        task(S::RESOURCE.to_owned(), call.arguments)
    }

    /// Begins a job and waits for its end.
    ///
    /// ```
    /// # use statemachine::{Expression, Step, Task, field};
    /// # use statemachine::service::states;
    /// let run: Step<String, u64> =
    ///     Task::run_job(states::start_execution::<_, _, u64, _>("${OtherArn}", Expression::<String, String>::input()))
    ///         .output(|_, ended| field!(ended.Output))
    ///         .end();
    /// ```
    ///
    /// Not every action begins one:
    ///
    /// ```compile_fail,E0277
    /// # use statemachine::{Expression, Step, Task};
    /// # use statemachine::service::sqs;
    /// let send = Task::<_, _, ()>::run_job(sqs::send_message("${QueueUrl}", Expression::<String, String>::input()));
    /// ```
    pub fn run_job<S: Job>(call: Call<In, S, L>) -> Task<In, S::Ended, Out, S::Error, L> {
        task(format!("{}{}", S::RESOURCE, S::PATTERN), call.arguments)
    }

    /// Calls a service with a token, and waits until someone sends the token back, with a `T`.
    ///
    /// ```
    /// # use statemachine::{Expression, Step, Task, field, object};
    /// # use statemachine::service::sqs;
    /// struct Order { id: String }
    /// struct Question { order: String, token: String }
    /// let ask: Step<Order, bool> = Task::wait_for_token(|token| {
    ///     let question = object!(Question { order: field!(Order, id), token: token });
    ///     sqs::send_message("${QueueUrl}", question)
    /// })
    /// .heartbeat_seconds(3600)
    /// .end();
    /// ```
    ///
    /// Not every action takes a token with it:
    ///
    /// ```compile_fail,E0277
    /// # use statemachine::{Expression, Step, Task};
    /// # use statemachine::service::dynamodb::{Attributes, put_item};
    /// let ask: Step<String, bool> =
    ///     Task::wait_for_token(|token| put_item("table", Attributes::<String>::new().string("token", token))).end();
    /// ```
    pub fn wait_for_token<S: Callback, T>(
        call: impl FnOnce(Expression<In, String, L>) -> Call<In, S, L>,
    ) -> Task<In, T, Out, S::Error, L> {
        let token = Expression::of(Node::operand(format!("{}.Task.Token", L::CONTEXT)));
        task(format!("{}.waitForTaskToken", S::RESOURCE), call(token).arguments)
    }
}

impl<In, Out> Task<In, (), Out, Infallible, JsonPath> {
    /// Calls a service with a part of the state's input, and waits for its answer: InputPath.
    pub fn call_with<S: Service, Part>(
        input: impl FnOnce(Expression<In, In, JsonPath>) -> Expression<In, Part, JsonPath>,
        call: Call<Part, S, JsonPath>,
    ) -> Task<In, S::Response, Out, S::Error, JsonPath> {
        let mut task = task(S::RESOURCE.to_owned(), call.arguments);
        JsonPath::put(&mut task.fields, "Input", input(Expression::input()).node());
        task
    }
}

fn task<In, Mid, Out, E, L: Language>(resource: String, arguments: Vec<(String, Node)>) -> Task<In, Mid, Out, E, L> {
    let mut fields = Fields::from_iter([("Resource".to_owned(), resource.into())]);
    put_template::<L>(&mut fields, L::ARGUMENTS, &arguments);
    Work::new("Task", fields)
}

impl<In, Mid, Out, E, L: Language> Task<In, Mid, Out, E, L> {
    /// How long one attempt may take, seconds: 1 to 99,999,999. Longer is the error `States.Timeout`.
    pub fn timeout_seconds(mut self, seconds: impl Into<Expression<In, u64, L>>) -> Self {
        L::put(&mut self.fields, "TimeoutSeconds", seconds.into().node());
        self
    }

    /// Acts as a role of another account, by the role's ARN. The machine's own role may then assume it, and what the
    /// task does is granted there.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html>
    pub fn as_role(mut self, role_arn: &str) -> Self {
        self.fields
            .insert("Credentials".to_owned(), Fields::from_iter([("RoleArn".to_owned(), role_arn.into())]).into());
        self
    }

    /// How long the task may be silent, seconds: less than its timeout. Longer is the error `States.HeartbeatTimeout`.
    pub fn heartbeat_seconds(mut self, seconds: impl Into<Expression<In, u64, L>>) -> Self {
        L::put(&mut self.fields, "HeartbeatSeconds", seconds.into().node());
        self
    }
}

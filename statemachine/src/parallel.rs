//! Branches that run side by side.

use std::convert::Infallible;

use serde_json::Value;

use crate::definition::Fields;
use crate::work::{HasResult, Work};
use crate::{Jsonata, Language, StateMachine};

/// The kind of a [`Parallel`].
#[derive(Debug)]
pub enum ParallelKind {}

impl HasResult for ParallelKind {}

/// A state that runs several machines on its input at once, and gives all their outputs: `Mid` is a tuple.
///
/// ```
/// # use statemachine::{Expression, Parallel, Pass, StateMachine, field, object};
/// # use statemachine::interpreter::Interpreter;
/// # use serde_json::json;
/// struct Order { id: String, total: u64 }
/// struct Invoice { order: String, due: u64 }
///
/// let mut name = StateMachine::<Order, String>::builder("Names it.");
/// let start = name.add("Name", Pass::output(field!(Order, id)).end());
/// let name = name.build(&start)?;
///
/// let mut price = StateMachine::<Order, u64>::builder("Prices it.");
/// let start = price.add("Price", Pass::output(field!(Order, total) + 5).end());
/// let price = price.build(&start)?;
///
/// let mut machine = StateMachine::<Order, Invoice>::builder("");
/// let both = Parallel::of((&name, &price)).output(|_, result| {
///     let (order, due) = result.split();
///     object!(Invoice { order: order, due: due })
/// });
/// let both = machine.add("Both", both.end());
/// let machine = machine.build(&both)?;
///
/// let execution = Interpreter::new(machine.definition())?.run(json!({"id": "a", "total": 7}))?;
/// assert_eq!(execution.output(), Some(&json!({"order": "a", "due": 12})));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Branches that take different inputs do not compile:
///
/// ```compile_fail,E0277
/// # use statemachine::{Parallel, StateMachine, Step};
/// fn both(left: &StateMachine<String, u64>, right: &StateMachine<bool, u64>) -> Step<String, (u64, u64)> {
///     Parallel::of((left, right)).end()
/// }
/// ```
pub type Parallel<In = (), Mid = (), Out = (), E = Infallible, L = Jsonata> = Work<ParallelKind, In, Mid, Out, E, L>;

/// Two to eight machines that take the same input.
pub trait Branches<In, L> {
    /// The tuple of their outputs.
    type Output;

    #[doc(hidden)]
    fn definitions(self) -> Vec<Fields>;
}

macro_rules! branches {
    ($(($($output:ident $index:tt),+),)+) => {$(
        impl<In, L, $($output),+> Branches<In, L> for ($(&StateMachine<In, $output, L>,)+) {
            type Output = ($($output,)+);

            fn definitions(self) -> Vec<Fields> {
                vec![$(self.$index.nested()),+]
            }
        }
    )+};
}

branches! {
    (A 0, B 1),
    (A 0, B 1, C 2),
    (A 0, B 1, C 2, D 3),
    (A 0, B 1, C 2, D 3, F 4),
    (A 0, B 1, C 2, D 3, F 4, G 5),
    (A 0, B 1, C 2, D 3, F 4, G 5, H 6),
    (A 0, B 1, C 2, D 3, F 4, G 5, H 6, I 7),
}

impl<Out> Parallel<(), (), Out> {
    /// Runs `branches`, a tuple of machines. When one fails, the others are stopped.
    pub fn of<In, L: Language, B: Branches<In, L>>(branches: B) -> Parallel<In, B::Output, Out, Infallible, L> {
        let branches: Vec<Value> = branches.definitions().into_iter().map(Value::from).collect();
        Work::new("Parallel", Fields::from_iter([("Branches".to_owned(), branches.into())]))
    }
}

//! A machine run on every item of a list.

mod batch;
mod reader;
mod result_writer;

use std::convert::Infallible;
use std::marker::PhantomData;

pub use self::batch::{Batch, Batcher};
pub use self::reader::{Delimiter, InventoryObject, ListedObject, Reader};
pub use self::result_writer::{ResultManifest, ResultWriter, WrittenResults};
use crate::definition::Fields;
use crate::language::Node;
use crate::work::{HasResult, Work};
use crate::{Expression, Jsonata, Language, StateMachine};

/// A state that runs a machine on every item of a list, up to 40 at once, and gives the list of their outputs.
///
/// ```
/// # use statemachine::{Expression, Map, Pass, StateMachine, field, object};
/// # use statemachine::interpreter::Interpreter;
/// # use serde_json::json;
/// struct Order { customer: String, lines: Vec<u64> }
/// struct Line { customer: String, price: u64 }
///
/// let mut charge = StateMachine::<Line, u64>::builder("Charges a line.");
/// let start = charge.add("Charge", Pass::output(field!(Line, price) * 2).end());
/// let charge = charge.build(&start)?;
///
/// let mut machine = StateMachine::<Order, Vec<u64>>::builder("Charges an order.");
/// let lines = Map::over(field!(Order, lines))
///     .select(|order, price| object!(Line { customer: field!(order.customer), price: price }))
///     .inline(&charge)
///     .max_concurrency(5);
/// let lines = machine.add("Lines", lines.end());
/// let machine = machine.build(&lines)?;
///
/// let execution = Interpreter::new(machine.definition())?.run(json!({"customer": "a", "lines": [1, 2]}))?;
/// assert_eq!(execution.output(), Some(&json!([2, 4])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The machine takes what an item is:
///
/// ```compile_fail,E0308
/// # use statemachine::{Map, StateMachine, Step, field};
/// struct Order { lines: Vec<u64> }
/// fn lines(charge: &StateMachine<String, u64>) -> Step<Order, Vec<u64>> {
///     Map::over(field!(Order, lines)).inline(charge).end()
/// }
/// ```
pub type Map<In = (), Mid = (), Out = (), E = Infallible, L = Jsonata> = Work<InlineKind, In, Mid, Out, E, L>;

/// A [`Map`] of which each item, or batch of items, is an execution of its own: up to 10,000 at once, and items from S3.
///
/// ```
/// # use statemachine::{Batch, Batcher, ExecutionType, Expression, Map, Pass, Reader, ResultWriter, StateMachine, field};
/// # use statemachine::interpreter::Interpreter;
/// # use serde_json::json;
/// struct File { key: String }
/// struct Row { id: u64 }
///
/// let mut count = StateMachine::<Batch<Row>, u64>::builder("Counts a batch.");
/// let start = count.add("Count", Pass::output(field!(Batch<Row>, Items).count()).end());
/// let count = count.build(&start)?;
///
/// let mut machine = StateMachine::<File, String>::builder("Counts the rows of a file.");
/// let rows = Map::read(Reader::<_, Row>::json_lines("rows", field!(File, key)))
///     .batch(Batcher::items(2))
///     .distributed(ExecutionType::Express, &count)
///     .tolerated_failure_percentage(5)
///     .write_results(ResultWriter::to("results", "counts"))
///     .output(|_, written| field!(written.ResultWriterDetails.Bucket));
/// let rows = machine.add("Rows", rows.end());
/// let machine = machine.build(&rows)?;
///
/// let mut interpreter =
///     Interpreter::new(machine.definition())?.object("rows", "a.jsonl", "{\"id\":1}\n{\"id\":2}\n{\"id\":3}");
/// assert_eq!(interpreter.run(json!({"key": "a.jsonl"}))?.output(), Some(&json!("results")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Items from S3 need it:
///
/// ```compile_fail,E0599
/// # use statemachine::{Map, Reader, StateMachine, Step};
/// # struct Row { id: u64 }
/// fn rows(count: &StateMachine<Row, u64>) -> Step<(), Vec<u64>> {
///     Map::read(Reader::<_, Row>::json_lines("rows", "a.jsonl")).inline(count).end()
/// }
/// ```
pub type DistributedMap<In = (), Mid = (), Out = (), E = Infallible, L = Jsonata> =
    Work<DistributedKind, In, Mid, Out, E, L>;

/// The kind of a [`Map`].
#[derive(Debug)]
pub enum InlineKind {}

/// The kind of a [`DistributedMap`].
#[derive(Debug)]
pub enum DistributedKind {}

impl HasResult for InlineKind {}
impl HasResult for DistributedKind {}

/// The kinds of map.
pub trait MapKind {}
impl MapKind for InlineKind {}
impl MapKind for DistributedKind {}

/// Items that the state's data holds.
#[derive(Debug)]
pub enum Listed {}

/// Items that are read from S3.
#[derive(Debug)]
pub enum Stored {}

/// Items in batches.
#[derive(Debug)]
pub enum Batched {}

/// Items that are not in batches yet.
pub trait Single {}
impl Single for Listed {}
impl Single for Stored {}

/// The items of a map: each an `Item`, made from a state's input, an `In`.
#[derive(Debug)]
pub struct Items<In, Item, L = Jsonata, Source = Listed> {
    fields: Fields,
    /// How the machine's input is made of an item, where it is not the item itself.
    selector: Option<Node>,
    types: PhantomData<(In, Item, L, Source)>,
}

impl Map {
    /// A map over a list.
    pub fn over<In, Item, L: Language>(list: Expression<In, Vec<Item>, L>) -> Items<In, Item, L> {
        let mut fields = Fields::new();
        L::put(&mut fields, "Items", list.node());
        Items { fields, selector: None, types: PhantomData }
    }

    /// A map over what an object in S3 holds, or over the objects of a bucket.
    pub fn read<In, Item, L: Language>(reader: Reader<In, Item, L>) -> Items<In, Item, L, Stored> {
        let mut fields = Fields::new();
        fields.insert("ItemReader".to_owned(), reader.item_reader().into());
        Items { fields, selector: None, types: PhantomData }
    }
}

impl<In, Item, L: Language, Source> Items<In, Item, L, Source> {
    fn cast<Item2, Source2>(self) -> Items<In, Item2, L, Source2> {
        Items { fields: self.fields, selector: self.selector, types: PhantomData }
    }

    fn processor<Out>(mut self, config: Fields, machine: &StateMachine<Item, Out, L>) -> Fields {
        if let Some(selector) = self.selector {
            // Not every interpreter of the language takes one expression for all of it.
            L::put(&mut self.fields, "ItemSelector", &selector.into_template());
        }
        let mut processor = Fields::from_iter([("ProcessorConfig".to_owned(), config.into())]);
        processor.extend(machine.nested());
        // The batches come last in the reading order as well.
        let batcher = self.fields.shift_remove("ItemBatcher");
        self.fields.extend(batcher.map(|batcher| ("ItemBatcher".to_owned(), batcher)));
        self.fields.insert("ItemProcessor".to_owned(), processor.into());
        self.fields
    }

    /// Runs `machine` on every item, or batch, as an execution of its own.
    pub fn distributed<Mid, Out>(
        self,
        execution_type: ExecutionType,
        machine: &StateMachine<Item, Mid, L>,
    ) -> DistributedMap<In, Vec<Mid>, Out, Infallible, L> {
        let execution_type = match execution_type {
            ExecutionType::Standard => "STANDARD",
            ExecutionType::Express => "EXPRESS",
        };
        let config = [("Mode", "DISTRIBUTED"), ("ExecutionType", execution_type)];
        let config = config.map(|(name, value)| (name.to_owned(), value.into()));
        Work::new("Map", self.processor(Fields::from_iter(config), machine))
    }
}

impl<In, Item, L: Language> Items<In, Item, L> {
    /// Runs `machine` on every item, within this execution.
    pub fn inline<Mid, Out>(self, machine: &StateMachine<Item, Mid, L>) -> Map<In, Vec<Mid>, Out, Infallible, L> {
        let config = Fields::from_iter([("Mode".to_owned(), "INLINE".into())]);
        Work::new("Map", self.processor(config, machine))
    }
}

impl<In, Item, L: Language, Source: Single> Items<In, Item, L, Source> {
    /// Makes the machine's input of the state's and of an item: ItemSelector. Each field of an
    /// [`object!`](crate::object) must have a value: see [`or_null`](Expression::or_null).
    pub fn select<T>(
        mut self,
        select: impl FnOnce(Expression<In, In, L>, Expression<In, Item, L>) -> Expression<In, T, L>,
    ) -> Items<In, T, L, Source> {
        let item = self.selector.unwrap_or_else(|| Node::operand(format!("{}.Map.Item.Value", L::CONTEXT)));
        self.selector = Some(select(Expression::input(), Expression::of(item)).into_node());
        self.cast()
    }

    /// Gives the machine several items at once: ItemBatcher.
    pub fn batch<Common>(mut self, batcher: Batcher<In, Common, L>) -> Items<In, Batch<Item, Common>, L, Batched> {
        self.fields.insert("ItemBatcher".to_owned(), batcher.fields.into());
        self.cast()
    }
}

/// Whether child executions are Standard, which may take a year and are in the history, or Express, which may take five
/// minutes and cost by their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionType {
    /// STANDARD.
    Standard,
    /// EXPRESS.
    Express,
}

impl<Kind: MapKind, In, Mid, Out, E, L: Language> Work<Kind, In, Mid, Out, E, L> {
    /// How many items are processed at once, at most.
    pub fn max_concurrency(mut self, most: impl Into<Expression<In, u64, L>>) -> Self {
        L::put(&mut self.fields, "MaxConcurrency", most.into().node());
        self
    }
}

/// What a child execution gave; or, where its failure was tolerated, what is known of the failure. The two have no
/// common form, so nothing can be read of it: write the results to S3 to have them apart.
#[derive(Debug)]
pub struct Settled<T>(PhantomData<T>);

impl<In, Item, Out, E, L: Language> DistributedMap<In, Vec<Item>, Out, E, L> {
    /// Succeeds although so many items fail.
    pub fn tolerated_failure_count(
        mut self,
        most: impl Into<Expression<In, u64, L>>,
    ) -> DistributedMap<In, Vec<Settled<Item>>, Out, E, L> {
        L::put(&mut self.fields, "ToleratedFailureCount", most.into().node());
        self.cast()
    }

    /// Succeeds although so many items of a hundred fail.
    pub fn tolerated_failure_percentage(
        mut self,
        most: impl Into<Expression<In, u64, L>>,
    ) -> DistributedMap<In, Vec<Settled<Item>>, Out, E, L> {
        L::put(&mut self.fields, "ToleratedFailurePercentage", most.into().node());
        self.cast()
    }

    /// Writes what the child executions give to S3, and gives on where it is.
    pub fn write_results(mut self, writer: ResultWriter<In, L>) -> DistributedMap<In, WrittenResults, Out, E, L> {
        self.fields.insert("ResultWriter".to_owned(), writer.fields.into());
        self.cast()
    }
}

impl<In, Item, Out, E, L: Language> DistributedMap<In, Vec<Vec<Item>>, Out, E, L> {
    /// Gives on one list of what the child executions give, each a list.
    pub fn flatten_results(mut self) -> DistributedMap<In, Vec<Item>, Out, E, L> {
        self.fields.insert("ResultWriter".to_owned(), result_writer::flattening());
        self.cast()
    }
}

impl<In, Mid, Out, E, L: Language> DistributedMap<In, Mid, Out, E, L> {
    /// Begins the names of the child executions: up to 40 characters. Otherwise the state's name does.
    pub fn label(mut self, label: &str) -> Self {
        self.fields.insert("Label".to_owned(), label.into());
        self
    }
}

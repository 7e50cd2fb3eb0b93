//! What Task, Parallel and Map have in common: work that has a result and can fail.

use std::convert::Infallible;
use std::marker::PhantomData;

use serde_json::Value;

use crate::definition::{Fields, put_template, put_transition};
use crate::error_name::error_equals;
use crate::language::Node;
use crate::{ErrorOutput, Expression, JsonPath, Jsonata, Language, Names, Next, Raised, Retry, Step, Variable};

/// A state that does work: it takes `In`, may raise `E`, and gives `Mid` to the next one; the machine ends with `Out`.
/// [`Task`](crate::Task), [`Parallel`](crate::Parallel) and [`Map`](crate::Map) are its kinds.
#[derive(Debug)]
pub struct Work<Kind, In, Mid, Out, E = Infallible, L = Jsonata> {
    type_name: &'static str,
    /// What the state does.
    pub(crate) fields: Fields,
    /// What it gives, as its Output and its Assign reach it.
    result: Node,
    has_output: bool,
    /// What JSONPath makes of the result.
    selection: Fields,
    retry: Vec<Value>,
    catch: Vec<Value>,
    assign: Vec<(String, Node)>,
    types: PhantomData<(Kind, In, Mid, Out, E, L)>,
}

impl<Kind, In, Mid, Out, E, L: Language> Work<Kind, In, Mid, Out, E, L> {
    pub(crate) fn new(type_name: &'static str, fields: Fields) -> Self {
        Self {
            type_name,
            fields,
            result: Node::operand(L::RESULT),
            has_output: false,
            selection: Fields::new(),
            retry: Vec::new(),
            catch: Vec::new(),
            assign: Vec::new(),
            types: PhantomData,
        }
    }

    /// Says which errors the work raises by itself, so that Retry and Catch can name them.
    pub fn raises<Error: Raised>(self) -> Work<Kind, In, Mid, Out, Error, L> {
        self.cast()
    }

    /// The same work under other types.
    pub(crate) fn cast<Kind2, Mid2, E2>(self) -> Work<Kind2, In, Mid2, Out, E2, L> {
        Work {
            type_name: self.type_name,
            fields: self.fields,
            result: self.result,
            has_output: self.has_output,
            selection: self.selection,
            retry: self.retry,
            catch: self.catch,
            assign: self.assign,
            types: PhantomData,
        }
    }

    /// Tries again as `retry` says. The first retrier that names an error decides.
    pub fn retry(mut self, retry: Retry<E>) -> Self {
        self.retry.push(retry.retrier());
        self
    }

    /// Goes to `next` with an [`ErrorOutput`] when one of `errors` is left after all retries. The first match counts.
    pub fn catch(mut self, errors: impl IntoIterator<Item: Names<E>>, next: &Next<ErrorOutput, Out>) -> Self {
        self.add_catcher(errors, Fields::new(), next.name());
        self
    }

    fn add_catcher(&mut self, errors: impl IntoIterator<Item: Names<E>>, data: Fields, next: String) {
        let mut catcher = Fields::from_iter([("ErrorEquals".to_owned(), error_equals(errors).into())]);
        catcher.extend(data);
        catcher.insert("Next".to_owned(), next.into());
        self.catch.push(catcher.into());
    }

    /// Gives what the state makes of its work to `next`.
    pub fn then(self, next: &Next<Mid, Out>) -> Step<In, Out, L> {
        self.finish(Some(next.name()))
    }

    fn finish(self, next: Option<String>) -> Step<In, Out, L> {
        let mut fields = self.fields;
        let lists = [("Retry", self.retry), ("Catch", self.catch)].into_iter().filter(|(_, list)| !list.is_empty());
        fields.extend(lists.map(|(name, list)| (name.to_owned(), list.into())));
        fields.extend(self.selection);
        if self.has_output {
            L::put(&mut fields, "Output", &self.result);
        }
        put_template::<L>(&mut fields, "Assign", &self.assign);
        put_transition(&mut fields, next);
        Step::new(self.type_name, fields)
    }
}

impl<Kind, In, Out, E, L: Language> Work<Kind, In, Out, Out, E, L> {
    /// Ends the execution with what the state makes of its work.
    pub fn end(self) -> Step<In, Out, L> {
        self.finish(None)
    }
}

/// JSONata: Output and Assign read the state's input and its result.
impl<Kind, In, Mid, Out, E> Work<Kind, In, Mid, Out, E> {
    /// Gives on what `output` makes of the state's input and of the result.
    pub fn output<T>(
        mut self,
        output: impl FnOnce(Expression<In, In>, Expression<In, Mid>) -> Expression<In, T>,
    ) -> Work<Kind, In, T, Out, E> {
        self.result = output(Expression::input(), Expression::of(self.result)).into_node();
        self.has_output = true;
        self.cast()
    }

    /// Keeps what `value` makes of the state's input and of the result in a variable.
    pub fn assign<T>(
        mut self,
        variable: &Variable<T>,
        value: impl FnOnce(Expression<In, In>, Expression<In, Mid>) -> Expression<In, T>,
    ) -> Self {
        let value = value(Expression::input(), Expression::of(self.result.clone()));
        self.assign.push((variable.name().to_owned(), value.into_node()));
        self
    }

    /// Goes to `next` when one of `errors` is left after all retries, with what `output` makes of the state's input
    /// and of the error.
    pub fn catch_with<T>(
        mut self,
        errors: impl IntoIterator<Item: Names<E>>,
        output: impl FnOnce(Expression<In, In>, Expression<In, ErrorOutput>) -> Expression<In, T>,
        next: &Next<T, Out>,
    ) -> Self {
        let error = Expression::of(Node::operand(Jsonata::ERROR));
        let mut data = Fields::new();
        Jsonata::put(&mut data, "Output", output(Expression::input(), error).node());
        self.add_catcher(errors, data, next.name());
        self
    }
}

/// Work in JSONPath whose result ResultSelector has changed.
#[derive(Debug)]
pub enum Selected {}

/// Work in JSONPath whose result has its place.
#[derive(Debug)]
pub enum Placed {}

/// Work in JSONPath of which OutputPath has taken a part.
#[derive(Debug)]
pub enum Filtered {}

/// Work in JSONPath whose result nothing has changed yet.
pub trait HasResult {}

/// Work in JSONPath whose result has no place yet.
pub trait Unplaced {}

/// Work in JSONPath that OutputPath has not filtered yet.
pub trait Unfiltered {}

impl Unplaced for Selected {}
impl<Kind: HasResult> Unplaced for Kind {}
impl Unfiltered for Selected {}
impl Unfiltered for Placed {}
impl<Kind: HasResult> Unfiltered for Kind {}

/// JSONPath: the result goes through ResultSelector, ResultPath and OutputPath, in this order, and each at most once.
impl<Kind: HasResult, In, Mid, Out, E> Work<Kind, In, Mid, Out, E, JsonPath> {
    /// Keeps what `value` makes of the result in a variable.
    pub fn assign<T>(
        mut self,
        variable: &Variable<T>,
        value: impl FnOnce(Expression<Mid, Mid, JsonPath>) -> Expression<Mid, T, JsonPath>,
    ) -> Self {
        self.assign.push((variable.name().to_owned(), value(Expression::input()).into_node()));
        self
    }

    /// Makes an [`object!`](crate::object) of the result.
    pub fn result_selector<T>(
        mut self,
        object: impl FnOnce(Expression<Mid, Mid, JsonPath>) -> Expression<Mid, T, JsonPath>,
    ) -> Work<Selected, In, T, Out, E, JsonPath> {
        JsonPath::put(&mut self.selection, "ResultSelector", object(Expression::input()).node());
        self.cast()
    }
}

impl<Kind: Unplaced, In, Mid, Out, E> Work<Kind, In, Mid, Out, E, JsonPath> {
    /// Puts the result into a field of the input, and gives the input on.
    pub fn result_path<T: From<Mid>>(
        mut self,
        place: impl FnOnce(Expression<In, In, JsonPath>) -> Expression<In, T, JsonPath>,
    ) -> Work<Placed, In, In, Out, E, JsonPath> {
        JsonPath::put(&mut self.selection, "Result", place(Expression::input()).node());
        self.cast()
    }

    /// Drops the result, and gives the input on.
    pub fn discard_result(mut self) -> Work<Placed, In, In, Out, E, JsonPath> {
        self.selection.insert("ResultPath".to_owned(), Value::Null);
        self.cast()
    }
}

impl<Kind: Unfiltered, In, Mid, Out, E> Work<Kind, In, Mid, Out, E, JsonPath> {
    /// Gives a part of the output on.
    pub fn output_path<T>(
        mut self,
        part: impl FnOnce(Expression<Mid, Mid, JsonPath>) -> Expression<Mid, T, JsonPath>,
    ) -> Work<Filtered, In, T, Out, E, JsonPath> {
        JsonPath::put(&mut self.selection, "Output", part(Expression::input()).node());
        self.cast()
    }
}

impl<Kind, In, Mid, Out, E> Work<Kind, In, Mid, Out, E, JsonPath> {
    /// Goes to `next` when one of `errors` is left after all retries, with the input and the error in a field of it.
    pub fn catch_at<T: From<ErrorOutput>>(
        mut self,
        errors: impl IntoIterator<Item: Names<E>>,
        place: impl FnOnce(Expression<In, In, JsonPath>) -> Expression<In, T, JsonPath>,
        next: &Next<In, Out>,
    ) -> Self {
        let mut data = Fields::new();
        JsonPath::put(&mut data, "Result", place(Expression::input()).node());
        self.add_catcher(errors, data, next.name());
        self
    }
}

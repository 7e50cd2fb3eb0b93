//! DynamoDB: <https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html>.

use std::marker::PhantomData;

use super::errors;
use crate::expression::Number;
use crate::language::Node;
use crate::task::{Call, Service};
use crate::{Expression, Jsonata, Language};

/// The action `GetItem`.
#[derive(Debug)]
pub enum GetItem {}

/// The action `PutItem`.
#[derive(Debug)]
pub enum PutItem {}

/// The action `UpdateItem`.
#[derive(Debug)]
pub enum UpdateItem {}

/// The action `DeleteItem`.
#[derive(Debug)]
pub enum DeleteItem {}

/// What `GetItem` answers.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct FoundItem {
    /// The item, if there is one.
    pub Item: Option<Item>,
}

/// What a change of an item answers: nothing that a machine would need.
#[derive(Debug)]
pub enum Changed {}

/// An item that was read.
#[derive(Debug)]
pub enum Item {}

errors! {
    /// The errors of DynamoDB.
    DynamoDbError {
        /// The condition does not hold.
        ConditionalCheckFailed = "DynamoDB.ConditionalCheckFailedException",
        /// The table, or an index of it, is read or written faster than it may.
        ProvisionedThroughputExceeded = "DynamoDB.ProvisionedThroughputExceededException",
        /// Another transaction holds the item.
        TransactionConflict = "DynamoDB.TransactionConflictException",
        /// There is no such table.
        ResourceNotFound = "DynamoDB.ResourceNotFoundException",
    }
}

macro_rules! service {
    ($name:ident -> $response:ty: $resource:literal) => {
        impl Service for $name {
            type Response = $response;
            type Error = DynamoDbError;
            const RESOURCE: &'static str = $resource;
        }
    };
}

service!(GetItem -> FoundItem: "arn:aws:states:::dynamodb:getItem");
service!(PutItem -> Changed: "arn:aws:states:::dynamodb:putItem");
service!(UpdateItem -> Changed: "arn:aws:states:::dynamodb:updateItem");
service!(DeleteItem -> Changed: "arn:aws:states:::dynamodb:deleteItem");

/// Attributes by name, each with its type: a key, an item, or the values of an expression.
#[derive(Debug)]
pub struct Attributes<In, L = Jsonata> {
    attributes: Vec<(String, Node)>,
    types: PhantomData<fn(In, L)>,
}

impl<In, L: Language> Attributes<In, L> {
    /// No attributes.
    #[expect(clippy::new_without_default, reason = "the types would have to be said")]
    pub fn new() -> Self {
        Self { attributes: Vec::new(), types: PhantomData }
    }

    /// A text.
    pub fn string(self, name: &str, value: impl Into<Expression<In, String, L>>) -> Self {
        self.with(name, "S", value.into().into_node())
    }

    /// True or false.
    pub fn boolean(self, name: &str, value: impl Into<Expression<In, bool, L>>) -> Self {
        self.with(name, "BOOL", value.into().into_node())
    }

    fn with(mut self, name: &str, type_name: &str, value: Node) -> Self {
        self.attributes.push((name.to_owned(), Node::Object(vec![(type_name.to_owned(), value)])));
        self
    }

    fn expression(self) -> Expression<In, Self, L> {
        Expression::of(Node::Object(self.attributes))
    }
}

impl<In> Attributes<In> {
    /// A number, which DynamoDB takes as text.
    pub fn number<N: Number>(self, name: &str, value: Expression<In, N>) -> Self {
        self.with(name, "N", value.to_json_string().into_node())
    }
}

/// Reads the item of a key from a table, by its name, its ARN or a placeholder.
pub fn get_item<In, L: Language>(table: &str, key: Attributes<In, L>) -> Call<In, GetItem, L> {
    Call::new().text("TableName", table).value("Key", key.expression())
}

/// Writes an item.
pub fn put_item<In, L: Language>(table: &str, item: Attributes<In, L>) -> Call<In, PutItem, L> {
    Call::new().text("TableName", table).value("Item", item.expression())
}

/// Changes attributes of the item of a key, as an update expression says.
pub fn update_item<In, L: Language>(
    table: &str,
    key: Attributes<In, L>,
    update: &str,
    values: Attributes<In, L>,
) -> Call<In, UpdateItem, L> {
    Call::new()
        .text("TableName", table)
        .value("Key", key.expression())
        .text("UpdateExpression", update)
        .value("ExpressionAttributeValues", values.expression())
}

/// Deletes the item of a key.
pub fn delete_item<In, L: Language>(table: &str, key: Attributes<In, L>) -> Call<In, DeleteItem, L> {
    Call::new().text("TableName", table).value("Key", key.expression())
}

/// An action that a condition can forbid.
pub trait Conditional: Service {}
impl Conditional for PutItem {}
impl Conditional for UpdateItem {}
impl Conditional for DeleteItem {}

impl<In, S: Conditional, L: Language> Call<In, S, L> {
    /// Does so only if the condition holds; otherwise the task fails with `ConditionalCheckFailed`.
    pub fn only_if(self, condition: &str) -> Self {
        self.text("ConditionExpression", condition)
    }
}

impl<In> Expression<In, Item> {
    /// A text attribute.
    pub fn string(self, name: &str) -> Expression<In, Option<String>> {
        Expression::of(self.node().field(name).field("S"))
    }

    /// A number attribute, as the text that DynamoDB has.
    pub fn number(self, name: &str) -> Expression<In, Option<String>> {
        Expression::of(self.node().field(name).field("N"))
    }
}

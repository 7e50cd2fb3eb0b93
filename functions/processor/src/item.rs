//! Items as DynamoDB's client takes them.

use std::collections::HashMap;

use activity::{Attribute, Item, PARTITION_KEY, SORT_KEY};
use aws_sdk_dynamodb::types::AttributeValue;

/// An item's attributes, keys included.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// Hands `item` over without copying its text.
pub(crate) fn attributes(item: Item) -> Attributes {
    let keys = [(PARTITION_KEY, item.user_id), (SORT_KEY, item.timestamp)];
    let keys = keys.map(|(name, value)| (name.into(), AttributeValue::S(value)));
    keys.into_iter().chain(item.attributes.into_iter().map(|(name, attribute)| (name, value(attribute)))).collect()
}

/// The two keys of an item, where it has them.
pub(crate) fn key(attributes: &Attributes) -> Option<(&str, &str)> {
    let text = |name| attributes.get(name)?.as_s().ok().map(String::as_str);
    Some((text(PARTITION_KEY)?, text(SORT_KEY)?))
}

/// The depth of the recursion is bounded: the record contract lets no deeper row through than DynamoDB takes.
fn value(attribute: Attribute) -> AttributeValue {
    match attribute {
        Attribute::S(text) => AttributeValue::S(text),
        Attribute::N(digits) => AttributeValue::N(digits),
        Attribute::Bool(truth) => AttributeValue::Bool(truth),
        Attribute::Null => AttributeValue::Null(true),
        Attribute::L(list) => AttributeValue::L(list.into_iter().map(value).collect()),
        Attribute::M(map) => AttributeValue::M(map.into_iter().map(|(name, member)| (name, value(member))).collect()),
    }
}

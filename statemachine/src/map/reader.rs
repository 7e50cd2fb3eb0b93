//! Where a distributed map reads its items from.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::definition::{Fields, put_template};
use crate::language::Node;
use crate::{Expression, Jsonata, Language};

/// Where the items of a [`DistributedMap`](crate::DistributedMap) are read from: each is an `Item`.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>
#[derive(Debug)]
pub struct Reader<In, Item, L = Jsonata> {
    resource: &'static str,
    arguments: Vec<(String, Node)>,
    config: Fields,
    types: PhantomData<fn(In, L) -> Item>,
}

impl<In, Item, L: Language> Reader<In, Item, L> {
    fn object(bucket: &str, key: impl Into<Expression<In, String, L>>, input_type: &str) -> Self {
        Self {
            resource: "arn:aws:states:::s3:getObject",
            arguments: vec![
                ("Bucket".to_owned(), Node::Constant(bucket.into())),
                ("Key".to_owned(), key.into().into_node()),
            ],
            config: Fields::from_iter([("InputType".to_owned(), input_type.into())]),
            types: PhantomData,
        }
    }

    /// The list that a JSON object in S3 is. The bucket is named by its name or a placeholder.
    pub fn json(bucket: &str, key: impl Into<Expression<In, String, L>>) -> Self {
        Self::object(bucket, key, "JSON")
    }

    /// The list at a JSON Pointer of a JSON object in S3.
    pub fn json_at(bucket: &str, key: impl Into<Expression<In, String, L>>, pointer: &str) -> Self {
        Self::json(bucket, key).config("ItemsPointer", pointer)
    }

    /// The lines of a JSON Lines object in S3.
    pub fn json_lines(bucket: &str, key: impl Into<Expression<In, String, L>>) -> Self {
        Self::object(bucket, key, "JSONL")
    }

    /// The rows of a CSV object in S3, each an `Item` of texts. The first row holds the names of the fields.
    pub fn csv(bucket: &str, key: impl Into<Expression<In, String, L>>) -> Self {
        Self::object(bucket, key, "CSV").config("CSVHeaderLocation", "FIRST_ROW")
    }

    /// The rows of a CSV object in S3 that does not name its fields.
    pub fn csv_of(bucket: &str, key: impl Into<Expression<In, String, L>>, fields: &[&str]) -> Self {
        Self::object(bucket, key, "CSV").config("CSVHeaderLocation", "GIVEN").config("CSVHeaders", fields.to_vec())
    }

    /// What parts the fields of a row of CSV, where it is no comma.
    pub fn delimiter(self, delimiter: Delimiter) -> Self {
        self.config("CSVDelimiter", delimiter.as_str())
    }

    fn config(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.config.insert(name.to_owned(), value.into());
        self
    }

    /// Reads at most so many items.
    pub fn max_items(mut self, most: impl Into<Expression<In, u64, L>>) -> Self {
        L::put(&mut self.config, "MaxItems", most.into().node());
        self
    }

    pub(super) fn item_reader(self) -> Fields {
        let mut fields = Fields::from_iter([("Resource".to_owned(), self.resource.into())]);
        if !self.config.is_empty() {
            fields.insert("ReaderConfig".to_owned(), self.config.into());
        }
        put_template::<L>(&mut fields, L::ARGUMENTS, &self.arguments);
        fields
    }
}

/// What parts the fields of a row of CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `|`
    Pipe,
    /// `;`
    Semicolon,
    /// A space.
    Space,
    /// A tab.
    Tab,
}

impl Delimiter {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Comma => "COMMA",
            Self::Pipe => "PIPE",
            Self::Semicolon => "SEMICOLON",
            Self::Space => "SPACE",
            Self::Tab => "TAB",
        }
    }
}

/// An object that S3 lists.
#[expect(non_snake_case, reason = "the fields are spelled as S3 spells them")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedObject {
    /// Its key.
    pub Key: String,
    /// Its size, bytes.
    pub Size: u64,
    /// Its entity tag.
    pub Etag: String,
    /// When it was written, seconds since 1970.
    pub LastModified: f64,
    /// Its storage class.
    pub StorageClass: String,
}

impl<In, L: Language> Reader<In, ListedObject, L> {
    /// The objects of a bucket whose keys begin with `prefix`, not what they hold.
    pub fn objects(bucket: &str, prefix: impl Into<Expression<In, String, L>>) -> Self {
        Self {
            resource: "arn:aws:states:::s3:listObjectsV2",
            arguments: vec![
                ("Bucket".to_owned(), Node::Constant(bucket.into())),
                ("Prefix".to_owned(), prefix.into().into_node()),
            ],
            config: Fields::new(),
            types: PhantomData,
        }
    }
}

/// An object that an inventory lists. An inventory may have more fields.
#[expect(non_snake_case, reason = "the fields are spelled as S3 spells them")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryObject {
    /// Its bucket.
    pub Bucket: String,
    /// Its key.
    pub Key: String,
}

impl<In, L: Language> Reader<In, InventoryObject, L> {
    /// The objects that an inventory lists, by the inventory's `manifest.json`. Their keys are URL-encoded.
    pub fn inventory(bucket: &str, manifest_key: impl Into<Expression<In, String, L>>) -> Self {
        Self::object(bucket, manifest_key, "MANIFEST")
    }
}

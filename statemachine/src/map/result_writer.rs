//! Where the results of a distributed map go.

use std::marker::PhantomData;

use serde_json::{Value, json};

use crate::definition::{Fields, put_template};
use crate::language::Node;
use crate::{Expression, Jsonata, Language};

/// Where the results of a [`DistributedMap`](crate::DistributedMap) go.
#[derive(Debug)]
pub struct ResultWriter<In, L = Jsonata> {
    pub(super) fields: Fields,
    types: PhantomData<fn(In, L)>,
}

impl<In, L: Language> ResultWriter<In, L> {
    /// Objects in a bucket, by its name or a placeholder, whose keys begin with `prefix` and a slash.
    pub fn to(bucket: &str, prefix: impl Into<Expression<In, String, L>>) -> Self {
        let arguments =
            [("Bucket".to_owned(), Node::Constant(bucket.into())), ("Prefix".to_owned(), prefix.into().into_node())];
        let mut fields = Fields::from_iter([("Resource".to_owned(), "arn:aws:states:::s3:putObject".into())]);
        put_template::<L>(&mut fields, L::ARGUMENTS, &arguments);
        Self { fields, types: PhantomData }
    }

    /// Writes the outputs by themselves. Otherwise each comes with what is known of its execution, such as its input. An
    /// execution that failed always does.
    pub fn compact(self) -> Self {
        self.config("Transformation", "COMPACT")
    }

    /// As [`compact`](Self::compact), and of an output that is a list its items.
    pub fn flatten(self) -> Self {
        self.config("Transformation", "FLATTEN")
    }

    /// Writes JSON Lines, and not a list.
    pub fn json_lines(self) -> Self {
        self.config("OutputType", "JSONL")
    }

    fn config(mut self, name: &str, value: &str) -> Self {
        // AWS wants both fields where there is one.
        let default = || json!({"Transformation": "NONE", "OutputType": "JSON"});
        self.fields.entry("WriterConfig").or_insert_with(default)[name] = value.into();
        self
    }
}

/// What gives the items of the outputs on that are lists, in one list, without S3.
pub(super) fn flattening() -> Value {
    json!({"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}})
}

/// What a map gives where a [`ResultWriter`] has written its results.
#[expect(non_snake_case, reason = "the fields are spelled as Step Functions spells them")]
#[derive(Debug)]
pub struct WrittenResults {
    /// The map run's ARN.
    pub MapRunArn: String,
    /// The manifest that lists the objects.
    pub ResultWriterDetails: ResultManifest,
}

/// The manifest that lists the objects with a map's results.
#[expect(non_snake_case, reason = "the fields are spelled as Step Functions spells them")]
#[derive(Debug)]
pub struct ResultManifest {
    /// Its bucket.
    pub Bucket: String,
    /// Its key.
    pub Key: String,
}

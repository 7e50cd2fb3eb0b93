//! Resource types whose name can be chosen before they are made; see [`Stack::reserve`](crate::Stack::reserve).

use crate::stack::Named;
use crate::value::{Arn, Name, Value, pseudo};
use crate::{s3, text};

impl Named for s3::Bucket {
    fn named(self, name: Value<Name<Self>>) -> Self {
        self.bucket_name(name)
    }

    fn arn_of(name: &Value<Name<Self>>) -> Value<Arn<Self>> {
        Value::concatenate([text!["arn:", pseudo::partition(), ":s3:::"], name.into()])
    }
}

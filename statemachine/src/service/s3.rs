//! S3, through the AWS SDK: <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html>.

use super::errors;
use crate::task::{Call, Callback, Service};
use crate::{Expression, Language};

/// The action `GetObject`.
#[derive(Debug)]
pub enum GetObject {}

/// The action `PutObject`.
#[derive(Debug)]
pub enum PutObject {}

/// An object that was read.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct ReadObject {
    /// The object's text, up to 256 KiB.
    pub Body: String,
    /// Its entity tag.
    pub ETag: String,
}

/// An object that was written.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct WrittenObject {
    /// Its entity tag.
    pub ETag: String,
}

errors! {
    /// The errors of S3.
    S3Error {
        /// There is no such object.
        NoSuchKey = "S3.NoSuchKeyException",
        /// There is no such bucket.
        NoSuchBucket = "S3.NoSuchBucketException",
        /// Any other.
        Other = "S3.S3Exception",
    }
}

impl Service for GetObject {
    type Response = ReadObject;
    type Error = S3Error;
    const RESOURCE: &'static str = "arn:aws:states:::aws-sdk:s3:getObject";
}

impl Service for PutObject {
    type Response = WrittenObject;
    type Error = S3Error;
    const RESOURCE: &'static str = "arn:aws:states:::aws-sdk:s3:putObject";
}

/// Whoever learns of the object finds the token in it.
impl Callback for PutObject {}

/// Reads an object.
pub fn get_object<In, L: Language>(bucket: &str, key: impl Into<Expression<In, String, L>>) -> Call<In, GetObject, L> {
    Call::new().text("Bucket", bucket).text("Key", key)
}

/// Writes `body`, as JSON where it is no text, to an object.
pub fn put_object<In, Body, L: Language>(
    bucket: &str,
    key: impl Into<Expression<In, String, L>>,
    body: Expression<In, Body, L>,
) -> Call<In, PutObject, L> {
    Call::new().text("Bucket", bucket).text("Key", key).value("Body", body)
}

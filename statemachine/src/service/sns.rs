//! SNS: <https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html>.

use std::convert::Infallible;

use crate::task::{Call, Callback, Service};
use crate::{Expression, Language};

/// The action `Publish`.
#[derive(Debug)]
pub enum Publish {}

/// What SNS answers.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct Published {
    /// The message's id.
    pub MessageId: String,
}

impl Service for Publish {
    type Response = Published;
    type Error = Infallible;
    const RESOURCE: &'static str = "arn:aws:states:::sns:publish";
}

impl Callback for Publish {}

/// Publishes `message`, as JSON where it is no text, to a topic by its ARN.
pub fn publish<In, Message, L: Language>(topic_arn: &str, message: Expression<In, Message, L>) -> Call<In, Publish, L> {
    Call::new().text("TopicArn", topic_arn).value("Message", message)
}

impl<In, L: Language> Call<In, Publish, L> {
    /// The subject of a mail.
    pub fn subject(self, text: impl Into<Expression<In, String, L>>) -> Self {
        self.text("Subject", text)
    }
}

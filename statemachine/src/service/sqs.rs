//! SQS: <https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html>.

use std::convert::Infallible;

use crate::task::{Call, Callback, Service};
use crate::{Expression, Language};

/// The action `SendMessage`.
#[derive(Debug)]
pub enum SendMessage {}

/// What SQS answers.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct SentMessage {
    /// The message's id.
    pub MessageId: String,
}

impl Service for SendMessage {
    type Response = SentMessage;
    type Error = Infallible;
    const RESOURCE: &'static str = "arn:aws:states:::sqs:sendMessage";
}

impl Callback for SendMessage {}

/// Sends `body`, as JSON where it is no text, to a queue by its URL.
pub fn send_message<In, Body, L: Language>(queue_url: &str, body: Expression<In, Body, L>) -> Call<In, SendMessage, L> {
    Call::new().text("QueueUrl", queue_url).value("MessageBody", body)
}

impl<In, L: Language> Call<In, SendMessage, L> {
    /// For a FIFO queue: messages of one group are received in order.
    pub fn group(self, id: impl Into<Expression<In, String, L>>) -> Self {
        self.text("MessageGroupId", id)
    }

    /// For a FIFO queue: a message of the same id is not sent again within five minutes.
    pub fn deduplication(self, id: impl Into<Expression<In, String, L>>) -> Self {
        self.text("MessageDeduplicationId", id)
    }
}

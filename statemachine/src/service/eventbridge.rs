//! EventBridge: <https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html>.

use std::marker::PhantomData;

use super::errors;
use crate::language::Node;
use crate::task::{Call, Callback, Service};
use crate::{Expression, Language};

/// The action `PutEvents`.
#[derive(Debug)]
pub enum PutEvents {}

/// What EventBridge answers.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct PutEventsResult {
    /// How many events were not accepted: none, or the task failed.
    pub FailedEntryCount: u64,
}

errors! {
    /// The errors of `PutEvents`.
    PutEventsError {
        /// An event was not accepted.
        FailedEntry = "EventBridge.FailedEntry",
    }
}

impl Service for PutEvents {
    type Response = PutEventsResult;
    type Error = PutEventsError;
    const RESOURCE: &'static str = "arn:aws:states:::events:putEvents";
}

impl Callback for PutEvents {}

/// An event on a bus, made from an `In`.
#[derive(Debug)]
pub struct Event<In, L> {
    fields: Vec<(String, Node)>,
    types: PhantomData<fn(In, L)>,
}

impl<In, L: Language> Event<In, L> {
    /// An event for a bus, by its name or ARN: who says it, what kind it is, and what happened.
    pub fn new<Detail>(
        bus: &str,
        source: impl Into<Expression<In, String, L>>,
        detail_type: impl Into<Expression<In, String, L>>,
        detail: Expression<In, Detail, L>,
    ) -> Self {
        let fields = [
            ("Source", source.into().into_node()),
            ("DetailType", detail_type.into().into_node()),
            ("Detail", detail.into_node()),
            ("EventBusName", Node::Constant(bus.into())),
        ];
        Self { fields: fields.map(|(name, node)| (name.to_owned(), node)).to_vec(), types: PhantomData }
    }
}

/// Puts up to ten events on their buses.
pub fn put_events<In, L: Language>(events: impl IntoIterator<Item = Event<In, L>>) -> Call<In, PutEvents, L> {
    let events = events.into_iter().map(|event| Node::Object(event.fields)).collect();
    Call::new().value("Entries", Expression::<In, Vec<Event<In, L>>, L>::of(Node::List(events)))
}

//! What took how long, from a stack's events.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::{StackEvent, Status};

/// What was done to one resource, from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The resource's name in the template.
    pub logical_id: String,
    /// `AWS::S3::Bucket`, say.
    pub resource_type: String,
    /// What the resource came to so far.
    pub status: Status,
    /// When it began.
    pub begun: Timestamp,
    /// When it ended; none while it goes on.
    pub ended: Option<Timestamp>,
}

impl Span {
    /// How long it took, or has taken until `now`.
    pub fn length(&self, now: Timestamp) -> Duration {
        let length = self.ended.unwrap_or(now).duration_since(self.begun);
        Duration::try_from(length).unwrap_or_default()
    }

    /// What is done to the resource: `CREATE`.
    pub fn action(&self) -> &str {
        action(&self.status)
    }
}

/// What was done to each resource of a stack, in the order in which it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    spans: Vec<Span>,
    extent: Option<(Timestamp, Timestamp)>,
}

impl Timeline {
    /// Takes the next event.
    pub fn add(&mut self, event: &StackEvent) {
        let moment = event.timestamp;
        self.extent = Some(self.extent.map_or((moment, moment), |(first, last)| (first.min(moment), last.max(moment))));
        if event.is_of_stack() {
            return;
        }
        let ended = (!event.status.is_in_progress()).then_some(moment);
        let open = |span: &&mut Span| span.logical_id == event.logical_id && span.ended.is_none();
        match self.spans.iter_mut().rfind(open) {
            Some(span) if span.action() == action(&event.status) => {
                span.status = event.status.clone();
                span.ended = ended;
                return;
            }
            // Another action on the resource has begun: what went on before has ended, though no event said so.
            Some(span) => span.ended = Some(moment),
            None => {}
        }
        self.spans.push(Span {
            logical_id: event.logical_id.clone(),
            resource_type: event.resource_type.clone(),
            status: event.status.clone(),
            begun: moment,
            ended,
        });
    }

    /// The spans, in the order in which they began.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The first and the last moment of which there is an event.
    pub fn extent(&self) -> Option<(Timestamp, Timestamp)> {
        self.extent
    }

    /// How long each action on each type of resource usually took here: the median of those that succeeded.
    pub fn typical(&self) -> Typical {
        let mut lengths: BTreeMap<(String, String), Vec<Duration>> = BTreeMap::new();
        for span in self.spans.iter().filter(|span| span.status.is_success()) {
            let Some(ended) = span.ended else { continue };
            let key = (span.resource_type.clone(), span.action().to_owned());
            lengths.entry(key).or_default().push(span.length(ended));
        }
        let median = |mut lengths: Vec<Duration>| {
            lengths.sort_unstable();
            lengths[lengths.len() / 2]
        };
        Typical(lengths.into_iter().map(|(key, lengths)| (key, median(lengths))).collect())
    }
}

impl<'a> FromIterator<&'a StackEvent> for Timeline {
    fn from_iter<I: IntoIterator<Item = &'a StackEvent>>(events: I) -> Self {
        let mut timeline = Self::default();
        events.into_iter().for_each(|event| timeline.add(event));
        timeline
    }
}

/// How long actions usually take, learnt from what there was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typical(BTreeMap<(String, String), Duration>);

impl Typical {
    /// How long what `span` does usually takes; none where it was never seen.
    pub fn length(&self, span: &Span) -> Option<Duration> {
        self.0.get(&(span.resource_type.clone(), span.action().to_owned())).copied()
    }
}

/// The action of a status: `CREATE` of `CREATE_IN_PROGRESS`.
fn action(status: &Status) -> &str {
    let name = status.as_str();
    let stem = |ending| name.strip_suffix(ending);
    ["_IN_PROGRESS", "_COMPLETE", "_FAILED", "_SKIPPED"].into_iter().find_map(stem).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event: `<second> <logical id> <status>`. `orders` is the stack.
    fn event(text: &str) -> StackEvent {
        let [second, logical_id, status] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
        let (resource_type, physical_id) = match logical_id {
            "orders" => ("AWS::CloudFormation::Stack", Some("arn:aws:cloudformation:eu-west-1:1:stack/orders/2")),
            _ => ("AWS::S3::Bucket", None),
        };
        StackEvent {
            id: text.into(),
            timestamp: Timestamp::new(second.parse().unwrap(), 0).unwrap(),
            logical_id: logical_id.into(),
            physical_id: physical_id.map(Into::into),
            resource_type: resource_type.into(),
            status: Status::new(status),
            reason: None,
            operation: None,
        }
    }

    fn timeline(events: &[&str]) -> Timeline {
        events.iter().map(|text| event(text)).collect::<Vec<_>>().iter().collect()
    }

    /// The spans as `A CREATE 3-5`.
    fn spans(events: &[&str]) -> Vec<String> {
        let timeline = timeline(events);
        let text = |span: &Span| {
            let ended = span.ended.map(|ended| ended.as_second().to_string()).unwrap_or_default();
            format!("{} {} {}-{ended}", span.logical_id, span.action(), span.begun.as_second())
        };
        timeline.spans().iter().map(text).collect()
    }

    #[test]
    fn a_resource_has_one_span_for_each_thing_done_to_it() {
        let events = [
            "1 orders UPDATE_IN_PROGRESS",
            "2 A UPDATE_IN_PROGRESS",
            "3 B CREATE_IN_PROGRESS",
            "4 B CREATE_IN_PROGRESS",
            "6 A UPDATE_COMPLETE",
            "7 B CREATE_FAILED",
            "8 orders UPDATE_ROLLBACK_IN_PROGRESS",
            "9 A UPDATE_IN_PROGRESS",
            "11 A UPDATE_COMPLETE",
            "12 B DELETE_IN_PROGRESS",
        ];
        assert_eq!(spans(&events), ["A UPDATE 2-6", "B CREATE 3-7", "A UPDATE 9-11", "B DELETE 12-"]);
        let extent = timeline(&events).extent().map(|(first, last)| (first.as_second(), last.as_second()));
        assert_eq!(extent, Some((1, 12)));
    }

    #[test]
    fn an_end_without_a_beginning_takes_no_time() {
        assert_eq!(spans(&["5 A DELETE_SKIPPED"]), ["A DELETE 5-5"]);
    }

    #[test]
    fn an_action_ends_where_another_begins() {
        assert_eq!(spans(&["1 A CREATE_IN_PROGRESS", "4 A DELETE_IN_PROGRESS"]), ["A CREATE 1-4", "A DELETE 4-"]);
    }

    #[test]
    fn what_is_usual_is_the_median_of_what_succeeded() {
        let events = [
            "0 A CREATE_IN_PROGRESS",
            "0 B CREATE_IN_PROGRESS",
            "0 C CREATE_IN_PROGRESS",
            "0 D CREATE_IN_PROGRESS",
            "1 D CREATE_FAILED",
            "2 A CREATE_COMPLETE",
            "5 B CREATE_COMPLETE",
            "60 C CREATE_COMPLETE",
            "61 C DELETE_IN_PROGRESS",
        ];
        let timeline = timeline(&events);
        let [create, .., delete] = timeline.spans() else { panic!("there are five") };
        let typical = timeline.typical();
        assert_eq!(typical.length(create), Some(Duration::from_secs(5)));
        assert_eq!(typical.length(delete), None);
    }
}

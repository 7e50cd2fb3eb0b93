//! What a terminal shows of an operation, as text: what is done, what is under way, and how much of it there is.

use std::collections::BTreeSet;

use console::{Style, truncate_str};
use deployment::{Span, StackEvent, Status, Timeline, Typical};
use jiff::{SignedDuration, Timestamp};

use super::clock;

/// Lines that a terminal has beside those of the resources under way: the sum, and where the cursor is.
const OTHER_LINES: usize = 2;

/// What is known of an operation so far.
pub struct Progress {
    timeline: Timeline,
    typical: Typical,
    /// The number of resources in the template, where it is known.
    resources: usize,
    /// Whether the stack is being created: then every resource is to be made.
    creates: bool,
    done: BTreeSet<String>,
    rolls_back: bool,
    /// How wide the logical ids are.
    width: usize,
    /// How much this machine's clock is ahead of AWS's. The events come late, so it is the least that was seen.
    ahead: Option<SignedDuration>,
}

impl Progress {
    /// Nothing yet. `resources` is their number in the template, and `width` the room for a logical id.
    pub fn new(resources: usize, width: usize) -> Self {
        Self {
            timeline: Timeline::default(),
            typical: Typical::default(),
            resources,
            creates: false,
            done: BTreeSet::new(),
            rolls_back: false,
            width,
            ahead: None,
        }
    }

    /// What took how long.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Takes how long things usually take.
    pub fn learn(&mut self, typical: Typical) {
        self.typical = typical;
    }

    /// Takes an event that came in at `now`, and gives the line that stays, if something has ended by it.
    pub fn take(&mut self, event: &StackEvent, now: Timestamp) -> Option<String> {
        let ahead = now.duration_since(event.timestamp);
        self.ahead = Some(self.ahead.map_or(ahead, |least| least.min(ahead)));
        self.timeline.add(event);
        if event.is_of_stack() {
            self.rolls_back |= event.status.is_rollback();
            self.creates |= event.status.as_str() == "CREATE_IN_PROGRESS";
            let tells = event.status.is_rollback() || !event.status.is_in_progress();
            return tells.then(|| self.line(&event.status, &event.logical_id, &event.resource_type, &told(event)));
        }
        if event.status.is_in_progress() {
            return None;
        }
        if event.status.is_success() && !self.rolls_back {
            self.done.insert(event.logical_id.clone());
        }
        let length = self.timeline.spans().iter().rfind(|span| span.logical_id == event.logical_id);
        let length = length.map(|span| clock(span.length(event.timestamp))).unwrap_or_default();
        let told = format!("{length}  {}", if event.status.is_success() { String::new() } else { told(event) });
        Some(self.line(&event.status, &event.logical_id, &event.resource_type, told.trim_end()))
    }

    /// The lines that change: the resources under way, and the sum. `height` and `width` are the terminal's.
    pub fn lines(&self, now: Timestamp, (height, width): (usize, usize)) -> Vec<String> {
        let now = now - self.ahead.unwrap_or_default();
        let open: Vec<_> = self.timeline.spans().iter().filter(|span| span.ended.is_none()).collect();
        let room = height.saturating_sub(OTHER_LINES).max(1);
        let shown = if open.len() > room { room.saturating_sub(1) } else { open.len() };
        let mut lines: Vec<_> = open[..shown].iter().map(|span| self.open(span, now)).collect();
        if shown < open.len() {
            lines.push(format!("and {} more under way", open.len() - shown));
        }
        lines.push(self.sum(open.len(), now));
        lines.iter().map(|line| truncate_str(line, width, "…").into_owned()).collect()
    }

    fn open(&self, span: &Span, now: Timestamp) -> String {
        let usually = self.typical.length(span).map(|length| format!(", usually {}", clock(length)));
        let told = format!("{}{}", clock(span.length(now)), usually.unwrap_or_default());
        self.line(&span.status, &span.logical_id, &span.resource_type, &told)
    }

    fn sum(&self, open: usize, now: Timestamp) -> String {
        let begun = self.timeline.extent().map_or(now, |(first, _)| first);
        let length = clock(now.duration_since(begun).try_into().unwrap_or_default());
        let done = self.done.len();
        match self.resources {
            _ if self.rolls_back => format!("rolling back, {open} under way, {length}"),
            all @ 1.. if self.creates => format!("{done}/{all} resources, {open} under way, {length}"),
            _ => format!("{done} done, {open} under way, {length}"),
        }
    }

    fn line(&self, status: &Status, logical_id: &str, resource_type: &str, told: &str) -> String {
        let width = self.width;
        let status = style(status).apply_to(format!("{:<18}", status.as_str()));
        format!("{status}  {logical_id:<width$}  {resource_type:<28}  {told}").trim_end().to_owned()
    }
}

fn told(event: &StackEvent) -> String {
    event.reason.clone().unwrap_or_default()
}

/// The colour of a status. Its words say the same.
fn style(status: &Status) -> Style {
    let style = Style::new().for_stderr();
    match () {
        () if status.is_failed() => style.red(),
        () if status.is_rollback() => style.yellow(),
        () if status.is_in_progress() => style.cyan(),
        () => style.green(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{event, failed_update};
    use super::*;

    const SIZE: (usize, usize) = (24, 90);

    /// Takes events three seconds after they happened, and gives the lines that stay.
    fn take(progress: &mut Progress, events: &[StackEvent]) -> Vec<String> {
        let late = SignedDuration::from_secs(3);
        events.iter().filter_map(|event| progress.take(event, event.timestamp + late)).collect()
    }

    #[test]
    fn what_is_done_stays_and_what_is_under_way_has_its_time() {
        let history: Timeline =
            ["0 Old SQS::Queue CREATE_IN_PROGRESS", "65 Old SQS::Queue CREATE_COMPLETE"].map(event).iter().collect();
        let events = failed_update();
        let mut progress = Progress::new(3, 8);
        progress.learn(history.typical());
        let lines = take(&mut progress, &events[..5]);
        insta::assert_snapshot!(lines.join("\n"), @"UPDATE_COMPLETE     Table     AWS::DynamoDB::Table          0:12");
        // The clock of this machine is three seconds ahead, as far as it can tell.
        let now = event("20 A B C").timestamp;
        insta::assert_snapshot!(progress.lines(now, SIZE).join("\n"), @r"
        CREATE_IN_PROGRESS  Queue     AWS::SQS::Queue               0:14, usually 1:05
        CREATE_IN_PROGRESS  Topic     AWS::SNS::Topic               0:14
        1 done, 2 under way, 0:17
        ");
    }

    #[test]
    fn a_rollback_is_told_with_its_reason() {
        let mut progress = Progress::new(3, 8);
        let events = failed_update();
        insta::assert_snapshot!(take(&mut progress, &events[..9])[1..].join("\n"), @r"
        CREATE_FAILED       Queue     AWS::SQS::Queue               0:17  Resource of type 'AWS::SQS::Queue' already exists.
        CREATE_FAILED       Topic     AWS::SNS::Topic               0:18  Resource creation cancelled
        UPDATE_ROLLBACK_IN_PROGRESS  orders    AWS::CloudFormation::Stack    The following resource(s) failed to create: [Queue].
        ");
        insta::assert_snapshot!(progress.lines(event("30 A B C").timestamp, SIZE).join("\n"), @r"
        UPDATE_IN_PROGRESS  Table     AWS::DynamoDB::Table          0:03
        rolling back, 1 under way, 0:27
        ");
        insta::assert_snapshot!(take(&mut progress, &events[9..]).join("\n"), @r"
        UPDATE_COMPLETE     Table     AWS::DynamoDB::Table          0:16
        UPDATE_ROLLBACK_COMPLETE  orders    AWS::CloudFormation::Stack
        ");
    }

    #[test]
    fn no_more_is_drawn_than_the_terminal_holds() {
        let mut progress = Progress::new(5, 8);
        take(&mut progress, &[event("0 orders CloudFormation::Stack CREATE_IN_PROGRESS")]);
        let events = ["A", "B", "C", "D", "E"].map(|id| event(&format!("0 {id} SQS::Queue CREATE_IN_PROGRESS")));
        take(&mut progress, &events);
        let lines = progress.lines(event("5 A B C").timestamp, (5, 30));
        insta::assert_snapshot!(lines.join("\n"), @r"
        CREATE_IN_PROGRESS  A        …
        CREATE_IN_PROGRESS  B        …
        and 3 more under way
        0/5 resources, 5 under way, 0…
        ");
    }
}

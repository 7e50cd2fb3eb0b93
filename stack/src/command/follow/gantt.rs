//! What took how long, as bars.

use std::time::Duration;

use console::truncate_str;
use deployment::{Span, Timeline};

use super::clock;

/// What ended sooner, or changed fewer resources, needs no chart.
const LEAST: (Duration, usize) = (Duration::from_secs(10), 3);

/// The longest logical ids that are given their room.
const LONGEST_ID: usize = 32;

/// The shortest bars that say something.
const SHORTEST_BARS: usize = 10;

/// The chart of what took long and was more than a few resources; none for the rest.
pub fn worth_a_look(timeline: &Timeline, width: usize) -> Option<String> {
    let (first, last) = timeline.extent()?;
    let length = Duration::try_from(last.duration_since(first)).unwrap_or_default();
    (length >= LEAST.0 && timeline.spans().len() >= LEAST.1).then(|| gantt(timeline, width))
}

/// A line for each thing done to a resource, in the order in which they began: what it came to, how long it took, and
/// a bar for when. `width` is the room for a line.
pub fn gantt(timeline: &Timeline, width: usize) -> String {
    let Some((first, last)) = timeline.extent() else { return String::new() };
    let spans = timeline.spans();
    let longest = |text: fn(&Span) -> &str| spans.iter().map(|span| text(span).len()).max().unwrap_or_default();
    let (ids, statuses) = (longest(|span| &span.logical_id).min(LONGEST_ID), longest(|span| span.status.as_str()));
    let lengths = spans.iter().map(|span| clock(span.length(last)).len()).max().unwrap_or_default();
    let bars = width.saturating_sub(ids + statuses + lengths + 8).max(SHORTEST_BARS);

    let total = last.duration_since(first).as_secs_f64().max(f64::MIN_POSITIVE);
    let column = |moment: jiff::Timestamp| (moment.duration_since(first).as_secs_f64() / total * bars as f64) as usize;
    let line = |span: &Span| {
        let start = column(span.begun).min(bars - 1);
        let end = column(span.ended.unwrap_or(last)).clamp(start + 1, bars);
        let mark = if span.status.is_failed() { "x" } else { "=" };
        let bar = format!("{}{}", " ".repeat(start), mark.repeat(end - start));
        let id = truncate_str(&span.logical_id, ids, "…");
        let (status, length) = (span.status.as_str(), clock(span.length(last)));
        format!("{id:<ids$}  {status:<statuses$}  {length:>lengths$}  |{bar:<bars$}|\n")
    };
    spans.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{event, failed_update};
    use super::*;

    #[test]
    fn bars_show_what_waited_for_what() {
        let timeline: Timeline = failed_update().iter().collect();
        insta::assert_snapshot!(gantt(&timeline, 80), @r"
        Table  UPDATE_COMPLETE  0:12  |  ==============                                |
        Queue  CREATE_FAILED    0:17  |   xxxxxxxxxxxxxxxxxxxx                         |
        Topic  CREATE_FAILED    0:18  |   xxxxxxxxxxxxxxxxxxxxx                        |
        Table  UPDATE_COMPLETE  0:16  |                            ==================  |
        ");
    }

    #[test]
    fn a_narrow_terminal_keeps_short_bars() {
        let timeline: Timeline = failed_update()[..3].iter().collect();
        insta::assert_snapshot!(gantt(&timeline, 20), @r"
        Table  UPDATE_IN_PROGRESS  0:01  |      ====|
        Queue  CREATE_IN_PROGRESS  0:00  |         =|
        ");
    }

    #[test]
    fn what_is_quick_or_small_has_no_chart() {
        let events = failed_update();
        assert!(worth_a_look(&events.iter().collect(), 80).is_some());
        assert!(worth_a_look(&events[..2].iter().collect(), 80).is_none());
        let quick = ["A", "B", "C"].map(|id| event(&format!("0 {id} SQS::Queue CREATE_COMPLETE")));
        assert!(worth_a_look(&quick.iter().collect(), 80).is_none());
    }
}

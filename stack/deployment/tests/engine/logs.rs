//! Logs are read as one, in order, each line once, whatever the pages look like.

use deployment::{DeploymentError, LogReader, LogSource};
use serde_json::{Value, json};

use crate::scripted::{Answer, Script, Stage, broken, json};

/// A page of events, each `<second> <id>`; `next` leads to the next page.
fn page(events: &[&str], next: Option<&str>) -> Answer {
    let events = events.iter().filter_map(|text| text.split_once(' '));
    let event = |(second, id): (&str, &str)| json!({ "timestamp": second.parse::<i64>().unwrap() * 1000, "eventId": id, "message": id, "logStreamName": "1" });
    json(200, &json!({ "events": events.map(event).collect::<Vec<Value>>(), "nextToken": next }))
}

fn reader(stage: &Stage, groups: &[&str], filter: Option<&str>) -> LogReader {
    let source = |group: &&str| LogSource {
        logical_id: group.to_string(),
        name: group.to_string(),
        physical_id: group.to_string(),
        log_group: group.to_string(),
    };
    let since = "1970-01-01T00:00:01Z".parse().unwrap();
    stage.connection.read_logs(groups.iter().map(source).collect(), since, filter.map(str::to_owned))
}

/// Reads everything there is now: the messages in their order.
async fn read(reader: &mut LogReader) -> Result<Vec<String>, DeploymentError> {
    let mut messages = Vec::new();
    loop {
        let events = reader.next_events().await?;
        if events.is_empty() {
            return Ok(messages);
        }
        messages.extend(events.into_iter().map(|event| event.message));
    }
}

#[tokio::test]
async fn several_groups_are_one_log_in_the_order_of_time() {
    let stage = Script::default()
        .on(
            "FilterLogEvents",
            [
                page(&["2 a2", "5 a5"], Some("more")),
                page(&["1 b1", "3 b3"], Some("empty")),
                page(&[], Some("last")),
                page(&["9 b9"], None),
                page(&["7 a7"], None),
            ],
        )
        .play()
        .await;
    let mut reader = reader(&stage, &["a", "b"], Some("ERROR"));
    assert_eq!(read(&mut reader).await.unwrap(), ["b1", "a2", "b3", "a5", "a7", "b9"]);
    stage.assert_played();
    let request: Value = serde_json::from_str(&stage.requests("FilterLogEvents")[0].fields["body"]).unwrap();
    assert_eq!(request, json!({ "logGroupName": "a", "startTime": 1000, "filterPattern": "ERROR" }));
}

#[tokio::test]
async fn late_events_are_not_lost_and_none_comes_twice() {
    let stage = Script::default()
        .on(
            "FilterLogEvents",
            [
                page(&["100 first", "200 second"], None),
                page(&["150 late", "200 second", "201 third"], None),
                page(&["150 late", "201 third"], None),
            ],
        )
        .play()
        .await;
    let mut reader = reader(&stage, &["a"], None);
    assert_eq!(read(&mut reader).await.unwrap(), ["first", "second"]);
    assert_eq!(read(&mut reader).await.unwrap(), ["late", "third"]);
    assert!(read(&mut reader).await.unwrap().is_empty());
    let starts = stage.requests("FilterLogEvents").into_iter().map(|request| {
        let request: Value = serde_json::from_str(&request.fields["body"]).unwrap();
        request["startTime"].as_i64().unwrap()
    });
    assert_eq!(starts.collect::<Vec<_>>(), [1_000, 140_000, 141_000], "a minute is read again");
}

/// More failures in a row than the SDK rides out by itself, however often it tries.
#[tokio::test]
async fn a_broken_connection_skips_nothing() {
    let stage = Script::default()
        .on("FilterLogEvents", [page(&["1 one"], Some("more"))])
        .on("FilterLogEvents", std::iter::repeat_with(broken).take(7))
        .on("FilterLogEvents", [page(&["2 two"], None)])
        .play()
        .await;
    let mut reader = reader(&stage, &["a"], None);
    assert_eq!(reader.next_events().await.unwrap()[0].message, "one");
    let mut failures = 0;
    let rest = loop {
        match read(&mut reader).await {
            Err(DeploymentError::Unreachable { .. }) => failures += 1,
            answer => break answer.unwrap(),
        }
    };
    assert_eq!(rest, ["two"]);
    assert!(failures > 0, "a failure is told, and reading goes on where it was");
    stage.assert_played();
}

#[tokio::test]
async fn a_log_group_may_come_later() {
    let missing = json(400, &json!({ "__type": "ResourceNotFoundException", "message": "no such log group" }));
    let stage = Script::default().on("FilterLogEvents", [missing, page(&["1 one"], None)]).play().await;
    let mut reader = reader(&stage, &["a"], None);
    assert!(read(&mut reader).await.unwrap().is_empty());
    assert_eq!(read(&mut reader).await.unwrap(), ["one"]);
}

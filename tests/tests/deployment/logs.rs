//! What a function prints can be read, filtered and followed.

use deployment::{LogReader, LogSource};
use jiff::{SignedDuration, Timestamp};
use tests::{stack, talk};

use crate::emulator;
use crate::functions::{Greetings, STACK};

async fn source(greetings: &Greetings) -> LogSource {
    let sources = greetings.connection.log_sources(STACK).await.unwrap();
    let [source] = sources.try_into().unwrap();
    source
}

fn reader(greetings: &Greetings, source: &LogSource, filter: Option<&str>) -> LogReader {
    let since = Timestamp::now() - SignedDuration::from_mins(1);
    greetings.connection.read_logs(vec![source.clone()], since, filter.map(str::to_owned))
}

/// Waits for the next lines that a function printed.
async fn printed(reader: &mut LogReader) -> Vec<String> {
    loop {
        let events = reader.next_events().await.unwrap().into_iter();
        let lines: Vec<String> =
            events.map(|event| event.message).filter(|message| message.starts_with("hello")).collect();
        if !lines.is_empty() {
            return lines;
        }
        reader.pause().await;
    }
}

#[tokio::test]
async fn what_a_function_prints_is_read_once() {
    let greetings = Greetings::deploy("hello").await;
    let source = source(&greetings).await;
    for name in ["greet", "GreetFunction", "greetfunction", source.physical_id.as_str()] {
        assert!(source.is_called(name), "{name}");
    }
    let mut all = reader(&greetings, &source, None);
    assert!(all.next_events().await.unwrap().is_empty(), "the log group is made with the first line");

    greetings.greet("Ada").await;
    assert_eq!(printed(&mut all).await, ["hello, Ada"]);
    greetings.greet("Grace").await;
    assert_eq!(printed(&mut all).await, ["hello, Grace"]);
    assert_eq!(printed(&mut reader(&greetings, &source, Some("Grace"))).await, ["hello, Grace"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_stack_there_is_no_log() {
    let (emulator, _connection) = emulator().await;
    let output = stack(&["logs", "--endpoint-url", &emulator.endpoint()]);
    assert_eq!(output.status.code(), Some(1), "{}", talk(&output));
    assert!(talk(&output).contains("there is no stack `activity-development`"), "{}", talk(&output));
}

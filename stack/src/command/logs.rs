//! `logs`: what the functions and the state machine write.

use std::process::ExitCode;

use deployment::{DeploymentError, LogEvent, LogReader, LogSource};
use miette::{IntoDiagnostic, Result, miette};
use serde_json::{Map, Value as Json};

use super::{SettingsFile, deploy};
use crate::cli::Logs;
use crate::terminal;

/// Prints the logs of one environment's stack, and with `--follow` what is written from then on.
pub async fn run(verb: &Logs, settings: &SettingsFile) -> Result<ExitCode> {
    let name = settings.read(&verb.environment.environment)?.stack_name();
    let connection = deploy::connect(&verb.target).await?;
    let sources = connection.log_sources(&name).await.into_diagnostic()?;
    let sources = select(sources, verb.function.as_deref(), &name)?;
    let width = sources.iter().map(|source| source.name.len()).max().unwrap_or_default();
    let reader = connection.read_logs(sources, verb.since, verb.filter.clone());
    let show = |event: &LogEvent| {
        if verb.json { terminal::print_json(event) } else { terminal::print(&line(event, width)) }
    };
    tokio::select! {
        ended = read(reader, verb.follow, show) => ended?,
        // The usual way to end it.
        interrupted = tokio::signal::ctrl_c() => interrupted.into_diagnostic()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The source that the command line names, or all.
fn select(sources: Vec<LogSource>, wanted: Option<&str>, stack: &str) -> Result<Vec<LogSource>> {
    if sources.is_empty() {
        return Err(miette!("nothing in {stack} writes a log; `stack status` says what there is"));
    }
    let Some(wanted) = wanted else { return Ok(sources) };
    let known = sources.iter().map(|source| source.name.clone()).collect::<Vec<_>>().join(", ");
    let found: Vec<LogSource> = sources.into_iter().filter(|source| source.is_called(wanted)).collect();
    if found.is_empty() {
        return Err(miette!("nothing in {stack} that writes a log is called {wanted}; there are {known}"));
    }
    Ok(found)
}

async fn read(mut reader: LogReader, follow: bool, show: impl Fn(&LogEvent) -> Result<()>) -> Result<()> {
    let mut answered = false;
    loop {
        match reader.next_events().await {
            Ok(events) if events.is_empty() => {
                if !follow {
                    return Ok(());
                }
                reader.pause().await;
            }
            Ok(events) => events.iter().try_for_each(&show)?,
            // A network that comes and goes does not end a night's watch; nothing is lost meanwhile.
            Err(error @ DeploymentError::Unreachable { .. }) if follow && answered => {
                eprintln!("{error}; trying again");
                reader.pause().await;
                continue;
            }
            Err(error) => return Err(error).into_diagnostic(),
        }
        answered = true;
    }
}

/// One event for people.
fn line(event: &LogEvent, width: usize) -> String {
    let text: String = compact(&event.message).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{:.3}  {:width$}  {}\n", event.timestamp, event.source, text.trim_end())
}

/// Members that wrap the others, in Lambda's own records and in Step Functions'.
const WRAPPERS: [&str; 3] = ["fields", "record", "details"];

/// Members that are told elsewhere, or that programs alone read.
const LEFT_OUT: [&str; 7] = ["timestamp", "time", "_aws", "target", "span", "spans", "level"];

/// A JSON record as `LEVEL message key=value …`; other text as it is.
fn compact(message: &str) -> String {
    let Ok(Json::Object(record)) = serde_json::from_str(message) else {
        return message.to_owned();
    };
    let mut words: Vec<String> = record.get("level").and_then(Json::as_str).map(str::to_owned).into_iter().collect();
    let fields = flat(record);
    words.extend(["type", "message"].iter().filter_map(|&name| Some(plain(fields.get(name)?))));
    let others = fields.iter().filter(|(name, _)| !["type", "message"].contains(&name.as_str()));
    words.extend(others.map(|(name, value)| format!("{name}={}", plain(value))));
    words.join("  ")
}

fn flat(record: Map<String, Json>) -> Map<String, Json> {
    let mut fields = Map::new();
    for (name, value) in record {
        match value {
            Json::Object(inner) if WRAPPERS.contains(&name.as_str()) => fields.extend(inner),
            value if !LEFT_OUT.contains(&name.as_str()) => drop(fields.insert(name, value)),
            _ => {}
        }
    }
    fields
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: &str) {
        let event = LogEvent {
            timestamp: "2026-01-31T12:00:00.5Z".parse().unwrap(),
            source: "processor".into(),
            log_group: "/aws/lambda/processor".into(),
            log_stream: "1".into(),
            message: message.into(),
        };
        assert_eq!(line(&event, 12), format!("2026-01-31T12:00:00.500Z  processor     {expected}\n"));
    }

    #[test]
    fn a_record_is_shown_as_level_message_and_fields() {
        check(
            r#"{"timestamp":"2026-01-31T12:00:00Z","level":"ERROR","fields":{"message":"not processed","error":"no key"},"target":"bootstrap","spans":[{}]}"#,
            "ERROR  not processed  error=no key",
        );
        check(
            r#"{"time":"2026-01-31T12:00:00Z","type":"platform.report","record":{"requestId":"1","metrics":{"durationMs":12.5}}}"#,
            r#"platform.report  requestId=1  metrics={"durationMs":12.5}"#,
        );
        check(r#"{"_aws":{"Timestamp":1},"Lines":3}"#, "Lines=3");
    }

    #[test]
    fn other_text_is_shown_as_it_is_on_one_line() {
        check("START RequestId: 1\n", "START RequestId: 1");
        check("[1, 2]", "[1, 2]");
        check("red \u{1b}[31malert", "red  [31malert");
    }
}

//! What the orchestrator does with each kind of event, against services that answer as scripted.

use std::sync::Mutex as StdMutex;

use super::*;

const PARAMETER: &str = "/pipelines/test/stateMachineArn";

/// Services with one parameter and a list of answers to `StartExecution`; past its end every start succeeds.
#[derive(Default)]
struct Scripted {
    arns: StdMutex<Vec<&'static str>>,
    starts: StdMutex<Vec<Result<Start, &'static str>>>,
    reads: StdMutex<u32>,
    calls: StdMutex<Vec<(String, String, String)>>,
}

impl Scripted {
    fn new(starts: impl IntoIterator<Item = Result<Start, &'static str>>) -> Self {
        let starts: Vec<_> = starts.into_iter().collect();
        Self { starts: StdMutex::new(starts.into_iter().rev().collect()), ..Self::default() }
    }

    fn with_arns(mut self, arns: &[&'static str]) -> Self {
        self.arns = StdMutex::new(arns.iter().rev().copied().collect());
        self
    }
}

impl Services for Scripted {
    async fn parameter(&self, name: &str) -> Result<String, ServiceError> {
        assert_eq!(name, PARAMETER);
        *self.reads.lock().unwrap() += 1;
        Ok(self.arns.lock().unwrap().pop().unwrap_or("arn:machine").into())
    }

    async fn start_execution(&self, arn: &str, name: &str, input: String) -> Result<Start, ServiceError> {
        self.calls.lock().unwrap().push((arn.into(), name.into(), input));
        let answer = self.starts.lock().unwrap().pop().unwrap_or(Ok(Start::Started));
        answer.map_err(|reason| ServiceError { doing: "start".into(), reason: reason.into() })
    }
}

fn orchestrator(services: Scripted) -> Orchestrator<Scripted> {
    Orchestrator::new(services, PARAMETER.into())
}

fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Handles the fixture and compares the inputs of the executions and the counts started and ignored.
async fn check(name: &str, inputs: &[&str], ignored: u64) -> Summary {
    let orchestrator = orchestrator(Scripted::default());
    let summary = orchestrator.handle(fixture(name)).await.unwrap();
    let calls = orchestrator.services.calls.lock().unwrap();
    let started: Vec<_> = calls.iter().map(|(_, _, input)| input.as_str()).collect();
    assert_eq!(started, inputs, "{name}");
    assert_eq!((summary.started, summary.ignored), (inputs.len() as u64, ignored), "{name}");
    summary
}

const SPACE_AND_PLUS: &str = r#"{"bucket":"activity","key":"ingest/2015/09/12/a b+c é.jsonl.gz","version_id":"v1","etag":"d41d8cd98f00b204e9800998ecf8427e","size":1024}"#;
const PLAIN: &str = r#"{"bucket":"activity","key":"ingest/plain.json","etag":"e2","size":2}"#;

#[tokio::test]
async fn an_s3_notification_starts_an_execution_for_the_decoded_key() {
    check("s3-notification", &[SPACE_AND_PLUS], 0).await;
}

#[tokio::test]
async fn every_record_of_a_notification_is_started() {
    check("s3-several-records", &[SPACE_AND_PLUS, PLAIN], 2).await;
}

#[tokio::test]
async fn the_test_event_is_ignored() {
    check("s3-test-event", &[], 1).await;
    check("sns-test-event", &[], 1).await;
}

#[tokio::test]
async fn an_eventbridge_key_is_taken_as_it_is() {
    let input =
        r#"{"bucket":"activity","key":"ingest/2015/09/12/a+b%2B c.jsonl","version_id":"v2","etag":"e1","size":5}"#;
    check("eventbridge-object-created", &[input], 0).await;
    check("eventbridge-object-deleted", &[], 1).await;
}

#[tokio::test]
async fn sns_and_sqs_wrappings_are_opened() {
    check("sns-notification", &[PLAIN], 0).await;
    for name in ["sqs-notification", "sqs-sns-notification", "sqs-eventbridge"] {
        let summary = check(name, &[PLAIN], 0).await;
        assert_eq!(summary.batch_item_failures, Some(Vec::new()), "{name}");
    }
}

#[tokio::test]
async fn one_upload_has_one_name_whichever_way_it_is_announced() {
    let mut names = Vec::new();
    for name in ["sns-notification", "sqs-notification", "sqs-sns-notification", "sqs-eventbridge"] {
        let orchestrator = orchestrator(Scripted::default());
        orchestrator.handle(fixture(name)).await.unwrap();
        let calls = orchestrator.services.calls.lock().unwrap();
        names.extend(calls.iter().map(|(_, name, _)| name.clone()));
    }
    assert_eq!(names.len(), 4);
    names.dedup();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test]
async fn a_repeated_event_is_a_success() {
    let orchestrator = orchestrator(Scripted::new([Ok(Start::AlreadyStarted)]));
    let summary = orchestrator.handle(fixture("s3-notification")).await.unwrap();
    assert_eq!((summary.started, summary.already_started), (0, 1));
}

#[tokio::test]
async fn a_failure_does_not_keep_the_others_from_starting() {
    let orchestrator = orchestrator(Scripted::new([Err("throttled")]));
    let error = orchestrator.handle(fixture("s3-several-records")).await.unwrap_err();
    assert_eq!(error.to_string(), "1 of 4 announced objects have no execution; the first: cannot start: throttled");
    assert_eq!(orchestrator.services.calls.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn sqs_gets_back_only_the_messages_that_failed() {
    let orchestrator = orchestrator(Scripted::new([Ok(Start::Started), Err("throttled")]));
    let summary = orchestrator.handle(fixture("sqs-batch")).await.unwrap();
    let failures: Vec<_> =
        summary.batch_item_failures.unwrap().into_iter().map(|failure| failure.item_identifier).collect();
    assert_eq!(failures, ["throttled", "unreadable"]);
    assert_eq!(summary.started, 1);
}

#[tokio::test]
async fn an_unknown_event_is_an_error() {
    for event in [r#"{}"#, r#"[]"#, r#"{"Records":[]}"#, r#"{"Records":[{"eventSource":"aws:kinesis"}]}"#] {
        let error = orchestrator(Scripted::default()).handle(serde_json::from_str(event).unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("look at what invokes the function"), "{event}: {error}");
    }
}

fn object() -> CreatedObject {
    let location = serde_json::from_str(PLAIN).unwrap();
    CreatedObject { location, sequencer: None }
}

#[tokio::test]
async fn the_arn_is_cached_for_five_minutes() {
    let orchestrator = orchestrator(Scripted::default().with_arns(&["arn:old", "arn:new"]));
    let begin = Instant::now();
    for (seconds, reads, arn) in [(0, 1, "arn:old"), (299, 1, "arn:old"), (300, 2, "arn:new")] {
        orchestrator.start(&object(), begin + Duration::from_secs(seconds)).await.unwrap();
        assert_eq!(*orchestrator.services.reads.lock().unwrap(), reads);
        assert_eq!(orchestrator.services.calls.lock().unwrap().last().unwrap().0, arn);
    }
}

#[tokio::test]
async fn a_replaced_state_machine_is_found_at_once() {
    let services = Scripted::new([Ok(Start::NoStateMachine)]).with_arns(&["arn:old", "arn:new"]);
    let orchestrator = orchestrator(services);
    let (_, already) = orchestrator.start(&object(), Instant::now()).await.unwrap();
    assert!(!already);
    let calls = orchestrator.services.calls.lock().unwrap();
    assert_eq!(calls.iter().map(|call| call.0.as_str()).collect::<Vec<_>>(), ["arn:old", "arn:new"]);
}

#[tokio::test]
async fn a_missing_state_machine_says_what_to_do() {
    let orchestrator = orchestrator(Scripted::new([Ok(Start::NoStateMachine)]));
    let error = orchestrator.start(&object(), Instant::now()).await.unwrap_err();
    assert!(error.to_string().contains("deploy the stack again"), "{error}");
    assert_eq!(orchestrator.services.calls.lock().unwrap().len(), 1, "the same ARN is not tried twice");
}

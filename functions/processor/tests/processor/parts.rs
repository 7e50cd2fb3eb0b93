//! A file that is read in parts, one after another or side by side, comes to what it comes to as a whole.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use crate::support::{Server, TIME, gunzip, processor};
use contract::{
    FileLocation, PlanInput, ProcessorOutput, ProcessorStep, QuarantineManifest, RangeInput, RangeOutput, SplitPlan,
};
use processor::{Answer, Error, Processor};
use serde_json::Value;

const CONTRACT: &str = "
user: [/user_id]
time: [/timestamp]
id: [/id]
time_formats: [iso8601]
fields: {/price: {type: number, max: 9, severity: warn}}
file: {rules: [{rule: row_count, min: 1}, {rule: mean, field: /price, max: 4}]}
";

const PATH: &str = "/activity/ingest/a.jsonl";

fn file(content: &[u8]) -> FileLocation {
    FileLocation {
        bucket: "activity".into(),
        key: "ingest/a.jsonl".into(),
        version_id: None,
        etag: None,
        size: Some(content.len() as u64),
    }
}

/// Rows of which some are bad, some are refused by the table, and some have the key, but not the content, of an earlier
/// one, near and far. The last line has no line feed.
fn rows(count: u32) -> Vec<u8> {
    let row = |number: u32| match number % 20 {
        3 => format!("{{\"user_id\":\"\",\"line\":{number}}}"),
        7 => "   ".to_owned(),
        11 => row(number - 1, number),
        13 => row(number / 3, number),
        17 => format!("{{\"user_id\":\"refused\",\"timestamp\":\"2015-09-12T00:00:00Z\",\"id\":{number}}}"),
        _ => row(number, number),
    };
    (0..count).map(row).collect::<Vec<_>>().join("\n").into_bytes()
}

fn row(id: u32, price: u32) -> String {
    format!("{{\"user_id\":\"u{}\",\"timestamp\":\"2015-09-12T00:00:00Z\",\"id\":{id},\"price\":{price}}}", id % 7)
}

/// What is left of a file: the items, the quarantined records and the output, without what differs by its nature.
#[derive(Debug, PartialEq)]
struct Left {
    items: BTreeMap<(String, String), Value>,
    records: Vec<Value>,
    output: Value,
}

/// Takes what is left out of the server.
fn left(server: &Server, mut output: ProcessorOutput) -> Left {
    assert!(output.counts.reconciles(), "{output:?}");
    let state = &mut *server.state.lock().unwrap();
    assert!(state.uploads.is_empty());
    let mut records = Vec::new();
    if let Some(key) = output.quarantine_manifest.take() {
        let manifest: QuarantineManifest =
            serde_json::from_slice(&state.objects[&format!("/quarantine/{key}")]).unwrap();
        assert_eq!(manifest.counts, output.counts);
        for object in manifest.objects {
            let text = gunzip(&state.objects[&format!("/quarantine/{}", object.key)]);
            records.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        }
    }
    records.sort_by_key(|record| record["line"].as_u64());
    assert_eq!(records.len() as u64, output.counts.quarantined);
    state.objects.retain(|path, _| path.starts_with("/activity/"));
    let items = std::mem::take(&mut state.items);
    assert_eq!(items.len() as u64, output.counts.written);
    Left { items, records, output: serde_json::to_value(output).unwrap() }
}

async fn server(content: &[u8]) -> Server {
    let server = Server::start(&[(PATH, content)]).await;
    server.state.lock().unwrap().invalid_users.insert("refused".into());
    server
}

async fn whole(server: &Server, content: &[u8]) -> Left {
    let output = processor(CONTRACT, server).process(file(content), TIME).await.unwrap();
    assert_eq!(output.checkpoint, None);
    left(server, output)
}

/// Does a step as the state machine has it done.
async fn perform(processor: &Processor, step: ProcessorStep) -> Result<Answer, Error> {
    processor.perform(step, TIME).await
}

async fn plan(processor: &Processor, content: &[u8], range_bytes: u64) -> SplitPlan {
    let input = PlanInput { file: file(content), range_bytes };
    match perform(processor, ProcessorStep::Plan(input)).await.unwrap() {
        Answer::Plan(plan) => plan,
        answer => panic!("{answer:?}"),
    }
}

/// Plans a file, and does what comes before its rows are written.
async fn reconciled(processor: &Processor, content: &[u8], range_bytes: u64) -> SplitPlan {
    let plan = plan(processor, content, range_bytes).await;
    for input in inputs(&plan) {
        range(processor, ProcessorStep::Keys(input)).await;
    }
    perform(processor, ProcessorStep::Reconcile(plan.clone())).await.unwrap();
    plan
}

fn inputs(plan: &SplitPlan) -> impl Iterator<Item = RangeInput> {
    plan.ranges.iter().map(|range| RangeInput { file: plan.file.clone(), run: plan.run.clone(), range: *range })
}

async fn range(processor: &Processor, step: ProcessorStep) -> RangeOutput {
    match perform(processor, step).await.unwrap() {
        Answer::Range(output) => output,
        answer => panic!("{answer:?}"),
    }
}

async fn finish(processor: &Processor, plan: &SplitPlan) -> ProcessorOutput {
    match perform(processor, ProcessorStep::Finish(plan.clone())).await.unwrap() {
        Answer::File(output) => *output,
        answer => panic!("{answer:?}"),
    }
}

/// Reads a file by ranges of about so many bytes, each step twice if `again`: as where an answer was lost.
async fn by_ranges(server: &Server, content: &[u8], range_bytes: u64, again: bool) -> Left {
    by_steps(server, content, range_bytes, again, || {}).await
}

/// The same, with `prepare` before each step.
async fn by_steps(server: &Server, content: &[u8], range_bytes: u64, again: bool, prepare: impl Fn()) -> Left {
    let processor = processor(CONTRACT, server);
    prepare();
    let plan = plan(&processor, content, range_bytes).await;
    assert!(plan.ranges.len() > 1, "{plan:?}");
    let times = if again { 2 } else { 1 };
    let mut lines = 0;
    for input in inputs(&plan) {
        for _ in 0..times {
            prepare();
            let output = range(&processor, ProcessorStep::Keys(input.clone())).await;
            assert_eq!(output.written, 0);
            lines += output.lines;
        }
    }
    assert!(server.state.lock().unwrap().items.is_empty(), "nothing is written before all keys are known");
    for _ in 0..times {
        prepare();
        perform(&processor, ProcessorStep::Reconcile(plan.clone())).await.unwrap();
    }
    let mut written = 0;
    // In no order: they run side by side.
    for input in inputs(&plan).collect::<Vec<_>>().into_iter().rev() {
        for _ in 0..times {
            prepare();
            written += range(&processor, ProcessorStep::Write(input.clone())).await.written;
        }
    }
    prepare();
    let output = finish(&processor, &plan).await;
    assert_eq!((lines, written), (times * output.counts.lines, times * output.counts.written));
    left(server, output)
}

#[tokio::test]
async fn ranges_add_up_to_the_whole() {
    let content = rows(400);
    let server = server(&content).await;
    let expected = whole(&server, &content).await;
    assert!(expected.records.len() > 30 && expected.items.len() > 200, "{:?}", expected.output);
    for (range_bytes, again) in [(5_000, true), (2_000, false), (content.len() as u64 - 1, false)] {
        assert_eq!(by_ranges(&server, &content, range_bytes, again).await, expected, "ranges of {range_bytes}");
    }
    server.state.lock().unwrap().ignore_ranges = true;
    assert_eq!(by_ranges(&server, &content, 5_000, false).await, expected, "from a server that sends all of it");
}

#[tokio::test]
async fn a_step_reads_again_what_breaks_off() {
    let content = rows(400);
    let server = server(&content).await;
    let expected = whole(&server, &content).await;
    // The first two answers with an object, of each step.
    let break_off = || server.state.lock().unwrap().cuts = vec![3, 3];
    assert_eq!(by_steps(&server, &content, 5_000, false, break_off).await, expected);
    assert!(server.state.lock().unwrap().cuts.is_empty());
}

#[tokio::test]
async fn what_cannot_be_split_is_read_as_a_whole() {
    let content = rows(100);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all(&content).unwrap();
    let one_line = vec![b'x'; 200_000];
    let utf16 = content.iter().flat_map(|byte| [*byte, 0]).collect();
    for content in [gzip.finish().unwrap(), one_line, utf16, Vec::new(), b"\n".to_vec()] {
        let server = server(&content).await;
        let plan = plan(&processor(CONTRACT, &server), &content, 500).await;
        assert_eq!(plan.ranges, [], "{} bytes", content.len());
    }
    let server = server(&content).await;
    let strict = CONTRACT.replace("file: {", "file: {strict: true, ");
    assert_eq!(plan(&processor(&strict, &server), &content, 500).await.ranges, []);
}

#[tokio::test]
async fn a_range_that_was_given_up_is_damage_and_the_others_are_accounted_for() {
    let content = rows(400);
    let server = server(&content).await;
    let processor = processor(CONTRACT, &server);
    processor.process(file(&content), TIME).await.unwrap();
    let earlier = quarantined_at_first_line(&server);
    assert!(earlier.is_some());
    server.state.lock().unwrap().items.clear();
    let plan = reconciled(&processor, &content, 5_000).await;
    for input in inputs(&plan).skip(1) {
        range(&processor, ProcessorStep::Write(input)).await;
    }
    let output = finish(&processor, &plan).await;
    let damage = output.damage.clone().unwrap();
    assert!(damage.text.contains(&format!("1 of {} ranges", plan.ranges.len())), "{damage}");
    assert_eq!(output.verdict, contract::Verdict::Fail);
    assert_eq!(quarantined_at_first_line(&server), earlier, "an earlier run's, of rows that this one did not read");
    left(&server, output);
}

/// The object with the quarantined rows from the first line on.
fn quarantined_at_first_line(server: &Server) -> Option<Vec<u8>> {
    let state = server.state.lock().unwrap();
    let object = state.objects.iter().find(|(path, _)| path.ends_with("/000000000001.jsonl.gz"));
    object.map(|(_, content)| content.clone())
}

#[tokio::test]
async fn a_file_of_one_long_line_is_searched_once() {
    let content = vec![b'x'; 1_000_000];
    let server = server(&content).await;
    let plan = plan(&processor(CONTRACT, &server), &content, 10_000).await;
    assert_eq!(plan.ranges, []);
    let requests = server.state.lock().unwrap().requests.len();
    // The file's state, its first bytes, and each range but the first.
    assert_eq!(requests, 2 + 99);
}

#[tokio::test]
async fn steps_of_a_run_that_is_gone_say_so() {
    let content = rows(100);
    let server = server(&content).await;
    let processor = processor(CONTRACT, &server);
    let plan = plan(&processor, &content, 2_000).await;
    for step in [ProcessorStep::Write(inputs(&plan).next().unwrap()), ProcessorStep::Reconcile(plan.clone())] {
        let error = perform(&processor, step).await.unwrap_err();
        assert!(error.to_string().contains("start the execution again"), "{error}");
        assert_eq!(error.kind(), contract::ProcessorError::Permanent);
    }
    let other = SplitPlan { run: "../elsewhere".into(), ..plan };
    let error = perform(&processor, ProcessorStep::Reconcile(other)).await.unwrap_err();
    assert!(matches!(error, Error::Run(_)), "{error}");
}

#[tokio::test]
async fn a_range_that_the_table_takes_too_slowly_is_tried_again() {
    let content = rows(100);
    let server = server(&content).await;
    let processor = processor(CONTRACT, &server);
    let plan = reconciled(&processor, &content, 2_000).await;
    let step = ProcessorStep::Write(inputs(&plan).next().unwrap());
    let error = processor.perform(step, Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, Error::Slow), "{error}");
    assert_eq!(error.kind(), contract::ProcessorError::Transient);
}

/// [`CONTRACT`], but that it does not let through what that one only warns of.
fn stricter() -> String {
    CONTRACT.replace(", severity: warn", "")
}

#[tokio::test]
async fn a_file_is_begun_anew_where_another_contract_is_deployed_meanwhile() {
    let content = rows(4_000);
    let server = server(&content).await;
    let expected = whole(&server, &content).await;
    let before = processor(&stricter(), &server).with_reading_share(0.0);
    let checkpoint = before.process(file(&content), TIME).await.unwrap().checkpoint.unwrap();
    let output = processor(CONTRACT, &server).go_on(checkpoint, TIME).await.unwrap();
    assert_eq!(left(&server, output), expected);
}

#[tokio::test]
async fn no_step_of_a_run_is_done_by_another_contract() {
    let content = rows(100);
    let server = server(&content).await;
    let plan = plan(&processor(&stricter(), &server), &content, 2_000).await;
    let input = || inputs(&plan).next().unwrap();
    for step in [
        ProcessorStep::Keys(input()),
        ProcessorStep::Reconcile(plan.clone()),
        ProcessorStep::Write(input()),
        ProcessorStep::Finish(plan.clone()),
    ] {
        let error = perform(&processor(CONTRACT, &server), step).await.unwrap_err();
        assert!(matches!(error, Error::OtherContract), "{error}");
    }
}

#[tokio::test]
async fn a_file_is_continued_where_it_stopped_exactly_once() {
    let plain = rows(4_000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    for content in [plain, gzip.finish().unwrap()] {
        let server = server(&content).await;
        let expected = whole(&server, &content).await;
        // Each invocation reads as little as it can.
        let processor = processor(CONTRACT, &server).with_reading_share(0.0);
        let mut output = processor.process(file(&content), TIME).await.unwrap();
        let mut continued = 0;
        while let Some(checkpoint) = output.checkpoint.take() {
            assert!(output.counts.reconciles());
            assert_eq!(checkpoint.lines, output.counts.lines);
            assert_eq!(server.state.lock().unwrap().items.len() as u64, output.counts.written);
            // As it passes through the state machine.
            let step = serde_json::json!({"step": "continue", "input": checkpoint});
            let step: ProcessorStep = serde_json::from_value(step).unwrap();
            output = match perform(&processor, step).await.unwrap() {
                Answer::File(output) => *output,
                answer => panic!("{answer:?}"),
            };
            continued += 1;
        }
        assert!(continued > 2, "continued {continued} times");
        let (puts, items) = {
            let state = server.state.lock().unwrap();
            (state.puts, state.items.len())
        };
        assert_eq!(puts, 2 * items, "each item is written once here, and once where the file was read as a whole");
        assert_eq!(left(&server, output), expected);
    }
}

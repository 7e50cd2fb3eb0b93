//! What the processor does with a file, against a local server that can misbehave.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use crate::support::{Server, TIME, gunzip, processor};
use contract::{
    Destination, FileLocation, ProcessorError, ProcessorOutput, QUARANTINE_MANIFEST, QuarantineManifest, RunReport,
    Verdict,
};
use processor::Error;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const CONTRACT: &str = "
user: [/user_id]
time: [/timestamp]
time_formats: [iso8601]
";

const PATH: &str = "/activity/ingest/a.jsonl";
const QUARANTINE: &str = "/quarantine/quarantine/dt=2015-09-12/ingest/a.jsonl";

fn file(key: &str) -> FileLocation {
    FileLocation { bucket: "activity".into(), key: key.into(), version_id: None, etag: None, size: None }
}

fn row(number: usize) -> String {
    format!(
        "{{\"user_id\":\"user_{number}\",\"timestamp\":\"2015-09-12T00:00:00.{:03}Z\",\"price\":1.50}}\n",
        number % 1000
    )
}

fn rows(count: usize) -> Vec<u8> {
    (0..count).map(row).collect::<String>().into_bytes()
}

/// Processes an object of the server. Tries quickly, and twice.
async fn process(server: &Server, file: FileLocation) -> Result<ProcessorOutput, Error> {
    process_within(server, file, TIME).await
}

async fn process_within(server: &Server, file: FileLocation, time: Duration) -> Result<ProcessorOutput, Error> {
    process_by(CONTRACT, server, file, time).await
}

async fn process_by(
    contract: &str,
    server: &Server,
    file: FileLocation,
    time: Duration,
) -> Result<ProcessorOutput, Error> {
    let output = processor(contract, server).process(file, time).await;
    if let Ok(output) = &output {
        assert!(output.counts.reconciles(), "{output:?}");
    }
    output
}

/// The records of the quarantine objects, after checking them against the manifest.
fn quarantine(server: &Server) -> Vec<Value> {
    let manifest = manifest(server);
    let state = server.state.lock().unwrap();
    let below = state.objects.keys().filter(|path| path.starts_with("/quarantine/quarantine/"));
    assert_eq!(below.count(), manifest.objects.len() + 1, "objects that no manifest lists");
    let mut records = Vec::new();
    for object in &manifest.objects {
        let content = &state.objects[&format!("/quarantine/{}", object.key)];
        assert_eq!(content.len() as u64, object.bytes);
        assert_eq!(hex::encode(Sha256::digest(content)), object.sha256);
        let text = gunzip(content);
        assert_eq!(text.lines().count() as u64, object.rows);
        records.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    assert_eq!(records.len() as u64, manifest.counts.quarantined);
    for (code, rows) in &manifest.codes {
        let with = records.iter().filter(|record| record["codes"].as_array().unwrap().contains(&json!(code)));
        assert_eq!(with.count() as u64, *rows, "{code}");
    }
    records
}

/// Everything below the quarantine's prefix.
fn quarantined_objects(server: &Server) -> BTreeMap<String, Vec<u8>> {
    let mut objects = server.state.lock().unwrap().objects.clone();
    objects.retain(|path, _| path.starts_with("/quarantine/quarantine/"));
    objects
}

/// The only manifest, below [`QUARANTINE`].
fn manifest(server: &Server) -> QuarantineManifest {
    let state = server.state.lock().unwrap();
    let manifests: Vec<_> = state.objects.iter().filter(|(path, _)| path.ends_with(QUARANTINE_MANIFEST)).collect();
    let [(path, content)] = manifests[..] else { panic!("{} manifests", manifests.len()) };
    assert!(path.starts_with(QUARANTINE), "{path}");
    serde_json::from_slice(content).unwrap()
}

/// Whether the quarantine is empty: neither an object, nor an upload left behind.
fn nothing_is_left(server: &Server) -> bool {
    let state = server.state.lock().unwrap();
    state.uploads.is_empty() && !state.objects.keys().any(|path| path.starts_with("/quarantine/quarantine/"))
}

#[tokio::test]
async fn every_row_becomes_an_item() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&rows(1234)).unwrap();
    let server = Server::start(&[(PATH, &gzip.finish().unwrap())]).await;
    let output = process(&server, file("ingest/a.jsonl")).await.unwrap();
    assert_eq!((output.counts.lines, output.counts.written), (1234, 1234));
    assert_eq!(output.quarantine_manifest, None);
    assert!(nothing_is_left(&server));
    let state = server.state.lock().unwrap();
    assert_eq!(state.items.len(), 1234);
    let (_, item) = state.items.first_key_value().unwrap();
    assert_eq!(item["price"]["N"], "1.5");
}

#[tokio::test]
async fn the_last_run_of_a_file_says_what_is_in_quarantine() {
    let content = [&rows(3)[..], b"{\"user_id\":\"refused\",\"timestamp\":\"2015-09-12T00:00:00Z\"}\n"].concat();
    let server = Server::start(&[(PATH, &content)]).await;
    server.state.lock().unwrap().invalid_users.insert("refused".into());
    let strict = format!("{CONTRACT}fields: {{/price: {{type: number, max: 1}}}}");
    let run = async |contract: &str| process_by(contract, &server, file("ingest/a.jsonl"), TIME).await.unwrap();
    assert_eq!(run(&strict).await.counts.quarantined, 4);
    assert_eq!(quarantine(&server).len(), 4);
    // Of a file whose key goes on as the place of the other does.
    let below = format!("{QUARANTINE}/etag-{}/b/v1/000000000001.jsonl.gz", content.len());
    server.state.lock().unwrap().objects.insert(below.clone(), b"b".to_vec());

    // The contract was mended, and then the table took the row too.
    assert_eq!(run(CONTRACT).await.counts.quarantined, 1);
    assert_eq!((rows_by_object(&server, &below), manifest(&server).counts.quarantined), (vec![1, 0], 1));
    server.state.lock().unwrap().invalid_users.clear();
    let output = run(CONTRACT).await;
    assert_eq!((output.counts.written, output.quarantine_manifest), (4, None));
    assert_eq!(rows_by_object(&server, &below), [0, 0]);
    let manifest = manifest(&server);
    assert_eq!((manifest.counts, manifest.objects, manifest.codes), (output.counts, Vec::new(), BTreeMap::new()));
    assert_eq!(server.state.lock().unwrap().objects[&below], b"b");
}

/// How many rows each quarantine object but `other` holds, in the order of their keys.
fn rows_by_object(server: &Server, other: &str) -> Vec<usize> {
    let rows = |content: Vec<u8>| gunzip(&content).lines().count();
    let objects = quarantined_objects(server).into_iter();
    objects.filter(|(path, _)| path.ends_with(".gz") && path != other).map(|(_, content)| rows(content)).collect()
}

#[tokio::test]
async fn bad_rows_are_quarantined_byte_for_byte_with_every_reason() {
    let content = b"{\"user_id\":\"\",\"timestamp\":\"soon\"}\n\n\xff{\n".to_vec();
    let server = Server::start(&[(PATH, &content)]).await;
    let mut location = file("ingest/a.jsonl");
    location.version_id = Some("v1".into());
    let output = process(&server, location.clone()).await.unwrap();
    assert_eq!((output.counts.quarantined, output.counts.blank), (2, 1));
    let folder = "quarantine/dt=2015-09-12/ingest/a.jsonl/v1";
    assert_eq!(output.quarantine_manifest, Some(format!("{folder}/_manifest.json")));
    let manifest = manifest(&server);
    assert_eq!(manifest.objects[0].key, format!("{folder}/000000000001.jsonl.gz"));
    assert_eq!((&manifest.file.key, manifest.file.size), (&location.key, Some(content.len() as u64)));
    assert_eq!((manifest.file.version_id.as_deref(), manifest.file.etag), (Some("v1"), Some("etag-38".into())));
    assert_eq!(manifest.counts, output.counts);
    let records = quarantine(&server);
    assert_eq!((&records[0]["bucket"], &records[0]["key"]), (&"activity".into(), &"ingest/a.jsonl".into()));
    assert_eq!((&records[0]["version_id"], &records[0]["line"]), (&"v1".into(), &1.into()));
    assert_eq!(records[0]["codes"], serde_json::json!(["KEY_EMPTY", "TS_UNPARSEABLE"]));
    assert_eq!(records[0]["reasons"][1]["pointer"], "/timestamp");
    assert_eq!((&records[1]["line"], &records[1]["offset"], &records[1]["length"]), (&3.into(), &35.into(), &2.into()));
    assert_eq!(records[1]["raw_base64"], "/3s=");

    let first = quarantined_objects(&server);
    process(&server, location).await.unwrap();
    assert!(quarantined_objects(&server) == first, "a rerun changes nothing");
}

#[tokio::test]
async fn a_run_leaves_a_report_without_any_value() {
    let content = [rows(60), b"{\"user_id\":\"secret\",\"timestamp\":\"soon\"}\n".to_vec()].concat();
    let server = Server::start(&[(PATH, &content)]).await;
    server.state.lock().unwrap().invalid_users = ["user_3".into()].into();
    let output = process(&server, file("ingest/a.jsonl")).await.unwrap();
    let key = output.report.clone().unwrap();
    assert_eq!(key, format!("reports/dt=2015-09-12/ingest/a.jsonl/etag-{}.json", content.len()));
    let state = server.state.lock().unwrap();
    let json = &state.objects[&format!("/quarantine/{key}")];
    let report: RunReport = serde_json::from_slice(json).unwrap();
    assert_eq!(report.output, output);
    let samples: Vec<_> = report.samples.iter().map(|sample| (sample.line, sample.reasons[0].code.as_str())).collect();
    assert_eq!(samples, [(4, "WRITE_REFUSED"), (61, "TS_UNPARSEABLE")]);
    let page = &state.objects[&format!("/quarantine/{}.html", key.strip_suffix(".json").unwrap())];
    for text in [json, page].map(|bytes| std::str::from_utf8(bytes).unwrap()) {
        assert!(text.contains("TS_UNPARSEABLE") && !text.contains("secret") && !text.contains("soon"), "{text}");
    }
}

#[tokio::test]
async fn a_broken_download_is_resumed_where_it_broke() {
    // A server that sends all of it again breaks off nearer to its end.
    for (ignore_ranges, third) in [(false, "bytes=62346-"), (true, "bytes=50001-")] {
        let content = rows(2000);
        let server = Server::start(&[(PATH, &content)]).await;
        server.state.lock().unwrap().cuts = vec![50_001, 12_345];
        server.state.lock().unwrap().ignore_ranges = ignore_ranges;
        let output = process(&server, file("ingest/a.jsonl")).await.unwrap();
        assert_eq!((output.counts.lines, output.counts.written), (2000, 2000));
        let state = server.state.lock().unwrap();
        assert_eq!(state.items.len(), 2000);
        let gets = state.requests.iter().filter(|request| request.starts_with(&format!("GET {PATH}")));
        let gets: Vec<_> = gets.map(|request| request.rsplit(' ').next().unwrap()).collect();
        assert_eq!(gets, ["", "bytes=12345-", third]);
    }
}

#[tokio::test]
async fn an_object_replaced_during_a_broken_download_is_not_mixed_in() {
    let server = Server::start(&[(PATH, &rows(2000))]).await;
    let mut location = file("ingest/a.jsonl");
    location.etag = Some("etag-of-an-older-state".into());
    let error = process(&server, location).await.unwrap_err();
    assert_eq!(error.kind(), ProcessorError::Permanent);
    assert!(error.to_string().contains("has been replaced"), "{error}");
}

#[tokio::test]
async fn a_download_that_breaks_for_ever_is_transient() {
    let server = Server::start(&[(PATH, &rows(2000))]).await;
    server.state.lock().unwrap().cuts = vec![0; 10];
    let error = process(&server, file("ingest/a.jsonl")).await.unwrap_err();
    assert_eq!(error.kind(), ProcessorError::Transient);
    assert!(error.to_string().contains("broke off at byte 0"), "{error}");
}

#[tokio::test]
async fn unprocessed_items_are_tried_again() {
    let server = Server::start(&[(PATH, &rows(60))]).await;
    server.state.lock().unwrap().unprocessed = 20;
    let output = process(&server, file("ingest/a.jsonl")).await.unwrap();
    assert_eq!(output.counts.written, 60);
    assert_eq!(server.state.lock().unwrap().items.len(), 60);
}

#[tokio::test]
async fn a_table_that_stays_busy_is_transient_and_leaves_no_quarantine() {
    for (status, code) in [
        (400, "ProvisionedThroughputExceededException"),
        (400, "ThrottlingException"),
        (500, "InternalServerError"),
        (200, "an answer that does not say what was written"),
    ] {
        let content = [rows(60), b"bad\n".to_vec()].concat();
        let server = Server::start(&[(PATH, &content)]).await;
        server.state.lock().unwrap().refuse_table = Some((status, code, ""));
        let error = process(&server, file("ingest/a.jsonl")).await.unwrap_err();
        assert_eq!(error.kind(), ProcessorError::Transient, "{error}");
        assert!(error.to_string().contains("took none of"), "{error}");
        assert!(nothing_is_left(&server));
    }
}

#[tokio::test]
async fn a_table_that_takes_no_row_is_permanent() {
    for (code, message) in [
        ("ResourceNotFoundException", ""),
        ("AccessDeniedException", ""),
        ("ValidationException", "The provided key element does not match the schema"),
    ] {
        let server = Server::start(&[(PATH, &rows(60))]).await;
        server.state.lock().unwrap().refuse_table = Some((400, code, message));
        let error = process(&server, file("ingest/a.jsonl")).await.unwrap_err();
        assert_eq!(error.kind(), ProcessorError::Permanent, "{error}");
        assert!(error.to_string().contains(code), "{error}");
        assert!(nothing_is_left(&server));
    }
}

#[tokio::test]
async fn a_refused_item_is_quarantined_alone() {
    let content = [b"bad\n".to_vec(), rows(60)].concat();
    let server = Server::start(&[(PATH, &content)]).await;
    server.state.lock().unwrap().invalid_users = ["user_3", "user_17", "user_59"].map(Into::into).into();
    let output = process(&server, file("ingest/a.jsonl")).await.unwrap();
    assert_eq!((output.counts.written, output.counts.quarantined), (57, 4));
    assert_eq!(output.errors_by_code["WRITE_REFUSED"], 3);
    assert_eq!(server.state.lock().unwrap().items.len(), 57);
    let lines: Vec<_> = quarantine(&server).iter().map(|record| record["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 5, 19, 61]);
    assert_eq!(quarantine(&server)[1]["codes"], json!(["WRITE_REFUSED"]));
}

/// Batches end in whatever order, and are halved to find the rows that are refused.
#[tokio::test]
async fn a_rerun_quarantines_refused_rows_in_the_same_order() {
    let users: Vec<String> = (0..2000).step_by(7).map(|number| format!("user_{number}")).collect();
    let server = Server::start(&[(PATH, &rows(2000))]).await;
    let mut objects = Vec::new();
    for unprocessed in [0, 20, 50] {
        server.state.lock().unwrap().invalid_users.extend(users.iter().cloned());
        server.state.lock().unwrap().unprocessed = unprocessed;
        process(&server, file("ingest/a.jsonl")).await.unwrap();
        let lines: Vec<_> = quarantine(&server).iter().map(|record| record["line"].as_u64().unwrap()).collect();
        assert_eq!(lines.len(), users.len());
        assert!(lines.is_sorted());
        objects.push(quarantined_objects(&server));
    }
    assert!(objects.iter().all(|others| *others == objects[0]));
}

#[tokio::test]
async fn what_s3_refuses_for_good_is_permanent_and_what_passes_is_transient() {
    use ProcessorError::{Permanent, Transient};
    for (status, code, kind, advice) in [
        (403, "AccessDenied", Permanent, "grant it to the processor's role"),
        (404, "NoSuchKey", Permanent, "has been deleted"),
        (404, "NoSuchVersion", Permanent, "has been deleted"),
        (404, "NoSuchBucket", Permanent, "deploy the stack again"),
        (403, "InvalidObjectState", Permanent, "restore the object"),
        (500, "InternalError", Transient, "run the execution again"),
        (503, "SlowDown", Transient, "run the execution again"),
    ] {
        let server = Server::start(&[(PATH, b"")]).await;
        server.state.lock().unwrap().refuse_object = Some((".jsonl", status, code));
        let error = process(&server, file("ingest/a.jsonl")).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(advice), "{error}");
        let diagnostic = lambda_runtime::Diagnostic::from(error);
        assert_eq!(diagnostic.error_type, kind.name());
    }
}

#[tokio::test]
async fn an_error_under_a_status_of_success_is_transient() {
    for (code, reason) in
        [("InternalError", "InternalError: no"), ("", "status 200, but an answer that cannot be read")]
    {
        let server = Server::start(&[(PATH, b"")]).await;
        // What is asked for is a list.
        server.state.lock().unwrap().refuse_object = Some(("/quarantine/", 200, code));
        let error = process(&server, file("ingest/a.jsonl")).await.unwrap_err();
        assert_eq!(error.kind(), ProcessorError::Transient, "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_transient() {
    let server = Server { endpoint: "http://127.0.0.1:1".into(), state: Default::default() };
    let error = process(&server, file("ingest/a.jsonl")).await.unwrap_err();
    assert_eq!(error.kind(), ProcessorError::Transient, "{error}");
}

/// How many rows [`much_to_quarantine`] makes.
const ROWS: u64 = 330;

/// Rows that make about 19 MiB of quarantine, since nothing in them repeats.
fn much_to_quarantine() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut row = || (0..60_000).map(|_| char::from(random.u8(0x20..0x7f))).chain(['\n']).collect::<String>();
    (0..ROWS).map(|_| row()).collect::<String>().into_bytes()
}

#[tokio::test]
async fn a_large_quarantine_is_sent_in_parts() {
    let server = Server::start(&[(PATH, &much_to_quarantine())]).await;
    let output = process(&server, file("ingest/a.jsonl")).await.unwrap();
    assert_eq!(output.counts.quarantined, ROWS);
    assert_eq!(quarantine(&server).len() as u64, ROWS);
    let state = server.state.lock().unwrap();
    assert!(state.uploads.is_empty());
    assert_eq!(state.requests.iter().filter(|request| request.contains("partNumber")).count(), 3);
}

#[tokio::test]
async fn a_failed_run_discards_the_parts_it_sent() {
    let content = [much_to_quarantine(), rows(30)].concat();
    let server = Server::start(&[(PATH, &content)]).await;
    server.state.lock().unwrap().refuse_table = Some((400, "ResourceNotFoundException", ""));
    process(&server, file("ingest/a.jsonl")).await.unwrap_err();
    assert!(nothing_is_left(&server));
    assert!(server.state.lock().unwrap().requests.iter().any(|request| request.starts_with("DELETE")));
}

#[tokio::test]
async fn a_failed_quarantine_fails_the_file() {
    let server = Server::start(&[("/activity/ingest/a.json", b"bad\n")]).await;
    server.state.lock().unwrap().refuse_object = Some((".gz", 403, "AccessDenied"));
    let error = process(&server, file("ingest/a.json")).await.unwrap_err();
    assert_eq!(error.kind(), ProcessorError::Permanent, "{error}");
}

#[tokio::test]
async fn a_truncated_gzip_is_accounted_up_to_its_break() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all(&rows(100)).unwrap();
    let mut content = gzip.finish().unwrap();
    content.truncate(content.len() / 2);
    let server = Server::start(&[(PATH, &content)]).await;
    let output = process(&server, file("ingest/a.jsonl")).await.unwrap();
    assert!(output.damage.is_some());
    assert!((1..100).contains(&output.counts.written), "{output:?}");
}

#[tokio::test]
async fn a_gzip_bomb_is_read_up_to_the_ratio_that_the_contract_allows() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&[rows(3), vec![b'\n'; 1_000_000]].concat()).unwrap();
    let server = Server::start(&[(PATH, &gzip.finish().unwrap())]).await;
    let contract = format!("{CONTRACT}limits: {{max_gzip_ratio: 10}}\n");
    let output = process_by(&contract, &server, file("ingest/a.jsonl"), Duration::from_secs(60)).await.unwrap();
    assert_eq!((output.verdict, output.counts.written), (Verdict::Fail, 3), "{output:?}");
    assert!(
        output.counts.blank < 100_000 && output.damage.is_some_and(|damage| damage.text.contains("max_gzip_ratio"))
    );
}

#[tokio::test]
async fn an_empty_object_has_no_lines() {
    let server = Server::start(&[(PATH, b"")]).await;
    let output = process(&server, file("ingest/a.jsonl")).await.unwrap();
    assert_eq!(output.counts, Default::default());
    assert_eq!(output.damage, None);
}

#[tokio::test]
async fn giving_up_in_time_says_so() {
    let server = Server::start(&[(PATH, &rows(100))]).await;
    let error = process_within(&server, file("ingest/a.jsonl"), Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, Error::Deadline), "{error}");
}

#[tokio::test]
async fn a_strict_contract_writes_nothing_of_a_file_that_it_refuses() {
    let content = [rows(60), b"bad\n".to_vec()].concat();
    let server = Server::start(&[(PATH, &content)]).await;
    for (most, verdict, written) in [(60, Verdict::Fail, 0), (61, Verdict::Warn, 60)] {
        let contract = format!("{CONTRACT}file: {{strict: true, rules: [{{rule: row_count, max: {most}}}]}}\n");
        let output = process_by(&contract, &server, file("ingest/a.jsonl"), Duration::from_secs(60)).await.unwrap();
        assert_eq!((output.verdict, output.counts.written), (verdict, written), "{output:?}");
        assert_eq!((output.counts.dropped, output.counts.quarantined), (60 - written, 1));
        assert_eq!(server.state.lock().unwrap().items.len() as u64, written);
        assert_eq!(quarantine(&server).len(), 1);
        assert_eq!((output.file_rules[0].rule.as_str(), output.file_rules[0].observed.as_str()), ("row_count", "61"));
    }
}

#[tokio::test]
async fn the_report_shows_rows_that_are_written_or_dropped_too() {
    let contract = format!("{CONTRACT}fields: {{/price: [{{max: 1, severity: warn}}, {{max: 2, action: drop}}]}}\n");
    let content = [rows(1), row(1).replace("1.50", "2.50").into_bytes()].concat();
    let server = Server::start(&[(PATH, &content)]).await;
    let output = process_by(&contract, &server, file("ingest/a.jsonl"), TIME).await.unwrap();
    assert_eq!((output.counts.written, output.counts.dropped, output.quarantine_manifest), (1, 1, None));
    let state = server.state.lock().unwrap();
    let report: RunReport =
        serde_json::from_slice(&state.objects[&format!("/quarantine/{}", output.report.unwrap())]).unwrap();
    let samples: Vec<_> = report.samples.iter().map(|row| (row.line, row.went, row.reasons.len())).collect();
    assert_eq!(samples, [(1, Destination::Written, 1), (2, Destination::Dropped, 1)]);
    assert!(!state.objects.keys().any(|path| path.starts_with("/quarantine/quarantine/")));
}

/// A few rows of a file are not the file: it was judged when it came.
#[tokio::test]
async fn mended_rows_are_judged_row_by_row() {
    let content = [rows(60), b"bad\n".to_vec()].concat();
    let contract = format!("{CONTRACT}file: {{strict: true, rules: [{{rule: row_count, min: 1000}}]}}\n");
    for (key, verdict, written) in
        [("ingest/2015/a.jsonl", Verdict::Fail, 0), ("ingest/replay/2015/a.jsonl", Verdict::Warn, 60)]
    {
        let server = Server::start(&[(&format!("/activity/{key}"), &content)]).await;
        let output = process_by(&contract, &server, file(key), TIME).await.unwrap();
        assert_eq!((output.verdict, output.counts.written, output.counts.quarantined), (verdict, written, 1));
        assert_eq!(server.state.lock().unwrap().items.len() as u64, written);
    }
}

#[tokio::test]
async fn freshness_and_future_are_counted_from_the_objects_arrival() {
    let contract = format!(
        "{CONTRACT}fields: {{/timestamp: {{timestamp: {{max_future_skew: 1m}}}}}}\n\
         file: {{rules: [{{rule: freshness, max_age: 30m, severity: warn}}]}}\n"
    );
    let late = r#"{"user_id":"u","timestamp":"2015-09-12T01:01:01Z"}"#;
    for (content, verdict, quarantined, observed) in
        [(rows(3), Verdict::Warn, 0, "3599s"), (late.as_bytes().to_vec(), Verdict::Warn, 1, "no row that is kept")]
    {
        let server = Server::start(&[(PATH, &content)]).await;
        let output = process_by(&contract, &server, file("ingest/a.jsonl"), Duration::from_secs(60)).await.unwrap();
        assert_eq!((output.verdict, output.counts.quarantined), (verdict, quarantined), "{output:?}");
        assert_eq!(output.file_rules[0].observed, observed);
    }
}

/// The output passes through JSON between the function, the state machine and whoever reads the execution.
#[tokio::test]
async fn the_output_can_be_read_back() {
    let server = Server::start(&[(PATH, &rows(3))]).await;
    let output = process(&server, file("ingest/a.jsonl")).await.unwrap();
    let text = serde_json::to_string(&output).unwrap();
    assert_eq!(serde_json::from_str::<ProcessorOutput>(&text).unwrap(), output);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::from_value::<ProcessorOutput>(value).unwrap(), output);
}

//! The real binaries on the emulator: every kind of file that an application may send, and where its lines go.

#![allow(clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::Write as _;

use contract::{Counts, FileLocation, RUN_PREFIX};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tests::{Pipeline, gzip, stack, summary, talk};

/// A file, and what must become of it.
struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    status: &'static str,
    counts: Counts,
    codes: &'static [(&'static str, u64)],
}

/// A file whose execution succeeds. `counts` are written, duplicates, quarantined, blank.
fn case(name: &'static str, bytes: Vec<u8>, counts: [u64; 4], codes: &'static [(&'static str, u64)]) -> Case {
    let [written, duplicates, quarantined, blank] = counts;
    let lines = counts.iter().sum();
    let counts = Counts { lines, written, duplicates, quarantined, dropped: 0, blank };
    Case { name, bytes, status: "SUCCEEDED", counts, codes }
}

/// A good row of `user`, `second` seconds after midnight.
fn row(user: &str, second: u32) -> String {
    with(user, second, r#""price":19.99"#)
}

/// A row with `field` beside the usual ones.
fn with(user: &str, second: u32, field: &str) -> String {
    let time = format!("2025-01-31T00:{:02}:{:02}Z", second / 60, second % 60);
    format!(r#"{{"user_id":"{user}","timestamp":"{time}","event":"view","product_id":"p-1",{field}}}"#)
}

fn rows(user: &str, count: u32) -> String {
    (0..count).map(|second| row(user, second) + "\n").collect()
}

/// A file that is not what it seems, or damaged: its execution fails, and its lines are accounted all the same.
fn damaged(name: &'static str, bytes: Vec<u8>, counts: [u64; 4], codes: &'static [(&'static str, u64)]) -> Case {
    Case { status: "FAILED", ..case(name, bytes, counts, codes) }
}

/// Files that are nothing but good rows in one form or another.
fn forms() -> Vec<Case> {
    let members = [gzip(rows("member-1", 3).as_bytes()), gzip(rows("member-2", 4).as_bytes())].concat();
    let hundred = (0..100).flat_map(|n| gzip((row("hundred", n) + "\n").as_bytes())).collect();
    let windows = format!("\u{feff}{}\r\n\r\n   \n{}", row("crlf", 1), row("crlf", 2));
    vec![
        case("empty.jsonl", Vec::new(), [0, 0, 0, 0], &[]),
        case("empty.jsonl.gz", Vec::new(), [0, 0, 0, 0], &[]),
        case("plain.jsonl", rows("plain", 60).into_bytes(), [60, 0, 0, 0], &[]),
        case("gzip.json.gz", gzip(rows("gzip", 60).as_bytes()), [60, 0, 0, 0], &[]),
        case("plain-named-gzip.jsonl.gz", rows("misnamed-1", 2).into_bytes(), [2, 0, 0, 0], &[]),
        case("gzip-named-plain.json", gzip(rows("misnamed-2", 2).as_bytes()), [2, 0, 0, 0], &[]),
        case("members.jsonl.gz", members, [7, 0, 0, 0], &[]),
        case("hundred-members.jsonl.gz", hundred, [100, 0, 0, 0], &[]),
        case("bomb.jsonl.gz", bomb(50_000_000), [0, 0, 0, 50_000_000], &[]),
        case("bom-crlf-no-last-newline.jsonl", windows.into_bytes(), [2, 0, 0, 2], &[]),
        case("straße +%2B & more.jsonl", rows("unicode", 1).into_bytes(), [1, 0, 0, 0], &[]),
    ]
}

/// A gzip of so many blank lines, as small as can be: a thousandth of what it holds.
fn bomb(lines: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&b"\n".repeat(lines)).expect("a vector takes every byte");
    let packed = encoder.finish().expect("a vector takes every byte");
    assert!(packed.len() < lines / 1000);
    packed
}

/// Files that somebody must look at.
fn damage() -> Vec<Case> {
    let packed = gzip(rows("packed", 2).as_bytes());
    let utf16 = |user: &str| rows(user, 2).encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let marked = [b"\xfe\xff", &utf16("marked")[..]].concat();
    vec![
        damaged("packed-twice.jsonl.gz", gzip(&packed), [0, 0, 0, 0], &[]),
        damaged("trailing.jsonl.gz", [&packed[..], b"and more"].concat(), [2, 0, 0, 0], &[]),
        damaged("utf-16.jsonl", utf16("utf-16"), [0, 0, 2, 0], &[("UTF16", 2)]),
        damaged(
            "returns.jsonl",
            rows("returns", 3).replace('\n', "\r").into_bytes(),
            [0, 0, 1, 0],
            &[("JSON_SYNTAX", 1)],
        ),
        damaged("utf-16-mark.jsonl", marked, [0, 0, 2, 0], &[("UTF16", 2)]),
    ]
}

/// Files with rows that DynamoDB, JSON or the record contract does not take. Each has good rows beside them.
fn faults() -> Vec<Case> {
    let around =
        |user: &str, bad: &[u8]| [row(user, 1).as_bytes(), b"\n", bad, b"\n", row(user, 2).as_bytes()].concat();
    let text = |user: &str, field: &str| around(user, with(user, 3, field).as_bytes());
    let deep = format!(r#""price":1,"deep":{}{}"#, "[".repeat(100_000), "]".repeat(100_000));
    let long = format!(r#""price":1,"long":"{}""#, "x".repeat(100_000_000));
    let large = format!(r#""price":1,"large":"{}""#, "x".repeat(420_000));
    vec![
        case("utf8.jsonl", around("utf8", b"{\"user_id\":\"\xff\"}"), [2, 0, 1, 0], &[("UTF8_INVALID", 1)]),
        case("nul.jsonl", around("nul", b"\0\0\0"), [2, 0, 1, 0], &[("JSON_SYNTAX", 1)]),
        case("nan.jsonl", text("nan", r#""price":NaN"#), [2, 0, 1, 0], &[("JSON_SYNTAX", 1)]),
        case("scalars.jsonl", around("scalar", b"[1]\n\"text\"\n1\nnull"), [2, 0, 4, 0], &[("NOT_OBJECT", 4)]),
        case("deep.jsonl", text("deep", &deep), [2, 0, 1, 0], &[("DEPTH", 1)]),
        case("long.jsonl.gz", gzip(&text("long", &long)), [2, 0, 1, 0], &[("LINE_TOO_LONG", 1)]),
        case("large.jsonl", text("large", &large), [2, 0, 1, 0], &[("ITEM_TOO_LARGE", 1)]),
        case("names.jsonl", text("name", r#""price":1,"":1"#), [2, 0, 1, 0], &[("NAME_EMPTY", 1)]),
        case("surrogate.jsonl", text("surrogate", r#""price":1,"s":"\ud800""#), [2, 0, 1, 0], &[("JSON_SURROGATE", 1)]),
        case(
            "precision.jsonl",
            text("digits", &format!(r#""price":{}"#, "1".repeat(39))),
            [2, 0, 1, 0],
            &[("NUM_PRECISION", 1)],
        ),
        case("range.jsonl", text("range", r#""price":1e126"#), [2, 0, 1, 0], &[("NUM_RANGE", 1)]),
        case("missing.jsonl", around("missing", br#"{"event":"view"}"#), [2, 0, 1, 0], &[("FIELD_MISSING", 1)]),
        case("key-empty.jsonl", around("key", row("", 3).as_bytes()), [2, 0, 1, 0], &[("KEY_EMPTY", 1)]),
        case(
            "key-long.jsonl",
            around("keys", row(&"k".repeat(2_049), 3).as_bytes()),
            [2, 0, 1, 0],
            &[("KEY_TOO_LONG", 1)],
        ),
        case("key-twice.jsonl", text("twice", r#""price":1,"price":2"#), [3, 0, 0, 0], &[]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_accounted_for() {
    let pipeline = Pipeline::deploy().await;
    let cases: Vec<Case> = forms().into_iter().chain(damage()).chain(faults()).collect();
    let files: Vec<_> = cases.iter().map(|case| (case.name, case.bytes.clone())).collect();
    let executions = pipeline.process(&files).await;
    let mut written = 0;
    for (case, execution) in cases.iter().zip(&executions) {
        assert_eq!(execution.status, case.status, "{}: {execution:?}", case.name);
        let summary = summary(execution);
        assert_eq!(summary.counts, case.counts, "{}", case.name);
        assert_eq!(summary.damage.is_some(), case.status == "FAILED", "{}", case.name);
        assert!(summary.counts.reconciles(), "{}", case.name);
        let codes: BTreeMap<String, u64> = case.codes.iter().map(|&(code, count)| (code.to_owned(), count)).collect();
        for (code, count) in codes {
            assert_eq!(summary.errors_by_code.get(&code), Some(&count), "{}: {:?}", case.name, summary.errors_by_code);
        }
        written += summary.counts.written;
    }
    assert_eq!(pipeline.items().await, written, "written rows can be read back");

    a_second_run_changes_nothing(&pipeline, &files).await;
    duplicates_are_one_item(&pipeline).await;
    a_damaged_file_fails_and_keeps_its_rows(&pipeline).await;
    quarantine_keeps_the_bytes_and_the_reasons(&pipeline).await;
    mended_rows_come_back(&pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grants_suffice_and_plain_http_is_refused() {
    let settings = small_ranges();
    let settings = settings.path().to_str().expect("a temporary path is text");
    let pipeline = Pipeline::deploy_by(true, &["--settings", settings]).await;
    let file = |user: &str| format!("{}\nnot json\n{}\n", row(user, 1), row(user, 2)).into_bytes();

    // The emulator speaks no TLS, so the buckets refuse the functions.
    let refused = pipeline.process(&[("refused.jsonl", file("refused"))]).await;
    let cause = refused[0].cause.as_deref().unwrap_or_default();
    assert_eq!((refused[0].status.as_str(), refused[0].error.as_deref()), ("FAILED", Some("Processor.Permanent")));
    assert!(cause.contains("AccessDenied") && cause.contains("explicit deny"), "{cause}");
    a_failure_is_recorded(&pipeline, cause).await;

    for output in [stack::pipeline::output::INGEST_BUCKET, stack::pipeline::output::QUARANTINE_BUCKET] {
        let policy = pipeline.clients.s3.delete_bucket_policy().bucket(pipeline.output(output));
        policy.send().await.expect("the bucket has a policy");
    }
    let executions = pipeline.process(&[("allowed.jsonl", file("allowed"))]).await;
    assert_eq!(executions[0].status, "SUCCEEDED", "{:?}", executions[0]);
    let summary = summary(&executions[0]);
    assert_eq!((summary.counts.written, summary.counts.quarantined), (2, 1));
    assert_eq!(pipeline.quarantined(&summary.quarantine_manifest.expect("a row was quarantined")).await.len(), 1);
    a_large_file_is_read_by_ranges(&pipeline).await;
}

/// The settings that the program carries, but that a file of a megabyte is split.
fn small_ranges() -> tempfile::NamedTempFile {
    let carried = std::fs::read_to_string(tests::workspace().join("stack/settings.yaml")).expect("it is there");
    let small = carried.replace("file_mb: 128, range_mb: 64", "file_mb: 1, range_mb: 1");
    assert_ne!(small, carried);
    let mut file = tempfile::NamedTempFile::with_suffix(".yaml").expect("there is a temporary folder");
    file.write_all(small.as_bytes()).expect("the file takes it");
    file
}

/// An execution that failed without a summary left what it takes to find it, and to start it again.
async fn a_failure_is_recorded(pipeline: &Pipeline, cause: &str) {
    let table = pipeline.output(stack::pipeline::output::FAILURE_TABLE);
    let scan = pipeline.clients.dynamodb.scan().table_name(table).send().await.expect("the table is there");
    let [record] = scan.items() else { panic!("{} records", scan.items().len()) };
    let text = |name: &str| record.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    assert_eq!((text("error").as_str(), text("cause").as_str()), ("Processor.Permanent", cause));
    assert!(text("key").ends_with("refused.jsonl") && text("execution").contains(":execution:"), "{record:?}");
    let input: FileLocation = serde_json::from_str(&text("input")).expect("it is an input");
    assert_eq!(input.key, text("key"));
}

/// Rows that are bad, or repeat one far away, in a file of several ranges.
async fn a_large_file_is_read_by_ranges(pipeline: &Pipeline) {
    let before = pipeline.items().await;
    let mut lines: Vec<String> =
        (0..30_000).map(|number| with(&format!("u{number}"), number % 3_600, r#""price":1"#)).collect();
    for (place, line) in [
        (100, "not json".to_owned()),
        (15_000, lines[0].clone()),
        (29_000, "{}".to_owned()),
        (29_999, lines[14_000].clone()),
    ] {
        lines[place] = line;
    }
    let file = lines.join("\n").into_bytes();
    assert!(file.len() > 2 << 20, "three ranges of a megabyte");
    let executions = pipeline.process(&[("large.jsonl", file)]).await;
    assert_eq!(executions[0].status, "SUCCEEDED", "{:?}", executions[0]);
    let summary = summary(&executions[0]);
    let expected = Counts { lines: 30_000, written: 29_996, duplicates: 2, quarantined: 2, dropped: 0, blank: 0 };
    assert_eq!(summary.counts, expected);
    assert_eq!(pipeline.items().await, before + 29_996);
    let records = pipeline.quarantined(&summary.quarantine_manifest.expect("rows were quarantined")).await;
    let numbers: Vec<_> = records.iter().filter_map(|record| record["line"].as_u64()).collect();
    assert_eq!(numbers, [101, 29_001], "lines are numbered from the file's start");
    let bucket = pipeline.output(stack::pipeline::output::QUARANTINE_BUCKET);
    let list = pipeline.clients.s3.list_objects_v2().bucket(bucket).prefix(RUN_PREFIX).send().await;
    let keys: Vec<_> =
        list.expect("the bucket is there").contents().iter().filter_map(|object| object.key.clone()).collect();
    assert!(keys.iter().filter(|key| key.contains("/account/")).count() > 2, "{keys:?}");
}

async fn a_second_run_changes_nothing(pipeline: &Pipeline, files: &[(&str, Vec<u8>)]) {
    let before = pipeline.items().await;
    let plain = [files[2].clone(), files[3].clone()];
    for execution in pipeline.process(&plain).await {
        assert_eq!(summary(&execution).counts.written, 60);
    }
    assert_eq!(pipeline.items().await, before);
}

async fn duplicates_are_one_item(pipeline: &Pipeline) {
    let before = pipeline.items().await;
    let same_instant = [with("rush", 1, r#""price":1"#), with("rush", 1, r#""price":2"#)].join("\n");
    let twice = format!("{same_instant}\n{same_instant}\n");
    let executions = pipeline.process(&[("duplicates.jsonl", twice.into_bytes())]).await;
    let counts = summary(&executions[0]).counts;
    assert_eq!((counts.lines, counts.written, counts.duplicates), (4, 2, 2));
    assert_eq!(pipeline.items().await, before + 2);
}

async fn a_damaged_file_fails_and_keeps_its_rows(pipeline: &Pipeline) {
    let before = pipeline.items().await;
    let mut truncated = gzip(rows("truncated", 3_000).as_bytes());
    truncated.truncate(truncated.len() / 2);
    let executions = pipeline.process(&[("truncated.jsonl.gz", truncated)]).await;
    assert_eq!((executions[0].status.as_str(), executions[0].error.as_deref()), ("FAILED", Some("FileDamaged")));
    let summary = summary(&executions[0]);
    assert_eq!(summary.damage.as_ref().map(|damage| damage.code.as_str()), Some("GZIP_TRUNCATED"));
    assert!(summary.counts.reconciles() && summary.counts.written > 0, "{summary:?}");
    assert_eq!(pipeline.items().await, before + summary.counts.written);
}

async fn quarantine_keeps_the_bytes_and_the_reasons(pipeline: &Pipeline) {
    let bad = br#"{"user_id":"","timestamp":"yesterday"}"#;
    let file = [row("kept", 1).as_bytes(), b"\n", bad, b"\n"].concat();
    let executions = pipeline.process(&[("quarantine.jsonl", file)]).await;
    let key = summary(&executions[0]).quarantine_manifest.expect("a row was quarantined");
    assert!(key.starts_with(contract::QUARANTINE_PREFIX), "{key}");
    let rows = pipeline.quarantined(&key).await;
    assert_eq!(rows.len(), 1);
    let offset = row("kept", 1).len() + 1;
    assert_eq!((&rows[0]["line"], &rows[0]["offset"]), (&2.into(), &offset.into()));
    let codes = rows[0]["codes"].to_string();
    assert!(codes.contains("KEY_EMPTY") && codes.contains("TS_UNPARSEABLE"), "{codes}");
}

/// Bad rows, out of quarantine, mended, and through the pipeline again, as a user would do it.
async fn mended_rows_come_back(pipeline: &Pipeline) {
    let before = pipeline.items().await;
    let key = "ingest/2025/01/31/mended.jsonl";
    let bad: String = (2..4).map(|second| with("mended", second, r#""price":-1"#) + "\n").collect();
    pipeline.process(&[("mended.jsonl", format!("{}\n{bad}", row("mended", 1)).into_bytes())]).await;
    assert_eq!(pipeline.items().await, before + 1);

    let folder = tempfile::tempdir().expect("there is room");
    let rows = folder.path().join("rows.jsonl");
    let rows = rows.to_str().expect("the path is text");
    let run = |arguments: &[&str]| stack(&[arguments, &["--endpoint-url", &pipeline.endpoint]].concat());
    let json = |output: &std::process::Output| {
        assert!(output.status.success(), "{}", talk(output));
        serde_json::from_slice::<Value>(&output.stdout).expect("it is JSON")
    };
    let all = json(&run(&["quarantine", "list", "--json"]));
    let listed = all.as_array().expect("a list").iter().find(|one| one["manifest"]["file"]["key"] == key);
    let listed = listed.expect("the file is listed");
    assert_eq!(listed["manifest"]["codes"], serde_json::json!({"FIELD_RANGE": 2}));
    let manifest = listed["key"].as_str().expect("it has a key");
    let got = run(&["quarantine", "get", key, "--out", rows]);
    assert!(got.status.success(), "{}", talk(&got));
    assert_eq!(std::fs::read_to_string(rows).expect("it was written"), bad);

    let refused = run(&["replay", rows]);
    assert_eq!(refused.status.code(), Some(2), "{}", talk(&refused));
    assert!(talk(&refused).contains("FIELD_RANGE at /price"), "{}", talk(&refused));
    let forced = json(&run(&["replay", "--from", key, "--force", "--wait", "--json"]));
    assert_eq!((&forced["output"]["written"], &forced["output"]["quarantined"]), (&0.into(), &2.into()));

    std::fs::write(rows, bad.replace("-1", "1")).expect("there is room");
    // Two rows are no file: what a contract asks of a file is not asked of them.
    let strict = folder.path().join("strict.yaml");
    let of_file = "file: {strict: true, rules: [{rule: row_count, min: 1000}]}";
    let contract = include_str!("../../functions/processor/contract.yaml");
    std::fs::write(&strict, format!("{contract}{of_file}\n")).expect("there is room");
    let strict = strict.to_str().expect("the path is text");
    let mut keys = Vec::new();
    for _ in 0..2 {
        let replayed = json(&run(&["replay", rows, "--contract", strict, "--wait", "--json"]));
        assert_eq!(replayed["status"], "SUCCEEDED", "{replayed}");
        assert_eq!((&replayed["output"]["lines"], &replayed["output"]["written"]), (&2.into(), &2.into()));
        assert_eq!(pipeline.items().await, before + 3);
        keys.push(replayed["key"].clone());
    }
    assert_eq!(keys[0], keys[1], "the same rows are the same file");

    // Another state of the file: what is found under the file's name is what that one left.
    let worse = with("mended", 4, r#""price":-2"#) + "\n";
    pipeline.process(&[("mended.jsonl", worse.clone().into_bytes())]).await;
    let got = run(&["quarantine", "get", key, "--out", rows]);
    assert!(got.status.success(), "{}", talk(&got));
    assert_eq!(std::fs::read_to_string(rows).expect("it was written"), worse);

    // A clean file under the same key: the rows of its earlier state are asked for by name.
    pipeline.process(&[("mended.jsonl", row("mended", 1).into_bytes())]).await;
    let replaced = run(&["replay", "--from", key]);
    assert!(!replaced.status.success() && talk(&replaced).contains("has been replaced since"), "{}", talk(&replaced));
    let earlier = run(&["quarantine", "get", manifest, "--out", rows]);
    assert!(earlier.status.success(), "{}", talk(&earlier));
}

//! The page: one file of HTML, without a script and without anything from elsewhere.

use std::collections::BTreeMap;

use activity::Code;
use contract::{FileRuleOutcome, RowSample, RunReport, SampleReason, Verdict};
use handlebars::Handlebars;
use serde::Serialize;

/// The page's text; its inputs are listed at its head.
const PAGE: &str = include_str!("../../../templates/report.html.hbs");

/// The page was not made: a fault of this program.
#[derive(Debug)]
pub struct RenderError(Box<handlebars::RenderError>);

impl std::fmt::Display for RenderError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "templates/report.html.hbs: {}", self.0)
    }
}

impl std::error::Error for RenderError {}

/// The report as a page of HTML. Every value is escaped.
///
/// # Errors
///
/// The page's text does not fit its inputs.
pub fn page(report: &RunReport) -> Result<String, RenderError> {
    let mut renderer = Handlebars::new();
    renderer.set_strict_mode(true);
    renderer.render_template(PAGE, &Inputs::new(report)).map_err(|error| RenderError(Box::new(error)))
}

/// What the page takes: nothing is left out, so that strict mode finds a name that is misspelt.
#[derive(Serialize)]
struct Inputs {
    title: String,
    object: Vec<Named>,
    verdict: &'static str,
    verdict_means: &'static str,
    counts: Vec<Count>,
    reconciles: bool,
    damage: String,
    reasons: Vec<ReasonRow>,
    fields: Vec<FieldRow>,
    file_rules: Vec<FileRuleOutcome>,
    samples: Vec<SampleRow>,
    timings: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Count {
    name: &'static str,
    value: String,
    /// Of all lines, hundredths; the length of the bar.
    percent: String,
}

#[derive(Serialize)]
struct ReasonRow {
    code: String,
    meaning: &'static str,
    severity: &'static str,
    rows: String,
}

#[derive(Serialize)]
struct FieldRow {
    field: String,
    severity: &'static str,
    rows: String,
}

#[derive(Serialize)]
struct SampleRow {
    line: String,
    offset: String,
    length: String,
    went: &'static str,
    reasons: Vec<SampleText>,
}

#[derive(Serialize)]
struct SampleText {
    code: String,
    place: String,
    expected: String,
}

impl Inputs {
    fn new(report: &RunReport) -> Self {
        let output = &report.output;
        let counts = output.counts;
        let count = |name, value: u64| Count {
            name,
            value: grouped(value),
            percent: format!("{:.1}", 100.0 * value as f64 / counts.lines.max(1) as f64),
        };
        let mut reasons = reason_rows(&output.errors_by_code, "invalid");
        reasons.extend(reason_rows(&output.warnings_by_code, "warning"));
        let mut fields = field_rows(&output.errors_by_field, "invalid");
        fields.extend(field_rows(&output.warnings_by_field, "warning"));
        Self {
            title: output.file.key.clone(),
            object: object(report),
            verdict: output.verdict.as_str(),
            verdict_means: match output.verdict {
                Verdict::Pass => "Nothing is wrong with any row, nor with the file.",
                Verdict::Warn => "Something is wrong, but nothing that the record contract fails the run for.",
                Verdict::Fail => "The record contract fails the run, or the file could not be read to its end.",
            },
            counts: vec![
                count("written", counts.written),
                count("duplicates", counts.duplicates),
                count("quarantined", counts.quarantined),
                count("dropped", counts.dropped),
                count("blank", counts.blank),
                count("lines", counts.lines),
            ],
            reconciles: counts.reconciles(),
            damage: output.damage.as_ref().map(ToString::to_string).unwrap_or_default(),
            reasons,
            fields,
            file_rules: output.file_rules.clone(),
            samples: report.samples.iter().map(sample_row).collect(),
            timings: timings(report),
        }
    }
}

fn object(report: &RunReport) -> Vec<Named> {
    let (file, output) = (&report.output.file, &report.output);
    let rows = [
        ("bucket", Some(file.bucket.clone())),
        ("key", Some(file.key.clone())),
        ("version", file.version_id.clone()),
        ("entity tag", file.etag.clone()),
        ("size, bytes", file.size.map(grouped)),
        ("newest row's age at arrival", output.newest_row_age_seconds.map(|seconds| format!("{} s", grouped(seconds)))),
        ("quarantine", output.quarantine_manifest.clone()),
    ];
    let named =
        |(name, value): (_, Option<String>)| Some(Named { name, value: value.filter(|text| !text.is_empty())? });
    rows.into_iter().filter_map(named).collect()
}

fn timings(report: &RunReport) -> Vec<Named> {
    let seconds = report.seconds;
    let mut timings = vec![Named { name: "seconds", value: format!("{seconds:.2}") }];
    if seconds > 0.0 {
        let rate = (report.output.counts.lines as f64 / seconds) as u64;
        timings.push(Named { name: "lines a second", value: grouped(rate) });
    }
    timings
}

fn reason_rows(codes: &BTreeMap<String, u64>, severity: &'static str) -> Vec<ReasonRow> {
    let row = |(code, rows): (&String, &u64)| ReasonRow {
        code: code.clone(),
        meaning: Code::named(code).map_or("", Code::meaning),
        severity,
        rows: grouped(*rows),
    };
    codes.iter().map(row).collect()
}

fn field_rows(fields: &BTreeMap<String, u64>, severity: &'static str) -> Vec<FieldRow> {
    fields.iter().map(|(field, rows)| FieldRow { field: field.clone(), severity, rows: grouped(*rows) }).collect()
}

fn sample_row(sample: &RowSample) -> SampleRow {
    let text = |reason: &SampleReason| SampleText {
        code: reason.code.clone(),
        place: match (&reason.pointer, reason.byte) {
            (Some(pointer), _) => pointer.clone(),
            (None, Some(byte)) => format!("byte {byte}"),
            (None, None) => String::new(),
        },
        expected: reason.expected.clone().unwrap_or_default(),
    };
    SampleRow {
        line: grouped(sample.line),
        offset: grouped(sample.offset),
        length: grouped(sample.length),
        went: sample.went.as_str(),
        reasons: sample.reasons.iter().map(text).collect(),
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use contract::{Counts, Destination, FileDamage, FileLocation, ProcessorOutput};

    use super::*;

    fn report() -> RunReport {
        let file = FileLocation {
            bucket: "activity".into(),
            key: "ingest/<script>alert(1)</script>.jsonl".into(),
            version_id: None,
            etag: None,
            size: Some(1_234_567),
        };
        let output = ProcessorOutput {
            counts: Counts { lines: 2000, written: 1990, quarantined: 10, ..Counts::default() },
            verdict: Verdict::Warn,
            errors_by_code: [("FIELD_RANGE".into(), 10)].into(),
            errors_by_field: [("/items/*/price".into(), 7)].into(),
            damage: Some(FileDamage { code: "GZIP_CORRUPT".into(), text: "it breaks <off>".into() }),
            file_rules: vec![FileRuleOutcome {
                rule: "mean of /a&b".into(),
                expected: "at most 3".into(),
                observed: "4".into(),
                verdict: Verdict::Fail,
            }],
            ..ProcessorOutput::of_empty(file)
        };
        let reasons = vec![SampleReason {
            code: "FIELD_RANGE".into(),
            pointer: Some("/\"onload=\"x".into()),
            byte: None,
            expected: Some("at least 0".into()),
        }];
        let samples = vec![RowSample { line: 17, offset: 4096, length: 120, went: Destination::Dropped, reasons }];
        RunReport { output, samples, seconds: 0.5 }
    }

    #[test]
    fn the_page_says_what_the_run_did_and_escapes_every_value() {
        let page = page(&report()).unwrap();
        for text in [
            "WARN",
            "1,990",
            "FIELD_RANGE",
            "a number is below `min`",
            "1,234,567",
            "4,000",
            "at least 0",
            "GZIP_CORRUPT: it breaks &lt;off&gt;",
            "/items/*/price",
            "dropped",
        ] {
            let text = text.replace('`', "&#x60;");
            assert!(page.contains(&text), "no {text} in\n{page}");
        }
        assert!(page.contains("mean of /a&amp;b") && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
        assert!(!page.contains("<script") && !page.contains("\"onload"), "{page}");
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        let page = page(&report()).unwrap();
        for word in ["http:", "https:", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(word), "{word} in\n{page}");
        }
    }

    #[test]
    fn a_run_without_a_fault_has_no_empty_table() {
        let file = FileLocation { bucket: "b".into(), key: "k".into(), version_id: None, etag: None, size: None };
        let report = RunReport { output: ProcessorOutput::of_empty(file), samples: Vec::new(), seconds: 0.0 };
        let page = page(&report).unwrap();
        assert!(page.contains("PASS") && !page.contains("<h2>Reasons") && !page.contains("<h2>File rules"), "{page}");
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_report_can_be_read_back() {
        let text = serde_json::to_string(&report()).unwrap();
        assert_eq!(serde_json::from_str::<RunReport>(&text).unwrap(), report());
    }
}

//! Names that two sides of a boundary must spell alike.

/// The key prefix under which applications export files: `ingest/YYYY/MM/DD/`. Only objects here start the pipeline.
pub const INGEST_PREFIX: &str = "ingest/";

/// The key prefix under which mended rows come back: `ingest/replay/YYYY/MM/DD/`. They are parts of files that were judged
/// when they came, so that the record contract's rules about a file as a whole are not applied to them.
pub const REPLAY_PREFIX: &str = "ingest/replay/";

/// The key suffixes that start the pipeline. S3 matches suffixes literally, so each is a notification of its own.
pub const INGEST_SUFFIXES: [&str; 4] = [".jsonl", ".json", ".jsonl.gz", ".json.gz"];

/// The key prefix of quarantined rows. It lies outside [`INGEST_PREFIX`], so that a quarantine object starts nothing.
pub const QUARANTINE_PREFIX: &str = "quarantine/";

/// The name of the manifest beside the quarantine objects that it lists. Athena passes over names that begin with an
/// underscore (<https://docs.aws.amazon.com/athena/latest/ug/other-notable-limitations.html>), so that a table over the
/// quarantine has rows only.
pub const QUARANTINE_MANIFEST: &str = "_manifest.json";

/// The key prefix of the reports of runs, in the quarantine bucket too.
pub const REPORT_PREFIX: &str = "reports/";

/// The key prefix, in the quarantine bucket, of what the ranges of a split file leave for each other. It expires soon.
pub const RUN_PREFIX: &str = "runs/";

/// The record contract's file name inside the processor's package, beside `bootstrap`.
pub const RECORD_CONTRACT_FILE: &str = "contract.json";

/// The code under which a run fails whose rows the table did not take in all the tries: it is no row's, since none is lost.
pub const WRITE_EXHAUSTED: &str = "WRITE_EXHAUSTED";

/// The code of a gzip file that holds another: it is no row's, since none is read.
pub const GZIP_TWICE: &str = "GZIP_TWICE";

/// The code of a file whose rows carriage returns part, and no line feeds: it is no row's, since there is one line.
pub const NO_LINE_FEEDS: &str = "NO_LINE_FEEDS";

/// The code of a split file of which ranges were given up: it is no row's, since their rows were not read.
pub const RANGE_UNREAD: &str = "RANGE_UNREAD";

/// The SSM parameter that holds the state machine's ARN: `/pipelines/<pipeline>/stateMachineArn`.
pub fn state_machine_arn_parameter(pipeline: &str) -> String {
    format!("/pipelines/{pipeline}/stateMachineArn")
}

/// CloudWatch metrics that the processor writes in the embedded metric format and that alarms and the dashboard read.
pub mod metric {
    /// The namespace of every metric below.
    pub const NAMESPACE: &str = "Pipeline";
    /// The dimension of every metric: the pipeline's stack name.
    pub const DIMENSION: &str = "Pipeline";
    /// Files read to their end, or to the break of a damaged one. Count.
    pub const FILES: &str = "Files";
    /// Lines read. Count.
    pub const LINES: &str = "Lines";
    /// Items written. Count.
    pub const WRITTEN: &str = "Written";
    /// Rows that repeat an earlier row's key in the same file. Count.
    pub const DUPLICATES: &str = "Duplicates";
    /// Rows kept in quarantine. Count.
    pub const QUARANTINED: &str = "Quarantined";
    /// Rows that the record contract says to leave out. Count.
    pub const DROPPED: &str = "Dropped";
    /// A file's quarantined lines of a hundred; 0 for an empty file. Percent.
    pub const QUARANTINED_PERCENT: &str = "QuarantinedPercent";
    /// Blank lines. Count.
    pub const BLANK: &str = "Blank";
    /// Lines that went nowhere, or to two places. Always 0, or the pipeline is at fault. Count.
    pub const RECONCILIATION_GAP: &str = "ReconciliationGap";
    /// How old the newest of a file's rows that are kept was when the file arrived. Only of a file that has one. Seconds.
    pub const NEWEST_ROW_AGE: &str = "NewestRowAge";
    /// Every metric above. Each is paid for by the month.
    pub const ALL: [&str; 10] = [
        FILES,
        LINES,
        WRITTEN,
        DUPLICATES,
        QUARANTINED,
        DROPPED,
        BLANK,
        QUARANTINED_PERCENT,
        RECONCILIATION_GAP,
        NEWEST_ROW_AGE,
    ];
    /// Invalid rows with the code [`CODE`], or at the field [`FIELD`]. Each code and field that a row has been wrong by is
    /// a metric of its own, paid for in the months in which it comes. Count.
    pub const INVALID_ROWS: &str = "InvalidRows";
    /// Rows with a lesser fault with the code [`CODE`], or at the field [`FIELD`]. Count.
    pub const WARNED_ROWS: &str = "WarnedRows";
    /// Files that could not be read to their end, or not as what they are, by the [`CODE`] of the damage. Count.
    pub const DAMAGED_FILES: &str = "DamagedFiles";
    /// A second dimension of metrics of rows and of damaged files: the reason code.
    pub const CODE: &str = "Code";
    /// A second dimension of metrics of rows: the field that they are wrong in, as the record contract points to it.
    pub const FIELD: &str = "Field";
    /// Files that broke the file rule [`RULE`], whether that warns or fails. Each rule that was broken is a metric of its
    /// own; a record contract bounds them. Count.
    pub const BROKEN_RULES: &str = "BrokenRules";
    /// The second dimension of [`BROKEN_RULES`]: the file rule, as a report names it.
    pub const RULE: &str = "Rule";
}

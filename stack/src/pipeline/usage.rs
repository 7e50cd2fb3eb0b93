//! What the pipeline's resources do in a month, from the settings' `usage`.

use std::collections::BTreeMap;

use contract::metric;

use super::Settings;
use crate::cost::{ResourceUsage, Usage};

/// What the orchestrator takes for a file: one parameter read, one execution started. Seconds.
const ORCHESTRATOR_SECONDS: f64 = 0.2;

/// What the processor takes for a file before and after its rows, seconds.
const PROCESSOR_SECONDS: f64 = 0.5;

/// What the functions and the state machine write to their logs for a file, bytes: Lambda's own lines and a summary;
/// the history of an execution, with its data.
const FUNCTION_LOG: f64 = 2_500.0;
const STATE_MACHINE_LOG: f64 = 10_000.0;

/// What a quarantined row is wrapped in: where it stood and what is wrong with it. Bytes.
const QUARANTINE_OVERHEAD: f64 = 300.0;

/// What packing leaves of quarantined rows, of one: their bytes are in Base64.
const QUARANTINE_PACKED: f64 = 0.5;

/// A run's report, as JSON and as a page, bytes.
const REPORT: f64 = 8_000.0;

/// The codes and file rules that a month's files break: each is a metric of its own in the months in which it comes. There
/// are at most as many as codes and, in the record contract, file rules.
const BROKEN: usize = 5;

/// How much the pipeline is used, by logical id.
pub fn usage(settings: &Settings) -> Usage {
    let usage = &settings.usage;
    let (files, row_bytes) = (f64::from(usage.files_per_month), f64::from(usage.bytes_per_row));
    let rows_per_file = f64::from(usage.rows_per_file);
    let rows = files * rows_per_file;
    let quarantined = rows * usage.quarantined_percent / 100.0;
    let compression = f64::from(usage.compression.get());
    let processor_seconds = PROCESSOR_SECONDS + rows_per_file / f64::from(usage.rows_per_second.get());

    let function = |seconds, traces, metrics| ResourceUsage::Function { invocations: files, seconds, traces, metrics };
    let log = |bytes_per_file| ResourceUsage::LogGroup { bytes: files * bytes_per_file };
    let resources = [
        ("IngestBucket", ResourceUsage::Bucket { writes: files, reads: files, bytes: rows * row_bytes / compression }),
        (
            "QuarantineBucket",
            ResourceUsage::Bucket {
                // A file has one object for all of its bad rows, a manifest, and a report in two forms. What an earlier
                // run has left is listed, which is priced as a write.
                writes: 2.0 * files.min(quarantined) + 3.0 * files,
                reads: 0.0,
                bytes: quarantined * (row_bytes + QUARANTINE_OVERHEAD) * QUARANTINE_PACKED + files * REPORT,
            },
        ),
        ("Table", ResourceUsage::Table { writes: rows - quarantined, item_bytes: row_bytes }),
        // Only what fails writes there.
        ("FailureTable", ResourceUsage::Table { writes: 0.0, item_bytes: row_bytes }),
        ("OrchestratorFunction", function(ORCHESTRATOR_SECONDS, files, 0.0)),
        // Its trace is the execution's.
        ("ProcessorFunction", function(processor_seconds, 0.0, (metric::ALL.len() + BROKEN) as f64)),
        ("StateMachine", ResourceUsage::StateMachine { executions: files, traces: files }),
        ("OrchestratorLogGroup", log(FUNCTION_LOG)),
        ("ProcessorLogGroup", log(FUNCTION_LOG)),
        ("StateMachineLogGroup", log(STATE_MACHINE_LOG)),
    ];
    Usage {
        months_kept: f64::from(usage.months_kept),
        resources: BTreeMap::from(resources.map(|(logical_id, usage)| (logical_id.to_owned(), usage))),
    }
}

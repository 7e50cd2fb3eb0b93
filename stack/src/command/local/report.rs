//! What `local run` did with each file, for people and for programs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use contract::{Counts, ProcessorOutput};
use local::{Execution, Object};
use miette::Result;
use serde::Serialize;

use super::ReadBack;
use crate::terminal::{self, Table};

/// What a run did. The form of `--json`.
#[derive(Serialize)]
pub struct Report {
    pub stack: String,
    pub endpoint: String,
    pub files: Vec<FileReport>,
    pub totals: Counts,
    pub table: TableReport,
    /// From the first upload to the end of the last execution.
    pub processing_seconds: f64,
    pub seconds: f64,
}

/// The table, read back whole.
#[derive(Serialize)]
pub struct TableReport {
    pub name: String,
    pub items: u64,
}

/// What became of one file.
#[derive(Serialize)]
pub struct FileReport {
    file: PathBuf,
    bucket: String,
    key: String,
    execution_arn: String,
    status: String,
    #[serde(flatten)]
    pub counts: Counts,
    errors_by_code: BTreeMap<String, u64>,
    read_back: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip)]
    expected: Counts,
}

impl FileReport {
    pub fn new(file: PathBuf, object: Object, execution: Execution, read_back: ReadBack) -> Self {
        // A damaged file's execution fails, and its cause is the summary of the rows before the damage.
        let summary = execution.output.as_deref().or(execution.cause.as_deref());
        let summary = summary.and_then(|text| serde_json::from_str::<ProcessorOutput>(text).ok());
        let (counts, errors_by_code) =
            summary.map(|summary| (summary.counts, summary.errors_by_code)).unwrap_or_default();
        Self {
            file,
            bucket: object.bucket,
            key: object.key,
            execution_arn: execution.arn,
            status: execution.status,
            counts,
            errors_by_code,
            read_back: read_back.items,
            error: execution.error,
            cause: execution.cause,
            expected: read_back.counts,
        }
    }

    /// What is wrong with the run of this file, if anything.
    fn fault(&self) -> Option<String> {
        let Self { counts, expected, read_back, .. } = self;
        if self.status != "SUCCEEDED" {
            let error = self.error.as_deref().unwrap_or("no error is given");
            let cause = self.cause.as_deref().unwrap_or_default();
            Some(format!("the execution {}: {error}: {cause}", self.status))
        } else if !counts.reconciles() {
            Some(format!("{} lines are not the sum of the other counts", counts.lines))
        } else if counts != expected {
            Some(format!("the record contract gives {expected:?} here, and gave {counts:?} there"))
        } else if *read_back != counts.written {
            Some(format!("{} items were written and {read_back} can be read back", counts.written))
        } else {
            None
        }
    }
}

impl Report {
    /// Prints the report; the exit code says whether every execution succeeded and every count reconciles.
    pub fn print(&self, json: bool) -> Result<ExitCode> {
        if json {
            terminal::print_json(self)?;
        } else {
            terminal::print(&self.table())?;
        }
        let faults: Vec<_> = self.files.iter().filter_map(|file| Some((file.file.display(), file.fault()?))).collect();
        for (file, fault) in &faults {
            eprintln!("{file}: {fault}");
        }
        Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn table(&self) -> String {
        let head = ["file", "status", "lines", "written", "duplicates", "quarantined", "dropped", "blank", "read back"];
        let mut table = Table::with_head(&head);
        for file in &self.files {
            let name = file.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            table.add(row(name, &file.status, file.counts, file.read_back));
        }
        table.add(row("all".into(), "", self.totals, self.files.iter().map(|file| file.read_back).sum()));
        let codes = self.files.iter().flat_map(|file| &file.errors_by_code);
        let codes: String = codes.map(|(code, count)| format!("{code}: {count}\n")).collect();
        let TableReport { name, items } = &self.table;
        format!("{table}{codes}table {name}: {items} items; {:.1} s in all\n", self.seconds)
    }
}

fn row(name: String, status: &str, counts: Counts, read_back: u64) -> Vec<String> {
    let Counts { lines, written, duplicates, quarantined, dropped, blank } = counts;
    let figures = [lines, written, duplicates, quarantined, dropped, blank, read_back].map(|figure| figure.to_string());
    [name, status.to_owned()].into_iter().chain(figures).collect()
}

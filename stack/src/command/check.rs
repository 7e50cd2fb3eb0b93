//! `check`: the record contract over a local file, without a cloud.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use activity::{Code, FileReader, RecordContract, Row, Summary};
use contract::{Counts, Destination, FileLocation, FileRuleOutcome, Refusal, RowSample, RunReport, Verdict};
use indicatif::{ProgressBar, ProgressStyle};
use miette::{Context, IntoDiagnostic, Result, bail};
use report::Samples;

use super::{package, unreadable};
use crate::cli::Check;
use crate::terminal::{self, Table};

/// The exit code where rows are rejected.
const REJECTED: u8 = 2;

/// How many rows with faults are shown.
const SAMPLES: usize = 10;

/// Reads the file and prints where its lines would go.
pub fn run(verb: &Check) -> Result<ExitCode> {
    let contract = package::record_contract(&verb.packaging)?;
    let (_, metadata) = open(&verb.file)?;
    [&verb.rejects, &verb.report].into_iter().flatten().try_for_each(|output| spare(&verb.file, output))?;
    let mut rejects = verb.rejects.as_deref().map(Rejects::create).transpose()?;
    let location = location(&verb.file);
    let (mut failure, mut samples) = (None, Samples::default());
    let started = Instant::now();
    let summary = read(&verb.file, &contract, &progress(metadata.len())?, |row| {
        let row = match row {
            Row::Item { line, faults, .. } => return samples.offer(line, Destination::Written, &faults),
            Row::Dropped(row) => return samples.offer(row.line, Destination::Dropped, &row.reasons),
            Row::Quarantined(row) => row,
        };
        samples.offer(row.line, Destination::Quarantined, &row.reasons);
        if let (Some(rejects), None) = (&mut rejects, &failure) {
            failure = rejects.write(&location, &row).err();
        }
    })?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some(error) = failure {
        return Err(error);
    }
    rejects.map(Rejects::finish).transpose()?;
    // What a run over the file in the cloud would leave.
    let report = RunReport { output: summary.into_output(location), samples: samples.into_rows(), seconds };
    let (counts, verdict) = (report.output.counts, report.output.verdict);
    if let Some(path) = &verb.report {
        write_report(path, &report)?;
    }
    if verb.json {
        terminal::print_json(&report)?;
    } else {
        print_tables(&report)?;
        print_speed(metadata.len(), counts.lines, seconds);
    }
    let clean = counts.quarantined + counts.dropped == 0 && verdict < Verdict::Fail;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(REJECTED) })
}

/// Opens a file that has a size and can be read again: the contract may ask for both.
fn open(path: &Path) -> Result<(File, Metadata)> {
    let file = File::open(path).into_diagnostic().wrap_err_with(|| unreadable(path))?;
    let metadata = file.metadata().into_diagnostic().wrap_err_with(|| unreadable(path))?;
    if !metadata.is_file() {
        bail!("{} is no file that can be read twice; write what it holds to a file first", path.display());
    }
    Ok((file, metadata))
}

/// Refuses to write to the file that is read.
fn spare(input: &Path, output: &Path) -> Result<()> {
    match (input.canonicalize(), output.canonicalize()) {
        (Ok(input), Ok(output)) if input == output => {
            bail!("{} would be written over while it is read; name another file", output.display())
        }
        _ => Ok(()),
    }
}

/// How much of a file of so many bytes is read, where somebody watches.
fn progress(bytes: u64) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {msg} rows/s, {eta} left");
    let progress = ProgressBar::new(bytes).with_style(style.into_diagnostic()?);
    progress.enable_steady_tick(Duration::from_millis(200));
    Ok(progress)
}

/// Runs the record contract over a local file, twice where the contract is strict.
pub fn read_file(path: &Path, contract: &RecordContract, sink: impl FnMut(Row<'_>)) -> Result<Summary> {
    read(path, contract, &ProgressBar::hidden(), sink)
}

fn read(path: &Path, contract: &RecordContract, progress: &ProgressBar, sink: impl FnMut(Row<'_>)) -> Result<Summary> {
    let refusal = if contract.is_strict() { read_once(path, contract, None, progress, |_| {})?.refusal } else { None };
    let summary = read_once(path, contract, refusal, progress, sink);
    progress.finish_and_clear();
    summary
}

fn read_once(
    path: &Path,
    contract: &RecordContract,
    refusal: Option<Refusal>,
    progress: &ProgressBar,
    mut sink: impl FnMut(Row<'_>),
) -> Result<Summary> {
    let (mut file, metadata) = open(path)?;
    let mut reader = FileReader::new(contract).refusing(refusal).of_size(metadata.len());
    // What S3 calls an object's last modification is a file's here.
    if let Ok(time) = metadata.modified() {
        reader = reader.arrived_at(time);
    }
    progress.reset();
    let (mut buffer, started) = (vec![0; 1 << 16], Instant::now());
    loop {
        match file.read(&mut buffer).into_diagnostic().wrap_err_with(|| unreadable(path))? {
            0 => return reader.finish(&mut sink).into_diagnostic(),
            length => {
                reader.feed(&buffer[..length], &mut sink).into_diagnostic()?;
                progress.inc(length as u64);
                if !progress.is_hidden() {
                    let rate = reader.counts().lines as f64 / started.elapsed().as_secs_f64().max(1e-3);
                    progress.set_message(format!("{rate:.0}"));
                }
            }
        }
    }
}

fn write_report(path: &Path, report: &RunReport) -> Result<()> {
    let page = report::page(report).into_diagnostic()?;
    std::fs::write(path, page).into_diagnostic().wrap_err_with(|| format!("cannot write {}", path.display()))
}

/// Says how fast it went, by the bytes of the file as it lies on the disk.
fn print_speed(bytes: u64, lines: u64, seconds: f64) {
    let per_second = |count: f64| count / seconds.max(1e-6);
    let (rows, megabytes) = (per_second(lines as f64), per_second(bytes as f64 / 1e6));
    eprintln!("{seconds:.2} s, {rows:.0} rows/s, {megabytes:.1} MB/s of the file");
}

/// A local file has no bucket; its path stands where the key would.
fn location(path: &Path) -> FileLocation {
    let key = path.display().to_string();
    FileLocation { bucket: String::new(), key, version_id: None, etag: None, size: None }
}

fn print_tables(report: &RunReport) -> Result<()> {
    let output = &report.output;
    let head = ["file", "verdict", "lines", "written", "duplicates", "quarantined", "dropped", "blank"];
    let mut table = Table::with_head(&head);
    let Counts { lines, written, duplicates, quarantined, dropped, blank } = output.counts;
    let figures = [lines, written, duplicates, quarantined, dropped, blank].map(|figure| figure.to_string());
    table.add([output.file.key.clone(), output.verdict.to_string()].into_iter().chain(figures));
    let mut text = table.to_string();
    let meaning =
        |code: &String| Code::named(code).map_or_else(|| code.clone(), |known| format!("{code}: {}", known.meaning()));
    write_counts(&mut text, "invalid", &output.errors_by_code, meaning);
    write_counts(&mut text, "with a warning", &output.warnings_by_code, meaning);
    write_counts(&mut text, "invalid in field", &output.errors_by_field, String::clone);
    write_counts(&mut text, "with a warning in field", &output.warnings_by_field, String::clone);
    if !output.file_rules.is_empty() {
        let mut table = Table::with_head(&["file rule", "verdict", "expected", "observed"]);
        for FileRuleOutcome { rule, expected, observed, verdict } in output.file_rules.iter().cloned() {
            table.add([rule, verdict.to_string(), expected, observed]);
        }
        text.push_str(&format!("\n{table}"));
    }
    if !report.samples.is_empty() {
        let mut table = Table::with_text(&["line", "went", "what is wrong with some of the rows"]);
        // Rows that are left out first.
        let (written, left_out): (Vec<_>, Vec<_>) =
            report.samples.iter().partition(|row| row.went == Destination::Written);
        for RowSample { line, went, reasons, .. } in left_out.into_iter().chain(written).take(SAMPLES) {
            let reasons = reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            table.add([line.to_string(), went.as_str().to_owned(), reasons]);
        }
        text.push_str(&format!("\n{table}"));
    }
    if let Some(damage) = &output.damage {
        text.push_str(&format!("\n{damage}; what could be read is counted above\n"));
    }
    terminal::print(&text)
}

/// Writes how many rows there are of each, if there are any.
fn write_counts(text: &mut String, what: &str, counts: &BTreeMap<String, u64>, name: impl Fn(&String) -> String) {
    if counts.is_empty() {
        return;
    }
    let mut table = Table::with_head(&[what, "rows"]);
    counts.iter().for_each(|(key, rows)| table.add([name(key), rows.to_string()]));
    text.push_str(&format!("\n{table}"));
}

/// The file that takes rejected rows.
struct Rejects {
    output: BufWriter<File>,
    path: String,
}

impl Rejects {
    fn create(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::create(path).into_diagnostic().wrap_err_with(|| format!("cannot write {name}"))?;
        Ok(Self { output: BufWriter::new(file), path: name })
    }

    fn write(&mut self, file: &FileLocation, row: &activity::FaultyRow<'_>) -> Result<()> {
        let record = row.record(file);
        self.output.write_all(&record).into_diagnostic().wrap_err_with(|| format!("cannot write {}", self.path))
    }

    fn finish(mut self) -> Result<()> {
        self.output.flush().into_diagnostic().wrap_err_with(|| format!("cannot write {}", self.path))
    }
}

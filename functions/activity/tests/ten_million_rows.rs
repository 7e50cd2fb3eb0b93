//! Ten million rows, in bounded memory: a test of its own, since it has a process of its own to measure.

#![allow(clippy::unwrap_used, reason = "Clippy allows it in test functions, and this file holds their helpers too")]

use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use activity::{FileReader, RecordContract, Row, Spill, SpillFile};
use contract::{Counts, Verdict};

const CONTRACT: &str = "
user: [/u]
time: [/t]
id: [/t]
time_formats: [epoch_ms]
fields: {/n: {type: number, min: 0}}
file: {rules: [{rule: row_count, min: 10000000, max: 10000000}, {rule: invalid_ratio, max: 0.001}]}
";

const ROWS: u64 = 10_000_000;
/// The rows beyond these come again, long after.
const KEYS: u64 = 9_000_000;
/// One in so many is no JSON.
const BAD: u64 = 1_000;

struct Disk;

struct DiskFile(File, u64);

impl Spill for Disk {
    fn create(&self) -> io::Result<Box<dyn SpillFile>> {
        Ok(Box::new(DiskFile(tempfile::tempfile()?, 0)))
    }
}

impl SpillFile for DiskFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, self.1)?;
        self.1 += bytes.len() as u64;
        Ok(())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }
}

#[test]
fn ten_million_rows_are_accounted_in_64_megabytes() {
    let contract = RecordContract::from_yaml(CONTRACT).unwrap();
    let place: Arc<dyn Spill> = Arc::new(Disk);
    let mut reader = FileReader::new(&contract).spilling_to(&place, 16 << 20);
    let (mut items, mut quarantined, mut piece) = (0, 0, String::new());
    let mut sink = |row: Row<'_>| match row {
        Row::Item { .. } => items += 1,
        Row::Quarantined(_) | Row::Dropped(_) => quarantined += 1,
    };
    for number in 0..ROWS {
        match number % BAD {
            0 => piece.push_str("{\"u\":\n"),
            _ => writeln!(piece, "{{\"u\":7,\"t\":{},\"n\":{number}}}", number % KEYS).unwrap(),
        }
        if piece.len() > 1 << 16 || number + 1 == ROWS {
            reader.feed(piece.as_bytes(), &mut sink).unwrap();
            piece.clear();
        }
    }
    let summary = reader.finish(&mut sink).unwrap();
    let bad = ROWS / BAD;
    let written = KEYS - KEYS / BAD;
    let expected =
        Counts { lines: ROWS, written, duplicates: ROWS - bad - written, quarantined: bad, ..Counts::default() };
    assert_eq!((summary.counts, summary.verdict), (expected, Verdict::Warn));
    assert_eq!((items, quarantined), (written, bad));
    if let Some(peak) = peak_kilobytes() {
        assert!(peak < 64_000, "{peak} kB");
    }
}

/// The most memory that this process has had, where the system tells.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}

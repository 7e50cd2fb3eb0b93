//! The row path's speed, from the bytes of a file to items, for a short row and a long one, plain and gzip, and where the
//! keys seen have no room in memory.
//!
//! `cargo bench -p activity` prints rows a second (`item/s`) on one core.

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use activity::{FileReader, RecordContract, Row, Spill, SpillFile};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use flate2::Compression;
use flate2::write::GzEncoder;

const ROWS: usize = 10_000;
/// What S3's client hands over at a time, about.
const CHUNK_BYTES: usize = 64 * 1024;

fn main() {
    divan::main();
}

/// Rows of the upload tool's shape, about 110 bytes each.
fn events() -> Vec<u8> {
    let mut text = String::new();
    for row in 0..ROWS {
        let (user, second, product, cents) = (row % 997, row % 60, row % 313, row % 90);
        let _ = writeln!(
            text,
            r#"{{"user_id":"u{user}","timestamp":"2026-01-02T03:04:{second:02}.{row:06}Z","event":"view","product_id":"p{product}","price":19.{cents:02}}}"#
        );
    }
    text.into_bytes()
}

/// Rows of wikiticker's shape, about 430 bytes each: nulls, booleans and text beyond ASCII.
fn edits() -> Vec<u8> {
    let mut text = String::new();
    for row in 0..ROWS {
        let (minute, second) = (row / 60 % 60, row % 60);
        let _ = writeln!(
            text,
            r##"{{"time":"2015-09-12T00:{minute:02}:{second:02}.771Z","channel":"#ca.wikipedia","cityName":null,"comment":"Robot inserta {{{{Commonscat}}}} que enllaça amb [[commons:category:Rallicula {row}]]","countryIsoCode":null,"countryName":null,"isAnonymous":false,"isMinor":true,"isNew":false,"isRobot":true,"isUnpatrolled":false,"metroCode":null,"namespace":"Main","page":"Rallicula","regionIsoCode":null,"regionName":null,"user":"PereBot","delta":17,"added":17,"deleted":0}}"##
        );
    }
    text.into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("a vector takes all bytes");
    encoder.finish().expect("a vector takes all bytes")
}

/// Temporary files.
struct Temporary;

struct TemporaryFile(File);

impl Spill for Temporary {
    fn create(&self) -> io::Result<Box<dyn SpillFile>> {
        Ok(Box::new(TemporaryFile(tempfile::tempfile()?)))
    }
}

impl SpillFile for TemporaryFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }
}

fn read(bencher: Bencher<'_, '_>, contract: &str, rows: &[u8], file: &[u8]) {
    read_keeping(bencher, contract, rows, file, usize::MAX);
}

/// Reads with so many bytes of memory for the keys seen.
fn read_keeping(bencher: Bencher<'_, '_>, contract: &str, rows: &[u8], file: &[u8], bytes: usize) {
    let spill: Arc<dyn Spill> = Arc::new(Temporary);
    let contract = RecordContract::from_yaml(contract).expect("the contract is good");
    bencher.counter(ItemsCount::new(ROWS)).counter(BytesCount::of_slice(rows)).bench_local(|| {
        let mut reader = FileReader::new(&contract).spilling_to(&spill, bytes);
        let mut sink = |row: Row<'_>| drop(black_box(row));
        file.chunks(CHUNK_BYTES).for_each(|chunk| reader.feed(chunk, &mut sink).expect("nothing spills"));
        let summary = reader.finish(&mut sink).expect("nothing spills");
        assert_eq!(summary.counts.written, ROWS as u64);
    });
}

const EVENTS: &str = include_str!("../../processor/contract.yaml");
const EDITS: &str = include_str!("../../../tests/contracts/wikiticker.yaml");

#[divan::bench]
fn events_plain(bencher: Bencher<'_, '_>) {
    read(bencher, EVENTS, &events(), &events());
}

/// As much past the bound as the processor is at 33 million rows: five bits of filter for each key.
#[divan::bench]
fn events_plain_past_the_bound_of_keys(bencher: Bencher<'_, '_>) {
    read_keeping(bencher, EVENTS, &events(), &events(), ROWS * 5 / 6);
}

#[divan::bench]
fn events_gzip(bencher: Bencher<'_, '_>) {
    read(bencher, EVENTS, &events(), &gzip(&events()));
}

#[divan::bench]
fn edits_plain(bencher: Bencher<'_, '_>) {
    read(bencher, EDITS, &edits(), &edits());
}

#[divan::bench]
fn edits_gzip(bencher: Bencher<'_, '_>) {
    read(bencher, EDITS, &edits(), &gzip(&edits()));
}

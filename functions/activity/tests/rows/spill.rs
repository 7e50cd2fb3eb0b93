//! What is seen of a file outgrows memory.

use std::io;
use std::sync::{Arc, Mutex};

use activity::{FileReader, RecordContract, Row, Spill, SpillError, SpillFile, Summary};

/// A place that takes so many bytes in all.
struct Place(Arc<Mutex<usize>>);

struct File(Arc<Mutex<usize>>, Vec<u8>);

impl Spill for Place {
    fn create(&self) -> io::Result<Box<dyn SpillFile>> {
        Ok(Box::new(File(Arc::clone(&self.0), Vec::new())))
    }
}

impl SpillFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut left = self.0.lock().unwrap();
        *left = left.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        self.1.extend_from_slice(bytes);
        Ok(())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        bytes.copy_from_slice(&self.1[offset as usize..][..bytes.len()]);
        Ok(())
    }
}

const CONTRACT: &str = "
user: [/u]
time: [/t]
time_formats: [epoch_ms]
fields: {/n: {unique: true, action: drop}}
file: {rules: [{rule: uniqueness, field: /n, min: 0}, {rule: uniqueness, field: /few, min: 0}]}
";

/// 10,000 rows, each of which comes again at once or much later: half as duplicates, half with another key and an `n` that
/// is there already.
fn file() -> String {
    let row = |key: usize, n: usize| format!("{{\"u\":1,\"t\":{key},\"n\":{n},\"few\":{}}}\n", n % 7);
    let rows = (0..10_000).map(|number| row(number, number));
    let again =
        (0..10_000).map(|number| if number % 2 == 0 { row(number, number) } else { row(20_000 + number, number) });
    rows.chain(again).collect()
}

/// Reads the file with 64 KiB of memory for what is seen, and so many bytes to spill to.
fn read(room: usize) -> Result<(Summary, u64), SpillError> {
    let contract = RecordContract::from_yaml(CONTRACT).unwrap();
    let place: Arc<dyn Spill> = Arc::new(Place(Arc::new(Mutex::new(room))));
    let mut reader = FileReader::new(&contract).spilling_to(&place, 64 << 10);
    let mut items = 0;
    let mut sink = |row: Row<'_>| items += u64::from(matches!(row, Row::Item { .. }));
    reader.feed(file().as_bytes(), &mut sink)?;
    Ok((reader.finish(&mut sink)?, items))
}

#[test]
fn what_has_spilled_is_known_all_the_same() {
    let (summary, items) = read(usize::MAX).unwrap();
    let counts = summary.counts;
    assert!(counts.reconciles());
    assert_eq!((counts.written, counts.duplicates, counts.dropped, items), (10_000, 5_000, 5_000, 10_000));
    let observed: Vec<_> = summary.file_rules.iter().map(|outcome| outcome.observed.as_str()).collect();
    assert_eq!(observed, ["0", "0"]);
}

#[test]
fn a_place_that_is_full_fails_the_reading() {
    for room in [0, 10_000, 500_000] {
        let error = read(room).unwrap_err();
        assert!(error.is_full(), "{error}");
    }
}

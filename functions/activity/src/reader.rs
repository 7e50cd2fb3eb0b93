//! Reads one file: bytes in, rows out, every line accounted.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;

use contract::Counts;

use crate::inflate::{Damage, Inflater};
use crate::lines::{Line, Lines};
use crate::row::{Item, RowParser};
use crate::{Code, Reason, RecordContract};

/// What became of a row that has to go somewhere. Duplicates and blank lines are only counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row<'a> {
    /// Write it.
    Item {
        /// What to write.
        item: Item,
        /// Where it comes from: a table can still refuse the item, and then the line goes to quarantine.
        line: Line<'a>,
    },
    /// Keep it in quarantine.
    Quarantined(QuarantinedRow<'a>),
}

/// A row that cannot become an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedRow<'a> {
    /// The line.
    pub line: Line<'a>,
    /// Every reason that can be known, at least one.
    pub reasons: Vec<Reason>,
}

/// How a file was accounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Where the lines went. Always: `lines = written + duplicates + quarantined + blank`.
    pub counts: Counts,
    /// Quarantined rows by reason code. A row with two reasons counts under both, a code that a row has twice once.
    pub errors_by_code: BTreeMap<String, u64>,
    /// Items with a lesser fault, by code.
    pub warnings_by_code: BTreeMap<String, u64>,
    /// Why the file could not be read to its end, where it could not.
    pub damage: Option<Damage>,
}

/// Reads one file, fed in pieces of any size.
pub struct FileReader<'c> {
    inflater: Inflater,
    lines: Lines,
    ledger: Ledger<'c>,
    damage: Option<Damage>,
}

impl<'c> FileReader<'c> {
    /// A reader at the start of a file.
    pub fn new(contract: &'c RecordContract) -> Self {
        Self {
            inflater: Inflater::Start { first_magic: false },
            lines: Lines::new(contract.limits.max_line_bytes),
            ledger: Ledger::new(contract),
            damage: None,
        }
    }

    /// Reads all of `chunk`, and hands each row that it ends to `sink`.
    ///
    /// A chunk of gzip may hold a thousand times its size. Where the rows are kept until they can be written, use
    /// [`step`](Self::step).
    pub fn feed(&mut self, mut chunk: &[u8], sink: &mut impl FnMut(Row<'_>)) {
        while self.step(&mut chunk, sink) {}
    }

    /// Reads a part of `chunk` that unpacks to at most 64 KiB, takes it off the front, and hands each row that it ends
    /// to `sink`. Tells whether there is more to do before the next chunk; `chunk` may be empty even so.
    pub fn step(&mut self, chunk: &mut &[u8], sink: &mut impl FnMut(Row<'_>)) -> bool {
        if self.damage.is_some() {
            *chunk = &[];
            return false;
        }
        let Self { inflater, lines, ledger, .. } = self;
        let more = inflater.step(chunk, &mut |bytes| lines.push(bytes, &mut |line| ledger.enter(&line, sink)));
        more.unwrap_or_else(|damage| {
            self.break_off(damage, sink);
            *chunk = &[];
            false
        })
    }

    /// Ends the file: reads a last line that no line feed ends, and sums up.
    pub fn finish(mut self, sink: &mut impl FnMut(Row<'_>)) -> Summary {
        if self.damage.is_none() {
            let Self { inflater, lines, ledger, .. } = &mut self;
            match inflater.finish(&mut |bytes| lines.push(bytes, &mut |line| ledger.enter(&line, sink))) {
                Ok(()) => lines.finish(&mut |line| ledger.enter(&line, sink)),
                Err(damage) => self.break_off(damage, sink),
            }
        }
        self.ledger.summary(self.damage)
    }

    /// What has been accounted so far.
    pub fn counts(&self) -> Counts {
        self.ledger.counts
    }

    /// Stops at damage. The line that it cuts in two cannot be trusted: quarantine keeps what there is of it.
    fn break_off(&mut self, damage: Damage, sink: &mut impl FnMut(Row<'_>)) {
        self.damage = Some(damage);
        let Self { lines, ledger, .. } = self;
        lines.finish(&mut |line| ledger.enter_broken(&line, damage, sink));
    }
}

/// The account of a file's lines.
struct Ledger<'c> {
    max_line_bytes: u64,
    parser: RowParser<'c>,
    keys: KeySet,
    counts: Counts,
    errors: [u64; Code::ALL.len()],
    warnings: [u64; Code::ALL.len()],
}

impl<'c> Ledger<'c> {
    fn new(contract: &'c RecordContract) -> Self {
        Self {
            max_line_bytes: contract.limits.max_line_bytes as u64,
            parser: RowParser::new(contract),
            keys: KeySet::default(),
            counts: Counts::default(),
            errors: [0; Code::ALL.len()],
            warnings: [0; Code::ALL.len()],
        }
    }

    fn enter(&mut self, line: &Line<'_>, sink: &mut impl FnMut(Row<'_>)) {
        if line.length > self.max_line_bytes {
            return self.quarantine(line, vec![self.too_long()], sink);
        }
        if line.raw.iter().all(u8::is_ascii_whitespace) {
            self.counts.lines += 1;
            self.counts.blank += 1;
            return;
        }
        match self.parser.parse(line.raw) {
            Err(reasons) => self.quarantine(line, reasons, sink),
            Ok((item, _)) if !self.keys.insert(&item) => {
                self.counts.lines += 1;
                self.counts.duplicates += 1;
            }
            Ok((item, repeated_key)) => {
                self.counts.lines += 1;
                self.counts.written += 1;
                self.warnings[Code::JsonDuplicateKey as usize] += u64::from(repeated_key);
                sink(Row::Item { item, line: *line });
            }
        }
    }

    fn enter_broken(&mut self, line: &Line<'_>, damage: Damage, sink: &mut impl FnMut(Row<'_>)) {
        let mut reasons = vec![Reason::of_row(match damage {
            Damage::Truncated { .. } => Code::GzipTruncated,
            Damage::Corrupt { .. } => Code::GzipCorrupt,
        })];
        if line.length > self.max_line_bytes {
            reasons.push(self.too_long());
        }
        self.quarantine(line, reasons, sink);
    }

    fn too_long(&self) -> Reason {
        Reason::of_row(Code::LineTooLong).expecting(format!("at most {} bytes", self.max_line_bytes))
    }

    fn quarantine(&mut self, line: &Line<'_>, reasons: Vec<Reason>, sink: &mut impl FnMut(Row<'_>)) {
        self.counts.lines += 1;
        self.counts.quarantined += 1;
        for (index, reason) in reasons.iter().enumerate() {
            let first = !reasons[..index].iter().any(|earlier| earlier.code == reason.code);
            self.errors[reason.code as usize] += u64::from(first);
        }
        sink(Row::Quarantined(QuarantinedRow { line: *line, reasons }));
    }

    fn summary(self, damage: Option<Damage>) -> Summary {
        let by_code = |counts: [u64; Code::ALL.len()]| {
            let counted = Code::ALL.iter().zip(counts).filter(|(_, count)| *count > 0);
            counted.map(|(code, count)| (code.as_str().to_owned(), count)).collect()
        };
        Summary {
            counts: self.counts,
            errors_by_code: by_code(self.errors),
            warnings_by_code: by_code(self.warnings),
            damage,
        }
    }
}

/// The keys seen, each as 128 bits of two hashes with secret seeds: no input can be made to collide, and by chance a
/// billion rows do with a probability of 10^-21.
#[derive(Default)]
struct KeySet {
    seeds: [RandomState; 2],
    seen: HashSet<u128>,
}

impl KeySet {
    /// Adds the item's key, and tells whether it is new.
    fn insert(&mut self, item: &Item) -> bool {
        let key = (&item.user_id, &item.timestamp);
        let [high, low] = [0, 1].map(|half: usize| u128::from(self.seeds[half].hash_one(key)));
        self.seen.insert(high << 64 | low)
    }
}

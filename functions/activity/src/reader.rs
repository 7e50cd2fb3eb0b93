//! Reads one file: bytes in, rows out, every line accounted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use contract::{Counts, FileRuleOutcome, Verdict};
use memchr::memmem;

use crate::file_rule::Account;
use crate::handling::{Action, Findings, Severity};
use crate::inflate::{Damage, Inflater};
use crate::instant::Instant;
use crate::key_hash::KeyHasher;
use crate::key_set::KeySet;
use crate::lines::{Line, Lines};
use crate::row::{FEED_BETWEEN_ROWS, Item, RowParser};
use crate::spill::{Spill, SpillError};
use crate::{Code, Reason, RecordContract};

/// What became of a row that has to go somewhere. Duplicates, dropped rows and blank lines are only counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row<'a> {
    /// Write it.
    Item {
        /// What to write.
        item: Item<'a>,
        /// Where it comes from: a table can still refuse the item, and then the line goes to quarantine.
        line: Line<'a>,
    },
    /// Keep it in quarantine.
    Quarantined(QuarantinedRow<'a>),
}

/// A row that does not become an item.
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
    /// Where the lines went. Always: `lines = written + duplicates + quarantined + dropped + blank`.
    pub counts: Counts,
    /// What the contract says of the file as a whole.
    pub verdict: Verdict,
    /// Invalid rows by reason code. A row with two reasons counts under both, a code that a row has twice once.
    pub errors_by_code: BTreeMap<String, u64>,
    /// Rows with a lesser fault, by code.
    pub warnings_by_code: BTreeMap<String, u64>,
    /// What each file rule found, in the contract's order.
    pub file_rules: Vec<FileRuleOutcome>,
    /// How old the newest row was when the file arrived, seconds; where both are known.
    pub newest_row_age_seconds: Option<u64>,
    /// What a strict contract does with the rows that would be written, where it refuses the file.
    pub refusal: Option<Refusal>,
    /// Why the file could not be read to its end, or not as what it is, where it could not.
    pub damage: Option<Damage>,
}

/// What becomes of the good rows of a file that a strict contract refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// They are counted as dropped.
    Drop,
    /// They are kept in quarantine.
    Quarantine,
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

    /// Tells when the file arrived: rules that compare with it are not applied otherwise. A time that a rerun of the
    /// file has too, so that it comes to the same end.
    pub fn arrived_at(mut self, time: SystemTime) -> Self {
        self.ledger.parser.arrived = Some(Instant::from_system_time(time));
        self
    }

    /// Keeps no more than about `bytes` of keys and values in memory, and the rest in `spill`: 16 bytes for each row that
    /// is written, and for each value of a field with `unique` or `uniqueness`, and for a moment twice as much.
    pub fn spilling_to(mut self, spill: &Arc<dyn Spill>, bytes: usize) -> Self {
        self.ledger.spill_to(spill, bytes);
        self
    }

    /// Hashes keys with `hasher`, and not with a seed of its own.
    pub fn hashing_with(mut self, hasher: KeyHasher) -> Self {
        self.ledger.parser.hasher = hasher;
        self
    }

    /// Writes no row: what would be written becomes of as `refusal` says, under the code `FILE_REFUSED`.
    pub fn refusing(mut self, refusal: Option<Refusal>) -> Self {
        self.ledger.refusal = refusal;
        self
    }

    /// Reads all of `chunk`, and hands each row that it ends to `sink`.
    ///
    /// A chunk of gzip may hold a thousand times its size. Where the rows are kept until they can be written, use
    /// [`step`](Self::step).
    ///
    /// # Errors
    ///
    /// The spill fails. The reader is at its end then, and what it has counted is not the file's account.
    pub fn feed(&mut self, mut chunk: &[u8], sink: &mut impl FnMut(Row<'_>)) -> Result<(), SpillError> {
        while self.step(&mut chunk, sink)? {}
        Ok(())
    }

    /// Reads a part of `chunk` that unpacks to at most 64 KiB, takes it off the front, and hands each row that it ends
    /// to `sink`. Tells whether there is more to do before the next chunk; `chunk` may be empty even so.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn step(&mut self, chunk: &mut &[u8], sink: &mut impl FnMut(Row<'_>)) -> Result<bool, SpillError> {
        if self.damage.is_some() {
            *chunk = &[];
            return Ok(false);
        }
        let Self { inflater, lines, ledger, .. } = self;
        let more = inflater.step(chunk, &mut |bytes| lines.push(bytes, &mut |line| ledger.enter(&line, sink)));
        let more = more.unwrap_or_else(|damage| {
            self.break_off(damage, sink);
            *chunk = &[];
            false
        });
        self.ledger.failure.take().map_or(Ok(more), Err)
    }

    /// Ends the file: reads a last line that no line feed ends, and sums up.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn finish(mut self, sink: &mut impl FnMut(Row<'_>)) -> Result<Summary, SpillError> {
        if self.damage.is_none() {
            let Self { inflater, lines, ledger, .. } = &mut self;
            match inflater.finish(&mut |bytes| lines.push(bytes, &mut |line| ledger.enter(&line, sink))) {
                Ok(()) => lines.finish(&mut |line| ledger.enter(&line, sink)),
                Err(damage) => self.break_off(damage, sink),
            }
        }
        let damage = self.damage.or(self.ledger.parser.is_utf16.then_some(Damage::Utf16));
        self.ledger.summary(damage)
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
    contract: &'c RecordContract,
    parser: RowParser<'c>,
    keys: KeySet,
    counts: Counts,
    /// Rows by severity and code.
    faults: [[u64; Code::ALL.len()]; 2],
    /// Rows with a fault of severity `fail`.
    invalid: u64,
    /// Whether a row has a fault that fails the run.
    fails: bool,
    /// What becomes of rows that would be written, where the file is refused.
    refusal: Option<Refusal>,
    /// Why no more can be told of the file.
    failure: Option<SpillError>,
}

impl<'c> Ledger<'c> {
    fn new(contract: &'c RecordContract) -> Self {
        Self {
            contract,
            parser: RowParser::new(contract),
            keys: KeySet::default(),
            counts: Counts::default(),
            faults: [[0; Code::ALL.len()]; 2],
            invalid: 0,
            fails: false,
            refusal: None,
            failure: None,
        }
    }

    /// Has all that is kept share `bytes` of memory.
    fn spill_to(&mut self, spill: &Arc<dyn Spill>, bytes: usize) {
        let RowParser { unique, statistics, .. } = &mut self.parser;
        let share = bytes / (1 + unique.sets().count() + statistics.keepers());
        unique.sets().chain([&mut self.keys]).for_each(|set| set.spill_to(Arc::clone(spill), share));
        statistics.spill_to(spill, share);
    }

    /// Accounts a line. After a failure nothing is: whether a row is a duplicate is not known any more.
    fn enter(&mut self, line: &Line<'_>, sink: &mut impl FnMut(Row<'_>)) {
        if self.failure.is_none() {
            self.failure = self.try_enter(line, sink).err();
        }
    }

    fn try_enter(&mut self, line: &Line<'_>, sink: &mut impl FnMut(Row<'_>)) -> Result<(), SpillError> {
        self.counts.lines += 1;
        let mut findings = Findings::new(&self.contract.handlings);
        if line.number == 1 {
            self.parser.is_utf16 = looks_like_utf16(line.raw);
        }
        if line.length > self.contract.limits.max_line_bytes as u64 {
            findings.add_fatal(self.too_long(line));
            self.leave_out(line, findings, sink);
            return Ok(());
        }
        if line.raw.iter().all(u8::is_ascii_whitespace) {
            self.counts.blank += 1;
            return Ok(());
        }
        let Some(item) = self.parser.parse(line.raw, &mut findings)? else {
            self.parser.unique.find(&mut findings)?;
            self.leave_out(line, findings, sink);
            return Ok(());
        };
        let key = self.parser.hasher.key(&item.user_id, &item.timestamp);
        // An event sent twice repeats its unique fields too, and is a duplicate before it is a fault.
        if findings.action() > Action::Keep || (self.parser.unique.repeats()? && !self.keys.contains(key)?) {
            self.parser.unique.find(&mut findings)?;
        }
        if findings.action() > Action::Keep {
            self.leave_out(line, findings, sink);
            return Ok(());
        }
        if !self.keys.insert(key)? {
            self.counts.duplicates += 1;
            return Ok(());
        }
        self.count(&findings);
        self.parser.unique.keep()?;
        match self.refusal {
            None => {
                self.counts.written += 1;
                sink(Row::Item { item, line: *line });
            }
            Some(refusal) => self.refuse(line, refusal, sink),
        }
        Ok(())
    }

    /// Accounts a row that would be written, had the contract not refused the file.
    fn refuse(&mut self, line: &Line<'_>, refusal: Refusal, sink: &mut impl FnMut(Row<'_>)) {
        self.faults[Severity::Fail as usize][Code::FileRefused as usize] += 1;
        match refusal {
            Refusal::Drop => self.counts.dropped += 1,
            Refusal::Quarantine => {
                self.counts.quarantined += 1;
                let reasons = vec![Reason::of_row(Code::FileRefused)];
                sink(Row::Quarantined(QuarantinedRow { line: *line, reasons }));
            }
        }
    }

    fn enter_broken(&mut self, line: &Line<'_>, damage: Damage, sink: &mut impl FnMut(Row<'_>)) {
        self.counts.lines += 1;
        let mut findings = Findings::new(&self.contract.handlings);
        findings.add_fatal(Reason::of_row(match damage {
            Damage::Truncated { .. } => Code::GzipTruncated,
            Damage::Corrupt { .. } | Damage::PackedTwice | Damage::Utf16 => Code::GzipCorrupt,
        }));
        if line.length > self.contract.limits.max_line_bytes as u64 {
            findings.add_fatal(self.too_long(line));
        }
        self.leave_out(line, findings, sink);
    }

    fn too_long(&self, line: &Line<'_>) -> Reason {
        let most = format!("at most {} bytes", self.contract.limits.max_line_bytes);
        let is_many_rows = memmem::find(line.raw, b"}\r{").is_some();
        let expected = if is_many_rows { format!("{most}, and {FEED_BETWEEN_ROWS}") } else { most };
        Reason::of_row(Code::LineTooLong).expecting(expected)
    }

    /// Accounts a row that is not written.
    fn leave_out(&mut self, line: &Line<'_>, findings: Findings<'_>, sink: &mut impl FnMut(Row<'_>)) {
        self.count(&findings);
        if findings.action() == Action::Drop {
            self.counts.dropped += 1;
            return;
        }
        self.fails |= findings.action() == Action::Fail;
        self.counts.quarantined += 1;
        sink(Row::Quarantined(QuarantinedRow { line: *line, reasons: findings.into_reasons() }));
    }

    /// Counts a row once under each code that it has.
    fn count(&mut self, findings: &Findings<'_>) {
        self.invalid += u64::from(findings.is_invalid());
        for severity in [Severity::Warn, Severity::Fail] {
            findings.codes(severity).for_each(|code| self.faults[severity as usize][code as usize] += 1);
        }
    }

    fn summary(self, damage: Option<Damage>) -> Result<Summary, SpillError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let account = Account { counts: self.counts, invalid: self.invalid, arrived: self.parser.arrived };
        let newest_row_age_seconds = self.parser.statistics.newest_row_age(account.arrived);
        let outcomes = self.parser.statistics.outcomes(account)?;
        let of_file = outcomes.iter().map(|(_, outcome)| outcome.verdict).max().unwrap_or_default();
        let of_rows =
            if self.faults.as_flattened().iter().any(|count| *count > 0) { Verdict::Warn } else { Verdict::Pass };
        let fails = self.fails || damage.is_some();
        let of_run = if fails { Verdict::Fail } else { Verdict::Pass };
        let broken = outcomes.iter().filter(|(_, outcome)| outcome.verdict > Verdict::Pass);
        let refusals = broken.filter_map(|(rule, _)| Refusal::by(rule.action()));
        let refusal = refusals.chain(fails.then_some(Refusal::Drop)).max();
        let by_code = |severity: Severity| {
            let counted = Code::ALL.iter().zip(self.faults[severity as usize]).filter(|(_, count)| *count > 0);
            counted.map(|(code, count)| (code.as_str().to_owned(), count)).collect()
        };
        Ok(Summary {
            counts: self.counts,
            verdict: of_file.max(of_rows).max(of_run),
            errors_by_code: by_code(Severity::Fail),
            warnings_by_code: by_code(Severity::Warn),
            newest_row_age_seconds,
            file_rules: outcomes.into_iter().map(|(_, outcome)| outcome).collect(),
            refusal: refusal.filter(|_| self.contract.is_strict()),
            damage,
        })
    }
}

/// Whether a file's first line is that of a UTF-16 file: a byte order mark or none, and a zero beside its first
/// character.
fn looks_like_utf16(line: &[u8]) -> bool {
    matches!(line, [0xff, 0xfe, _, 0, ..] | [0xfe, 0xff, 0, _, ..] | [b'{', 0, _, 0, ..] | [0, b'{', 0, _, ..])
}

impl Refusal {
    /// What a broken rule of this action does with the file's rows.
    fn by(action: Action) -> Option<Self> {
        match action {
            Action::Keep => None,
            Action::Drop | Action::Fail => Some(Self::Drop),
            Action::Quarantine => Some(Self::Quarantine),
        }
    }
}

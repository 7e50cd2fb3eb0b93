//! Reads one file: bytes in, rows out, every line accounted.

use std::iter::Peekable;
use std::sync::Arc;
use std::time::SystemTime;

use contract::{Counts, Refusal};

use crate::account::{Account, Summary};
use crate::handling::{Action, Findings, Severity};
use crate::inflate::{Damage, Inflater, MAGIC};
use crate::instant::Instant;
use crate::key_hash::{KeyHash, KeyHasher};
use crate::key_set::KeySet;
use crate::lines::{Line, Lines};
use crate::row::{FEED_BETWEEN_ROWS, Item, RowParser};
use crate::spill::{ExternalSort, Sorted, Spill, SpillError};
use crate::{Code, Reason, RecordContract};

/// What became of a row. Duplicates, blank lines and the rows of a refused file that are dropped are only counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row<'a> {
    /// Write it.
    Item {
        /// What to write.
        item: Item<'a>,
        /// Where it comes from: a table can still refuse the item, and then the line goes to quarantine.
        line: Line<'a>,
        /// What is wrong with it, by a contract that keeps it.
        faults: Vec<Reason>,
    },
    /// Keep it in quarantine.
    Quarantined(FaultyRow<'a>),
    /// Leave it out, as the contract says.
    Dropped(FaultyRow<'a>),
}

/// A row that does not become an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultyRow<'a> {
    /// The line.
    pub line: Line<'a>,
    /// Every reason that can be known, at least one.
    pub reasons: Vec<Reason>,
}

/// How many bytes the entry of a row's key has: its [`KeyHash`], and the row's offset in the file, big-endian.
pub const KEY_ENTRY_BYTES: usize = KeyHash::BYTES + 8;

/// How it is known that an earlier row has a row's key.
enum Keys {
    /// Every key that was seen is kept.
    Seen(KeySet),
    /// Another reading of the file has told, by their offsets, in order.
    Told(Peekable<Box<dyn Iterator<Item = u64> + Send>>),
    /// It is not: the keys are collected to find out.
    Collected(ExternalSort<KEY_ENTRY_BYTES>),
}

/// Reads one file, fed in pieces of any size.
pub struct FileReader<'c> {
    inflater: Inflater,
    lines: Lines,
    ledger: Ledger<'c>,
    arrived: Option<SystemTime>,
    damage: Option<Damage>,
}

impl<'c> FileReader<'c> {
    /// A reader at the start of a file.
    pub fn new(contract: &'c RecordContract) -> Self {
        Self {
            inflater: Inflater::Start { first_magic: false, most: None },
            lines: Lines::new(contract.limits.max_line_bytes),
            ledger: Ledger::new(contract),
            arrived: None,
            damage: None,
        }
    }

    /// Tells when the file arrived: rules that compare with it are not applied otherwise. A time that a rerun of the
    /// file has too, so that it comes to the same end.
    pub fn arrived_at(mut self, time: SystemTime) -> Self {
        self.arrived = Some(time);
        self.ledger.parser.arrived = Some(Instant::from_system_time(time));
        self
    }

    /// Tells the size of the file as it lies, bytes: a contract's `max_gzip_ratio` is not applied otherwise.
    pub fn of_size(mut self, bytes: u64) -> Self {
        let ratio = self.ledger.contract.limits.max_gzip_ratio;
        let most = ratio.map(|ratio| bytes.saturating_mul(ratio as u64));
        self.inflater = Inflater::Start { first_magic: false, most };
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

    /// Reads a part of a file that begins with the line of this number, `offset` bytes into the file. It is text: whatever
    /// its first bytes, it is not unpacked.
    pub fn within(mut self, first_line: u64, offset: u64) -> Self {
        self.inflater = Inflater::Plain;
        self.lines.begin_at(first_line, offset);
        self
    }

    /// Takes for duplicates the rows that begin at these offsets in the file, and no others: an earlier reading has found
    /// them. They are in order.
    pub fn knowing_duplicates(mut self, offsets: impl Iterator<Item = u64> + Send + 'static) -> Self {
        let offsets: Box<dyn Iterator<Item = u64> + Send> = Box::new(offsets);
        self.ledger.keys = Keys::Told(offsets.peekable());
        self
    }

    /// Collects the keys of the rows that would be written, were no other row like them, for
    /// [`finish_keys`](Self::finish_keys). What is handed out meanwhile may be a duplicate.
    pub fn collecting_keys(mut self, sort: ExternalSort<KEY_ENTRY_BYTES>) -> Self {
        self.ledger.keys = Keys::Collected(sort);
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
        let more = inflater.step(chunk, &mut |bytes| ledger.enter_all(lines, bytes, sink));
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
    pub fn finish(self, sink: &mut impl FnMut(Row<'_>)) -> Result<Summary, SpillError> {
        let (contract, arrived) = (self.ledger.contract, self.arrived);
        self.finish_account(sink)?.summary(contract, arrived)
    }

    /// Ends the file, or a part of it, with an account that can be added to others.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn finish_account(mut self, sink: &mut impl FnMut(Row<'_>)) -> Result<Account, SpillError> {
        self.end(sink);
        self.stop()
    }

    /// Ends the file, or a part of it, with the number of its lines and its keys in order.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn finish_keys(mut self) -> Result<(u64, Sorted<KEY_ENTRY_BYTES>), SpillError> {
        self.end(&mut |_| {});
        let Ledger { account, keys, failure, .. } = self.ledger;
        failure.map_or(Ok(()), Err)?;
        let keys = match keys {
            Keys::Collected(sort) => sort,
            Keys::Seen(_) | Keys::Told(_) => ExternalSort::new(None, 0),
        };
        Ok((account.counts.lines, keys.finish()?))
    }

    /// Stops reading before the file's end, behind the last line that has ended.
    ///
    /// # Errors
    ///
    /// As of [`feed`](Self::feed).
    pub fn stop(self) -> Result<Account, SpillError> {
        let damage = self.damage.or(self.ledger.parser.is_utf16.then_some(Damage::Utf16));
        self.ledger.account(damage)
    }

    /// Reads a last line that no line feed ends, and sees what the file is as a whole.
    fn end(&mut self, sink: &mut impl FnMut(Row<'_>)) {
        if self.damage.is_none() {
            let Self { inflater, lines, ledger, .. } = self;
            match inflater.finish(&mut |bytes| ledger.enter_all(lines, bytes, sink)) {
                Ok(()) => lines.finish(&mut |line| ledger.enter(line, sink)),
                Err(damage) => self.break_off(damage, sink),
            }
        }
        if self.damage.is_none() && self.ledger.is_one_line_of_rows() {
            self.damage = Some(Damage::NoLineFeeds);
        }
    }

    /// What has been accounted so far.
    pub fn counts(&self) -> Counts {
        self.ledger.account.counts
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
    keys: Keys,
    /// All of it but what was measured, which the parser has.
    account: Account,
    /// What becomes of rows that would be written, where the file is refused.
    refusal: Option<Refusal>,
    /// Whether the first line has several rows.
    has_rows_in_a_line: bool,
    /// Why no more can be told of the file.
    failure: Option<SpillError>,
}

/// A line that was read, and is not accounted yet.
struct Entry<'c, 'l> {
    line: Line<'l>,
    findings: Findings<'c>,
    /// What it would become, and what stands for its key.
    item: Option<(Item<'l>, KeyHash)>,
}

impl<'c> Ledger<'c> {
    fn new(contract: &'c RecordContract) -> Self {
        Self {
            contract,
            parser: RowParser::new(contract),
            keys: Keys::Seen(KeySet::default()),
            account: Account::default(),
            refusal: None,
            has_rows_in_a_line: false,
            failure: None,
        }
    }

    /// Has all that is kept share `bytes` of memory.
    fn spill_to(&mut self, spill: &Arc<dyn Spill>, bytes: usize) {
        let RowParser { unique, statistics, .. } = &mut self.parser;
        let share = bytes / (1 + unique.sets().count() + statistics.keepers());
        let keys = match &mut self.keys {
            Keys::Seen(keys) => Some(keys),
            Keys::Told(_) | Keys::Collected(_) => None,
        };
        unique.sets().chain(keys).for_each(|set| set.spill_to(Arc::clone(spill), share));
        statistics.spill_to(spill, share);
    }

    /// Accounts the lines that end within `piece`.
    ///
    /// A row's key is looked up when the next row has been read: by then it has come from memory.
    fn enter_all(&mut self, lines: &mut Lines, piece: &[u8], sink: &mut impl FnMut(Row<'_>)) {
        let piece = lines.end_begun(piece, &mut |line| self.enter(line, sink));
        // What is unique in the file is known of one row at a time.
        let can_wait = self.parser.unique.is_empty();
        let (mut entries, mut now) = ([None, None], 0);
        lines.push(piece, &mut |line| {
            self.read(line, &mut entries[now]);
            now = if can_wait { 1 - now } else { now };
            self.settle(&mut entries[now], sink);
        });
        self.settle(&mut entries[1 - now], sink);
    }

    /// Accounts a line.
    fn enter(&mut self, line: Line<'_>, sink: &mut impl FnMut(Row<'_>)) {
        let mut entry = None;
        self.read(line, &mut entry);
        self.settle(&mut entry, sink);
    }

    /// Reads a line to where it stays, if it is not blank. After a failure none is: whether a row is a duplicate is not known
    /// any more.
    fn read<'l>(&mut self, line: Line<'l>, to: &mut Option<Entry<'c, 'l>>)
    where
        'c: 'l,
    {
        if self.failure.is_none() {
            self.failure = self.try_read(line, to).err();
        }
    }

    fn try_read<'l>(&mut self, line: Line<'l>, to: &mut Option<Entry<'c, 'l>>) -> Result<(), SpillError>
    where
        'c: 'l,
    {
        self.account.counts.lines += 1;
        if line.number == 1 {
            self.parser.is_utf16 = looks_like_utf16(line.raw);
            self.has_rows_in_a_line = has_rows_in_a_line(line.raw);
        }
        let is_too_long = line.length > self.contract.limits.max_line_bytes as u64;
        if !is_too_long && line.raw.iter().all(u8::is_ascii_whitespace) {
            self.account.counts.blank += 1;
            return Ok(());
        }
        let entry = to.insert(Entry { line, findings: Findings::new(&self.contract.handlings), item: None });
        if is_too_long {
            entry.findings.add_fatal(None, self.too_long(&line));
            self.parser.unique.look_at(None, &self.parser.hasher);
        } else if let Some(item) = self.parser.parse(line.raw, &mut entry.findings)? {
            let key = self.parser.hasher.key(&item.user_id, &item.timestamp);
            self.keys.prefetch(key);
            entry.item = Some((item, key));
        }
        Ok(())
    }

    /// Accounts what was read, where there is something.
    fn settle(&mut self, entry: &mut Option<Entry<'c, '_>>, sink: &mut impl FnMut(Row<'_>)) {
        if let Some(entry) = entry.take().filter(|_| self.failure.is_none()) {
            self.failure = self.try_settle(entry, sink).err();
        }
    }

    fn try_settle(&mut self, entry: Entry<'c, '_>, sink: &mut impl FnMut(Row<'_>)) -> Result<(), SpillError> {
        let Entry { line, mut findings, item } = entry;
        let Some((item, key)) = item else {
            self.parser.unique.find(&mut findings)?;
            self.leave_out(&line, findings, sink);
            return Ok(());
        };
        // An event sent twice repeats its unique fields too, and is a duplicate before it is a fault.
        if findings.action() > Action::Keep || (self.parser.unique.repeats()? && !self.keys.contain(key)?) {
            self.parser.unique.find(&mut findings)?;
        }
        if findings.action() > Action::Keep {
            self.leave_out(&line, findings, sink);
            return Ok(());
        }
        if !self.keys.enter(key, line.offset)? {
            self.account.counts.duplicates += 1;
            return Ok(());
        }
        self.account.count(&findings);
        self.parser.unique.keep()?;
        match self.refusal {
            None => {
                self.account.counts.written += 1;
                sink(Row::Item { item, line, faults: findings.into_reasons() });
            }
            Some(refusal) => self.refuse(&line, refusal, sink),
        }
        Ok(())
    }

    /// Accounts a row that would be written, had the contract not refused the file.
    fn refuse(&mut self, line: &Line<'_>, refusal: Refusal, sink: &mut impl FnMut(Row<'_>)) {
        self.account.count_fault(Severity::Fail, Code::FileRefused);
        match refusal {
            Refusal::Drop => self.account.counts.dropped += 1,
            Refusal::Quarantine => {
                self.account.counts.quarantined += 1;
                let reasons = vec![Reason::of_row(Code::FileRefused)];
                sink(Row::Quarantined(FaultyRow { line: *line, reasons }));
            }
        }
    }

    fn enter_broken(&mut self, line: &Line<'_>, damage: Damage, sink: &mut impl FnMut(Row<'_>)) {
        self.account.counts.lines += 1;
        let mut findings = Findings::new(&self.contract.handlings);
        findings.add_fatal(None, Reason::of_row(damage.code()));
        if line.length > self.contract.limits.max_line_bytes as u64 {
            findings.add_fatal(None, self.too_long(line));
        }
        self.leave_out(line, findings, sink);
    }

    fn too_long(&self, line: &Line<'_>) -> Reason {
        let most = format!("at most {} bytes", self.contract.limits.max_line_bytes);
        let expected = if has_rows_in_a_line(line.raw) { format!("{most}, and {FEED_BETWEEN_ROWS}") } else { most };
        Reason::of_row(Code::LineTooLong).expecting(expected)
    }

    /// Accounts a row that is not written.
    fn leave_out(&mut self, line: &Line<'_>, findings: Findings<'_>, sink: &mut impl FnMut(Row<'_>)) {
        self.account.count(&findings);
        let action = findings.action();
        let row = FaultyRow { line: *line, reasons: findings.into_reasons() };
        if action == Action::Drop {
            self.account.counts.dropped += 1;
            return sink(Row::Dropped(row));
        }
        self.account.fails |= action == Action::Fail;
        self.account.counts.quarantined += 1;
        sink(Row::Quarantined(row));
    }

    /// Whether all that was read is one line of several rows.
    fn is_one_line_of_rows(&self) -> bool {
        let Counts { lines, blank, .. } = self.account.counts;
        self.has_rows_in_a_line && lines - blank == 1
    }

    fn account(self, damage: Option<Damage>) -> Result<Account, SpillError> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(Account { measured: self.parser.statistics.into_measured(), damage, ..self.account }),
        }
    }
}

impl Keys {
    /// Has the processor fetch what [`enter`](Self::enter) will look at.
    fn prefetch(&self, key: KeyHash) {
        if let Self::Seen(keys) = self {
            keys.prefetch(key);
        }
    }

    /// Whether a row before has this key, as far as that is known.
    fn contain(&self, key: KeyHash) -> Result<bool, SpillError> {
        match self {
            Self::Seen(keys) => keys.contains(key),
            Self::Told(_) | Self::Collected(_) => Ok(false),
        }
    }

    /// Adds the key of the row at this offset, and tells whether it is new, as far as that is known.
    fn enter(&mut self, key: KeyHash, offset: u64) -> Result<bool, SpillError> {
        match self {
            Self::Seen(keys) => keys.insert(key),
            Self::Told(duplicates) => Ok(duplicates.next_if_eq(&offset).is_none()),
            Self::Collected(sort) => {
                let mut entry = [0; KEY_ENTRY_BYTES];
                let (hash, place) = entry.split_at_mut(KeyHash::BYTES);
                hash.copy_from_slice(&key.to_bytes());
                place.copy_from_slice(&offset.to_be_bytes());
                sort.push(entry)?;
                Ok(true)
            }
        }
    }
}

/// Whether a file that begins so, with its first four bytes at least, can be read in parts, from the start of any line.
pub fn can_be_read_in_parts(first_bytes: &[u8]) -> bool {
    !first_bytes.starts_with(&MAGIC) && !looks_like_utf16(first_bytes)
}

/// Whether a line, which is no JSON for that, has rows that carriage returns part.
fn has_rows_in_a_line(line: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', line).any(|at| {
        let (before, behind) = (line[..at].trim_ascii_end(), line[at..].trim_ascii_start());
        before.ends_with(b"}") && behind.starts_with(b"{")
    })
}

/// Whether a file's first line is that of a UTF-16 file: a byte order mark or none, and a zero beside its first
/// character.
fn looks_like_utf16(line: &[u8]) -> bool {
    matches!(line, [0xff, 0xfe, _, 0, ..] | [0xfe, 0xff, 0, _, ..] | [b'{', 0, _, 0, ..] | [0, b'{', 0, _, ..])
}

//! One row: from the bytes of a line to an item, or to every reason why not.

use std::borrow::Cow;
use std::str;

use sha2::{Digest, Sha256};

use crate::attribute::{Attribute, Map};
use crate::attributes::Attributes;
use crate::field::{Setting, find_unknown};
use crate::file_rule::Statistics;
use crate::handling::{Action, Findings};
use crate::instant::{self, Instant};
use crate::json::{JsonParser, MAX_NAME_BYTES};
use crate::key_hash::KeyHasher;
use crate::pointer::{self, Pointer};
use crate::spill::SpillError;
use crate::template::Templates;
use crate::text::Text;
use crate::unique::UniqueFields;
use crate::{Code, Reason, RecordContract, number};

/// The table's partition key: the user, a string.
pub const PARTITION_KEY: &str = "user_id";
/// The table's sort key, a string: the UTC instant in fixed width, `#`, and the row's id or a hash of its content.
pub const SORT_KEY: &str = "timestamp";

/// DynamoDB's limits:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>.
const MAX_PARTITION_KEY_BYTES: usize = 2048;
const MAX_SORT_KEY_BYTES: usize = 1024;
const MAX_ITEM_BYTES: usize = 400 * 1024;
/// The most that DynamoDB counts for each byte of a line, beside the keys: `1e39`, coerced to a string, has 40 digits.
const MAX_GROWTH: usize = 10;
/// The longest line whose item has no need to be measured, which would cost each usual row a thirtieth of its time.
const SMALL_LINE: usize = (MAX_ITEM_BYTES - 4096) / MAX_GROWTH;
/// What a line lacks that is many rows: so it is written by a program that ends lines with carriage returns alone. JSON
/// has them for white space, so that they cannot end a row.
pub(crate) const FEED_BETWEEN_ROWS: &str = "a line feed between rows, not a carriage return alone";

/// The bytes of the content hash: 128 bits, so that among all rows of a user in one instant no two ever meet.
const HASH_BYTES: usize = 16;

/// An item to write.
///
/// The sort key is `2015-09-12T00:46:58.771000000Z#<id>`. Where the row has no id its place is taken by 128 bits of
/// SHA-256, in hexadecimal, of the attributes: numbers count by value, and the order and spacing of the JSON do not
/// count. So two events of one user in one instant are two items, and one event sent twice is one.
///
/// A field of the row that is itself named as a key and is that key's source is replaced by the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The partition key, [`PARTITION_KEY`].
    pub user_id: Text<'a>,
    /// The sort key, [`SORT_KEY`].
    pub timestamp: String,
    /// The row's fields, without the two keys.
    pub(crate) attributes: Attributes<'a>,
}

impl Item<'_> {
    /// The row's fields, without the two keys.
    pub fn attributes(&self) -> Cow<'_, Map<'_>> {
        self.attributes.map_without_keys()
    }

    /// The item with texts of its own, for longer than the line is there.
    pub fn into_owned(self) -> Item<'static> {
        let attributes = Attributes::Map(self.attributes().into_owned().into_owned());
        Item { user_id: self.user_id.into_owned(), timestamp: self.timestamp, attributes }
    }

    /// The item's size, bytes, as DynamoDB counts: names and values, keys included; at most 409,600.
    pub fn size(&self) -> usize {
        let keys = PARTITION_KEY.len() + self.user_id.len() + SORT_KEY.len() + self.timestamp.len();
        keys + self.attributes().size()
    }
}

/// Reads rows by a contract.
pub(crate) struct RowParser<'c> {
    contract: &'c RecordContract,
    json: JsonParser,
    templates: Templates<'c>,
    /// When the file arrived, where that is known.
    pub(crate) arrived: Option<Instant>,
    /// Whether the file is UTF-16: what cannot be read of it cannot for that.
    pub(crate) is_utf16: bool,
    /// The `unique` fields of the row at hand, and of those before.
    pub(crate) unique: UniqueFields<'c>,
    pub(crate) statistics: Statistics<'c>,
    /// For the keys of items and for values that are kept.
    pub(crate) hasher: KeyHasher,
    /// The canonical form of the row at hand.
    canonical: Vec<u8>,
}

impl<'c> RowParser<'c> {
    pub(crate) fn new(contract: &'c RecordContract) -> Self {
        Self {
            contract,
            json: JsonParser::new(contract.limits.max_depth),
            templates: Templates::new(contract.pointers().collect()),
            arrived: None,
            is_utf16: false,
            unique: UniqueFields::new(contract),
            statistics: Statistics::new(&contract.file.rules),
            hasher: KeyHasher::default(),
            canonical: Vec::new(),
        }
    }

    /// Reads one line, and adds everything that is wrong with it to `findings`. Without an item there is at least one
    /// finding by which the row is not kept.
    pub(crate) fn parse<'a>(
        &mut self,
        raw: &'a [u8],
        findings: &mut Findings<'c>,
    ) -> Result<Option<Item<'a>>, SpillError>
    where
        'c: 'a,
    {
        match self.fields(raw, findings) {
            Ok(row) => self.item(row, raw.len() <= SMALL_LINE, findings),
            Err(reason) => {
                self.unique.look_at(None, &self.hasher);
                findings.add_fatal(None, reason);
                Ok(None)
            }
        }
    }

    /// The fields of a line that is a JSON object.
    fn fields<'a>(&mut self, raw: &'a [u8], findings: &mut Findings<'c>) -> Result<Attributes<'a>, Reason>
    where
        'c: 'a,
    {
        let text = simdutf8::compat::from_utf8(raw)
            .map_err(|error| self.explain(Reason::at_byte(Code::Utf8Invalid, error.valid_up_to()), raw))?;
        if let Some(fields) = self.templates.read(&mut self.json, text) {
            return Ok(fields);
        }
        let document = self.json.parse(text).map_err(|reason| self.explain(reason, raw))?;
        let Attribute::M(row) = document.value else { return Err(Reason::of_row(Code::NotObject)) };
        if document.suspect {
            find_faults_in_map(&row, &mut String::new(), findings);
        }
        if let Some(pointer) = document.repeated_key {
            let reason = || Reason::at_pointer(Code::JsonDuplicateKey, pointer);
            findings.add(Code::JsonDuplicateKey, None, None, reason);
        } else if !document.suspect {
            self.templates.learn(text, self.json.leaves());
        }
        Ok(Attributes::Map(row))
    }

    /// Says more of why `raw` cannot be read, where the file's form is why.
    fn explain(&self, reason: Reason, raw: &[u8]) -> Reason {
        if self.is_utf16 {
            return Reason::of_row(Code::Utf16);
        }
        let (before, behind) = raw.split_at(reason.byte.map_or(0, |byte| byte as usize).min(raw.len()));
        let space = &before[before.trim_ascii_end().len()..];
        if space.contains(&b'\r') && behind.starts_with(b"{") {
            return reason.expecting(FEED_BETWEEN_ROWS);
        }
        reason
    }

    /// Makes the item. There is none where no key can be made.
    fn item<'a>(
        &mut self,
        mut row: Attributes<'a>,
        is_small: bool,
        findings: &mut Findings<'c>,
    ) -> Result<Option<Item<'a>>, SpillError> {
        let contract = self.contract;
        let setting = Setting { time_formats: &contract.time_formats, arrived: self.arrived };
        for (pointer, rule) in &contract.fields {
            rule.apply(pointer, &[], &mut row, setting, findings);
        }
        for conditional in &contract.conditions {
            conditional.apply(&mut row, setting, findings);
        }
        if let Some(known) = &contract.known {
            find_unknown(known, row.names(), "", None, None, findings);
        }
        self.unique.look_at(Some(&row), &self.hasher);
        self.statistics.add(&mut row, &self.hasher)?;
        let (user_source, user_id) = keep(user(contract, &row), findings).unzip();
        let (time_source, time) = keep(time(contract, &row), findings).unzip();
        let id = keep(id(contract, &row), findings);
        take_key(PARTITION_KEY, &contract.user, user_source, &mut row, findings);
        take_key(SORT_KEY, &contract.time, time_source, &mut row, findings);
        let (Some(user_id), Some(time), Some(id)) = (user_id, time, id) else { return Ok(None) };
        // What is left out tells nothing of how fresh the rest is: its time may be what is wrong with it.
        if findings.action() == Action::Keep {
            self.statistics.add_time(time);
        }
        let timestamp = self.sort_key(time, id, &row);
        let item = Item { user_id, timestamp, attributes: row };
        if !is_small && item.size() > MAX_ITEM_BYTES {
            findings.add_fatal(None, Reason::of_row(Code::ItemTooLarge));
        }
        Ok(Some(item))
    }

    /// The instant, `#`, and the id or else a hash of the attributes: equal content, in whatever order and spacing, is
    /// the same event sent again.
    fn sort_key(&mut self, time: Instant, id: Option<Text<'_>>, attributes: &Attributes<'_>) -> String {
        let behind = id.as_ref().map_or(2 * HASH_BYTES, |id| id.len());
        let mut key = String::with_capacity(instant::TEXT_BYTES + 1 + behind);
        time.write_to(&mut key);
        key.push('#');
        match id {
            Some(id) => key.push_str(&id),
            None => {
                self.canonical.clear();
                attributes.write_canonical(&mut self.canonical);
                let mut hash = [0; 2 * HASH_BYTES];
                // The room is that of the digits.
                let _ = hex::encode_to_slice(&Sha256::digest(&self.canonical)[..HASH_BYTES], &mut hash);
                key.push_str(str::from_utf8(&hash).unwrap_or_default());
            }
        }
        key
    }
}

/// Why a key cannot be made, and where it was to be read from.
type KeyFault<'c> = (Option<&'c Pointer>, Reason);

/// The value, or else its fault among the others.
fn keep<'c, T>(result: Result<T, KeyFault<'c>>, findings: &mut Findings<'c>) -> Option<T> {
    result.map_err(|(field, reason)| findings.add_fatal(field, reason)).ok()
}

/// The first of `pointers` whose value is neither absent nor null.
fn source<'c, 'r, 'a>(pointers: &'c [Pointer], row: &'r Attributes<'a>) -> Option<(&'c Pointer, &'r Attribute<'a>)> {
    let present = |pointer: &'c Pointer| match row.get(pointer) {
        None | Some(Attribute::Null) => None,
        Some(value) => Some((pointer, value)),
    };
    pointers.iter().find_map(present)
}

/// Why [`source`] found nothing.
fn no_source<'c>(pointers: &'c [Pointer], row: &Attributes) -> KeyFault<'c> {
    let null = pointers.iter().find(|pointer| row.get(pointer).is_some());
    let code = if null.is_some() { Code::FieldNull } else { Code::FieldMissing };
    match null.or(pointers.first()) {
        Some(pointer) => (Some(pointer), Reason::at_pointer(code, pointer.to_string())),
        None => (None, Reason::of_row(code)),
    }
}

/// The row's user, and where it stands.
fn user<'c, 'a>(contract: &'c RecordContract, row: &Attributes<'a>) -> Result<(&'c Pointer, Text<'a>), KeyFault<'c>> {
    let (pointer, value) = source(&contract.user, row).ok_or_else(|| no_source(&contract.user, row))?;
    Ok((pointer, key_text(pointer, value, MAX_PARTITION_KEY_BYTES)?))
}

/// The row's id. A contract may name none, and a row may lack the one that it names.
fn id<'c, 'a>(contract: &'c RecordContract, row: &Attributes<'a>) -> Result<Option<Text<'a>>, KeyFault<'c>> {
    let longest = MAX_SORT_KEY_BYTES - instant::TEXT_BYTES - 1;
    source(&contract.id, row).map(|(pointer, value)| key_text(pointer, value, longest)).transpose()
}

/// A string or an integer as the text of a key.
fn key_text<'c, 'a>(pointer: &'c Pointer, value: &Attribute<'a>, longest: usize) -> Result<Text<'a>, KeyFault<'c>> {
    let reason = |code| Reason::at_pointer(code, pointer.to_string());
    let refuse = |reason| Err((Some(pointer), reason));
    let text = match value {
        Attribute::S(text) => text,
        Attribute::N(text) if number::is_plain_integer(text) => text,
        _ => return refuse(reason(Code::FieldType).expecting("a string or an integer")),
    };
    match text.len() {
        0 => refuse(reason(Code::KeyEmpty)),
        length if length > longest => refuse(reason(Code::KeyTooLong).expecting(format!("at most {longest} bytes"))),
        _ => Ok(text.clone()),
    }
}

/// The row's time, and where it stands.
fn time<'c>(contract: &'c RecordContract, row: &Attributes) -> Result<(&'c Pointer, Instant), KeyFault<'c>> {
    let (pointer, value) = source(&contract.time, row).ok_or_else(|| no_source(&contract.time, row))?;
    contract.time_formats.read(value).map(|time| (pointer, time)).ok_or_else(|| {
        let code =
            if matches!(value, Attribute::S(_) | Attribute::N(_)) { Code::TsUnparseable } else { Code::FieldType };
        (Some(pointer), Reason::at_pointer(code, pointer.to_string()).expecting(contract.time_formats.names()))
    })
}

/// Takes the field that has a key's name out of the row. It must be the one of `sources` that the key was read of: anything
/// else would be lost. A null that was passed over is nothing to lose.
fn take_key(
    name: &str,
    sources: &[Pointer],
    source: Option<&Pointer>,
    row: &mut Attributes,
    findings: &mut Findings<'_>,
) {
    let Some(taken) = row.take_key(name) else { return };
    let is_among_sources = || sources.iter().any(|source| source.is_field(name));
    let is_kept = match source {
        Some(source) if taken != Attribute::Null => source.is_field(name),
        // Without a source the row is not kept for that.
        _ => is_among_sources(),
    };
    if !is_kept {
        findings.add_fatal(None, Reason::at_pointer(Code::FieldReserved, format!("/{name}")));
    }
}

/// Finds the names and numbers that DynamoDB refuses, at any depth.
fn find_faults(value: &Attribute, path: &mut String, findings: &mut Findings<'_>) {
    match value {
        Attribute::N(text) => {
            if let Err(code) = number::normalise(text) {
                findings.add_fatal_with(code, || Reason::at_pointer(code, path.as_str()));
            }
        }
        Attribute::L(elements) => {
            for (index, element) in elements.iter().enumerate() {
                find_faults_below(&index.to_string(), element, path, findings);
            }
        }
        Attribute::M(map) => find_faults_in_map(map, path, findings),
        Attribute::S(_) | Attribute::Bool(_) | Attribute::Null => {}
    }
}

fn find_faults_in_map(map: &Map, path: &mut String, findings: &mut Findings<'_>) {
    for (name, value) in map.iter() {
        let code = match name.len() {
            0 => Some(Code::NameEmpty),
            length if length > MAX_NAME_BYTES => Some(Code::NameTooLong),
            _ => None,
        };
        let shown = pointer::shown(name);
        if let Some(code) = code {
            findings.add_fatal_with(code, || Reason::at_pointer(code, format!("{path}/{shown}")));
        }
        find_faults_below(&shown, value, path, findings);
    }
}

fn find_faults_below(segment: &str, value: &Attribute, path: &mut String, findings: &mut Findings<'_>) {
    let length = path.len();
    path.push('/');
    path.push_str(segment);
    find_faults(value, path, findings);
    path.truncate(length);
}

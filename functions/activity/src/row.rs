//! One row: from the bytes of a line to an item, or to every reason why not.

use std::str;

use sha2::{Digest, Sha256};

use crate::attribute::{Attribute, Map};
use crate::instant::{self, Instant};
use crate::json::{self, MAX_NAME_BYTES};
use crate::pointer::{self, Pointer};
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
/// The bytes of the content hash: 128 bits, so that among all rows of a user in one instant no two ever meet.
const HASH_BYTES: usize = 16;
/// A row can hold a million bad numbers; this many reasons tell the story.
const MAX_REASONS: usize = 32;
/// What a pointer shows of a long name.
const MAX_SHOWN_NAME: usize = 64;

/// An item to write.
///
/// The sort key is `2015-09-12T00:46:58.771000000Z#<id>`. Where the row has no id its place is taken by 128 bits of
/// SHA-256, in hexadecimal, of the attributes: numbers count by value, and the order and spacing of the JSON do not
/// count. So two events of one user in one instant are two items, and one event sent twice is one.
///
/// A field of the row that is itself named as a key and is that key's source is replaced by the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The partition key, [`PARTITION_KEY`].
    pub user_id: String,
    /// The sort key, [`SORT_KEY`].
    pub timestamp: String,
    /// The row's fields, without the two keys.
    pub attributes: Map,
    /// The item's size, bytes, as DynamoDB counts: names and values, keys included; at most 409,600.
    pub size: usize,
}

/// Reads rows by a contract.
pub(crate) struct RowParser<'c> {
    contract: &'c RecordContract,
    /// The canonical form of the row at hand.
    canonical: Vec<u8>,
}

impl<'c> RowParser<'c> {
    pub(crate) fn new(contract: &'c RecordContract) -> Self {
        Self { contract, canonical: Vec::new() }
    }

    /// Reads one line. With the item comes whether a key was repeated in the row.
    ///
    /// # Errors
    ///
    /// Every reason to quarantine the row that can be known.
    pub(crate) fn parse(&mut self, raw: &[u8]) -> Result<(Item, bool), Vec<Reason>> {
        let text =
            str::from_utf8(raw).map_err(|error| vec![Reason::at_byte(Code::Utf8Invalid, error.valid_up_to())])?;
        let document = json::parse(text, self.contract.limits.max_depth).map_err(|reason| vec![reason])?;
        let Attribute::M(row) = document.value else { return Err(vec![Reason::of_row(Code::NotObject)]) };
        let mut reasons = Vec::new();
        if document.suspect {
            find_faults_in_map(&row, &mut String::new(), &mut reasons);
        }
        match self.item(row, &mut reasons) {
            Some(item) if reasons.is_empty() => Ok((item, document.repeated_key)),
            _ => Err(reasons),
        }
    }

    /// Makes the item. There is none where no key can be made.
    fn item(&mut self, mut row: Map, reasons: &mut Vec<Reason>) -> Option<Item> {
        let contract = self.contract;
        for (pointer, rule) in &contract.fields {
            rule.apply(pointer, &mut row, reasons);
        }
        let user_id = keep(user(contract, &row), reasons);
        let time = keep(time(contract, &row), reasons);
        let id = keep(id(contract, &row), reasons);
        take_key(PARTITION_KEY, &contract.user, &mut row, reasons);
        take_key(SORT_KEY, &contract.time, &mut row, reasons);
        let (user_id, timestamp) = (user_id?, self.sort_key(time?, id?, &row));
        let size = PARTITION_KEY.len() + user_id.len() + SORT_KEY.len() + timestamp.len() + row.size();
        if size > MAX_ITEM_BYTES {
            reasons.push(Reason::of_row(Code::ItemTooLarge));
        }
        Some(Item { user_id, timestamp, attributes: row, size })
    }

    /// The instant, `#`, and the id or else a hash of the attributes: equal content, in whatever order and spacing, is
    /// the same event sent again.
    fn sort_key(&mut self, time: Instant, id: Option<String>, attributes: &Map) -> String {
        let behind = id.as_ref().map_or(2 * HASH_BYTES, String::len);
        let mut key = String::with_capacity(instant::TEXT_BYTES + 1 + behind);
        time.write_to(&mut key);
        key.push('#');
        match id {
            Some(id) => key.push_str(&id),
            None => {
                self.canonical.clear();
                attributes.write_canonical(&mut self.canonical);
                push_hex(&Sha256::digest(&self.canonical)[..HASH_BYTES], &mut key);
            }
        }
        key
    }
}

fn push_hex(bytes: &[u8], text: &mut String) {
    for digit in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
    }
}

/// The value, or else its reason among the others. A field rule may have found the same fault.
fn keep<T>(result: Result<T, Reason>, reasons: &mut Vec<Reason>) -> Option<T> {
    result
        .map_err(|reason| {
            let known = |other: &Reason| other.code == reason.code && other.pointer == reason.pointer;
            if !reasons.iter().any(known) {
                reasons.push(reason);
            }
        })
        .ok()
}

/// The first of `pointers` whose value is neither absent nor null.
fn source<'c, 'r>(pointers: &'c [Pointer], row: &'r Map) -> Option<(&'c Pointer, &'r Attribute)> {
    let present = |pointer: &'c Pointer| match pointer.get(row) {
        None | Some(Attribute::Null) => None,
        Some(value) => Some((pointer, value)),
    };
    pointers.iter().find_map(present)
}

/// Why [`source`] found nothing.
fn no_source(pointers: &[Pointer], row: &Map) -> Reason {
    let null = pointers.iter().find(|pointer| pointer.get(row).is_some());
    let code = if null.is_some() { Code::FieldNull } else { Code::FieldMissing };
    match null.or(pointers.first()) {
        Some(pointer) => Reason::at_pointer(code, pointer.to_string()),
        None => Reason::of_row(code),
    }
}

fn user(contract: &RecordContract, row: &Map) -> Result<String, Reason> {
    let (pointer, value) = source(&contract.user, row).ok_or_else(|| no_source(&contract.user, row))?;
    key_text(pointer, value, MAX_PARTITION_KEY_BYTES)
}

/// The row's id. A contract may name none, and a row may lack the one that it names.
fn id(contract: &RecordContract, row: &Map) -> Result<Option<String>, Reason> {
    let longest = MAX_SORT_KEY_BYTES - instant::TEXT_BYTES - 1;
    source(&contract.id, row).map(|(pointer, value)| key_text(pointer, value, longest)).transpose()
}

/// A string or an integer as the text of a key.
fn key_text(pointer: &Pointer, value: &Attribute, longest: usize) -> Result<String, Reason> {
    let refuse = |code| Reason::at_pointer(code, pointer.to_string());
    let text = match value {
        Attribute::S(text) => text,
        Attribute::N(text) if number::is_plain_integer(text) => text,
        _ => return Err(refuse(Code::FieldType).expecting("a string or an integer")),
    };
    match text.len() {
        0 => Err(refuse(Code::KeyEmpty)),
        length if length > longest => Err(refuse(Code::KeyTooLong).expecting(format!("at most {longest} bytes"))),
        _ => Ok(text.clone()),
    }
}

fn time(contract: &RecordContract, row: &Map) -> Result<Instant, Reason> {
    let (pointer, value) = source(&contract.time, row).ok_or_else(|| no_source(&contract.time, row))?;
    let instant = contract.time_formats.iter().find_map(|format| match (value, format.epoch_power()) {
        (Attribute::S(text), None) => Instant::from_iso8601(text),
        (Attribute::S(text) | Attribute::N(text), Some(power)) => Instant::from_epoch(text, power),
        _ => None,
    });
    instant.ok_or_else(|| {
        let formats: Vec<_> = contract.time_formats.iter().map(|format| format.name()).collect();
        let code =
            if matches!(value, Attribute::S(_) | Attribute::N(_)) { Code::TsUnparseable } else { Code::FieldType };
        Reason::at_pointer(code, pointer.to_string()).expecting(formats.join(" or "))
    })
}

/// Takes the field that has a key's name out of the row. It must be the key's own source: anything else would be lost.
fn take_key(name: &str, sources: &[Pointer], row: &mut Map, reasons: &mut Vec<Reason>) {
    let taken = row.remove(name);
    if taken.is_some() && !sources.iter().any(|source| source.is_field(name)) {
        reasons.push(Reason::at_pointer(Code::FieldReserved, format!("/{name}")));
    }
}

/// Finds the names and numbers that DynamoDB refuses, at any depth.
fn find_faults(value: &Attribute, path: &mut String, reasons: &mut Vec<Reason>) {
    match value {
        Attribute::N(text) => {
            if let Err(code) = number::normalise(text) {
                reasons.push(Reason::at_pointer(code, path.as_str()));
            }
        }
        Attribute::L(elements) => {
            for (index, element) in elements.iter().enumerate() {
                find_faults_below(&index.to_string(), element, path, reasons);
            }
        }
        Attribute::M(map) => find_faults_in_map(map, path, reasons),
        Attribute::S(_) | Attribute::Bool(_) | Attribute::Null => {}
    }
}

fn find_faults_in_map(map: &Map, path: &mut String, reasons: &mut Vec<Reason>) {
    for (name, value) in map.iter() {
        let code = match name.len() {
            0 => Some(Code::NameEmpty),
            length if length > MAX_NAME_BYTES => Some(Code::NameTooLong),
            _ => None,
        };
        let shown = shown_name(name);
        reasons.extend(code.map(|code| Reason::at_pointer(code, format!("{path}/{shown}"))));
        find_faults_below(&shown, value, path, reasons);
    }
}

fn find_faults_below(segment: &str, value: &Attribute, path: &mut String, reasons: &mut Vec<Reason>) {
    if reasons.len() >= MAX_REASONS {
        return;
    }
    let length = path.len();
    path.push('/');
    path.push_str(segment);
    find_faults(value, path, reasons);
    path.truncate(length);
}

/// A name as a pointer shows it, a long one cut.
fn shown_name(name: &str) -> String {
    match name.char_indices().nth(MAX_SHOWN_NAME) {
        Some((end, _)) => format!("{}…", pointer::escape(&name[..end])),
        None => pointer::escape(name),
    }
}

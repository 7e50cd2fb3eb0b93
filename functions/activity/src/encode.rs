//! Items as DynamoDB's low-level API spells them in JSON:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>.
//!
//! The client's own types want a hash map for each item and copy it for each try, which costs more than reading the
//! row does.

use crate::{Attribute, Item, PARTITION_KEY, SORT_KEY, Text};

impl Item<'_> {
    /// Appends the item, one JSON object, the keys first: `{"user_id":{"S":"u1"},"timestamp":{"S":"…"},"n":{"N":"1"}}`.
    pub fn write_json(&self, to: &mut Vec<u8>) {
        to.push(b'{');
        write_name(&Text::plain(PARTITION_KEY), to);
        write_string(&self.user_id, to);
        to.push(b',');
        write_name(&Text::plain(SORT_KEY), to);
        write_any_string(&self.timestamp, to);
        self.attributes.write_json(to);
        to.push(b'}');
    }
}

/// Appends a value under the name of its type. The depth of the recursion is bounded: the record contract lets no row
/// through that is nested deeper than DynamoDB allows.
pub(crate) fn write_value(value: &Attribute<'_>, to: &mut Vec<u8>) {
    match value {
        Attribute::S(text) => write_string(text, to),
        Attribute::N(digits) => write_parts([br#"{"N":""#, digits.as_bytes(), br#""}"#], to),
        Attribute::Bool(true) => to.extend_from_slice(br#"{"BOOL":true}"#),
        Attribute::Bool(false) => to.extend_from_slice(br#"{"BOOL":false}"#),
        Attribute::Null => to.extend_from_slice(br#"{"NULL":true}"#),
        Attribute::L(elements) => {
            to.extend_from_slice(br#"{"L":["#);
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    to.push(b',');
                }
                write_value(element, to);
            }
            to.extend_from_slice(b"]}");
        }
        Attribute::M(map) => {
            to.extend_from_slice(br#"{"M":{"#);
            for (index, (name, member)) in map.entries().iter().enumerate() {
                if index > 0 {
                    to.push(b',');
                }
                write_field(name, member, to);
            }
            to.extend_from_slice(b"}}");
        }
    }
}

/// Appends a name and its value.
pub(crate) fn write_field(name: &Text<'_>, value: &Attribute<'_>, to: &mut Vec<u8>) {
    write_name(name, to);
    write_value(value, to);
}

/// Appends a name and a colon. Nearly every text needs no escape, which is known since the line was read, and is copied
/// whole.
fn write_name(name: &Text<'_>, to: &mut Vec<u8>) {
    match name.as_plain() {
        Some(name) => write_parts([b"\"", name.as_bytes(), b"\":"], to),
        None => {
            write_escaped(name, to);
            to.push(b':');
        }
    }
}

fn write_string(text: &Text<'_>, to: &mut Vec<u8>) {
    match text.as_plain() {
        Some(text) => write_parts([br#"{"S":""#, text.as_bytes(), br#""}"#], to),
        None => write_escaped_string(text, to),
    }
}

/// Appends a text of which it is not known whether JSON escapes anything in it.
fn write_any_string(text: &str, to: &mut Vec<u8>) {
    match plain_prefix(text.as_bytes()) == text.len() {
        true => write_string(&Text::plain(text), to),
        false => write_escaped_string(text, to),
    }
}

#[cold]
fn write_escaped_string(text: &str, to: &mut Vec<u8>) {
    to.extend_from_slice(br#"{"S":"#);
    write_escaped(text, to);
    to.push(b'}');
}

#[cold]
fn write_escaped(text: &str, to: &mut Vec<u8>) {
    // Writing text to memory cannot fail.
    let _ = serde_json::to_writer(to, text);
}

#[inline(always)]
fn write_parts(parts: [&[u8]; 3], to: &mut Vec<u8>) {
    parts.iter().for_each(|part| to.extend_from_slice(part));
}

/// The length of the start of `bytes` that JSON writes as it is: up to a quote, a backslash or a control character.
///
/// Eight bytes at a time, without a branch for each: most texts are short and of every length, so that a loop over
/// bytes ends each time where the processor did not expect it.
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<WORD>();
    for (index, word) in words.iter().enumerate() {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return index * WORD + first(special);
        }
    }
    let mut last = [b' '; WORD];
    for (to, byte) in last.iter_mut().zip(rest) {
        *to = *byte;
    }
    // Where nothing is special, that is the word's whole length, beyond the text's end.
    bytes.len().min(words.len() * WORD + first(special(u64::from_le_bytes(last))))
}

/// The bytes of a word.
const WORD: usize = size_of::<u64>();

/// Sets the highest bit of every byte that JSON escapes, at least up to the first of them: what follows may be wrong,
/// because a subtraction borrows from the byte above.
///
/// <https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord>
fn special(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let is_control = word.wrapping_sub(ONES * 0x20) & !word;
    (is_control | is_zero(word ^ (ONES * u64::from(b'"'))) | is_zero(word ^ (ONES * u64::from(b'\\')))) & (ONES * 0x80)
}

/// Which byte of a word is the first that is set.
fn first(set: u64) -> usize {
    set.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_written_as_serde_json_writes_them(text in r#"(.{0,20}["\\\x00-\x1f]?){0,4}"#) {
            let mut ours = Vec::new();
            write_any_string(&text, &mut ours);
            prop_assert_eq!(ours, serde_json::to_vec(&serde_json::json!({ "S": text })).unwrap());
        }

        #[test]
        fn the_plain_start_of_a_text_ends_where_an_escape_begins(text in r#"[a-zé]{0,50}["\\\n]?.{0,20}"#) {
            let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
            let first = text.bytes().position(special);
            prop_assert_eq!(plain_prefix(text.as_bytes()), first.unwrap_or(text.len()));
        }
    }
}

//! Items as DynamoDB's low-level API spells them in JSON:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>.
//!
//! The client's own types want a hash map for each item and copy it for each try, which costs more than reading the
//! row does.

use crate::{Attribute, Item, PARTITION_KEY, SORT_KEY};

impl Item<'_> {
    /// Appends the item, one JSON object, the keys first: `{"user_id":{"S":"u1"},"timestamp":{"S":"…"},"n":{"N":"1"}}`.
    pub fn write_json(&self, to: &mut Vec<u8>) {
        to.push(b'{');
        for (name, value) in [(PARTITION_KEY, self.user_id.as_ref()), (SORT_KEY, &self.timestamp)] {
            write_text(name, to);
            to.extend_from_slice(br#":{"S":"#);
            write_text(value, to);
            to.extend_from_slice(b"},");
        }
        for (name, value) in self.attributes.iter() {
            write_member(name, value, to);
            to.push(b',');
        }
        to.pop();
        to.push(b'}');
    }
}

fn write_member(name: &str, value: &Attribute<'_>, to: &mut Vec<u8>) {
    write_text(name, to);
    to.push(b':');
    write_value(value, to);
}

/// Appends a value under the name of its type. The depth of the recursion is bounded: the record contract lets no row
/// through that is nested deeper than DynamoDB allows.
fn write_value(value: &Attribute<'_>, to: &mut Vec<u8>) {
    match value {
        Attribute::S(text) => {
            to.extend_from_slice(br#"{"S":"#);
            write_text(text, to);
        }
        Attribute::N(digits) => {
            to.extend_from_slice(br#"{"N":""#);
            to.extend_from_slice(digits.as_bytes());
            to.push(b'"');
        }
        Attribute::Bool(true) => to.extend_from_slice(br#"{"BOOL":true"#),
        Attribute::Bool(false) => to.extend_from_slice(br#"{"BOOL":false"#),
        Attribute::Null => to.extend_from_slice(br#"{"NULL":true"#),
        Attribute::L(elements) => {
            to.extend_from_slice(br#"{"L":["#);
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    to.push(b',');
                }
                write_value(element, to);
            }
            to.push(b']');
        }
        Attribute::M(map) => {
            to.extend_from_slice(br#"{"M":{"#);
            for (index, (name, member)) in map.iter().enumerate() {
                if index > 0 {
                    to.push(b',');
                }
                write_member(name, member, to);
            }
            to.push(b'}');
        }
    }
    to.push(b'}');
}

/// Appends a JSON string. Nearly every text needs no escape, and is copied whole.
fn write_text(text: &str, to: &mut Vec<u8>) {
    if plain_prefix(text.as_bytes()) == text.len() {
        to.push(b'"');
        to.extend_from_slice(text.as_bytes());
        to.push(b'"');
    } else {
        // Writing text to memory cannot fail.
        let _ = serde_json::to_writer(to, text);
    }
}

/// How many bytes a scan takes at a time: as many as a vector register of every x86-64 and ARM processor holds.
const BLOCK: usize = 16;

/// The length of the start of `bytes` that JSON writes as it is: up to a quote, a backslash or a control character.
///
/// Whole blocks are looked at without a branch for each byte, which the compiler turns into vector instructions.
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let plain = blocks.iter().take_while(|block| !block.iter().fold(false, |any, byte| any | special(byte)));
    let skipped = plain.count() * BLOCK;
    bytes[skipped..].iter().position(special).map_or(bytes.len(), |length| skipped + length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_written_as_serde_json_writes_them(text in r#"(.{0,20}["\\\x00-\x1f]?){0,4}"#) {
            let mut ours = Vec::new();
            write_text(&text, &mut ours);
            prop_assert_eq!(ours, serde_json::to_vec(&text).unwrap());
        }

        #[test]
        fn the_plain_start_of_a_text_ends_where_an_escape_begins(text in r#"[a-zé]{0,50}["\\\n]?.{0,20}"#) {
            let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
            let first = text.bytes().position(special);
            prop_assert_eq!(plain_prefix(text.as_bytes()), first.unwrap_or(text.len()));
        }
    }
}

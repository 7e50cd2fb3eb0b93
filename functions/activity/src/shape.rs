//! What rows of a file have in common.

use crate::attribute::{Attribute, order};
use crate::text::Text;

/// How many names of a row are kept, and how long one may be, bytes: a row with more of them is read all the same.
const MOST_NAMES: usize = 128;
const LONGEST_NAME: usize = 64;

/// What is written around a name, bytes: two quotes and a colon.
pub(crate) const AROUND_NAME: usize = 3;

/// The names of a row, and their order: nearly every row of a file has those of the row before, and to see that takes a
/// fraction of the time that it takes to find a name's end, and to sort fields.
#[derive(Default)]
pub(crate) struct Shape {
    /// The names in the order in which they stand in the row, those of inner objects among them: order and levels tell
    /// which object each is a field of.
    names: Vec<Name>,
    /// How many names have been read of the row at hand.
    read: usize,
    /// Whether those that have been read are those of the row before.
    is_same: bool,
    /// What puts the row's own fields in a map's order, where that is known: pairs to swap, one after another.
    swaps: Option<Vec<(usize, usize)>>,
}

#[derive(Default)]
struct Name {
    /// How deep the object lies that has it.
    level: usize,
    /// As it is written: `"name":`. Empty, where it is not to be recognised.
    written: String,
}

impl Shape {
    /// A row begins.
    pub(crate) fn begin(&mut self) {
        self.read = 0;
        self.is_same = true;
    }

    /// The length of the next name, of an object at `level`, where it is at the start of `bytes`, as it was in the row
    /// before.
    pub(crate) fn next(&mut self, level: usize, bytes: &[u8]) -> Option<usize> {
        let name = self.names.get(self.read).filter(|name| name.level == level)?;
        let length = name.written.len().checked_sub(AROUND_NAME)?;
        if !bytes.starts_with(name.written.as_bytes()) {
            return None;
        }
        self.read += 1;
        Some(length)
    }

    /// The next name, of an object at `level`, is another one than in the row before: `written` with its quotes and its
    /// colon, and `plain`, where nothing in it is escaped.
    pub(crate) fn set(&mut self, level: usize, written: &str, plain: Option<&str>) {
        self.is_same = false;
        self.swaps = None;
        if self.read == MOST_NAMES {
            return;
        }
        if self.read == self.names.len() {
            self.names.push(Name::default());
        }
        let name = &mut self.names[self.read];
        name.level = level;
        name.written.clear();
        let is_usual = |plain: &str| !plain.is_empty() && plain.len() <= LONGEST_NAME;
        // Space before the colon makes it longer.
        if plain.is_some_and(|plain| is_usual(plain) && written.len() == plain.len() + AROUND_NAME) {
            name.written.push_str(written);
        }
        self.read += 1;
    }

    /// The row ends, with these fields. Puts them in a map's order, where that of the row before holds for them.
    pub(crate) fn put_in_order(&mut self, fields: &mut [(Text<'_>, Attribute<'_>)]) -> bool {
        if !self.is_same || self.read != self.names.len() {
            self.names.truncate(self.read);
            self.swaps = None;
            return false;
        }
        if self.swaps.is_none() {
            self.swaps = swaps(fields);
        }
        let Some(swaps) = &self.swaps else { return false };
        swaps.iter().for_each(|(left, right)| fields.swap(*left, *right));
        true
    }
}

/// What puts `fields` in a map's order. None where a name comes twice, or there are many: to follow them all could take as
/// many steps again for each.
fn swaps(fields: &[(Text<'_>, Attribute<'_>)]) -> Option<Vec<(usize, usize)>> {
    if fields.len() > MOST_NAMES {
        return None;
    }
    let name = |index: &usize| &*fields[*index].0;
    let mut sorted: Vec<usize> = (0..fields.len()).collect();
    sorted.sort_unstable_by(|left, right| order(name(left), name(right)));
    if !sorted.is_sorted_by(|left, right| order(name(left), name(right)).is_lt()) {
        return None;
    }
    let place = |to: usize| {
        // What was there before has been swapped away, maybe more than once.
        let mut from = sorted[to];
        while from < to {
            from = sorted[from];
        }
        (to, from)
    };
    Some((0..fields.len()).map(place).filter(|(to, from)| to != from).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::attribute::Attribute;
    use crate::json::JsonParser;

    /// Objects of few names, plain, escaped, long and repeated; some not to their end.
    fn row() -> impl Strategy<Value = String> {
        let long = "n".repeat(super::LONGEST_NAME + 1);
        let name = prop_oneof![
            4 => prop::sample::select(vec!["a", "b", "cc", "é", r"\u0061", r"b\n", ""]).prop_map(str::to_owned),
            1 => Just(long),
        ];
        let colon = prop::sample::select(vec![":", ": ", " :"]);
        let value =
            prop::sample::select(vec!["1", "\"x\"", "{\"b\":1,\"a\":2}", "[{\"a\":1}]", "[{\"a\":1},{\"b\":2}]"]);
        let field = (name, colon, value).prop_map(|(name, colon, value)| format!("\"{name}\"{colon}{value}"));
        (prop::collection::vec(field, 0..6), 0..20_usize).prop_map(|(fields, cut)| {
            let row = format!("{{{}}}", fields.join(","));
            // One in five breaks off.
            let end = if cut < 4 { row.len() * cut / 4 } else { row.len() };
            (0..=end).rev().find_map(|end| row.get(..end)).unwrap_or_default().to_owned()
        })
    }

    /// The same names in the same order, in objects of any depth.
    fn nested_row() -> impl Strategy<Value = String> {
        let names = prop::sample::select(vec![&["a", "b", "a", "c"][..], &["b", "ccc", "aa", "d"]]);
        (names, prop::collection::vec((any::<bool>(), 0..3_usize), 4)).prop_map(|(names, moves)| {
            let (mut row, mut depth) = ("{".to_owned(), 1);
            for (index, (name, (opens, closes))) in names.iter().zip(moves).enumerate() {
                row += if row.ends_with('{') { "" } else { "," };
                row += &format!("\"{name}\":");
                if opens && index + 1 < names.len() {
                    row.push('{');
                    depth += 1;
                } else {
                    let closed = closes.min(depth - 1);
                    row += &format!("{index}{}", "}".repeat(closed));
                    depth -= closed;
                }
            }
            row + &"}".repeat(depth)
        })
    }

    proptest! {
        #[test]
        fn a_row_is_read_alike_whatever_the_rows_before(
            pool in prop::collection::vec(prop_oneof![row(), nested_row()], 1..4),
            choices in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
        ) {
            let mut parser = JsonParser::new(32);
            for choice in choices {
                let text = choice.get(&pool);
                let read = |document: Result<crate::json::Document<'_>, crate::Reason>| {
                    document.map(|read| (format!("{:?}", read.value), read.repeated_key, read.suspect))
                };
                prop_assert_eq!(read(parser.parse(text)), read(JsonParser::new(32).parse(text)), "{}", text);
            }
        }
    }

    #[test]
    fn the_same_names_in_other_objects_are_another_shape() {
        let mut parser = JsonParser::new(32);
        for row in
            [r#"{"x":1,"b":1,"a":2}"#, r#"{"x":1,"b":1,"a":2}"#, r#"{"x":{"b":1,"a":2}}"#, r#"{"x":{"b":1},"a":2}"#]
        {
            assert_eq!(parser.parse(row).unwrap().value, JsonParser::new(32).parse(row).unwrap().value, "{row}");
        }
    }

    #[test]
    fn a_row_that_breaks_off_leaves_no_order_for_another() {
        let mut parser = JsonParser::new(32);
        let rows = [r#"{"a":1,"b":2}"#, r#"{"a":1,"b":2}"#, r#"{"b":1,"a":2"#, r#"{"b":1,"a":2}"#];
        let names = rows.map(|row| match parser.parse(row).map(|document| document.value) {
            Ok(Attribute::M(map)) => map.iter().map(|(name, _)| name.to_owned()).collect(),
            _ => String::new(),
        });
        assert_eq!(names, ["ab", "ab", "", "ab"]);
    }

    #[test]
    fn a_row_of_many_names_is_read_alike() {
        let fields: Vec<_> = (0..3 * super::MOST_NAMES).map(|name| format!("\"n{name}\":{name}")).collect();
        let (mut parser, text) = (JsonParser::new(32), format!("{{{}}}", fields.join(",")));
        let first = parser.parse(&text).unwrap().value;
        for _ in 0..3 {
            assert_eq!(parser.parse(&text).unwrap().value, first);
        }
    }
}

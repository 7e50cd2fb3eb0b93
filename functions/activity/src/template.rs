//! What rows of a file have in common.
//!
//! Nearly every row of a file has the names of a row before, in the same order, in the same spelling. Then only its values
//! are its own: to compare what stands between them with what stood there before takes a fraction of the time that it
//! takes to read it, and all that depends on the names alone is done once, not for each row.

use std::mem;
use std::ops::Range;
use std::rc::Rc;

use crate::attribute::{Attribute, Map, order};
use crate::attributes::{Attributes, STRUCTURE_BYTES, structure_hash};
use crate::json::JsonParser;
use crate::pointer::Pointer;
use crate::row::{PARTITION_KEY, SORT_KEY};
use crate::text::Text;

/// How many values a row may have, and how long what stands between them may be, bytes, to be a template.
pub(crate) const MOST_VALUES: usize = 128;
const MOST_BYTES: usize = 8192;
/// How many templates are kept.
const MOST_TEMPLATES: usize = 16;
/// To make a template costs about as much as it spares so many rows. Where rows come in ever new forms, none are made.
const COST: usize = 8;

/// The templates of a file's latest rows.
pub(crate) struct Templates<'c> {
    /// The pointers that rows will be looked at with.
    pointers: Vec<&'c Pointer>,
    /// The one that fitted last is first.
    kept: Vec<Rc<Template<'c>>>,
    /// What may be spent on new ones.
    budget: usize,
}

impl<'c> Templates<'c> {
    pub(crate) fn new(pointers: Vec<&'c Pointer>) -> Self {
        Self { pointers, kept: Vec::new(), budget: MOST_TEMPLATES * COST }
    }

    /// The fields of `text`, where a row before had the same. Where it goes another way than the row before, it is read on by
    /// a template that goes this way and has gone the same so far: rows of several forms are often alike at their start.
    pub(crate) fn read<'a>(&mut self, json: &mut JsonParser, text: &'a str) -> Option<Attributes<'a>>
    where
        'c: 'a,
    {
        let (mut values, mut index) = (json.values(text), 0);
        let mut template = self.kept.first()?;
        while !values.follow(&template.leads, &template.tail)? {
            let (passed, rest) = (values.passed(), values.rest());
            index = self.kept.iter().position(|other| other.goes_on(passed, rest) && other.shares(passed, template))?;
            template = &self.kept[index];
        }
        let template: Rc<Template<'c>> = Rc::clone(template);
        self.kept.swap(0, index);
        self.budget = (self.budget + 1).min(MOST_TEMPLATES * COST);
        Some(Attributes::Values(template, values.into_values()))
    }

    /// Makes a template of `text`, an object without fault or repeated names, whose leaves lie there.
    pub(crate) fn learn(&mut self, text: &str, leaves: &[Range<usize>]) {
        if self.budget < COST {
            return;
        }
        self.budget -= COST;
        if let Some(template) = Template::new(text, leaves, &self.pointers) {
            self.kept.truncate(MOST_TEMPLATES - 1);
            self.kept.insert(0, Rc::new(template));
        }
    }
}

/// A row without its values.
#[derive(Debug)]
pub(crate) struct Template<'c> {
    /// What stands before each value.
    leads: Vec<Lead>,
    /// What stands behind the last.
    tail: String,
    /// Where pointers lead.
    reaches: Vec<(&'c Pointer, Reach)>,
    /// In a map's order.
    fields: Vec<(String, Node)>,
    /// Which values its fields have that have a key's name.
    keys: Vec<(&'static str, usize)>,
    /// The JSON that an item has before each of its values, in that order, and which value it is.
    parts: Vec<(Vec<u8>, usize)>,
    end: Vec<u8>,
    /// What stands for the item's names and their nesting.
    structure: [u8; STRUCTURE_BYTES],
}

/// What stands before a value.
#[derive(Debug, PartialEq)]
pub(crate) struct Lead {
    pub(crate) text: String,
    /// How deep the object lies that has the value.
    pub(crate) level: usize,
}

impl Lead {
    /// Whether `rest` begins with this, and a value that is no object.
    pub(crate) fn begins(&self, rest: &[u8]) -> bool {
        rest.strip_prefix(self.text.as_bytes()).is_some_and(|behind| behind.first() != Some(&b'{'))
    }
}

/// A value, by its number in the row, or an object.
#[derive(Debug)]
enum Node {
    Value(usize),
    Object(Vec<(String, Node)>),
}

/// Where a pointer leads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// The value at which it arrives. None, where it arrives at none.
    pub(crate) value: Option<usize>,
    /// How many of its segments have led there.
    pub(crate) passed: usize,
}

impl<'c> Template<'c> {
    /// The template of `text`, a JSON object whose leaves lie there. None where it can be none.
    fn new(text: &str, leaves: &[Range<usize>], pointers: &[&'c Pointer]) -> Option<Self> {
        let bytes = text.len() - leaves.iter().map(Range::len).sum::<usize>();
        if leaves.is_empty() || leaves.len() > MOST_VALUES || bytes > MOST_BYTES {
            return None;
        }
        let mut outline = Outline { text, at: 0, leaves, levels: Vec::new() };
        outline.skip_to(b'{');
        let fields = outline.object(1)?;
        let starts = std::iter::once(0).chain(leaves.iter().map(|leaf| leaf.end));
        let lead = |((start, leaf), level): ((usize, &Range<usize>), usize)| Lead {
            text: text[start..leaf.start].to_owned(),
            level,
        };
        let leads = starts.zip(leaves).zip(outline.levels).map(lead).collect();
        let tail = text[leaves.last()?.end..].to_owned();
        let reaches =
            pointers.iter().map(|pointer| Some((*pointer, reach(&fields, pointer)?))).collect::<Option<_>>()?;
        let mut keys = Vec::new();
        for key in [PARTITION_KEY, SORT_KEY] {
            match fields.iter().find(|(name, _)| name == key) {
                Some((_, Node::Value(value))) => keys.push((key, *value)),
                Some((_, Node::Object(_))) => return None,
                None => {}
            }
        }
        let mut parts = Parts::default();
        parts.add_top(&fields);
        let Parts { before: parts, open: end } = parts;
        let values = vec![Attribute::Null; leaves.len()];
        let structure = structure_hash(&map_without_keys(&fields, &values), &mut Vec::new());
        Some(Self { leads, tail, reaches, fields, keys, parts, end, structure })
    }

    /// Whether `rest` follows on so many values of this.
    fn goes_on(&self, passed: usize, rest: &[u8]) -> bool {
        match self.leads.get(passed) {
            Some(lead) => lead.begins(rest),
            None => self.leads.len() == passed && rest == self.tail.as_bytes(),
        }
    }

    /// Whether so many values have the same before them in `other`.
    fn shares(&self, passed: usize, other: &Self) -> bool {
        self.leads.get(..passed).is_some_and(|leads| other.leads.get(..passed) == Some(leads))
    }

    /// Where `pointer` leads, one of those that the template was made for.
    pub(crate) fn reach(&self, pointer: &Pointer) -> Reach {
        let known = self.reaches.iter().find(|(known, _)| std::ptr::eq(*known, pointer));
        debug_assert!(known.is_some(), "{pointer} is none of the contract's");
        known.map_or(Reach { value: None, passed: 1 }, |(_, reach)| *reach)
    }

    /// Which value the row's own field `name` has, which is a key's name.
    pub(crate) fn key(&self, name: &str) -> Option<usize> {
        self.keys.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    /// The JSON that an item has before each of its values, and which value it is.
    pub(crate) fn parts(&self) -> &[(Vec<u8>, usize)] {
        &self.parts
    }

    /// The JSON behind an item's last value.
    pub(crate) fn end(&self) -> &[u8] {
        &self.end
    }

    /// What stands for an item's names and their nesting.
    pub(crate) fn structure(&self) -> &[u8] {
        &self.structure
    }

    /// The names of the row's own fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// The fields with these values.
    pub(crate) fn map<'s>(&'s self, values: &'s [Attribute<'_>]) -> Map<'s> {
        map(&self.fields, values)
    }

    /// The same without those that have a key's name.
    pub(crate) fn map_without_keys<'s>(&'s self, values: &'s [Attribute<'_>]) -> Map<'s> {
        map_without_keys(&self.fields, values)
    }
}

fn is_key(name: &str) -> bool {
    name == PARTITION_KEY || name == SORT_KEY
}

fn map_without_keys<'s>(fields: &'s [(String, Node)], values: &'s [Attribute<'_>]) -> Map<'s> {
    map(fields.iter().filter(|(name, _)| !is_key(name)), values)
}

fn map<'s>(fields: impl IntoIterator<Item = &'s (String, Node)>, values: &'s [Attribute<'_>]) -> Map<'s> {
    let field = |(name, node): &'s (String, Node)| {
        let value = match node {
            Node::Value(value) => values[*value].clone(),
            Node::Object(fields) => Attribute::M(map(fields, values)),
        };
        (Text::plain(name), value)
    };
    Map::in_order(fields.into_iter().map(field).collect())
}

/// Where `pointer` leads from a row with these fields. None where that is an object, whose parts lie apart in a template.
fn reach(fields: &[(String, Node)], pointer: &Pointer) -> Option<Reach> {
    let (mut fields, mut passed) = (fields, 0);
    for segment in pointer.segments() {
        passed += 1;
        match fields.iter().find(|(name, _)| name == segment) {
            Some((_, Node::Value(value))) => return Some(Reach { value: Some(*value), passed }),
            Some((_, Node::Object(below))) => fields = below,
            None => return Some(Reach { value: None, passed }),
        }
    }
    None
}

/// Follows a text along its leaves.
struct Outline<'t> {
    text: &'t str,
    at: usize,
    /// Those ahead.
    leaves: &'t [Range<usize>],
    /// How deep each one lies that was passed.
    levels: Vec<usize>,
}

impl Outline<'_> {
    /// Goes behind the next `byte`; what else comes before it in valid JSON is white space.
    fn skip_to(&mut self, byte: u8) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|next| *next == byte).map_or(rest.len(), |position| position + 1);
    }

    fn next(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.text.as_bytes().get(self.at).copied()
    }

    /// The fields of an object whose brace has been passed, in a map's order. None where a name is escaped.
    fn object(&mut self, level: usize) -> Option<Vec<(String, Node)>> {
        let mut fields = Vec::new();
        while self.next()? != b'}' {
            self.skip_to(b'"');
            let start = self.at;
            self.skip_to(b'"');
            let name = &self.text[start..self.at - 1];
            if name.contains('\\') {
                return None;
            }
            self.skip_to(b':');
            let node = match (self.next()?, self.leaves) {
                (b'{', _) => {
                    self.at += 1;
                    Node::Object(self.object(level + 1)?)
                }
                (_, [leaf, ahead @ ..]) => {
                    self.leaves = ahead;
                    self.levels.push(level);
                    self.at = leaf.end;
                    Node::Value(self.levels.len() - 1)
                }
                _ => return None,
            };
            fields.push((name.to_owned(), node));
            if self.next()? == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        fields.sort_unstable_by(|(left, _), (right, _)| order(left, right));
        Some(fields)
    }
}

/// An item's JSON, taken apart at its values.
#[derive(Default)]
struct Parts {
    before: Vec<(Vec<u8>, usize)>,
    /// Behind the last value.
    open: Vec<u8>,
}

impl Parts {
    /// Adds the fields that follow on an item's keys.
    fn add_top(&mut self, fields: &[(String, Node)]) {
        for (name, node) in fields.iter().filter(|(name, _)| !is_key(name)) {
            self.open.push(b',');
            self.add(name, node);
        }
    }

    fn add(&mut self, name: &str, node: &Node) {
        self.open.extend([b"\"", name.as_bytes(), b"\":"].concat());
        match node {
            Node::Value(value) => self.before.push((mem::take(&mut self.open), *value)),
            Node::Object(fields) => {
                self.open.extend(br#"{"M":{"#);
                for (index, (name, node)) in fields.iter().enumerate() {
                    if index > 0 {
                        self.open.push(b',');
                    }
                    self.add(name, node);
                }
                self.open.extend(b"}}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads rows one after another, as the row path does.
    struct Reader<'c> {
        json: JsonParser,
        templates: Templates<'c>,
    }

    impl<'c> Reader<'c> {
        fn new(pointers: &'c [Pointer]) -> Self {
            Self { json: JsonParser::new(32), templates: Templates::new(pointers.iter().collect()) }
        }

        /// The fields by a template, where one fits; else one is made.
        fn read<'a>(&mut self, text: &'a str) -> Option<Attributes<'a>>
        where
            'c: 'a,
        {
            if let Some(fields) = self.templates.read(&mut self.json, text) {
                return Some(fields);
            }
            if let Ok(document) = self.json.parse(text)
                && let Attribute::M(_) = document.value
                && !(document.repeated_key.is_some() || document.suspect)
            {
                self.templates.learn(text, self.json.leaves());
            }
            None
        }
    }

    /// All that the row path asks of a row, in the order in which it does.
    fn answers(mut row: Attributes<'_>, pointers: &[Pointer]) -> Vec<String> {
        let mut answers = vec![format!("{:?}", row.map()), row.names().collect::<Vec<_>>().join(" ")];
        for pointer in pointers {
            answers.push(format!("{pointer} {:?}", row.get(pointer)));
            row.visit(pointer, &[], &mut |value, place| answers.push(format!("{place} {value:?}")));
        }
        for name in [PARTITION_KEY, SORT_KEY] {
            answers.push(format!("{:?}", row.take_key(name)));
        }
        answers.push(format!("{row:?}"));
        let (mut json, mut canonical) = (Vec::new(), Vec::new());
        row.write_json(&mut json);
        row.write_canonical(&mut canonical);
        answers.extend([json, canonical].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        answers
    }

    fn pointers() -> Vec<Pointer> {
        ["/a", "/b/a", "/cc/0", "/b/*/a", "/a/*/b", "/user_id", "/user_id/x"]
            .iter()
            .map(|text| Pointer::parse(text).unwrap())
            .collect()
    }

    /// Objects of few names, plain, escaped and repeated; some not to their end.
    fn row() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec!["a", "b", "cc", "user_id", "timestamp", "\u{e9}", r"\u0061", r"b\n", ""]);
        let colon = prop::sample::select(vec![":", ":", ": ", " :\t"]);
        let value = prop::sample::select(vec![
            "1",
            "\"x\"",
            "\"\"",
            r#""\"""#,
            "1e999",
            "-0.50",
            "null",
            "true",
            "{}",
            "{\"b\":1,\"a\":2}",
            "[{\"a\":1}]",
            "[{\"a\":1},{\"b\":[2]}]",
            "{ \"a\" : { } }",
            "x",
        ]);
        let field = (name, colon, value).prop_map(|(name, colon, value)| format!("\"{name}\"{colon}{value}"));
        let space = prop::sample::select(vec!["", "", " "]);
        (prop::collection::vec(field, 0..6), space, 0..20_usize).prop_map(|(fields, space, cut)| {
            let row = format!("{space}{{{space}{}{space}}}{space}", fields.join(&format!(",{space}")));
            // One in five breaks off.
            let end = if cut < 4 { row.len() * cut / 4 } else { row.len() };
            (0..=end).rev().find_map(|end| row.get(..end)).unwrap_or_default().to_owned()
        })
    }

    /// The same names in the same order, in objects of any depth.
    fn nested_row() -> impl Strategy<Value = String> {
        let names = prop::sample::select(vec![&["a", "b", "a", "c"][..], &["b", "user_id", "aa", "d"]]);
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
            pool in prop::collection::vec(prop_oneof![row(), nested_row()], 1..6),
            choices in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
        ) {
            let pointers = pointers();
            let mut reader = Reader::new(&pointers);
            for choice in choices {
                let text = choice.get(&pool);
                let Some(row) = reader.read(text) else { continue };
                let mut json = JsonParser::new(32);
                let document = json.parse(text).map_err(|reason| TestCaseError::fail(format!("{text}: {reason}")))?;
                prop_assert!(document.repeated_key.is_none() && !document.suspect, "{}", text);
                let Attribute::M(map) = document.value else { return Err(TestCaseError::fail(text.clone())) };
                prop_assert_eq!(answers(row, &pointers), answers(Attributes::Map(map), &pointers), "{}", text);
            }
        }
    }

    #[test]
    fn a_template_fits_a_row_with_other_values_and_no_row_with_other_names() {
        let pointers = pointers();
        let mut reader = Reader::new(&pointers);
        assert!(reader.read(r#"{"a":1, "m":{"x":true},"e":{},"l":[1,{"y":2}]}"#).is_none());
        for (row, fits) in [
            (r#"{"a":"é\n", "m":{"x":null},"e":{},"l":"l"}"#, true),
            (r#"{"a":[{"a":1}], "m":{"x":-1.0},"e":{},"l":[]}"#, true),
            (r#"{"a":{}, "m":{"x":null},"e":{},"l":"l"}"#, false),
            (r#"{"a":1, "m":{},"x":null,"e":{},"l":"l"}"#, false),
            (r#"{"a":1,"m":{"x":null},"e":{},"l":"l"}"#, false),
            (r#"{"a":1e999, "m":{"x":null},"e":{},"l":"l"}"#, false),
            (r#"{"a":1, "m":{"x":null},"e":{},"l":"l"} "#, false),
            (r#"{"a":1, "m":{"x":null},"e":{},"l":"l""#, false),
        ] {
            let Reader { json, templates } = &mut reader;
            assert_eq!(templates.read(json, row).is_some(), fits, "{row}");
        }
    }

    #[test]
    fn rows_in_turns_have_a_template_each_and_ever_new_ones_none() {
        let pointers = pointers();
        let mut reader = Reader::new(&pointers);
        let rows: Vec<_> = (0..MOST_TEMPLATES).map(|number| format!("{{\"n{number}\":1}}")).collect();
        for row in &rows {
            assert!(reader.read(row).is_none());
        }
        for row in rows.iter().chain(&rows) {
            assert!(reader.read(row).is_some());
        }
        for number in 0..1000 {
            assert!(reader.read(&format!("{{\"new{number}\":1}}")).is_none());
        }
        assert!(reader.templates.kept.len() <= MOST_TEMPLATES && reader.templates.budget < COST);
    }

    #[test]
    fn a_row_that_is_too_much_for_a_template_is_none() {
        let pointers = pointers();
        let many = |count: usize| (0..count).map(|number| format!("\"n{number}\":1")).collect::<Vec<_>>().join(",");
        for (row, fits) in [
            (format!("{{{}}}", many(MOST_VALUES)), true),
            (format!("{{{}}}", many(MOST_VALUES + 1)), false),
            (format!("{{\"{}\":1}}", "n".repeat(MOST_BYTES - 5)), true),
            (format!("{{\"{}\":1}}", "n".repeat(MOST_BYTES)), false),
            (r#"{"user_id":{"x":1}}"#.into(), false),
            ("{}".into(), false),
        ] {
            let mut reader = Reader::new(&pointers);
            assert!(reader.read(&row).is_none());
            assert_eq!(reader.read(&row).is_some(), fits, "{row}");
        }
    }
}

//! JSON texts (RFC 8259) straight to attributes.
//!
//! A parser of our own because three things are needed that a general one hides: the digits of every number, whether
//! a key came twice, and a nesting limit that is ours and holds before the stack does. It is tested against
//! `serde_json`, which must accept and refuse the same texts.

use std::borrow::Cow;
use std::mem;
use std::ops::Range;

use crate::attribute::{Attribute, Map};
use crate::encode::plain_prefix;
use crate::template::{Lead, MOST_VALUES};
use crate::text::Text;
use crate::{Code, Reason, number, pointer};

/// DynamoDB's longest attribute name, bytes: "no greater than 64 KB".
pub(crate) const MAX_NAME_BYTES: usize = 65_535;

/// For how many fields of a row there is room at once.
const USUAL_FIELDS: usize = 16;

/// What a JSON text holds.
pub(crate) struct Document<'a> {
    pub(crate) value: Attribute<'a>,
    /// The pointer of a key that came twice in an object: of the first such object that ends.
    pub(crate) repeated_key: Option<String>,
    /// Some name or number is one that DynamoDB refuses. Which one, a second walk finds out: it is rare, and keeping
    /// the path while parsing would cost every row.
    pub(crate) suspect: bool,
}

/// Parses JSON texts, one after another.
pub(crate) struct JsonParser {
    max_depth: usize,
    /// Where the values of the text at hand stand that are no objects and in no array.
    leaves: Vec<Range<usize>>,
}

impl JsonParser {
    /// A parser for values of so many levels. The value itself is level 0, what an object or array holds is one level
    /// deeper, and level `max_depth` is the last: counted as DynamoDB counts an item's nesting.
    pub(crate) fn new(max_depth: usize) -> Self {
        Self { max_depth, leaves: Vec::new() }
    }

    /// Parses one JSON text.
    ///
    /// # Errors
    ///
    /// `JSON_SYNTAX`, `JSON_SURROGATE` or `DEPTH`, with the byte.
    pub(crate) fn parse<'a>(&mut self, text: &'a str) -> Result<Document<'a>, Reason> {
        self.leaves.clear();
        let mut parser = Parser::new(text, self.max_depth, &mut self.leaves);
        let mut value = Attribute::Null;
        parser.value(0, &mut value).map_err(|code| Reason::at_byte(code, parser.at))?;
        parser.skip_space();
        if parser.at < text.len() {
            return Err(Reason::at_byte(Code::JsonSyntax, parser.at));
        }
        Ok(Document { value, repeated_key: parser.repeated.map(Repeated::pointer), suspect: parser.suspect })
    }

    /// Where in the text that was parsed last the values stand that are no objects and in no array; beyond
    /// [`MOST_VALUES`] there are others.
    pub(crate) fn leaves(&self) -> &[Range<usize>] {
        &self.leaves
    }

    /// Reads the values of `text` by what stands between them.
    pub(crate) fn values<'a>(&mut self, text: &'a str) -> Values<'a, '_> {
        Values { parser: Parser::new(text, self.max_depth, &mut self.leaves), values: Vec::new() }
    }
}

/// The values of a text, as far as it has been read.
pub(crate) struct Values<'a, 's> {
    parser: Parser<'a, 's>,
    values: Vec<Attribute<'a>>,
}

impl<'a> Values<'a, '_> {
    /// Reads on where these leads stand before the values and `tail` behind the last, and tells whether they do to the text's
    /// end. None where there is anything to say of a value: [`JsonParser::parse`] says it.
    pub(crate) fn follow(&mut self, leads: &[Lead], tail: &str) -> Option<bool> {
        let Self { parser, values } = self;
        values.reserve_exact(leads.len().saturating_sub(values.len()));
        for lead in leads.iter().skip(values.len()) {
            if !lead.begins(parser.rest()) {
                return Some(false);
            }
            parser.at += lead.text.len();
            match parser.peek()? {
                b'"' if let Some(text) = parser.plain_string() => values.push(Attribute::S(Text::plain(text))),
                b'0'..=b'9' if let Some(digits) = parser.normal_number() => {
                    values.push(Attribute::N(Text::plain(digits)))
                }
                _ => {
                    // A value is made where it stays: one that is moved there would be read back before it is in memory.
                    values.push(Attribute::Null);
                    parser.value(lead.level, values.last_mut()?).ok()?;
                }
            }
        }
        if parser.repeated.is_some() || parser.suspect {
            return None;
        }
        Some(parser.rest() == tail.as_bytes())
    }

    /// How many values have been read.
    pub(crate) fn passed(&self) -> usize {
        self.values.len()
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.parser.rest()
    }

    pub(crate) fn into_values(self) -> Vec<Attribute<'a>> {
        self.values
    }
}

struct Parser<'a, 's> {
    text: &'a str,
    at: usize,
    max_depth: usize,
    leaves: &'s mut Vec<Range<usize>>,
    in_array: bool,
    repeated: Option<Repeated>,
    suspect: bool,
}

/// A key that came twice.
struct Repeated {
    /// The way to it, from its own name to those of what it is in.
    path: Vec<String>,
    /// The level of the values beside the last of them.
    level: usize,
}

impl Repeated {
    /// Adds what the key is in, where that is the value named `name` at `level`.
    #[cold]
    fn within(&mut self, name: &str, level: usize) {
        if self.level == level + 1 {
            self.path.push(pointer::shown(name));
            self.level = level;
        }
    }

    fn pointer(self) -> String {
        self.path.iter().rev().fold(String::new(), |pointer, name| pointer + "/" + name)
    }
}

impl<'a, 's> Parser<'a, 's> {
    fn new(text: &'a str, max_depth: usize, leaves: &'s mut Vec<Range<usize>>) -> Self {
        Self { text, at: 0, max_depth, leaves, in_array: false, repeated: None, suspect: false }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes `byte`, if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Code> {
        if self.take(byte) { Ok(()) } else { Err(Code::JsonSyntax) }
    }

    /// Reads a value to where it stays. To hand it back, in a `Result` at every level, would copy it time and again,
    /// which costs a tenth of the row path.
    fn value(&mut self, level: usize, to: &mut Attribute<'a>) -> Result<(), Code> {
        self.skip_space();
        if level > self.max_depth {
            return Err(Code::Depth);
        }
        *to = match self.peek() {
            Some(b'"') => Attribute::S(self.string()?),
            Some(b'{') => Attribute::M(self.object(level + 1)?),
            Some(b'[') => Attribute::L(self.array(level + 1)?),
            Some(b't') => self.literal("true", Attribute::Bool(true))?,
            Some(b'f') => self.literal("false", Attribute::Bool(false))?,
            Some(b'n') => self.literal("null", Attribute::Null)?,
            _ => Attribute::N(self.number()?),
        };
        Ok(())
    }

    fn literal(&mut self, word: &str, value: Attribute<'a>) -> Result<Attribute<'a>, Code> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(Code::JsonSyntax);
        }
        self.at += word.len();
        Ok(value)
    }

    /// Reads a number, if it is next and written as it is kept.
    fn normal_number(&mut self) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        let digits = &rest[..number::scan(rest.as_bytes())?];
        let is_normal = number::is_normal(digits);
        self.at += if is_normal { digits.len() } else { 0 };
        is_normal.then_some(digits)
    }

    fn number(&mut self) -> Result<Text<'a>, Code> {
        let length = number::scan(self.rest()).ok_or(Code::JsonSyntax)?;
        let text = &self.text[self.at..self.at + length];
        self.at += length;
        let normal = number::normalise(text);
        self.suspect |= normal.is_err();
        Ok(Text::digits(normal.unwrap_or(Cow::Borrowed(text))))
    }

    fn array(&mut self, level: usize) -> Result<Vec<Attribute<'a>>, Code> {
        let outer = mem::replace(&mut self.in_array, true);
        self.at += 1;
        self.skip_space();
        let mut elements = Vec::new();
        if !self.take(b']') {
            loop {
                self.value(level, elements.push_mut(Attribute::Null))?;
                if let Some(repeated) = &mut self.repeated {
                    repeated.within(&(elements.len() - 1).to_string(), level);
                }
                self.skip_space();
                if self.take(b']') {
                    break;
                }
                self.expect(b',')?;
            }
        }
        self.in_array = outer;
        Ok(elements)
    }

    fn object(&mut self, level: usize) -> Result<Map<'a>, Code> {
        self.at += 1;
        self.skip_space();
        let mut entries = Vec::with_capacity(if level == 1 { USUAL_FIELDS } else { 0 });
        if !self.take(b'}') {
            loop {
                self.skip_space();
                let name = self.name()?;
                let (name, value) = entries.push_mut((name, Attribute::Null));
                self.member(level, value)?;
                if let Some(repeated) = &mut self.repeated {
                    repeated.within(name, level);
                }
                self.skip_space();
                if self.take(b'}') {
                    break;
                }
                self.expect(b',')?;
            }
        }
        let (map, repeated) = Map::from_entries(entries);
        if let (Some(name), None) = (repeated, &self.repeated) {
            self.repeated = Some(Repeated { path: vec![pointer::shown(&name)], level });
        }
        Ok(map)
    }

    /// Reads the name of a field, and the colon.
    fn name(&mut self) -> Result<Text<'a>, Code> {
        let name = self.string()?;
        self.suspect |= name.is_empty() || name.len() > MAX_NAME_BYTES;
        self.skip_space();
        self.expect(b':')?;
        Ok(name)
    }

    /// Reads the value of a field.
    fn member(&mut self, level: usize, to: &mut Attribute<'a>) -> Result<(), Code> {
        self.skip_space();
        let start = self.at;
        self.value(level, to)?;
        let is_leaf = !self.in_array && !matches!(to, Attribute::M(_));
        if is_leaf && self.leaves.len() <= MOST_VALUES {
            self.leaves.push(start..self.at);
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Text<'a>, Code> {
        self.expect(b'"')?;
        let plain = self.plain();
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                Ok(Text::plain(plain))
            }
            Some(b'\\') => self.escaped_string(plain),
            _ => Err(Code::JsonSyntax),
        }
    }

    /// Reads a string, if it is next and nothing in it is escaped.
    fn plain_string(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at + 1..)?;
        let length = plain_prefix(rest.as_bytes());
        let is_whole = rest.as_bytes().get(length) == Some(&b'"');
        self.at += if is_whole { length + 2 } else { 0 };
        is_whole.then(|| &rest[..length])
    }

    /// Reads a string on from its first backslash.
    #[cold]
    fn escaped_string(&mut self, plain: &str) -> Result<Text<'a>, Code> {
        let mut text = plain.to_owned();
        while self.take(b'\\') {
            text.push(self.escape()?);
            text.push_str(self.plain());
        }
        self.expect(b'"')?;
        Ok(text.into())
    }

    /// Takes the text up to what may not stand in a string as it is, or the end.
    fn plain(&mut self) -> &'a str {
        let start = self.at;
        self.at += plain_prefix(self.rest());
        &self.text[start..self.at]
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<char, Code> {
        let character = match self.peek().ok_or(Code::JsonSyntax)? {
            b'u' => return self.unicode_escape(),
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            _ => return Err(Code::JsonSyntax),
        };
        self.at += 1;
        Ok(character)
    }

    /// Reads `uXXXX`, or a surrogate pair of two.
    fn unicode_escape(&mut self) -> Result<char, Code> {
        let first = self.hex()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let high = (0xd800..0xdc00).contains(&first);
        if !high || !self.rest().starts_with(b"\\u") {
            return Err(Code::JsonSurrogate);
        }
        self.at += 1;
        let second = self.hex()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(Code::JsonSurrogate);
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(Code::JsonSurrogate)
    }

    /// Reads `u` and four hexadecimal digits.
    fn hex(&mut self) -> Result<u32, Code> {
        let digits = self.rest().get(1..5).ok_or(Code::JsonSyntax)?;
        let value = digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?));
        self.at += 5;
        value.ok_or(Code::JsonSyntax)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn code(text: &str) -> Option<Code> {
        JsonParser::new(32).parse(text).err().map(|reason| reason.code)
    }

    /// What `serde_json` makes of a value, in attributes. Both keep the digits and let the last of two keys win.
    fn attribute(value: Value) -> Attribute<'static> {
        match value {
            Value::Null => Attribute::Null,
            Value::Bool(value) => Attribute::Bool(value),
            Value::Number(number) => {
                let text = number.to_string();
                Attribute::N(
                    number::normalise(&text).map_or_else(|_| text.clone().into(), |normal| normal.into_owned().into()),
                )
            }
            Value::String(text) => Attribute::S(text.into()),
            Value::Array(elements) => Attribute::L(elements.into_iter().map(attribute).collect()),
            Value::Object(entries) => {
                let entries = entries.into_iter().map(|(name, value)| (name.into(), attribute(value))).collect();
                Attribute::M(Map::from_entries(entries).0)
            }
        }
    }

    #[test]
    fn escapes_are_resolved() {
        let text = r#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00\u0000é😀""#;
        let value = JsonParser::new(0).parse(text).map(|document| document.value).unwrap();
        assert_eq!(value, Attribute::S("\"\\/\u{8}\u{c}\n\r\tAé😀\0é😀".into()));
    }

    #[test]
    fn lone_surrogates_have_their_own_code() {
        for text in
            [r#""\ud800""#, r#""\udc00""#, r#""\ud800x""#, r#""\ud800\n""#, r#""\ud800\ud800""#, r#"{"\udfff":1}"#]
        {
            assert_eq!(code(text), Some(Code::JsonSurrogate), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "[",
            "\"",
            "{]",
            "[}",
            "{,}",
            "[,]",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{'a':1}",
            "NaN",
            "Infinity",
            "-Infinity",
            "nul",
            "truefalse",
            "01",
            "1.",
            "[1 2]",
            "1 2",
            "{} {}",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"a\tb\"",
            "\"a\0b\"",
            "\"\\",
            "// a\n1",
            "\u{feff}1",
            "[1]x",
            "\"\\ud800\\u00",
        ] {
            assert_eq!(code(text), Some(Code::JsonSyntax), "{text}");
        }
    }

    #[test]
    fn nesting_stops_at_the_limit_and_not_at_the_stack() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(code(&nested(32)), None);
        assert_eq!(code(&nested(33)), Some(Code::Depth));
        assert_eq!(code(&nested(100_000)), Some(Code::Depth));
        assert_eq!(code(&"{\"a\":".repeat(100_000)), Some(Code::Depth));
    }

    #[test]
    fn a_repeated_key_and_a_suspect_name_or_number_are_flagged() {
        let flags = |text: &str| {
            JsonParser::new(32).parse(text).map(|document| (document.repeated_key, document.suspect)).unwrap()
        };
        let at = |pointer: &str| Some(pointer.to_owned());
        assert_eq!(flags(r#"{"a":1,"b":{"a":2}}"#), (None, false));
        assert_eq!(flags(r#"{"a":1,"b":{"c":2,"\u0063":3},"d":{"e":1}}"#), (at("/b/c"), false));
        assert_eq!(flags(r#"{"a":[0,[{"x":{}},{"y/z":1,"y/z":{"q":1,"q":1}}]]}"#), (at("/a/1/1/y~1z/q"), false));
        assert_eq!(flags(r#"{"a":{"b":{}},"c":1,"c":2}"#), (at("/c"), false));
        assert_eq!(flags(r#"[{"":1}]"#), (None, true));
        assert_eq!(flags("[1e999]"), (None, true));
    }

    fn json() -> impl Strategy<Value = Value> {
        let number = "-?(0|[1-9][0-9]{0,15})(\\.[0-9]{1,9})?(e-?[0-9]{1,2})?"
            .prop_map(|text| serde_json::from_str(&text).unwrap());
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            number,
            ".{0,12}".prop_map(Value::String)
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            let object = prop::collection::vec((".{0,3}", inner.clone()), 0..5)
                .prop_map(|entries| entries.into_iter().collect());
            prop_oneof![prop::collection::vec(inner, 0..5).prop_map(Value::Array), object]
        })
    }

    proptest! {
        #[test]
        fn values_agree_with_serde_json(value in json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let parsed = JsonParser::new(32).parse(&text).map(|document| document.value);
            prop_assert_eq!(parsed, Ok(attribute(value)));
        }

        #[test]
        fn the_same_texts_are_json(text in r#"([\[\]{},:" \\/etrufalsn0-9.+-]|"a"|\\u[d0][8c]00|true|null|é){0,12}"#) {
            prop_assert_eq!(JsonParser::new(32).parse(&text).is_ok(), serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
        }
    }
}

//! What is wrong with a row: the stable codes.

use std::fmt;

use contract::SampleReason;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares [`Code`]: one row of the table below for each variant.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $meaning:literal;)+) => {
        /// What is wrong with a row. The text of a code never changes: alarms and queries match on it.
        ///
        /// | code | meaning |
        /// |---|---|
        $(#[doc = concat!("| `", $code, "` | ", $meaning, " |")])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = concat!("`", $code, "`: ", $meaning, ".")] $variant,)+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The code as reports, metrics and quarantine objects spell it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What the code means, in a few words.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

codes! {
    LineTooLong = "LINE_TOO_LONG", "the line is longer than the contract's `max_line_bytes`";
    Utf8Invalid = "UTF8_INVALID", "the line is not UTF-8";
    Utf16 = "UTF16", "the line is of a file that is UTF-16, not UTF-8";
    JsonSyntax = "JSON_SYNTAX", "the line is not one JSON value (RFC 8259)";
    JsonSurrogate = "JSON_SURROGATE", "a string escapes half of a surrogate pair, which no UTF-8 text can hold";
    JsonDuplicateKey = "JSON_DUPLICATE_KEY", "an object names a key twice; the last value is taken";
    Depth = "DEPTH", "values are nested deeper than the contract's `max_depth`";
    NotObject = "NOT_OBJECT", "the line is JSON, but not an object";
    NameEmpty = "NAME_EMPTY", "an attribute name, at any depth, is empty";
    NameTooLong = "NAME_TOO_LONG", "an attribute name is longer than DynamoDB's 65,535 bytes";
    NumPrecision = "NUM_PRECISION", "a number has more than DynamoDB's 38 significant digits";
    NumRange = "NUM_RANGE", "a number is outside DynamoDB's range, 1E-130 to 9.99…E+125";
    FieldMissing = "FIELD_MISSING", "a required field is absent";
    FieldNull = "FIELD_NULL", "a required field is null";
    FieldType = "FIELD_TYPE", "a field has the wrong type";
    FieldRange = "FIELD_RANGE", "a number is below `min` or above `max`";
    FieldLength = "FIELD_LENGTH", "a string or array is shorter or longer than allowed, or empty";
    FieldTooLarge = "FIELD_TOO_LARGE", "a value is over `max_bytes`";
    FieldDepth = "FIELD_DEPTH", "a value is nested deeper than its `max_depth`";
    FieldPattern = "FIELD_PATTERN", "a string does not match `pattern`";
    FieldNotAllowed = "FIELD_NOT_ALLOWED", "a value is not in `one_of`";
    FieldUnknown = "FIELD_UNKNOWN", "a field is not in the contract, which forbids unknown ones";
    FieldReserved = "FIELD_RESERVED", "a field has the name of a key attribute, and the key was read of another";
    TsUnparseable = "TS_UNPARSEABLE", "the time is in none of the accepted formats, or outside the years 0000 to 9999";
    TsPast = "TS_PAST", "a time is before `earliest`";
    TsFuture = "TS_FUTURE", "a time is later than the file's arrival by more than `max_future_skew`";
    KeyEmpty = "KEY_EMPTY", "the user or the id is an empty string, which DynamoDB refuses in a key";
    KeyTooLong = "KEY_TOO_LONG", "the partition key is over 2,048 bytes or the sort key over 1,024";
    DuplicateInFile = "DUPLICATE_IN_FILE", "an earlier row of the file has the same value in a `unique` field";
    ItemTooLarge = "ITEM_TOO_LARGE", "the item is larger than DynamoDB's 400 KB";
    WriteRefused = "WRITE_REFUSED", "the table refused the item, alone";
    FileRefused = "FILE_REFUSED", "nothing is wrong with the row, but the contract refuses its file";
    GzipTruncated = "GZIP_TRUNCATED", "the gzip file ends inside this line";
    GzipCorrupt = "GZIP_CORRUPT", "the gzip file is damaged inside this line";
    GzipRatio = "GZIP_RATIO", "the gzip file unpacks to more than the contract's `max_gzip_ratio` inside this line";
}

impl Code {
    /// Whether no item can be made of a row that has it, wherever it has it.
    pub(crate) const fn leaves_no_item(self) -> bool {
        use Code::{
            Depth, FieldReserved, GzipCorrupt, GzipRatio, GzipTruncated, ItemTooLarge, JsonSurrogate, JsonSyntax,
            KeyEmpty, KeyTooLong, LineTooLong, NameEmpty, NameTooLong, NotObject, NumPrecision, NumRange, Utf8Invalid,
            Utf16,
        };
        matches!(
            self,
            LineTooLong
                | Utf8Invalid
                | Utf16
                | JsonSyntax
                | JsonSurrogate
                | Depth
                | NotObject
                | NameEmpty
                | NameTooLong
                | NumPrecision
                | NumRange
                | FieldReserved
                | KeyEmpty
                | KeyTooLong
                | ItemTooLarge
                | GzipTruncated
                | GzipCorrupt
                | GzipRatio
        )
    }

    /// The code of this name, where it is a row's.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}

/// The code of the contract's `codes`: any but those that no row has by itself.
impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match Self::named(&text) {
            Some(Self::WriteRefused | Self::FileRefused) => {
                Err(D::Error::custom(format!("`{text}` is not for the contract to decide: leave it out")))
            }
            Some(code) => Ok(code),
            None => Err(D::Error::custom(format!("`{text}` is no code; `stack contract document` lists them"))),
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// One thing that is wrong with a row. It never quotes a value: values are personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What is wrong.
    pub code: Code,
    /// The JSON pointer (RFC 6901) of the value that is wrong, where it is one value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The byte within the line, from 0, where reading stopped, where the line cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// What is asked for, where the code alone does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

impl Reason {
    /// A reason that is about the row as a whole.
    pub fn of_row(code: Code) -> Self {
        Self { code, pointer: None, byte: None, expected: None }
    }

    pub(crate) fn at_byte(code: Code, byte: usize) -> Self {
        Self { byte: Some(byte as u64), ..Self::of_row(code) }
    }

    pub(crate) fn at_pointer(code: Code, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..Self::of_row(code) }
    }

    pub(crate) fn expecting(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }
}

impl From<&Reason> for SampleReason {
    fn from(reason: &Reason) -> Self {
        Self {
            code: reason.code.as_str().to_owned(),
            pointer: reason.pointer.clone(),
            byte: reason.byte,
            expected: reason.expected.clone(),
        }
    }
}

/// `FIELD_RANGE at /price: expected at least 0`.
impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", SampleReason::from(self))?;
        match self.expected {
            Some(_) => Ok(()),
            None => write!(formatter, ": {}", self.code.meaning()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_indexed_in_order() {
        for (index, code) in Code::ALL.iter().enumerate() {
            assert_eq!(*code as usize, index);
            assert_eq!(Code::ALL.iter().filter(|other| other.as_str() == code.as_str()).count(), 1);
        }
    }

    #[test]
    fn a_reason_says_where_and_what() {
        let reason = Reason::at_pointer(Code::FieldRange, "/price").expecting("at least 0");
        assert_eq!(reason.to_string(), "FIELD_RANGE at /price: expected at least 0");
        let reason = Reason::at_byte(Code::JsonSyntax, 7);
        assert_eq!(reason.to_string(), "JSON_SYNTAX at byte 7: the line is not one JSON value (RFC 8259)");
    }
}

//! Texts about which RFC 8259 leaves the choice to the parser, or that are JSON and yet more than DynamoDB takes.

use activity::Code;

/// What becomes of a value.
pub(crate) enum Choice {
    /// It is written, as this.
    Written(&'static str),
    /// Its row is quarantined.
    Quarantined(Code),
}

use Choice::{Quarantined, Written};
use Code::{Depth, JsonSurrogate, NameEmpty, NumPrecision, NumRange};

/// Each with what is chosen, whether `serde_json` takes the text, and why the two differ where they do.
#[rustfmt::skip]
pub(crate) const CHOICE: &[(&str, Choice, bool, &str)] = &[
    // A string must be Unicode text: half of a pair is none, and nothing is put in its place.
    (r#""\ud800""#, Quarantined(JsonSurrogate), false, ""),
    (r#""\udbff""#, Quarantined(JsonSurrogate), false, ""),
    (r#""\udc00""#, Quarantined(JsonSurrogate), false, ""),
    (r#""\udfff""#, Quarantined(JsonSurrogate), false, ""),
    (r#""\ud800a""#, Quarantined(JsonSurrogate), false, ""),
    (r#""\ud800\x""#, Quarantined(JsonSurrogate), false, ""),
    (r#""\ud800\n""#, Quarantined(JsonSurrogate), false, ""),
    (r#""\ud800\ud800""#, Quarantined(JsonSurrogate), false, ""),
    (r#""\ud800\u0041""#, Quarantined(JsonSurrogate), false, ""),
    (r#""\udc00\ud800""#, Quarantined(JsonSurrogate), false, ""),
    (r#""\ud83d\ude00\ud83d""#, Quarantined(JsonSurrogate), false, ""),
    (r#"{"\ud800":1}"#, Quarantined(JsonSurrogate), false, ""),
    (r#"["\ud800"]"#, Quarantined(JsonSurrogate), false, ""),
    // A number keeps its value to the last digit, or its row is quarantined. The text may become another of that value.
    ("-0", Written(r#"{"N":"0"}"#), true, ""),
    ("1.00", Written(r#"{"N":"1"}"#), true, ""),
    ("0e99999999999999999999", Written(r#"{"N":"0"}"#), true, ""),
    ("0e-99999999999999999999", Written(r#"{"N":"0"}"#), true, ""),
    ("1000000000000000000000000000000000000000", Written(r#"{"N":"1000000000000000000000000000000000000000"}"#), true, ""),
    ("123456789012345678901234567890123456789", Quarantined(NumPrecision), true, "DynamoDB keeps 38 digits"),
    ("0.123456789012345678901234567890123456789", Quarantined(NumPrecision), true, "DynamoDB keeps 38 digits"),
    ("1e126", Quarantined(NumRange), true, "DynamoDB's range ends below"),
    ("-1e126", Quarantined(NumRange), true, "DynamoDB's range ends below"),
    ("1e-131", Quarantined(NumRange), true, "DynamoDB's range ends above"),
    ("1e400", Quarantined(NumRange), true, "DynamoDB's range ends below"),
    ("-1e-400", Quarantined(NumRange), true, "DynamoDB's range ends above"),
    ("1e99999999999999999999", Quarantined(NumRange), true, "DynamoDB's range ends below"),
    ("[1,[1e999]]", Quarantined(NumRange), true, "DynamoDB's range ends below"),
    // Of two equal names the last wins, with a warning.
    (r#"{"a":1,"a":2}"#, Written(r#"{"M":{"a":{"N":"2"}}}"#), true, ""),
    (r#"{"a":1,"a":1}"#, Written(r#"{"M":{"a":{"N":"1"}}}"#), true, ""),
    (r#"{"a":1,"\u0061":2}"#, Written(r#"{"M":{"a":{"N":"2"}}}"#), true, ""),
    (r#"{"a":1e999,"a":2}"#, Written(r#"{"M":{"a":{"N":"2"}}}"#), true, ""),
    // An attribute has a name.
    (r#"{"":1}"#, Quarantined(NameEmpty), true, "DynamoDB takes no empty name"),
    (r#"[{"":{}}]"#, Quarantined(NameEmpty), true, "DynamoDB takes no empty name"),
    // DynamoDB takes 32 levels, of which the row's own fields are the first.
    ("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", Quarantined(Depth), true, "DynamoDB takes 32 levels"),
    ("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", Written("31 lists"), true, ""),
];

/// Lines that are not looked at as JSON, being blank: nothing, or what ASCII has for white space.
pub(crate) const BLANK: &[&str] = &["", " ", "\t", "\r", "\x0c", " \t\r\x0c "];

/// Lines that are JSON and no rows, for a row is an object.
pub(crate) const NO_ROW: &[&str] = &["null", "true", "1", "-0", "1e999", "\"a\"", "\"\"", "[]", "[{}]", " [1] "];

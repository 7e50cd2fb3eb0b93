//! The record contract: what a row must look like, and where its key is.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};

use crate::checked_map::checked_map;
use crate::condition::Conditional;
use crate::field::{Count, FieldRule, FieldRules};
use crate::file_rule::{FileRule, FileRules};
use crate::handling::Handlings;
use crate::pointer::{self, Pointer};
use crate::time_format::TimeFormats;

/// DynamoDB's nesting limit: "up to 32 levels deep".
const MAX_DEPTH: usize = 32;
/// What deflate can reach: 258 bytes in two bits.
const MAX_GZIP_RATIO: usize = 1032;
/// The longest line that a contract may allow: a row has to be in memory whole.
const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// What a row must look like to become an item. People write it as YAML, by [`RecordContract::from_yaml`]:
///
/// ```yaml
/// user: [/user_id, /actor/id]     # JSON pointers (RFC 6901), tried in order: the first that is neither absent nor null
/// time: [/timestamp]
/// id: [/event_id]                 # optional; without an id, a hash of the row's content takes its place in the key
/// time_formats: [iso8601, epoch_ms]
/// fields:                         # by JSON pointer; absent and null pass, unless required
///   /event: {required: true, type: string, one_of: [view, cart, purchase]}
///   /timestamp: {timestamp: {earliest: 2015-01-01T00:00:00Z, max_future_skew: 10m}}
///   /items/*/price: {type: number, coerce: true, min: 0}    # `*` is every element of an array
///   /note:                        # several rules for one field, each with what becomes of a row that breaks it
///     - {type: string, max_length: 1000}
///     - {max_length: 200, severity: warn}
/// conditions:
///   - when: {/event: {one_of: [purchase]}}
///     then: {/price: {required: true}}
/// forbid_unknown: true            # a top-level field that the contract does not name is a fault
/// codes:                          # what becomes of a row by the code of its fault, where its rule does not say
///   JSON_DUPLICATE_KEY: {action: quarantine}
///   FIELD_UNKNOWN: {severity: warn}
/// file:                           # about the file as a whole
///   strict: true                  # nothing is written of a file that fails
///   rules:
///     - {rule: row_count, min: 1}
///     - {rule: invalid_ratio, max: 0.02}
///     - {rule: quantile, field: /price, at: 0.99, max: 1000, severity: warn}
/// limits: {max_line_bytes: 1048576, max_depth: 32}
/// ```
///
/// The user and the id are strings or integers. Rules of a field:
///
/// | rule | asks for |
/// |---|---|
/// | `required` | a value that is neither absent nor null |
/// | `type` | `string`, `number`, `integer`, `boolean`, `object` or `array` |
/// | `coerce` | a string that spells a number or a boolean becomes one, a number becomes its digits |
/// | `non_empty`, `min_length`, `max_length` | characters of a string, elements of an array, entries of an object |
/// | `min`, `max` | a number within these, to the last digit |
/// | `pattern` | a string that the regular expression matches anywhere, unless it is anchored |
/// | `one_of` | one of these strings, numbers and booleans |
/// | `max_bytes` | a value of at most so many bytes, as DynamoDB counts them |
/// | `max_depth` | a value with at most so many levels below it |
/// | `timestamp` | a time in one of `formats` (else `time_formats`), from `earliest`, at most `max_future_skew` after the file's arrival |
/// | `forbid_unknown` | an object with no names but those that pointers of the contract lead through |
/// | `unique` | a value that no earlier row of the file has, of those that were written; 16 bytes of memory for each |
///
/// Rules of a file, each over every row that is a JSON object, whatever becomes of it:
///
/// | rule | measures |
/// |---|---|
/// | `row_count` | lines that are not blank |
/// | `invalid_ratio` | rows with a fault of severity `fail`, of one |
/// | `duplicate_ratio` | rows that repeat a written row's key, of one |
/// | `completeness` | values of `field` that are neither absent nor null, of one |
/// | `uniqueness` | values of `field` that come exactly once, of one; 16 bytes of memory for each |
/// | `mean`, `sum` | numbers of `field` that DynamoDB takes |
/// | `quantile` | the same numbers: the value below which the part `at` of them lies, to half a percent |
/// | `freshness` | from the time of the newest row that is kept to the file's arrival, at most `max_age` |
/// | `schema_drift` | fields and types, against a `baseline`: `{/event: string, /items/*/price: [integer, number]}` |
/// | `volume` | the row count, at most `max_deviation` off the median of a `history` of row counts, of that median |
///
/// They take `min`, `max` or both. `severity: warn` makes the verdict WARN, `fail`, the default, FAIL. The action says
/// what becomes of the rows of a file that breaks the rule: `keep`; `drop` or `quarantine`, in a strict contract; or
/// `fail`, the default with that severity, which in a strict contract drops them. A file without anything to measure
/// breaks no rule but `row_count`, `sum` and `volume`.
///
/// A rule of a field has a [`severity`](crate::Severity) and an [`action`](crate::Action): `fail` and `quarantine`, unless it says
/// otherwise. What a condition's `when` asks below an array it asks of one element at a time: where it is `/items/*/kind`
/// and `/items/*/pages`, both are of one item, and a `then` of `/items/*/isbn` is about those items. A `then` that is below
/// no such array is about the row. A rule sees the row as sent, with what rules before it have coerced; conditions come after fields, and the
/// key is read last. A row that no item can be made of is never kept, whatever the contract says.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Written")]
pub struct RecordContract {
    pub(crate) user: Vec<Pointer>,
    pub(crate) time: Vec<Pointer>,
    pub(crate) id: Vec<Pointer>,
    pub(crate) time_formats: TimeFormats,
    pub(crate) fields: Vec<(Pointer, FieldRule)>,
    pub(crate) conditions: Vec<Conditional>,
    /// The names that a row may have, where the contract forbids others.
    pub(crate) known: Option<BTreeSet<String>>,
    pub(crate) handlings: Handlings,
    pub(crate) file: FileRules,
    pub(crate) limits: Limits,
    fingerprint: String,
}

/// How much of a contract's hash tells it from others, bytes.
const FINGERPRINT_BYTES: usize = 8;

/// Field rules by pointer, in the pointers' order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<(Pointer, FieldRule)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::checked(deserializer, |pointer, rule| match rule.unique && pointer.is_wild() {
            true => Err(format!("{pointer} reaches many values, and `unique` is about one of each row: leave it out")),
            false => Ok(()),
        })
    }
}

impl Fields {
    /// Reads rules, of which `check` judges each by its pointer.
    pub(crate) fn checked<'de, D: Deserializer<'de>>(
        deserializer: D,
        check: fn(&Pointer, &FieldRule) -> Result<(), String>,
    ) -> Result<Self, D::Error> {
        let check_all =
            move |pointer: &Pointer, rules: &FieldRules| rules.0.iter().try_for_each(|rule| check(pointer, rule));
        let fields = checked_map(deserializer, check_all)?;
        let rules = fields
            .into_iter()
            .flat_map(|(pointer, rules)| rules.0.into_iter().map(move |rule| (pointer.clone(), rule)));
        Ok(Self(rules.collect()))
    }
}

/// What bounds a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The longest line, bytes without its terminator: 1 to 16 MiB, by default 1 MiB. No longer line is kept in memory.
    #[serde(deserialize_with = "line_bytes")]
    pub max_line_bytes: usize,
    /// The deepest nesting: 1 to 32, by default 32, DynamoDB's limit. A field of the row is level 1, an element of an
    /// array that is a field level 2.
    #[serde(deserialize_with = "depth")]
    pub max_depth: usize,
    /// How many times its size a gzip file may unpack to, 1 to 1,032, what deflate can reach; by default that is not
    /// bounded. A file that unpacks to more is read up to there, and its verdict is FAIL.
    #[serde(deserialize_with = "gzip_ratio")]
    pub max_gzip_ratio: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_line_bytes: 1024 * 1024, max_depth: MAX_DEPTH, max_gzip_ratio: None }
    }
}

fn line_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    within(1..=MAX_LINE_BYTES, deserializer, "`max_line_bytes`", "16 MiB")
}

fn depth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    within(1..=MAX_DEPTH, deserializer, "`max_depth`", "DynamoDB's limit")
}

fn gzip_ratio<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    within(1..=MAX_GZIP_RATIO, deserializer, "`max_gzip_ratio`", "what deflate can reach").map(Some)
}

fn within<'de, D: Deserializer<'de>>(
    range: RangeInclusive<usize>,
    deserializer: D,
    what: &str,
    why: &str,
) -> Result<usize, D::Error> {
    let Count(value) = Count::deserialize(deserializer)?;
    let refused = || D::Error::custom(format!("{what} is {} to {}, {why}", range.start(), range.end()));
    if range.contains(&value) { Ok(value) } else { Err(refused()) }
}

/// Where a key is read from: JSON pointers, at least one.
#[derive(Deserialize)]
#[serde(try_from = "Vec<Pointer>")]
struct Sources(Vec<Pointer>);

impl TryFrom<Vec<Pointer>> for Sources {
    type Error = &'static str;

    fn try_from(pointers: Vec<Pointer>) -> Result<Self, &'static str> {
        if pointers.is_empty() {
            Err("a key needs at least one JSON pointer to be read from")
        } else {
            Ok(Self(pointers))
        }
    }
}

/// A contract as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a record contract, with `user`, `time` and `time_formats`")]
struct Written {
    user: Sources,
    time: Sources,
    #[serde(default)]
    id: Vec<Pointer>,
    time_formats: TimeFormats,
    #[serde(default)]
    fields: Fields,
    #[serde(default)]
    conditions: Vec<Conditional>,
    #[serde(default)]
    forbid_unknown: bool,
    #[serde(default)]
    codes: Handlings,
    #[serde(default)]
    file: FileRules,
    #[serde(default)]
    limits: Limits,
}

impl From<Written> for RecordContract {
    fn from(written: Written) -> Self {
        let mut contract = Self {
            user: written.user.0,
            time: written.time.0,
            id: written.id,
            time_formats: written.time_formats,
            fields: written.fields.0,
            conditions: written.conditions,
            known: None,
            handlings: written.codes,
            file: written.file,
            limits: written.limits,
            fingerprint: String::new(),
        };
        contract.know_names(written.forbid_unknown);
        contract
    }
}

impl RecordContract {
    /// The JSON Schema (draft 7) of a contract, for editors.
    pub const JSON_SCHEMA: &str = include_str!("../../processor/contract.schema.json");

    /// Every pointer with which a row is looked at.
    pub(crate) fn pointers(&self) -> impl Iterator<Item = &Pointer> {
        let conditions = self.conditions.iter().flat_map(|rule| rule.when.iter().chain(&rule.then));
        let ruled = self.fields.iter().chain(conditions).map(|(pointer, _)| pointer);
        let measured = self.file.rules.iter().filter_map(FileRule::field);
        ruled.chain(measured).chain(&self.user).chain(&self.time).chain(&self.id)
    }

    /// Tells the rules that forbid unknown names which ones the contract's pointers lead through.
    fn know_names(&mut self, forbid_unknown: bool) {
        let pointers: Vec<Pointer> = self.pointers().cloned().collect();
        let below = |path: &[&str]| -> BTreeSet<String> {
            let next = |pointer: &Pointer| {
                let mut segments = pointer.segments();
                let leads = path.iter().all(|segment| segments.next().is_some_and(|next| pointer::meet(segment, next)));
                if leads { segments.next().map(str::to_owned) } else { None }
            };
            pointers.iter().filter_map(next).collect()
        };
        self.known = forbid_unknown.then(|| below(&[]));
        let conditions = self.conditions.iter_mut().flat_map(|rule| &mut rule.then);
        for (pointer, rule) in self.fields.iter_mut().chain(conditions) {
            rule.know(|| below(&pointer.segments().collect::<Vec<_>>()));
        }
    }

    /// Reads a contract as JSON says it, the form that a function is packaged with.
    ///
    /// # Errors
    ///
    /// The text is not JSON, names an unknown key, or says what cannot be meant.
    pub fn from_json(text: &str) -> Result<Self, ContractError> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(ContractError::new)?;
        Self::deserialize(&value).map(|contract| contract.known_by(&value)).map_err(ContractError::new)
    }

    /// The contract with the fingerprint of its JSON.
    pub(crate) fn known_by(self, value: &serde_json::Value) -> Self {
        let hash = Sha256::digest(value.to_string());
        Self { fingerprint: hex::encode(&hash[..FINGERPRINT_BYTES]), ..self }
    }

    /// What tells this contract from others: hexadecimal, 16 digits of the SHA-256 of its JSON.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The same without what it says of a file as a whole, its `max_gzip_ratio` too: for rows that come back one by one.
    pub fn of_rows(&self) -> Self {
        let limits = Limits { max_gzip_ratio: None, ..self.limits };
        Self { file: FileRules::default(), limits, ..self.clone() }
    }

    /// Whether a file is to be read to its end and judged before any row of it is written. Read it twice then: the
    /// [`refusal`](crate::Summary::refusal) of the first reading is for the second.
    pub fn is_strict(&self) -> bool {
        self.file.strict
    }

    /// Whether what becomes of a row, or of the file, depends on all rows before, in more than their keys. Such a file is
    /// not read in parts.
    pub fn needs_whole_file(&self) -> bool {
        let is_unique = self.fields.iter().any(|(_, rule)| rule.unique);
        self.is_strict() || is_unique || self.file.rules.iter().any(FileRule::needs_whole_file)
    }

    /// The limits of a row.
    pub fn limits(&self) -> Limits {
        self.limits
    }
}

/// The record contract cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record contract cannot be used: {message}")]
pub struct ContractError {
    pub(crate) message: String,
    pub(crate) location: Option<(u64, u64)>,
}

impl ContractError {
    pub(crate) fn new(message: impl std::fmt::Display) -> Self {
        Self { message: message.to_string(), location: None }
    }

    /// Where in the YAML: the line and the column, from 1.
    pub fn location(&self) -> Option<(u64, u64)> {
        self.location
    }
}

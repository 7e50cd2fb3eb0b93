//! Everything between the bytes of an object and the items to write, with no I/O.
//!
//! A [`FileReader`] is fed the bytes of one file in pieces of any size and hands out [`Row`]s: an [`Item`] to write, or
//! a row to quarantine with every reason that can be known. What a row must look like is said by a [`RecordContract`],
//! written as YAML. The way of a byte:
//!
//! ```text
//! gunzip (by magic bytes) -> lines -> JSON -> numbers and names -> field rules -> key -> duplicates -> Row
//! ```
//!
//! Always `lines = written + duplicates + quarantined + dropped + blank`, whatever the bytes and however they are cut, and memory
//! is bounded by the longest line that the contract allows, plus 128 bits for each key seen, which a [`Spill`] bounds too.
//!
//! ```
//! let contract = activity::RecordContract::from_yaml(
//!     "{user: [/user_id], time: [/timestamp], time_formats: [iso8601], fields: {/event: {required: true}}}",
//! )?;
//! let mut reader = activity::FileReader::new(&contract);
//! let mut rows = 0;
//! reader.feed(br#"{"user_id": "u1", "timestamp": "2026-01-02T03:04:05Z", "event": "view"}"#, &mut |_row| rows += 1)?;
//! let summary = reader.finish(&mut |_row| rows += 1)?;
//! assert_eq!((rows, summary.counts.written), (1, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod attribute;
mod attributes;
mod checked_map;
mod code;
mod condition;
mod document;
mod encode;
mod field;
mod file_rule;
mod handling;
mod inflate;
mod instant;
mod json;
mod key_hash;
mod key_set;
pub mod leb128;
mod lines;
mod number;
mod period;
mod pointer;
mod quarantine;
mod reader;
mod record_contract;
mod row;
mod spill;
mod template;
mod text;
mod time_format;
mod unique;
#[cfg(feature = "yaml")]
mod yaml;

pub use account::{Account, Summary};
pub use attribute::{Attribute, Map};
pub use code::{Code, Reason};
pub use handling::{Action, Severity};
pub use inflate::Damage;
pub use key_hash::{KeyHash, KeyHasher, SEED_BYTES};
pub use lines::Line;
pub use quarantine::append_record;
pub use reader::{FaultyRow, FileReader, KEY_ENTRY_BYTES, Row, can_be_read_in_parts};
pub use record_contract::{ContractError, Limits, RecordContract};
pub use row::{Item, PARTITION_KEY, SORT_KEY};
pub use spill::{ExternalSort, Sorted, Spill, SpillError, SpillFile};
pub use text::Text;
pub use time_format::TimeFormat;

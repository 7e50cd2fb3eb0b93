//! Fields whose value may come only once in a file.
//!
//! A row that is not written leaves nothing behind: the mended copy that comes after a bad row is no repetition of it.

use crate::attribute::Attribute;
use crate::attributes::Attributes;
use crate::handling::{Findings, Handling};
use crate::key_hash::{KeyHash, KeyHasher};
use crate::key_set::KeySet;
use crate::pointer::Pointer;
use crate::spill::SpillError;
use crate::{Code, Reason, RecordContract};

/// The `unique` rules of a contract, and the values that written rows have.
pub(crate) struct UniqueFields<'c> {
    fields: Vec<UniqueField<'c>>,
    /// The canonical form of the value at hand.
    canonical: Vec<u8>,
}

struct UniqueField<'c> {
    pointer: &'c Pointer,
    handling: Option<Handling>,
    seen: KeySet,
    /// The value of the row at hand, hashed.
    value: Option<KeyHash>,
}

impl<'c> UniqueFields<'c> {
    pub(crate) fn new(contract: &'c RecordContract) -> Self {
        let rules = contract.fields.iter().filter(|(_, rule)| rule.unique);
        let fields = rules.map(|(pointer, rule)| UniqueField {
            pointer,
            handling: rule.handling,
            seen: KeySet::default(),
            value: None,
        });
        Self { fields: fields.collect(), canonical: Vec::new() }
    }

    /// Whether the contract has no such rule.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The sets of values.
    pub(crate) fn sets(&mut self) -> impl Iterator<Item = &mut KeySet> {
        self.fields.iter_mut().map(|field| &mut field.seen)
    }

    /// Takes note of the values of `row`, or of a line that is none.
    pub(crate) fn look_at(&mut self, row: Option<&Attributes<'_>>, hasher: &KeyHasher) {
        for field in &mut self.fields {
            let value = row.and_then(|row| row.get(field.pointer)).filter(|value| **value != Attribute::Null);
            field.value = value.map(|value| {
                self.canonical.clear();
                value.write_canonical(&mut self.canonical);
                hasher.value(&self.canonical)
            });
        }
    }

    /// Whether a written row has a value of the row at hand.
    pub(crate) fn repeats(&self) -> Result<bool, SpillError> {
        for field in &self.fields {
            if field.repeats()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds the values that a written row has.
    pub(crate) fn find(&self, findings: &mut Findings<'c>) -> Result<(), SpillError> {
        for field in &self.fields {
            if field.repeats()? {
                let reason = || Reason::at_pointer(Code::DuplicateInFile, field.pointer.to_string());
                findings.add(Code::DuplicateInFile, Some(field.pointer), field.handling, reason);
            }
        }
        Ok(())
    }

    /// The row at hand is written.
    pub(crate) fn keep(&mut self) -> Result<(), SpillError> {
        for field in &mut self.fields {
            if let Some(value) = field.value {
                field.seen.insert(value)?;
            }
        }
        Ok(())
    }
}

impl UniqueField<'_> {
    fn repeats(&self) -> Result<bool, SpillError> {
        self.value.map_or(Ok(false), |value| self.seen.contains(value))
    }
}

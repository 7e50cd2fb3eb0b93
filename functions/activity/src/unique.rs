//! Fields whose value may come only once in a file.
//!
//! A row that is not written leaves nothing behind: the mended copy that comes after a bad row is no repetition of it.

use crate::attribute::{Attribute, Map};
use crate::handling::{Findings, Handling};
use crate::key_set::KeySet;
use crate::pointer::Pointer;
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
    value: Option<u128>,
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

    /// Takes note of the values of `row`, or of a line that is none.
    pub(crate) fn look_at(&mut self, row: Option<&Map>) {
        for field in &mut self.fields {
            let value = row.and_then(|row| field.pointer.get(row)).filter(|value| **value != Attribute::Null);
            field.value = value.map(|value| {
                self.canonical.clear();
                value.write_canonical(&mut self.canonical);
                field.seen.hash(&self.canonical)
            });
        }
    }

    /// Whether a written row has a value of the row at hand.
    pub(crate) fn repeats(&self) -> bool {
        self.fields.iter().any(UniqueField::repeats)
    }

    /// Adds the values that a written row has.
    pub(crate) fn find(&self, findings: &mut Findings<'_>) {
        for field in self.fields.iter().filter(|field| field.repeats()) {
            let reason = || Reason::at_pointer(Code::DuplicateInFile, field.pointer.to_string());
            findings.add(Code::DuplicateInFile, field.handling, reason);
        }
    }

    /// The row at hand is written.
    pub(crate) fn keep(&mut self) {
        for field in &mut self.fields {
            field.value.map(|value| field.seen.insert(value));
        }
    }
}

impl UniqueField<'_> {
    fn repeats(&self) -> bool {
        self.value.is_some_and(|value| self.seen.contains(value))
    }
}

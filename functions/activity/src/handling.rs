//! What a fault means: how much it matters, and what becomes of its row.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Code, Reason};

/// A row can hold a million bad numbers; this many reasons tell the story.
const MAX_REASONS: usize = 32;

/// How much a broken rule matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A lesser fault: the row is not invalid for it, and the file's verdict is at least WARN.
    Warn,
    /// The row is invalid, and counts as such. A file rule of this severity makes the file's verdict FAIL.
    Fail,
}

/// What becomes of a row that breaks a rule. Where it breaks several, the last of these that is named holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is written like any other.
    Keep,
    /// It is left out, and counted.
    Drop,
    /// It is left out, and kept in quarantine.
    Quarantine,
    /// It is left out, and kept in quarantine, and the run fails.
    Fail,
}

/// A severity and an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handling {
    pub(crate) severity: Severity,
    pub(crate) action: Action,
}

impl Handling {
    const KEPT: Self = Self { severity: Severity::Warn, action: Action::Keep };
    const QUARANTINED: Self = Self { severity: Severity::Fail, action: Action::Quarantine };

    /// What a rule says. None where it says nothing; where it says one half, the other goes with it.
    pub(crate) fn given(severity: Option<Severity>, action: Option<Action>) -> Result<Option<Self>, String> {
        Ok(match (severity, action) {
            (Some(Severity::Warn), Some(Action::Fail)) => {
                return Err("`severity: warn` does not go with `action: fail`: a warning fails no run".into());
            }
            (None, None) => None,
            (Some(Severity::Warn), None) | (None, Some(Action::Keep)) => Some(Self::KEPT),
            (Some(Severity::Fail), None) => Some(Self::QUARANTINED),
            (severity, Some(action)) => Some(Self { severity: severity.unwrap_or(Severity::Fail), action }),
        })
    }
}

/// What each code means where the rule at hand does not say.
#[derive(Clone, Debug)]
pub(crate) struct Handlings([Handling; Code::ALL.len()]);

/// An entry of a contract's `codes`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "WrittenHandling")]
pub(crate) struct GivenHandling(Handling);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHandling {
    severity: Option<Severity>,
    action: Option<Action>,
}

impl TryFrom<WrittenHandling> for GivenHandling {
    type Error = String;

    fn try_from(written: WrittenHandling) -> Result<Self, String> {
        let handling = Handling::given(written.severity, written.action)?;
        handling.map(Self).ok_or_else(|| "a code needs a `severity`, an `action` or both".into())
    }
}

impl Handlings {
    pub(crate) fn new(given: &BTreeMap<Code, GivenHandling>) -> Self {
        let mut handlings = Self([Handling::QUARANTINED; Code::ALL.len()]);
        handlings.0[Code::JsonDuplicateKey as usize] = Handling::KEPT;
        for (code, handling) in given {
            handlings.0[*code as usize] = handling.0;
        }
        handlings
    }

    pub(crate) fn of(&self, code: Code) -> Handling {
        self.0[code as usize]
    }

    /// The same of a fault that leaves no item. Such a row cannot be kept, whatever the contract says.
    fn of_fatal(&self, code: Code) -> Handling {
        match self.of(code) {
            Handling { action: Action::Keep, .. } => Handling::QUARANTINED,
            handling => handling,
        }
    }
}

/// What is wrong with one row. Costs nothing while nothing is.
#[derive(Debug)]
pub(crate) struct Findings<'c> {
    handlings: &'c Handlings,
    reasons: Vec<(Reason, Severity)>,
    action: Action,
}

impl<'c> Findings<'c> {
    pub(crate) fn new(handlings: &'c Handlings) -> Self {
        Self { handlings, reasons: Vec::new(), action: Action::Keep }
    }

    /// Adds a fault that is handled as `handling` says, or else as the contract says of its code.
    pub(crate) fn add(&mut self, reason: Reason, handling: Option<Handling>) {
        let handling = handling.unwrap_or_else(|| self.handlings.of(reason.code));
        self.insert(reason, handling);
    }

    /// Adds a fault that leaves no item.
    pub(crate) fn add_fatal(&mut self, reason: Reason) {
        let handling = self.handlings.of_fatal(reason.code);
        self.insert(reason, handling);
    }

    /// The reasons are bounded and each is told once; what becomes of the row is decided by all of them.
    fn insert(&mut self, reason: Reason, handling: Handling) {
        self.action = self.action.max(handling.action);
        let same = |(known, _): &(Reason, Severity)| known.code == reason.code && known.pointer == reason.pointer;
        match self.reasons.iter().position(same) {
            Some(index) => self.reasons[index].1 = self.reasons[index].1.max(handling.severity),
            None if self.is_full() => {}
            None => self.reasons.push((reason, handling.severity)),
        }
    }

    /// Whether more reasons would not be told.
    pub(crate) fn is_full(&self) -> bool {
        self.reasons.len() >= MAX_REASONS
    }

    /// What becomes of the row.
    pub(crate) fn action(&self) -> Action {
        self.action
    }

    pub(crate) fn reasons(&self) -> &[(Reason, Severity)] {
        &self.reasons
    }

    pub(crate) fn into_reasons(self) -> Vec<Reason> {
        self.reasons.into_iter().map(|(reason, _)| reason).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_half_of_a_handling_brings_the_other() {
        use {Action as A, Severity as S};
        for (severity, action, expected) in [
            (None, None, None),
            (Some(S::Warn), None, Some((S::Warn, A::Keep))),
            (Some(S::Fail), None, Some((S::Fail, A::Quarantine))),
            (None, Some(A::Keep), Some((S::Warn, A::Keep))),
            (None, Some(A::Drop), Some((S::Fail, A::Drop))),
            (None, Some(A::Fail), Some((S::Fail, A::Fail))),
            (Some(S::Fail), Some(A::Keep), Some((S::Fail, A::Keep))),
            (Some(S::Warn), Some(A::Quarantine), Some((S::Warn, A::Quarantine))),
        ] {
            let expected = expected.map(|(severity, action)| Handling { severity, action });
            assert_eq!(Handling::given(severity, action), Ok(expected));
        }
        assert!(Handling::given(Some(S::Warn), Some(A::Fail)).is_err());
    }

    #[test]
    fn the_strongest_action_holds_even_where_reasons_are_cut_off() {
        let handlings = Handlings::new(&BTreeMap::new());
        let mut findings = Findings::new(&handlings);
        for index in 0..100 {
            findings.add(Reason::at_pointer(Code::FieldType, format!("/{index}")), Some(Handling::KEPT));
        }
        assert_eq!((findings.reasons().len(), findings.action()), (MAX_REASONS, Action::Keep));
        findings.add(Reason::of_row(Code::ItemTooLarge), None);
        assert_eq!(findings.action(), Action::Quarantine);
    }
}

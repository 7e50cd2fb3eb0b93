//! What a fault means: how much it matters, and what becomes of its row.

use serde::{Deserialize, Deserializer};

use crate::checked_map::checked_map;
use crate::pointer::Pointer;
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

impl Default for Handlings {
    fn default() -> Self {
        let mut handlings = Self([Handling::QUARANTINED; Code::ALL.len()]);
        handlings.0[Code::JsonDuplicateKey as usize] = Handling::KEPT;
        handlings
    }
}

impl<'de> Deserialize<'de> for Handlings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let check = |code: &Code, given: &GivenHandling| match given.0.action == Action::Keep && code.leaves_no_item() {
            true => Err(format!(
                "no item can be made of a row with {code}, so that it cannot be kept: write `action: drop`, \
                 `quarantine` or `fail`"
            )),
            false => Ok(()),
        };
        let mut handlings = Self::default();
        for (code, GivenHandling(handling)) in checked_map(deserializer, check)? {
            handlings.0[code as usize] = handling;
        }
        Ok(handlings)
    }
}

impl Handlings {
    pub(crate) fn of(&self, code: Code) -> Handling {
        self.0[code as usize]
    }

    /// The same where the fault leaves no item: a field that is missing may be kept, but not where it is the key.
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
    faults: Option<Box<Faults<'c>>>,
}

/// The faults of a row that has some.
#[derive(Debug)]
pub(crate) struct Faults<'c> {
    reasons: Vec<Reason>,
    /// The codes found, a bit each, by severity.
    codes: [u64; 2],
    /// The contract's pointers at which they were found, each once for a severity.
    fields: Vec<(Severity, &'c Pointer)>,
    action: Action,
}

impl<'c> Findings<'c> {
    pub(crate) fn new(handlings: &'c Handlings) -> Self {
        Self { handlings, faults: None }
    }

    /// Adds a fault at `field` that is handled as `handling` says, or else as the contract says of its code. Its reason is
    /// made only where it is told: reasons are bounded, and what becomes of the row is decided by all faults even so.
    pub(crate) fn add(
        &mut self,
        code: Code,
        field: Option<&'c Pointer>,
        handling: Option<Handling>,
        reason: impl FnOnce() -> Reason,
    ) {
        self.insert(code, field, handling.unwrap_or_else(|| self.handlings.of(code)), reason);
    }

    /// Adds a fault that leaves no item.
    pub(crate) fn add_fatal(&mut self, field: Option<&'c Pointer>, reason: Reason) {
        self.insert(reason.code, field, self.handlings.of_fatal(reason.code), || reason);
    }

    /// Adds one whose reason is made only where it is told: a row may have as many as it has bytes.
    pub(crate) fn add_fatal_with(&mut self, code: Code, reason: impl FnOnce() -> Reason) {
        self.insert(code, None, self.handlings.of_fatal(code), reason);
    }

    fn insert(&mut self, code: Code, field: Option<&'c Pointer>, handling: Handling, reason: impl FnOnce() -> Reason) {
        let faults = self.faults.get_or_insert_with(|| {
            Box::new(Faults { reasons: Vec::new(), codes: [0; 2], fields: Vec::new(), action: Action::Keep })
        });
        faults.action = faults.action.max(handling.action);
        faults.codes[handling.severity as usize] |= 1 << code as usize;
        let field = field.map(|field| (handling.severity, field));
        if let Some(field) = field.filter(|field| !faults.fields.contains(field)) {
            faults.fields.push(field);
        }
        if faults.reasons.len() >= MAX_REASONS {
            return;
        }
        let reason = reason();
        if !faults.reasons.iter().any(|known| known.code == reason.code && known.pointer == reason.pointer) {
            faults.reasons.push(reason);
        }
    }

    /// What becomes of the row.
    pub(crate) fn action(&self) -> Action {
        self.faults.as_ref().map_or(Action::Keep, |faults| faults.action)
    }

    /// Its faults, where it has any.
    pub(crate) fn faults(&self) -> Option<&Faults<'c>> {
        self.faults.as_deref()
    }

    pub(crate) fn into_reasons(self) -> Vec<Reason> {
        self.faults.map(|faults| faults.reasons).unwrap_or_default()
    }
}

impl<'c> Faults<'c> {
    /// The codes of the faults of this severity, each once.
    pub(crate) fn codes(&self, severity: Severity) -> impl Iterator<Item = Code> {
        let codes = self.codes[severity as usize];
        Code::ALL.iter().copied().filter(move |code| codes & (1 << *code as usize) != 0)
    }

    /// The contract's pointers at which there are faults of this severity, each once.
    pub(crate) fn fields(&self, severity: Severity) -> impl Iterator<Item = &'c Pointer> {
        self.fields.iter().filter(move |(of, _)| *of == severity).map(|(_, field)| *field)
    }

    /// Whether the row is invalid.
    pub(crate) fn is_invalid(&self) -> bool {
        self.codes[Severity::Fail as usize] != 0
    }
}

/// A code is a bit of [`Faults::codes`].
const _: () = assert!(Code::ALL.len() <= 64);

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
        let handlings = Handlings::default();
        let mut findings = Findings::new(&handlings);
        for index in 0..100 {
            let reason = || Reason::at_pointer(Code::FieldType, format!("/{index}"));
            findings.add(Code::FieldType, None, Some(Handling::KEPT), reason);
        }
        assert_eq!(findings.action(), Action::Keep);
        assert!(findings.faults().is_some_and(|faults| !faults.is_invalid() && faults.reasons.len() == MAX_REASONS));
        findings.add_fatal(None, Reason::of_row(Code::ItemTooLarge));
        assert_eq!(findings.action(), Action::Quarantine);
        let faults = findings.faults().unwrap();
        assert!(faults.is_invalid());
        assert_eq!(faults.codes(Severity::Fail).collect::<Vec<_>>(), [Code::ItemTooLarge]);
        assert_eq!(findings.into_reasons().len(), MAX_REASONS);
    }
}

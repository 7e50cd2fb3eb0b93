//! How the lines of a file were accounted: added up from parts, and concluded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::SystemTime;

use contract::{Counts, FileDamage, FileLocation, FileRuleOutcome, ProcessorOutput, Refusal, Verdict};
use serde::{Deserialize, Serialize};

use crate::file_rule::{Measured, RowCounts};
use crate::handling::{Action, Findings, Severity};
use crate::inflate::Damage;
use crate::instant::Instant;
use crate::spill::SpillError;
use crate::{Code, RecordContract};

/// How the lines of a file, or of a part of one, were accounted: what the contract says of the file follows from it.
#[derive(Default, Serialize, Deserialize)]
pub struct Account {
    pub(crate) counts: Counts,
    /// Rows with a fault of severity `fail`.
    pub(crate) invalid: u64,
    /// Whether a row has a fault that fails the run.
    pub(crate) fails: bool,
    /// Rows by severity and code.
    pub(crate) faults: [BTreeMap<Cow<'static, str>, u64>; 2],
    /// The same by the contract's pointers.
    pub(crate) fields: [BTreeMap<String, u64>; 2],
    pub(crate) measured: Measured,
    /// What is read in parts is plain UTF-8, and never damaged.
    #[serde(skip)]
    pub(crate) damage: Option<Damage>,
}

/// How a file was accounted, and what the contract says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Where the lines went. Always: `lines = written + duplicates + quarantined + dropped + blank`.
    pub counts: Counts,
    /// What the contract says of the file as a whole.
    pub verdict: Verdict,
    /// Invalid rows by reason code. A row with two reasons counts under both, a code that a row has twice once.
    pub errors_by_code: BTreeMap<String, u64>,
    /// Rows with a lesser fault, by code.
    pub warnings_by_code: BTreeMap<String, u64>,
    /// Invalid rows by the contract's pointer to what is wrong. A row with faults in two fields counts under both; one that
    /// cannot be read, or whose fault is at no pointer of the contract, counts under none.
    pub errors_by_field: BTreeMap<String, u64>,
    /// Rows with a lesser fault, by that pointer.
    pub warnings_by_field: BTreeMap<String, u64>,
    /// What each file rule found, in the contract's order.
    pub file_rules: Vec<FileRuleOutcome>,
    /// How old the newest row that is kept was when the file arrived, seconds; where both are known.
    pub newest_row_age_seconds: Option<u64>,
    /// What a strict contract does with the rows that would be written, where it refuses the file.
    pub refusal: Option<Refusal>,
    /// Why the file could not be read to its end, or not as what it is, where it could not.
    pub damage: Option<Damage>,
}

impl Account {
    /// Where the lines went.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Adds the account of the lines that follow.
    pub fn add(&mut self, later: Self) {
        self.counts += later.counts;
        self.invalid += later.invalid;
        self.fails |= later.fails;
        add_rows(&mut self.faults, later.faults);
        add_rows(&mut self.fields, later.fields);
        self.measured.add(later.measured);
        self.damage = self.damage.or(later.damage);
    }

    /// Counts a row once under each code that it has, and under each field.
    pub(crate) fn count(&mut self, findings: &Findings<'_>) {
        let Some(faults) = findings.faults() else { return };
        self.invalid += u64::from(faults.is_invalid());
        for severity in [Severity::Warn, Severity::Fail] {
            faults.codes(severity).for_each(|code| self.count_fault(severity, code));
            for field in faults.fields(severity) {
                *self.fields[severity as usize].entry(field.to_string()).or_default() += 1;
            }
        }
    }

    pub(crate) fn count_fault(&mut self, severity: Severity, code: Code) {
        *self.faults[severity as usize].entry(code.as_str().into()).or_default() += 1;
    }

    /// What `contract`, by which the lines were read, says of the file, which came when `arrived` says.
    ///
    /// # Errors
    ///
    /// What was spilled cannot be read back.
    pub fn summary(self, contract: &RecordContract, arrived: Option<SystemTime>) -> Result<Summary, SpillError> {
        let arrived = arrived.map(Instant::from_system_time);
        let counts = RowCounts { counts: self.counts, invalid: self.invalid, arrived };
        let newest_row_age_seconds = self.measured.newest_row_age(arrived);
        let outcomes = self.measured.outcomes(&contract.file.rules, counts)?;
        let of_file = outcomes.iter().map(|(_, outcome)| outcome.verdict).max().unwrap_or_default();
        let has_faults = self.faults.iter().any(|faults| !faults.is_empty());
        let of_rows = if has_faults { Verdict::Warn } else { Verdict::Pass };
        let fails = self.fails || self.damage.is_some();
        let of_run = if fails { Verdict::Fail } else { Verdict::Pass };
        let broken = outcomes.iter().filter(|(_, outcome)| outcome.verdict > Verdict::Pass);
        let refusals = broken.filter_map(|(rule, _)| refusal_by(rule.action()));
        let refusal = refusals.chain(fails.then_some(Refusal::Drop)).max();
        let [warnings, errors] = self.faults.map(|faults| {
            let named = faults.into_iter().map(|(code, rows)| (code.into_owned(), rows));
            named.collect()
        });
        let [warnings_by_field, errors_by_field] = self.fields;
        Ok(Summary {
            counts: self.counts,
            verdict: of_file.max(of_rows).max(of_run),
            errors_by_code: errors,
            warnings_by_code: warnings,
            errors_by_field,
            warnings_by_field,
            file_rules: outcomes.into_iter().map(|(_, outcome)| outcome).collect(),
            newest_row_age_seconds,
            refusal: refusal.filter(|_| contract.is_strict()),
            damage: self.damage,
        })
    }
}

/// Adds rows to those of the same severity and key.
fn add_rows<Key: Ord>(rows: &mut [BTreeMap<Key, u64>; 2], later: [BTreeMap<Key, u64>; 2]) {
    for (rows, later) in rows.iter_mut().zip(later) {
        later.into_iter().for_each(|(key, more)| *rows.entry(key).or_default() += more);
    }
}

impl Summary {
    /// What a run over `file` says of it, beside what it left.
    pub fn into_output(self, file: FileLocation) -> ProcessorOutput {
        ProcessorOutput {
            counts: self.counts,
            verdict: self.verdict,
            errors_by_code: self.errors_by_code,
            warnings_by_code: self.warnings_by_code,
            errors_by_field: self.errors_by_field,
            warnings_by_field: self.warnings_by_field,
            file_rules: self.file_rules,
            newest_row_age_seconds: self.newest_row_age_seconds,
            damage: self.damage.map(FileDamage::from),
            ..ProcessorOutput::of_empty(file)
        }
    }
}

/// What a broken rule of this action does with the file's rows.
fn refusal_by(action: Action) -> Option<Refusal> {
    match action {
        Action::Keep => None,
        Action::Drop | Action::Fail => Some(Refusal::Drop),
        Action::Quarantine => Some(Refusal::Quarantine),
    }
}

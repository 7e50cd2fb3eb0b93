//! What a file must look like as a whole.
//!
//! The words are those of the field: completeness, uniqueness and the like as in Deequ's DQDL, freshness and volume as
//! Soda and Great Expectations have them.

mod shape;
mod sketch;
mod statistics;
#[cfg(test)]
mod tests;
mod total;
mod written;

use contract::{Counts, FileRuleOutcome, Verdict};
use serde::Deserialize;

pub(crate) use self::shape::Shape;
pub(crate) use self::statistics::{Measured, Statistics};
use self::total::Total;
use crate::field::Bound;
use crate::handling::{Action, Severity};
use crate::instant::Instant;
use crate::period::Period;
use crate::pointer::Pointer;

/// The file rules of a contract.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "written::WrittenRules")]
pub(crate) struct FileRules {
    /// Whether the file is read to its end and judged before any row of it is written.
    pub(crate) strict: bool,
    pub(crate) rules: Vec<FileRule>,
}

/// A file rule, checked.
#[derive(Clone, Debug)]
pub(crate) struct FileRule {
    measure: Measure,
    severity: Severity,
    /// What becomes of the rows of a file that breaks it.
    action: Action,
}

/// What is measured, and the bounds of it. Where a file has nothing to measure, the rule is kept.
#[derive(Clone, Debug)]
enum Measure {
    /// Lines that are not blank.
    RowCount(Bounds),
    /// Rows with a fault of severity `fail`, of one.
    InvalidRatio(Bounds),
    /// Rows that repeat a written row's key, of one.
    DuplicateRatio(Bounds),
    /// From the time of the newest row that is kept to the file's arrival.
    Freshness(Period),
    /// Values that are neither absent nor null, of one.
    Completeness(Pointer, Bounds),
    /// Values that come exactly once, of one.
    Uniqueness(Pointer, Bounds),
    Mean(Pointer, Bounds),
    Sum(Pointer, Bounds),
    Quantile(Pointer, f64, Bounds),
    /// The fields that rows have, against those that they had.
    SchemaDrift(Shape),
    /// The deviation of the row count from the median of earlier ones, of that median.
    Volume {
        /// A median can lie halfway between two row counts.
        twice_median: u64,
        max_deviation: Bound,
    },
}

/// The least and the most, both allowed.
#[derive(Clone, Debug)]
struct Bounds {
    min: Option<Bound>,
    max: Option<Bound>,
}

/// What the rows of a file were counted as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowCounts {
    pub(crate) counts: Counts,
    /// Rows with a fault of severity `fail`.
    pub(crate) invalid: u64,
    /// When the file arrived, where that is known.
    pub(crate) arrived: Option<Instant>,
}

impl FileRule {
    /// What becomes of the file's rows where the rule is broken.
    pub(crate) fn action(&self) -> Action {
        self.action
    }

    /// How much it matters where the rule is broken.
    pub(crate) fn severity(&self) -> Severity {
        self.severity
    }

    /// Whether the rule needs every value of a file in one place.
    pub(crate) fn needs_whole_file(&self) -> bool {
        matches!(self.measure, Measure::Uniqueness(..))
    }

    /// The field that the rule is about.
    pub(crate) fn field(&self) -> Option<&Pointer> {
        match &self.measure {
            Measure::Completeness(field, _)
            | Measure::Uniqueness(field, _)
            | Measure::Mean(field, _)
            | Measure::Sum(field, _)
            | Measure::Quantile(field, ..) => Some(field),
            _ => None,
        }
    }

    /// The fields that rows are to have, and their types, where the rule is about that.
    pub(crate) fn baseline(&self) -> Option<&Shape> {
        match &self.measure {
            Measure::SchemaDrift(baseline) => Some(baseline),
            _ => None,
        }
    }

    /// The rule's name in a report.
    pub(crate) fn name(&self) -> String {
        match &self.measure {
            Measure::RowCount(_) => "row_count".into(),
            Measure::InvalidRatio(_) => "invalid_ratio".into(),
            Measure::DuplicateRatio(_) => "duplicate_ratio".into(),
            Measure::Freshness(_) => "freshness".into(),
            Measure::Completeness(field, _) => format!("completeness of {field}"),
            Measure::Uniqueness(field, _) => format!("uniqueness of {field}"),
            Measure::Mean(field, _) => format!("mean of {field}"),
            Measure::Sum(field, _) => format!("sum of {field}"),
            Measure::Quantile(field, at, _) => format!("quantile {at} of {field}"),
            Measure::SchemaDrift(_) => "schema_drift".into(),
            Measure::Volume { .. } => "volume".into(),
        }
    }

    /// What the rule asks for.
    pub(crate) fn expected(&self) -> String {
        match &self.measure {
            Measure::RowCount(bounds)
            | Measure::InvalidRatio(bounds)
            | Measure::DuplicateRatio(bounds)
            | Measure::Completeness(_, bounds)
            | Measure::Uniqueness(_, bounds)
            | Measure::Mean(_, bounds)
            | Measure::Sum(_, bounds)
            | Measure::Quantile(_, _, bounds) => bounds.to_string(),
            Measure::Freshness(max_age) => format!("a row at most {max_age} older than the file's arrival"),
            Measure::SchemaDrift(_) => "the fields and types of the baseline".into(),
            Measure::Volume { twice_median, max_deviation } => {
                format!("{} rows, give or take {max_deviation} of that", *twice_median as f64 / 2.0)
            }
        }
    }

    fn outcome(&self, observed: Observed) -> FileRuleOutcome {
        let verdict = match (observed.holds, self.severity) {
            (true, _) => Verdict::Pass,
            (false, Severity::Warn) => Verdict::Warn,
            (false, Severity::Fail) => Verdict::Fail,
        };
        FileRuleOutcome { rule: self.name(), expected: self.expected(), observed: observed.text, verdict }
    }
}

/// What a rule found.
struct Observed {
    text: String,
    holds: bool,
}

impl Observed {
    /// The sum of some values.
    fn sum(total: &Total, bounds: &Bounds) -> Self {
        Self { text: total.value().to_string(), holds: bounds.contain(total, 1) }
    }

    /// What `total` is of `count`.
    fn quotient(total: &Total, count: u64, bounds: &Bounds) -> Self {
        let value = total.value().to_string().parse().unwrap_or(f64::NAN) / count as f64;
        let holds = bounds.contain(total, count);
        // The digits that are shown can keep to a bound that the quotient is beyond.
        let looks_sound = !holds && bounds.contain(&Total::of_number(value), 1);
        Self { text: if looks_sound { format!("{value}, rounded") } else { value.to_string() }, holds }
    }

    /// There is nothing to measure.
    fn nothing(text: &str) -> Self {
        Self { text: text.into(), holds: true }
    }

    fn ratio(part: u64, whole: u64, bounds: &Bounds) -> Self {
        if whole == 0 { Self::nothing("no rows") } else { Self::quotient(&Total::of_number(part), whole, bounds) }
    }
}

impl Bounds {
    /// Whether `total` is within so many times the bounds. A quotient can have no end of digits.
    fn contain(&self, total: &Total, count: u64) -> bool {
        let total = total.value();
        let times = |bound: &Bound| Total::of(&bound.0, count).value();
        self.min.as_ref().is_none_or(|min| total >= times(min))
            && self.max.as_ref().is_none_or(|max| total <= times(max))
    }
}

impl std::fmt::Display for Bounds {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.min, &self.max) {
            (Some(min), Some(max)) => write!(formatter, "{min} to {max}"),
            (Some(min), None) => write!(formatter, "at least {min}"),
            (None, Some(max)) => write!(formatter, "at most {max}"),
            (None, None) => Ok(()),
        }
    }
}

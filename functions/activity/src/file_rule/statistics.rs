//! What file rules measure, gathered row by row.
//!
//! Every row that is a JSON object is measured, after its values are coerced and whatever becomes of it: a rule is about
//! what came. Memory is bounded, but for `uniqueness` where there is no place to spill to.

use std::sync::Arc;

use contract::FileRuleOutcome;
use serde::{Deserialize, Serialize};

use super::shape::Observation;
use super::sketch::Sketch;
use super::total::Total;
use super::{FileRule, Measure, Observed, RowCounts};
use crate::attribute::Attribute;
use crate::attributes::Attributes;
use crate::instant::Instant;
use crate::key_hash::{KeyHash, KeyHasher};
use crate::number::{self, Decimal};
use crate::period::Period;
use crate::pointer::Pointer;
use crate::spill::{ExternalSort, Spill, SpillError};

/// The statistics of one file, or of a part of it, while its rows are read.
pub(crate) struct Statistics<'c> {
    rules: Vec<(&'c FileRule, Tally)>,
    /// The newest row's time.
    newest: Option<Instant>,
    /// The canonical form of the value at hand.
    canonical: Vec<u8>,
}

/// What rows were measured, without the rules: what parts of a file add up.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// In the contract's order of rules.
    tallies: Vec<Tally>,
    newest: Option<Instant>,
}

/// What one rule needs to know of the rows.
#[derive(Serialize, Deserialize)]
enum Tally {
    /// Nothing but how they were counted.
    Counts,
    /// Values that are there, of all that could be.
    Present {
        present: u64,
        all: u64,
    },
    /// Of one process: it is not written down, and a file with such a rule is not read in parts.
    #[serde(skip)]
    Distinct(Distinct),
    Sum(Sum),
    Sketch(Sketch),
    Shape(Box<Observation>),
}

/// Values, to be told in the end which came once.
struct Distinct {
    values: ExternalSort<{ KeyHash::BYTES }>,
    count: u64,
}

/// Numbers, added up.
#[derive(Default, Serialize, Deserialize)]
struct Sum {
    total: Total,
    count: u64,
}

impl<'c> Statistics<'c> {
    pub(crate) fn new(rules: &'c [FileRule]) -> Self {
        let tally = |rule: &FileRule| match &rule.measure {
            Measure::Completeness(..) => Tally::Present { present: 0, all: 0 },
            Measure::Uniqueness(..) => Tally::Distinct(Distinct::new(None, usize::MAX)),
            Measure::Mean(..) | Measure::Sum(..) => Tally::Sum(Sum::default()),
            Measure::Quantile(..) => Tally::Sketch(Sketch::default()),
            Measure::SchemaDrift(_) => Tally::Shape(Box::default()),
            Measure::RowCount(_)
            | Measure::InvalidRatio(_)
            | Measure::DuplicateRatio(_)
            | Measure::Freshness(_)
            | Measure::Volume { .. } => Tally::Counts,
        };
        Self { rules: rules.iter().map(|rule| (rule, tally(rule))).collect(), newest: None, canonical: Vec::new() }
    }

    /// How many rules keep every value.
    pub(crate) fn keepers(&self) -> usize {
        self.rules.iter().filter(|(_, tally)| matches!(tally, Tally::Distinct(_))).count()
    }

    /// Has each rule that keeps every value keep no more than `bytes` in memory.
    pub(crate) fn spill_to(&mut self, spill: &Arc<dyn Spill>, bytes: usize) {
        for (_, tally) in &mut self.rules {
            if let Tally::Distinct(distinct) = tally {
                *distinct = Distinct::new(Some(Arc::clone(spill)), bytes);
            }
        }
    }

    /// Measures a row.
    pub(crate) fn add(&mut self, row: &mut Attributes<'_>, hasher: &KeyHasher) -> Result<(), SpillError> {
        for (rule, tally) in &mut self.rules {
            if let Tally::Shape(observation) = tally {
                observation.add(&row.map());
            } else if let Some(field) = rule.field() {
                tally.add(field, row, hasher, &mut self.canonical)?;
            }
        }
        Ok(())
    }

    /// Takes note of the time of a row that is kept.
    pub(crate) fn add_time(&mut self, time: Instant) {
        self.newest = self.newest.max(Some(time));
    }

    /// What was measured.
    pub(crate) fn into_measured(self) -> Measured {
        Measured { tallies: self.rules.into_iter().map(|(_, tally)| tally).collect(), newest: self.newest }
    }
}

impl Measured {
    /// Adds what was measured of later rows by the same rules.
    pub(crate) fn add(&mut self, later: Self) {
        self.newest = self.newest.max(later.newest);
        if self.tallies.is_empty() {
            self.tallies = later.tallies;
        } else {
            self.tallies.iter_mut().zip(later.tallies).for_each(|(tally, later)| tally.merge(later));
        }
    }

    /// How old the newest row that is kept was when the file arrived, seconds. None where either is not known.
    pub(crate) fn newest_row_age(&self, arrived: Option<Instant>) -> Option<u64> {
        let age = arrived?.seconds_since(self.newest?);
        Some(u64::try_from(age).unwrap_or_default())
    }

    /// What each of the rules by which it was measured found.
    pub(crate) fn outcomes<'c>(
        self,
        rules: &'c [FileRule],
        counts: RowCounts,
    ) -> Result<Vec<(&'c FileRule, FileRuleOutcome)>, SpillError> {
        let newest = self.newest;
        let outcome = |(rule, tally): (&'c FileRule, Tally)| {
            let observed = tally.observed(rule, counts, newest)?;
            Ok((rule, rule.outcome(observed)))
        };
        rules.iter().zip(self.tallies).map(outcome).collect()
    }
}

fn freshness(max_age: Period, newest: Option<Instant>, arrived: Option<Instant>) -> Observed {
    match (newest, arrived) {
        (Some(newest), Some(arrived)) => {
            let age = arrived.seconds_since(newest).max(0);
            Observed { text: format!("{age}s"), holds: age <= i64::from(max_age.seconds) }
        }
        (None, _) => Observed::nothing("no row that is kept"),
        (_, None) => Observed::nothing("the file's arrival is not known"),
    }
}

impl Tally {
    /// Adds what the same rule's tally has of later rows.
    fn merge(&mut self, later: Self) {
        match (self, later) {
            (Self::Present { present, all }, Self::Present { present: more, all: of }) => {
                *present += more;
                *all += of;
            }
            (Self::Sum(sum), Self::Sum(later)) => {
                sum.total.merge(later.total);
                sum.count += later.count;
            }
            (Self::Sketch(sketch), Self::Sketch(later)) => sketch.merge(later),
            (Self::Shape(observation), Self::Shape(later)) => observation.merge(*later),
            _ => {}
        }
    }

    fn observed(self, rule: &FileRule, counts: RowCounts, newest: Option<Instant>) -> Result<Observed, SpillError> {
        let rows = counts.counts.lines - counts.counts.blank;
        Ok(match (&rule.measure, self) {
            (Measure::RowCount(bounds), _) => Observed::sum(&Total::of_number(rows), bounds),
            (Measure::InvalidRatio(bounds), _) => Observed::ratio(counts.invalid, rows, bounds),
            (Measure::DuplicateRatio(bounds), _) => Observed::ratio(counts.counts.duplicates, rows, bounds),
            (Measure::Freshness(max_age), _) => freshness(*max_age, newest, counts.arrived),
            (Measure::Volume { twice_median, max_deviation }, _) => {
                let deviation = Total::of_number(twice_median.abs_diff(2 * rows));
                let holds = deviation.value() <= Total::of(&max_deviation.0, *twice_median).value();
                Observed { text: format!("{rows} rows"), holds }
            }
            (Measure::Completeness(_, bounds), Tally::Present { present, all }) => {
                Observed::ratio(present, all, bounds)
            }
            (Measure::Uniqueness(_, bounds), Tally::Distinct(distinct)) => {
                let count = distinct.count;
                Observed::ratio(distinct.once()?, count, bounds)
            }
            (Measure::Mean(_, bounds), Tally::Sum(sum)) if sum.count > 0 => {
                Observed::quotient(&sum.total, sum.count, bounds)
            }
            (Measure::Sum(_, bounds), Tally::Sum(sum)) => Observed::sum(&sum.total, bounds),
            (Measure::Quantile(_, at, bounds), Tally::Sketch(sketch)) => match sketch.quantile(*at) {
                Some(value) => Observed::sum(&Total::of_number(value), bounds),
                None => Observed::nothing("no numbers"),
            },
            (Measure::SchemaDrift(baseline), Tally::Shape(observation)) if rows > 0 => {
                match observation.difference_from(baseline) {
                    Some(text) => Observed { text, holds: false },
                    None => Observed::nothing("no difference"),
                }
            }
            _ => Observed::nothing("nothing to measure"),
        })
    }

    fn add(
        &mut self,
        field: &Pointer,
        row: &mut Attributes<'_>,
        hasher: &KeyHasher,
        canonical: &mut Vec<u8>,
    ) -> Result<(), SpillError> {
        let mut kept = Ok(());
        row.visit(field, &[], &mut |value, _| {
            let value = value.filter(|value| **value != Attribute::Null);
            match (&mut *self, value) {
                (Self::Present { present, all }, value) => {
                    *all += 1;
                    *present += u64::from(value.is_some());
                }
                (Self::Distinct(distinct), Some(value)) => {
                    canonical.clear();
                    value.write_canonical(canonical);
                    if kept.is_ok() {
                        kept = distinct.add(hasher.value(canonical));
                    }
                }
                // What DynamoDB does not take has no end of digits, or is beyond any float.
                (Self::Sum(sum), Some(Attribute::N(text))) if number::normalise(text).is_ok() => {
                    sum.total.add(&Decimal::parse(text), 1);
                    sum.count += 1;
                }
                (Self::Sketch(sketch), Some(Attribute::N(text))) if number::normalise(text).is_ok() => {
                    text.parse().into_iter().for_each(|value| sketch.add(value));
                }
                _ => {}
            }
        });
        kept
    }
}

impl Distinct {
    fn new(spill: Option<Arc<dyn Spill>>, bytes: usize) -> Self {
        // Two of a value tell as much as more.
        Self { values: ExternalSort::new(spill, bytes).keeping_equal(2), count: 0 }
    }

    fn add(&mut self, value: KeyHash) -> Result<(), SpillError> {
        self.count += 1;
        self.values.push(value.to_bytes())
    }

    /// How many values came exactly once.
    fn once(self) -> Result<u64, SpillError> {
        let (mut once, mut last, mut equal) = (0, None, 0);
        for value in self.values.finish()? {
            let value = Some(value?);
            equal = if value == last { equal + 1 } else { 1 };
            last = value;
            match equal {
                1 => once += 1,
                2 => once -= 1,
                _ => {}
            }
        }
        Ok(once)
    }
}

//! What file rules measure, gathered row by row.
//!
//! Every row that is a JSON object is measured, after its values are coerced and whatever becomes of it: a rule is about
//! what came. Memory is bounded, but for `uniqueness`, which keeps 16 bytes for each value.

use contract::FileRuleOutcome;

use super::shape::Observation;
use super::sketch::Sketch;
use super::{Account, FileRule, Measure, Observed};
use crate::attribute::{Attribute, Map};
use crate::instant::Instant;
use crate::key_set::KeySet;
use crate::period::Period;
use crate::pointer::Pointer;

/// The statistics of one file.
pub(crate) struct Statistics<'c> {
    rules: Vec<(&'c FileRule, Tally)>,
    /// The newest row's time.
    newest: Option<Instant>,
    /// The canonical form of the value at hand.
    canonical: Vec<u8>,
}

/// What one rule needs to know of the rows.
enum Tally {
    /// Nothing but how they were counted.
    Counts,
    /// Values that are there, of all that could be.
    Present {
        present: u64,
        all: u64,
    },
    Distinct(Box<Distinct>),
    Sum(Sum),
    Sketch(Sketch),
    Shape(Box<Observation>),
}

/// Values, and those that came more than once.
#[derive(Default)]
struct Distinct {
    seen: KeySet,
    again: KeySet,
    count: u64,
}

/// A sum with what rounding lost of it (Neumaier), so that the order of the values hardly matters.
#[derive(Clone, Copy, Default)]
struct Sum {
    sum: f64,
    lost: f64,
    count: u64,
}

impl<'c> Statistics<'c> {
    pub(crate) fn new(rules: &'c [FileRule]) -> Self {
        let tally = |rule: &FileRule| match &rule.measure {
            Measure::Completeness(..) => Tally::Present { present: 0, all: 0 },
            Measure::Uniqueness(..) => Tally::Distinct(Box::default()),
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

    /// Measures a row.
    pub(crate) fn add(&mut self, row: &mut Map) {
        for (rule, tally) in &mut self.rules {
            if let Tally::Shape(observation) = tally {
                observation.add(row);
            } else if let Some(field) = rule.field() {
                tally.add(field, row, &mut self.canonical);
            }
        }
    }

    /// Takes note of a row's time.
    pub(crate) fn add_time(&mut self, time: Instant) {
        self.newest = self.newest.max(Some(time));
    }

    /// What each rule found, in the contract's order.
    pub(crate) fn outcomes(&self, account: Account) -> Vec<(&'c FileRule, FileRuleOutcome)> {
        let outcome = |(rule, tally): &(&'c FileRule, Tally)| (*rule, rule.outcome(self.observe(rule, tally, account)));
        self.rules.iter().map(outcome).collect()
    }

    fn observe(&self, rule: &FileRule, tally: &Tally, account: Account) -> Observed {
        let rows = account.counts.lines - account.counts.blank;
        match (&rule.measure, tally) {
            (Measure::RowCount(bounds), _) => Observed::number(rows as f64, *bounds),
            (Measure::InvalidRatio(bounds), _) => Observed::ratio(account.invalid, rows, *bounds),
            (Measure::DuplicateRatio(bounds), _) => Observed::ratio(account.counts.duplicates, rows, *bounds),
            (Measure::Freshness(max_age), _) => self.freshness(*max_age, account.arrived),
            (Measure::Volume { median, max_deviation }, _) => {
                let holds = (rows as f64 - median).abs() <= max_deviation * median;
                Observed { text: format!("{rows} rows"), holds }
            }
            (Measure::Completeness(_, bounds), Tally::Present { present, all }) => {
                Observed::ratio(*present, *all, *bounds)
            }
            (Measure::Uniqueness(_, bounds), Tally::Distinct(distinct)) => {
                Observed::ratio((distinct.seen.len() - distinct.again.len()) as u64, distinct.count, *bounds)
            }
            (Measure::Mean(_, bounds), Tally::Sum(sum)) if sum.count > 0 => {
                Observed::number(sum.total() / sum.count as f64, *bounds)
            }
            (Measure::Sum(_, bounds), Tally::Sum(sum)) => Observed::number(sum.total(), *bounds),
            (Measure::Quantile(_, at, bounds), Tally::Sketch(sketch)) => match sketch.quantile(*at) {
                Some(value) => Observed::number(value, *bounds),
                None => Observed::nothing("no numbers"),
            },
            (Measure::SchemaDrift(baseline), Tally::Shape(observation)) if rows > 0 => {
                match observation.difference_from(baseline) {
                    Some(text) => Observed { text, holds: false },
                    None => Observed::nothing("no difference"),
                }
            }
            _ => Observed::nothing("nothing to measure"),
        }
    }

    fn freshness(&self, max_age: Period, arrived: Option<Instant>) -> Observed {
        match (self.newest, arrived) {
            (Some(newest), Some(arrived)) => {
                let age = arrived.seconds_since(newest).max(0);
                Observed { text: format!("{age}s"), holds: age <= i64::from(max_age.seconds) }
            }
            (None, _) => Observed::nothing("no row with a time"),
            (_, None) => Observed::nothing("the file's arrival is not known"),
        }
    }
}

impl Tally {
    fn add(&mut self, field: &Pointer, row: &mut Map, canonical: &mut Vec<u8>) {
        field.visit(row, &mut |value, _| {
            let value = value.filter(|value| **value != Attribute::Null);
            match (&mut *self, value) {
                (Self::Present { present, all }, value) => {
                    *all += 1;
                    *present += u64::from(value.is_some());
                }
                (Self::Distinct(distinct), Some(value)) => {
                    canonical.clear();
                    value.write_canonical(canonical);
                    distinct.add(canonical);
                }
                (Self::Sum(sum), Some(Attribute::N(text))) => finite(text).into_iter().for_each(|value| sum.add(value)),
                (Self::Sketch(sketch), Some(Attribute::N(text))) => {
                    finite(text).into_iter().for_each(|value| sketch.add(value));
                }
                _ => {}
            }
        });
    }
}

/// The number as a float. One that DynamoDB refuses can be beyond a float too.
fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

impl Distinct {
    fn add(&mut self, value: &[u8]) {
        self.count += 1;
        let hash = self.seen.hash(&value);
        if !self.seen.insert(hash) {
            self.again.insert(hash);
        }
    }
}

impl Sum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        let (large, small) = if self.sum.abs() >= value.abs() { (self.sum, value) } else { (value, self.sum) };
        self.lost += (large - sum) + small;
        self.sum = sum;
        self.count += 1;
    }

    fn total(self) -> f64 {
        self.sum + self.lost
    }
}

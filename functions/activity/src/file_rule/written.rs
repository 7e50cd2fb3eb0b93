//! File rules as a contract writes them.

use serde::Deserialize;

use super::{Bounds, FileRule, FileRules, Measure, Shape};
use crate::field::{Bound, Count};
use crate::handling::{Action, Severity};
use crate::number::Decimal;
use crate::period::Period;
use crate::pointer::Pointer;

/// A contract's `file`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "`strict`, `rules` or both")]
pub(super) struct WrittenRules {
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    rules: Vec<FileRule>,
}

impl TryFrom<WrittenRules> for FileRules {
    type Error = String;

    fn try_from(WrittenRules { strict, rules }: WrittenRules) -> Result<Self, String> {
        let early = |rule: &&FileRule| matches!(rule.action, Action::Drop | Action::Quarantine);
        match rules.iter().find(early) {
            Some(rule) if !strict => Err(format!(
                "`{}` leaves out the rows of a file, which are written while it is read: add `strict: true`, or take \
                 `action: keep` or `fail`",
                rule.name()
            )),
            _ => Ok(Self { strict, rules }),
        }
    }
}

/// What a file rule can measure.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    RowCount,
    InvalidRatio,
    DuplicateRatio,
    Freshness,
    Completeness,
    Uniqueness,
    Mean,
    Sum,
    Quantile,
    SchemaDrift,
    Volume,
}

/// A rule as the contract writes it: which keys go together depends on `rule`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rule: Kind,
    field: Option<Pointer>,
    min: Option<Bound>,
    max: Option<Bound>,
    at: Option<Bound>,
    max_age: Option<Period>,
    baseline: Option<Shape>,
    history: Option<Vec<Count>>,
    max_deviation: Option<Bound>,
    severity: Option<Severity>,
    action: Option<Action>,
}

impl<'de> Deserialize<'de> for FileRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(try_from = "Written")]
        struct Checked(FileRule);

        impl TryFrom<Written> for Checked {
            type Error = String;

            fn try_from(written: Written) -> Result<Self, String> {
                written.rule().map(Self)
            }
        }

        Checked::deserialize(deserializer).map(|checked| checked.0)
    }
}

impl Written {
    fn rule(mut self) -> Result<FileRule, String> {
        let (severity, action) = handling(self.severity, self.action)?;
        let measure = self.measure()?;
        self.leaves_nothing()?;
        Ok(FileRule { measure, severity, action })
    }

    /// Takes what the rule needs.
    fn measure(&mut self) -> Result<Measure, String> {
        const RATIO: [Option<&str>; 2] = [Some("0"), Some("1")];
        const COUNT: [Option<&str>; 2] = [Some("0"), None];
        const ANY: [Option<&str>; 2] = [None, None];
        Ok(match self.rule {
            Kind::RowCount => Measure::RowCount(self.bounds(COUNT)?),
            Kind::InvalidRatio => Measure::InvalidRatio(self.bounds(RATIO)?),
            Kind::DuplicateRatio => Measure::DuplicateRatio(self.bounds(RATIO)?),
            Kind::Completeness => Measure::Completeness(self.field()?, self.bounds(RATIO)?),
            Kind::Uniqueness => Measure::Uniqueness(self.field()?, self.bounds(RATIO)?),
            Kind::Mean => Measure::Mean(self.field()?, self.bounds(ANY)?),
            Kind::Sum => Measure::Sum(self.field()?, self.bounds(ANY)?),
            Kind::Quantile => {
                let part = needed(self.at.take(), "at: 0.99")?.to_string();
                let at = part.parse().unwrap_or(f64::NAN);
                if !(0.0..=1.0).contains(&at) {
                    return Err(format!("`at` {part} is not within 0 and 1: write 0.99 for the 99th of a hundred"));
                }
                Measure::Quantile(self.field()?, at, self.bounds(ANY)?)
            }
            Kind::Freshness => Measure::Freshness(needed(self.max_age.take(), "max_age: 24h")?),
            Kind::SchemaDrift => Measure::SchemaDrift(needed(self.baseline.take(), "baseline: {/event: string}")?),
            Kind::Volume => {
                let history = needed(self.history.take(), "history: [1000, 1200]")?;
                let max_deviation = needed(self.max_deviation.take(), "max_deviation: 0.5")?;
                if max_deviation.0.negative {
                    return Err("`max_deviation` is a part of the usual row count, 0 or more".into());
                }
                Measure::Volume { twice_median: twice_median(history)?, max_deviation }
            }
        })
    }

    fn field(&mut self) -> Result<Pointer, String> {
        needed(self.field.take(), "field: /price")
    }

    /// The rule's bounds, themselves within `range`.
    fn bounds(&mut self, range: [Option<&str>; 2]) -> Result<Bounds, String> {
        let bounds = Bounds { min: self.min.take(), max: self.max.take() };
        match &bounds {
            Bounds { min: None, max: None } => return Err("the rule needs a `min`, a `max` or both".into()),
            Bounds { min: Some(min), max: Some(max) } if min.0 > max.0 => {
                return Err(format!("`min` {min} is above `max` {max}"));
            }
            _ => {}
        }
        let [least, most] = range.map(|bound| bound.map(Decimal::parse));
        for bound in [&bounds.min, &bounds.max].into_iter().flatten() {
            if let Some(least) = least.as_ref().filter(|least| bound.0 < **least) {
                return Err(format!("the bound {bound} is below {least}"));
            }
            if let Some(most) = most.as_ref().filter(|most| bound.0 > **most) {
                return Err(format!("the bound {bound} is above {most}"));
            }
        }
        Ok(bounds)
    }

    /// A key that the rule has no use for is a mistake.
    fn leaves_nothing(&self) -> Result<(), String> {
        let left = [
            ("field", self.field.is_some()),
            ("min", self.min.is_some()),
            ("max", self.max.is_some()),
            ("at", self.at.is_some()),
            ("max_age", self.max_age.is_some()),
            ("baseline", self.baseline.is_some()),
            ("history", self.history.is_some()),
            ("max_deviation", self.max_deviation.is_some()),
        ];
        match left.into_iter().find(|(_, left)| *left) {
            Some((key, _)) => Err(format!("`{key}` does not go with this rule: leave it out")),
            None => Ok(()),
        }
    }
}

fn needed<T>(value: Option<T>, example: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("the rule needs more: `{example}`, say"))
}

/// A broken rule fails the run, unless it says otherwise.
fn handling(severity: Option<Severity>, action: Option<Action>) -> Result<(Severity, Action), String> {
    match (severity, action) {
        (Some(Severity::Warn), Some(Action::Fail)) => {
            Err("`severity: warn` does not go with `action: fail`: a warning fails no run".into())
        }
        (Some(Severity::Warn), None) | (None, Some(Action::Keep)) => Ok((Severity::Warn, Action::Keep)),
        (severity, action) => Ok((severity.unwrap_or(Severity::Fail), action.unwrap_or(Action::Fail))),
    }
}

fn twice_median(history: Vec<Count>) -> Result<u64, String> {
    let mut history: Vec<u64> = history.into_iter().map(|Count(rows)| rows as u64).collect();
    history.sort_unstable();
    match history.len() {
        0 => Err("`history` is empty: list the row counts of some earlier files".into()),
        count => Ok(history[(count - 1) / 2].saturating_add(history[count / 2])),
    }
}

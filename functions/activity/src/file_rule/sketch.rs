//! Quantiles of a stream, in memory that does not grow with it.
//!
//! A DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees",
//! VLDB 2019): values are counted in buckets whose bounds grow by a constant factor, so that a quantile is off by at most
//! [`ERROR`] of its value. What order the values come in changes nothing, so that a rerun comes to the same end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The most that a quantile is off, of its value.
const ERROR: f64 = 0.005;

/// Counts of values by bucket. DynamoDB's numbers lie within 1E-130 and 1E+126, which makes at most 60,000 buckets a
/// sign.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sketch {
    negative: BTreeMap<i32, u64>,
    zeros: u64,
    positive: BTreeMap<i32, u64>,
    count: u64,
    /// The lowest and the highest value.
    bounds: Option<(f64, f64)>,
}

impl Sketch {
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1;
        self.widen(value, value);
        if value == 0.0 {
            self.zeros += 1;
            return;
        }
        let buckets = if value < 0.0 { &mut self.negative } else { &mut self.positive };
        *buckets.entry((value.abs().ln() / growth().ln()).ceil() as i32).or_default() += 1;
    }

    /// Adds what another sketch has counted.
    pub(super) fn merge(&mut self, other: Self) {
        self.zeros += other.zeros;
        self.count += other.count;
        other.bounds.into_iter().for_each(|(lowest, highest)| self.widen(lowest, highest));
        for (own, others) in [(&mut self.negative, other.negative), (&mut self.positive, other.positive)] {
            others.into_iter().for_each(|(bucket, count)| *own.entry(bucket).or_default() += count);
        }
    }

    fn widen(&mut self, lowest: f64, highest: f64) {
        let (low, high) = self.bounds.unwrap_or((lowest, highest));
        self.bounds = Some((low.min(lowest), high.max(highest)));
    }

    /// The value below which the part `at` of all values lies. The lowest and the highest are exact, and none is beyond them:
    /// values that all are a contract's bound keep to it.
    pub(super) fn quantile(&self, at: f64) -> Option<f64> {
        let (lowest, highest) = self.bounds?;
        let last = self.count.checked_sub(1)?;
        let rank = (at * last as f64).floor() as u64;
        if rank == 0 {
            return Some(lowest);
        }
        if rank == last {
            return Some(highest);
        }
        let middle = |bucket: i32| 2.0 * growth().powi(bucket) / (1.0 + growth());
        let negative = self.negative.iter().rev().map(|(bucket, count)| (-middle(*bucket), *count));
        let positive = self.positive.iter().map(|(bucket, count)| (middle(*bucket), *count));
        let mut passed = 0;
        negative.chain([(0.0, self.zeros)]).chain(positive).find_map(|(value, count)| {
            passed += count;
            (passed > rank).then_some(value.clamp(lowest, highest))
        })
    }
}

/// How much wider a bucket is than the one before.
fn growth() -> f64 {
    (1.0 + ERROR) / (1.0 - ERROR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quantile_is_off_by_half_a_percent_at_most(
            mut values in prop::collection::vec(prop_oneof![-1e9..1e9, -1.0..1.0, Just(0.0), -1e120..1e120], 1..200),
            at in 0.0..=1.0_f64,
        ) {
            let mut sketch = Sketch::default();
            values.iter().for_each(|value| sketch.add(*value));
            values.sort_by(f64::total_cmp);
            let exact = values[(at * (values.len() - 1) as f64).floor() as usize];
            let found = sketch.quantile(at).unwrap();
            prop_assert!((found - exact).abs() <= exact.abs() * ERROR * 1.0001, "{found} for {exact}");
        }
    }

    proptest! {
        #[test]
        fn sketches_of_parts_make_the_sketch_of_the_whole(
            values in prop::collection::vec(prop_oneof![-1e9..1e9, Just(0.0)], 0..100),
            cut in 0..100_usize,
        ) {
            let sketch = |values: &[f64]| {
                let mut sketch = Sketch::default();
                values.iter().for_each(|value| sketch.add(*value));
                sketch
            };
            let (head, tail) = values.split_at(cut.min(values.len()));
            let mut merged = sketch(head);
            merged.merge(sketch(tail));
            prop_assert_eq!(&merged, &sketch(&values));
            // A range's is kept as JSON until all are read.
            let kept: Sketch = serde_json::from_slice(&serde_json::to_vec(&merged).unwrap()).unwrap();
            prop_assert_eq!(kept, merged);
        }
    }

    #[test]
    fn the_ends_are_exact_and_nothing_is_beyond_them() {
        for values in [vec![4.0; 200], vec![-3.0; 7], vec![1.0, 2.0, 7.0]] {
            let mut sketch = Sketch::default();
            values.iter().for_each(|value| sketch.add(*value));
            let (first, last) = (values[0], values[values.len() - 1]);
            assert_eq!((sketch.quantile(0.0), sketch.quantile(1.0)), (Some(first), Some(last)));
            assert!(sketch.quantile(0.5).is_some_and(|middle| (first..=last).contains(&middle)), "{values:?}");
        }
    }

    #[test]
    fn there_is_no_quantile_of_nothing() {
        assert_eq!(Sketch::default().quantile(0.5), None);
    }
}

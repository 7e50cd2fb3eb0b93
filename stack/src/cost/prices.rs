//! What AWS charges: the lines of `stack/prices.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The prices that the program carries.
const CARRIED: &str = include_str!("../../prices.yaml");

/// The price list could not be read.
#[derive(Debug, thiserror::Error)]
#[error("stack/prices.yaml is wrong: {0}")]
pub struct PricesError(String);

/// Prices, with the day that they are from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The day of the price lists: `2026-01-31`.
    pub date: String,
    prices: BTreeMap<Product, Line>,
}

/// What one thing costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What it is, with the unit that the price is for.
    pub item: String,
    /// The page that says so.
    pub source: String,
    /// USD for one unit, by region.
    pub usd: BTreeMap<String, f64>,
}

/// What is paid for, in the order in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Write request units of an on-demand table, millions.
    TableWrites,
    /// Data in a table, GB-months.
    TableStorage,
    /// Data in a table that can be set back to an earlier time, GB-months.
    TableRecovery,
    /// Invocations of functions, millions.
    FunctionRequests,
    /// Time and memory on Intel and AMD, thousands of GB-seconds.
    #[serde(rename = "function_compute_x86_64")]
    FunctionComputeX86,
    /// Time and memory on Graviton, thousands of GB-seconds.
    #[serde(rename = "function_compute_arm64")]
    FunctionComputeArm,
    /// State transitions of standard state machines, thousands.
    Transitions,
    /// Objects put into buckets, thousands.
    BucketWrites,
    /// Objects got from buckets, thousands.
    BucketReads,
    /// Data in buckets, GB-months.
    BucketStorage,
    /// Data written to logs, GB.
    LogsIngested,
    /// Data kept in logs, compressed, GB-months.
    LogsStored,
    /// Metrics that are not AWS's own.
    Metrics,
    /// Metrics that alarms of a minute or more watch.
    Alarms,
    /// Dashboards.
    Dashboards,
    /// Traces recorded, millions.
    Traces,
}

impl Prices {
    /// The prices that the program carries.
    ///
    /// # Errors
    ///
    /// The file is no list of prices.
    pub fn carried() -> Result<Self, PricesError> {
        serde_saphyr::from_str(CARRIED).map_err(|error| PricesError(error.to_string()))
    }

    /// The regions that there are prices for.
    pub fn regions(&self) -> BTreeSet<&str> {
        self.prices.values().flat_map(|line| line.usd.keys()).map(String::as_str).collect()
    }

    /// The product's line, and what it costs in `region`.
    pub fn find(&self, product: Product, region: &str) -> Option<(&Line, f64)> {
        let line = self.prices.get(&product)?;
        Some((line, *line.usd.get(region)?))
    }

    /// Lets everything cost the same.
    #[cfg(test)]
    pub(super) fn set_all(&mut self, usd: f64) {
        self.prices.values_mut().flat_map(|line| line.usd.values_mut()).for_each(|price| *price = usd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_has_a_price_in_every_region() {
        let prices = Prices::carried().unwrap();
        let regions = prices.regions();
        assert!(regions.contains("us-east-1") && regions.contains("eu-west-1"), "{regions:?}");
        assert_eq!(prices.prices.len(), Product::Traces as usize + 1);
        for (product, line) in &prices.prices {
            assert!(line.source.starts_with("https://aws.amazon.com/"), "{product:?}");
            assert_eq!(line.usd.keys().map(String::as_str).collect::<BTreeSet<_>>(), regions, "{product:?}");
            assert!(line.usd.values().all(|usd| *usd > 0.0), "{product:?}");
        }
    }
}

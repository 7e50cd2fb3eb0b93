//! What a stack costs in a month: an estimate from list prices, the template, and how much the stack is used.
//!
//! Left out: free tiers and credits, data transfer out of AWS, what others read from the table and the buckets, and the
//! requests to KMS for keys of AWS's own. A resource that cannot be estimated is named, never counted as nothing.

mod change;
mod prices;
mod resource;
#[cfg(test)]
mod tests;
mod usage;

use cloudformation::diff::Side;
use serde::Serialize;

pub use change::{CostChange, ItemChange};
pub use prices::{Line, Prices, PricesError, Product};
pub use usage::{ResourceUsage, Usage};

use resource::Quantities;

/// What a template costs in a month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The region whose prices these are.
    pub region: String,
    /// The day of the price lists.
    pub date: String,
    /// USD a month, of all items together.
    pub total: f64,
    /// What is paid for, by resource.
    pub items: Vec<Item>,
    /// The resources that cost something, or may, and are not among the items.
    pub not_estimated: Vec<NotEstimated>,
}

/// One thing that is paid for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// The resource's logical id.
    pub logical_id: String,
    /// What is paid for.
    pub product: Product,
    /// The product in words, with its unit.
    pub item: String,
    /// How many units in a month.
    pub quantity: f64,
    /// USD for one unit.
    pub price: f64,
    /// USD a month.
    pub usd: f64,
}

/// A resource that is not part of the estimate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NotEstimated {
    /// The resource's logical id.
    pub logical_id: String,
    /// Its type: `AWS::SQS::Queue`.
    pub resource_type: String,
    /// What is not known.
    pub reason: Reason,
}

/// Why a resource is not part of the estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No price is known for the type, or for what its properties ask for.
    NoPrice,
    /// Its price is known, and not how much it is used.
    NoUsage,
}

impl Estimate {
    /// What the template of `side` costs in `region` under `usage`.
    pub fn new(side: &Side<'_>, usage: &Usage, prices: &Prices, region: &str) -> Self {
        let (mut items, mut not_estimated) = (Vec::new(), Vec::new());
        for (logical_id, resource) in side.resources() {
            let resource_type = resource["Type"].as_str().unwrap_or_default();
            let priced = match resource::quantities(resource_type, &resource["Properties"], usage.get(&logical_id)) {
                Quantities::Known(quantities) => price(&logical_id, &quantities, prices, region),
                Quantities::Unknown(reason) => Err(reason),
            };
            match priced {
                Ok(priced) => items.extend(priced),
                Err(reason) => {
                    not_estimated.push(NotEstimated { logical_id, resource_type: resource_type.to_owned(), reason });
                }
            }
        }
        let total = rounded(items.iter().map(|item| item.usd).sum());
        Self { region: region.to_owned(), date: prices.date.clone(), total, items, not_estimated }
    }
}

/// The items of one resource: all of them, or none.
fn price(logical_id: &str, quantities: &[(Product, f64)], prices: &Prices, region: &str) -> Result<Vec<Item>, Reason> {
    let item = |(product, quantity): &(Product, f64)| {
        let (line, price) = prices.find(*product, region).ok_or(Reason::NoPrice)?;
        let usd = rounded(quantity * price);
        let (logical_id, item, quantity) = (logical_id.to_owned(), line.item.clone(), rounded(*quantity));
        Ok(Item { logical_id, product: *product, item, quantity, price, usd })
    };
    quantities.iter().filter(|(_, quantity)| *quantity > 0.0).map(item).collect()
}

/// To a millionth, so that sums do not show how they were computed. The sum of nothing is minus zero, and is shown as zero.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6 + 0.0
}

//! What a change of the template does to the cost.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Estimate, NotEstimated, Product, rounded};

/// Two estimates compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostChange {
    /// The region whose prices these are.
    pub region: String,
    /// The day of the price lists.
    pub date: String,
    /// USD a month before.
    pub before: f64,
    /// USD a month after.
    pub after: f64,
    /// USD a month more, or less where it is negative.
    pub change: f64,
    /// What changes, by product.
    pub items: Vec<ItemChange>,
    /// The resources after the change that are not part of the estimate.
    pub not_estimated: Vec<NotEstimated>,
}

/// What becomes of one product.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ItemChange {
    /// What is paid for.
    pub product: Product,
    /// The product in words, with its unit.
    pub item: String,
    /// USD a month before.
    pub before: f64,
    /// USD a month after.
    pub after: f64,
    /// USD a month more, or less where it is negative.
    pub change: f64,
}

impl CostChange {
    /// Compares what is with what would be.
    pub fn between(before: &Estimate, after: &Estimate) -> Self {
        let mut products: BTreeMap<Product, (&str, f64, f64)> = BTreeMap::new();
        for item in &before.items {
            products.entry(item.product).or_insert((&item.item, 0.0, 0.0)).1 += item.usd;
        }
        for item in &after.items {
            products.entry(item.product).or_insert((&item.item, 0.0, 0.0)).2 += item.usd;
        }
        let items = products.into_iter().map(|(product, (item, before, after))| {
            let (before, after) = (rounded(before), rounded(after));
            ItemChange { product, item: item.to_owned(), before, after, change: rounded(after - before) }
        });
        Self {
            region: after.region.clone(),
            date: after.date.clone(),
            before: before.total,
            after: after.total,
            change: rounded(after.total - before.total),
            items: items.filter(|item| item.change != 0.0).collect(),
            not_estimated: after.not_estimated.clone(),
        }
    }
}

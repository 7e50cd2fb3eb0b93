//! Estimates of cost for people: by product, in USD a month.

use std::collections::BTreeMap;

use stack::cost::{CostChange, Estimate, NotEstimated, Product, Reason};

use super::Table;

/// An estimate as text, ending in a line feed.
pub fn render(estimate: &Estimate) -> String {
    let mut products: BTreeMap<Product, (&str, f64, f64, f64)> = BTreeMap::new();
    for item in &estimate.items {
        let product = products.entry(item.product).or_insert((&item.item, 0.0, item.price, 0.0));
        product.1 += item.quantity;
        product.3 += item.usd;
    }
    let mut table = Table::with_head(&["", "quantity", "price", "USD a month"]);
    for (item, quantity, price, usd) in products.into_values() {
        table.add([item.to_owned(), figure(quantity), price.to_string(), money(usd)]);
    }
    table.add(["total".to_owned(), String::new(), String::new(), money(estimate.total)]);
    let basis = basis(&estimate.region, &estimate.date);
    format!("{table}\n{basis}\n{}", not_estimated(&estimate.not_estimated))
}

/// What a change does to the cost, as text that ends in a line feed.
pub fn render_change(change: &CostChange) -> String {
    let basis = basis(&change.region, &change.date);
    let not_estimated = not_estimated(&change.not_estimated);
    if change.items.is_empty() {
        return format!("cost: {} USD a month, as before; {basis}\n{not_estimated}", money(change.after));
    }
    let mut table = Table::with_head(&["USD a month", "before", "after", "change"]);
    let rows = change.items.iter().map(|item| (item.item.as_str(), item.before, item.after, item.change));
    for (item, before, after, change) in rows.chain([("total", change.before, change.after, change.change)]) {
        table.add([item.to_owned(), money(before), money(after), signed(change)]);
    }
    format!("{table}\n{basis}\n{not_estimated}")
}

fn basis(region: &str, date: &str) -> String {
    format!("list prices of {region} on {date}, without free tiers; usage from the settings")
}

/// What a reader must add in his head.
fn not_estimated(resources: &[NotEstimated]) -> String {
    let line = |resource: &NotEstimated| {
        let reason = match resource.reason {
            Reason::NoPrice => "no price known",
            Reason::NoUsage => "no usage known",
        };
        format!("not estimated: {} ({}), {reason}\n", resource.logical_id, resource.resource_type)
    };
    resources.iter().map(line).collect()
}

/// Cents; what is less than half of one is not shown as nothing.
fn money(usd: f64) -> String {
    if usd > 0.0 && usd < 0.005 { "<0.01".to_owned() } else { format!("{usd:.2}") }
}

fn signed(usd: f64) -> String {
    match usd {
        usd if usd.abs() < 0.005 => if usd < 0.0 { ">-0.01" } else { "<+0.01" }.to_owned(),
        usd => format!("{usd:+.2}"),
    }
}

/// A quantity in three significant figures, or whole.
fn figure(quantity: f64) -> String {
    let decimals = if quantity.fract() == 0.0 { 0.0 } else { (2.0 - quantity.log10().floor()).max(0.0) };
    format!("{quantity:.*}", decimals as usize)
}

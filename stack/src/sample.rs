//! Sample files: user activity as an application would export it.

use std::io::{self, Write};

use fastrand::Rng;
use jiff::civil::Date;
use serde_json::json;

const EVENTS: [&str; 5] = ["view", "search", "add_to_cart", "purchase", "sign_in"];

/// The seconds of a day.
const DAY: i32 = 86_400;

/// Writes `rows` lines of `{user_id, timestamp, event, product_id, price}`, with times of day `day` in UTC. The same
/// seed gives the same rows. Every row is an event of its own: its time, to the millisecond, and its user tell it
/// from the others, so that all of them are items in the end.
pub fn write(rows: u32, day: Date, seed: u64, output: &mut impl Write) -> io::Result<()> {
    let mut random = Rng::with_seed(seed);
    for row in 0..rows {
        let user = random.u32(1..=100);
        // The row's own place in the day keeps any two apart; the milliseconds within it are drawn.
        let second = i32::try_from(i64::from(row) * i64::from(DAY) / i64::from(rows.max(1))).unwrap_or(0);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let row = json!({
            "user_id": format!("user-{user:03}"),
            "timestamp": format!("{day}T{hour:02}:{minute:02}:{second:02}.{:03}Z", random.u32(0..1_000)),
            "event": EVENTS[random.usize(..EVENTS.len())],
            "product_id": format!("product-{:04}", random.u32(1..=2_000)),
            "price": f64::from(random.u32(100..50_000)) / 100.0,
        });
        writeln!(output, "{row}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rows: u32, seed: u64) -> String {
        let mut output = Vec::new();
        write(rows, jiff::civil::date(2025, 1, 31), seed, &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_rows() {
        assert_eq!(sample(100, 1), sample(100, 1));
        assert_ne!(sample(100, 1), sample(100, 2));
    }

    #[test]
    fn every_row_passes_the_record_contract_as_an_item_of_its_own() {
        let contract = include_str!("../../functions/processor/contract.yaml");
        let contract = activity::RecordContract::from_yaml(contract).unwrap();
        let mut reader = activity::FileReader::new(&contract);
        let mut ignore = |_: activity::Row<'_>| {};
        reader.feed(sample(5_000, 1).as_bytes(), &mut ignore).unwrap();
        let summary = reader.finish(&mut ignore).unwrap();
        assert_eq!((summary.counts.lines, summary.counts.written), (5_000, 5_000));
    }
}

//! A number is kept to the last digit, or the row is quarantined.

#![no_main]

use std::str::FromStr as _;

use activity_fuzz::{contract, read};
use bigdecimal::BigDecimal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if text.contains(['\n', '\r', ' ', '\t']) {
        return;
    }
    let is_number = serde_json::from_str::<serde_json::Number>(text).is_ok();
    let contract = contract("{user: [/u], time: [/t], id: [/id], time_formats: [epoch_s]}");
    let row = format!(r#"{{"u":"u","t":0,"id":"1","n":{text}}}"#);
    let outcome = read(&contract, [row.as_bytes()]);
    let Some((_, item)) = outcome.items.first() else { return };
    if !is_number {
        return;
    }
    let kept = item.split(r#"{"N":""#).nth(1).and_then(|rest| rest.split('"').next()).expect("the number is kept");
    let mantissa = kept.split(['e', 'E']).next().unwrap_or_default().replace(['-', '.'], "");
    assert!(mantissa.trim_matches('0').len() <= 38, "{kept}");
    // The other's exponents end at 64 bits, even for zero.
    if let Ok(sent) = BigDecimal::from_str(text) {
        assert_eq!(BigDecimal::from_str(kept), Ok(sent));
    }
});

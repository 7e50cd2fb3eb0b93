//! A time that is taken is the instant that another implementation reads.

#![no_main]

use activity_fuzz::{contract, read};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for (format, per_second) in [("iso8601", None), ("epoch_s", Some(1)), ("epoch_ms", Some(1_000))] {
        let contract = contract(&format!("{{user: [/u], time: [/t], id: [/id], time_formats: [{format}]}}"));
        let row = serde_json::json!({"u": "u", "id": "1", "t": text}).to_string();
        let outcome = read(&contract, [row.as_bytes()]);
        let Some((key, _)) = outcome.items.first() else { continue };
        let read = key.strip_suffix("#1").expect("the key ends with the id");
        // The other's range is some hours smaller at either end.
        let Ok(read) = read.parse::<Timestamp>() else { continue };
        match per_second {
            None => assert_eq!(read, nine_decimals(text).parse().expect("no time is taken that is none")),
            // An integer; decimals have their own tests.
            Some(units) => {
                if let Ok(count) = text.parse::<i64>() {
                    assert_eq!(read.as_nanosecond() * units, i128::from(count) * 1_000_000_000);
                }
            }
        }
    }
});

/// The text with what is behind its ninth decimal cut out. The other takes no more, not even zeros.
fn nine_decimals(text: &str) -> String {
    let Some(point) = text.find(['.', ',']) else { return text.to_owned() };
    let digits = text[point + 1..].bytes().take_while(u8::is_ascii_digit).count();
    format!("{}.{}{}", &text[..point], &text[point + 1..][..digits.min(9)], &text[point + 1 + digits..])
}

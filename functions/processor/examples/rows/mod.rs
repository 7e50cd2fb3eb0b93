//! Rows of user activity for benchmarks: the same at each run, about 300 bytes each, every fiftieth malformed.

use std::io::{self, Write};

/// A small generator of pseudo-random numbers (SplitMix64), so that row `n` is the same in every version of every
/// library.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len() as u64) as usize]
    }
}

/// Writes row `number`, with its line feed.
pub fn write_row(number: u64, to: &mut impl Write) -> io::Result<()> {
    let mut random = Random(number);
    let user = random.below(50_000);
    let (millisecond, second) = (number % 1000, number / 1000);
    let (day, second) = (1 + second / 86_400 % 28, second % 86_400);
    let time =
        format!("2026-10-{day:02}T{:02}:{:02}:{:02}.{millisecond:03}Z", second / 3600, second / 60 % 60, second % 60);
    let event = random.one_of(&["view", "view", "view", "search", "add_to_cart", "purchase"]);
    let path = random.one_of(&["/", "/search", "/basket", "/product/detail", "/account/orders"]);
    let (os, version) = (random.one_of(&["ios", "android", "windows", "macos"]), 10 + random.below(8));
    let title = random.one_of(&["Kettle, 1.7 l", "Desk lamp \\\"Arc\\\"", "Trekking boots", "Café filter n° 4"]);
    let (product, cents, quantity) = (random.below(20_000), random.below(50_000), 1 + random.below(4));
    if number % 50 == 49 {
        return match number / 50 % 5 {
            0 => writeln!(to, r#"{{"user_id":"user_{user}","timestamp":"{time}","event":"#),
            1 => writeln!(to, r#"{{"user_id":"user_{user}","timestamp":"yesterday","event":"{event}","price":1}}"#),
            2 => writeln!(to, r#"{{"user_id":"user_{user}","timestamp":"{time}","event":"{event}","price":-{cents}}}"#),
            3 => writeln!(to, r#"{{"timestamp":"{time}","event":"{event}","session":{number}}}"#),
            _ => writeln!(to, r#"{{"user_id":"user_{user}","timestamp":"{time}","event":7,"price":"free"}}"#),
        };
    }
    writeln!(
        to,
        r#"{{"user_id":"user_{user}","timestamp":"{time}","event":"{event}","session":"{:016x}{:016x}","trace":"{:016x}{:08x}","product_id":"p{product}","title":"{title}","price":{}.{:02},"quantity":{quantity},"page":{{"path":"{path}","referrer":null}},"device":{{"os":"{os}","mobile":{}}},"tags":["{event}"]}}"#,
        random.next(),
        random.next(),
        random.next(),
        random.below(1 << 32),
        cents / 100,
        cents % 100,
        version % 2 == 0,
    )
}

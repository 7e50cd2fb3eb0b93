//! What another implementation unpacks is read the same way, and what it does not, or unpacks to gzip, is damage.

#![no_main]

use std::io::Read as _;

use activity::Damage;
use activity_fuzz::{contract, read};
use flate2::read::MultiGzDecoder;
use libfuzzer_sys::fuzz_target;

const MAGIC: [u8; 2] = [0x1f, 0x8b];

fuzz_target!(|input: &[u8]| {
    let file = [&MAGIC, input].concat();
    let contract = contract("{user: [/u], time: [/t], time_formats: [epoch_s], limits: {max_line_bytes: 64}}");
    let outcome = read(&contract, [file.as_slice()]);
    assert_eq!(outcome, read(&contract, file.chunks(7)));
    let mut unpacked = Vec::new();
    match MultiGzDecoder::new(file.as_slice()).read_to_end(&mut unpacked) {
        // What a member holds that is gzip once more is not read. With an error the other loses what came before it.
        unpacking if outcome.summary.damage == Some(Damage::PackedTwice) => {
            assert!(unpacking.is_err() || unpacked.windows(MAGIC.len()).any(|bytes| bytes == MAGIC));
        }
        // Two members may hold a byte of the magic each.
        Ok(_) if unpacked.starts_with(&MAGIC) => assert_eq!(outcome.summary.damage, None),
        Ok(_) => assert_eq!(outcome, read(&contract, [unpacked.as_slice()])),
        // Zeros behind the last member are padding, which the other takes for damage.
        Err(_) if file.ends_with(&[0]) => {}
        Err(_) => assert!(outcome.summary.damage.is_some()),
    }
});

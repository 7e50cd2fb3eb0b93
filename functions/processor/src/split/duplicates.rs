//! Where in a range the rows are that have an earlier one's key, as the steps hand it on.
//!
//! A range can be full of them, and several ranges' places are in memory at a time: so a place is the distance from the one
//! before, in a byte or two ([`leb128`]).

use activity::leb128;
use bytes::{Buf as _, Bytes};

/// The places of a range, gathered in order.
pub(super) struct Gathered {
    bytes: Vec<u8>,
    last: u64,
}

impl Gathered {
    /// Of the range that begins at byte `start`, with the line of number `first_line`.
    pub(super) fn new(start: u64, first_line: u64) -> Self {
        Self { bytes: first_line.to_be_bytes().to_vec(), last: start }
    }

    pub(super) fn push(&mut self, place: u64) {
        leb128::write(place - self.last, &mut self.bytes);
        self.last = place;
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// The places that were gathered, one after the other.
#[derive(Debug)]
pub(crate) struct Duplicates {
    bytes: Bytes,
    last: u64,
}

impl Duplicates {
    /// The number of the first line of the range that begins at byte `start`, and the places, where `bytes` were gathered.
    pub(super) fn read(start: u64, mut bytes: Bytes) -> Option<(u64, Self)> {
        let first_line = bytes.try_get_u64().ok()?;
        leb128::is_whole(&bytes).then_some((first_line, Self { bytes, last: start }))
    }
}

impl Iterator for Duplicates {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let mut rest = &self.bytes[..];
        let distance = leb128::read(&mut rest)?;
        let left = rest.len();
        self.bytes.advance(self.bytes.len() - left);
        self.last += distance;
        Some(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(start: u64, places: &[u64]) -> Vec<u8> {
        let mut gathered = Gathered::new(start, 7);
        places.iter().for_each(|place| gathered.push(*place));
        gathered.into_bytes()
    }

    #[test]
    fn places_come_back_from_a_byte_or_two_each() {
        let short: Vec<u64> = (1000..2000).step_by(100).collect();
        for (start, places, bytes) in [
            (0, vec![], 0),
            (0, vec![0], 1),
            (1000, short, 10),
            (5, vec![5, 132, 260, 16_644, 16_644 + (1 << 40), u64::MAX], 1 + 1 + 2 + 3 + 6 + 10),
        ] {
            let gathered = gathered(start, &places);
            assert_eq!(gathered.len(), 8 + bytes);
            let (first_line, duplicates) = Duplicates::read(start, gathered.into()).unwrap();
            assert_eq!((first_line, duplicates.collect::<Vec<_>>()), (7, places));
        }
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let mut bytes = gathered(0, &[300]);
        for length in [9, 7, 0] {
            bytes.truncate(length);
            assert!(Duplicates::read(0, Bytes::copy_from_slice(&bytes)).is_none(), "{length} bytes");
        }
    }
}

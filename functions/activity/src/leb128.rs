//! Numbers in as few bytes as they take: seven bits to a byte, the lowest first, the highest bit telling that more follow
//! (unsigned LEB128).
//!
//! ```
//! use activity::leb128;
//!
//! let mut bytes = Vec::new();
//! leb128::write(5, &mut bytes);
//! leb128::write(300, &mut bytes);
//! assert_eq!(bytes, [5, 0xac, 0x02]);
//! let mut rest = &bytes[..];
//! assert_eq!([leb128::read(&mut rest), leb128::read(&mut rest), leb128::read(&mut rest)], [Some(5), Some(300), None]);
//! ```

/// The bits of a byte that count, and the one that tells that another byte follows.
const BITS: u32 = 7;
const MORE: u8 = 1 << BITS;

/// Appends a number: a byte for one below 128, ten at most.
#[inline]
pub fn write(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= u64::from(MORE) {
        bytes.push(number as u8 | MORE);
        number >>= BITS;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front, where one is there to its end.
pub fn read(bytes: &mut &[u8]) -> Option<u64> {
    let length = 1 + bytes.iter().position(|byte| byte & MORE == 0)?;
    let number = bytes.split_off(..length)?;
    Some(number.iter().rfold(0, |number, byte| number << BITS | u64::from(byte & !MORE)))
}

/// Whether the last of the numbers is there to its end.
pub fn is_whole(bytes: &[u8]) -> bool {
    bytes.last().is_none_or(|last| last & MORE == 0)
}

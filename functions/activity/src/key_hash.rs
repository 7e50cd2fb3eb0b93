//! Keys and values as 128 bits.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::num::NonZeroU128;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// How many bytes a seed has.
pub const SEED_BYTES: usize = 16;

/// What stands for a key or a value: no input can be made to collide without the seed, and by chance a billion do with
/// a probability of 10^-21.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyHash(NonZeroU128);

impl KeyHash {
    /// How many bytes a hash has.
    pub const BYTES: usize = 16;

    /// The hash as bytes that sort as hashes do.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0.get().to_be_bytes()
    }

    /// The first half of its bits, evenly spread.
    pub(crate) fn high(self) -> u64 {
        (self.0.get() >> 64) as u64
    }

    /// The other half.
    pub(crate) fn low(self) -> u64 {
        self.0.get() as u64
    }

    /// The share of `count` places that falls to this hash: even, and in the order of hashes.
    pub(crate) fn place(self, count: usize) -> usize {
        ((u128::from(self.high()) * count as u128) >> 64) as usize
    }
}

/// Hashes keys and values (SipHash-1-3 of 128 bits) with a secret seed.
///
/// Several readers that are to know one another's keys share a seed; else each has its own.
#[derive(Clone)]
pub struct KeyHasher {
    seed: [u8; SEED_BYTES],
}

impl Default for KeyHasher {
    /// A hasher with a seed of its own.
    fn default() -> Self {
        let random = RandomState::new();
        let mut seed = [0; SEED_BYTES];
        for (half, bytes) in seed.chunks_exact_mut(8).enumerate() {
            bytes.copy_from_slice(&random.hash_one(half).to_le_bytes());
        }
        Self { seed }
    }
}

impl KeyHasher {
    /// A hasher with this seed, which whoever writes the rows must not know.
    pub fn with_seed(seed: [u8; SEED_BYTES]) -> Self {
        Self { seed }
    }

    /// Its seed.
    pub fn seed(&self) -> [u8; SEED_BYTES] {
        self.seed
    }

    /// What stands for an item's key.
    pub fn key(&self, user_id: &str, timestamp: &str) -> KeyHash {
        // No UTF-8 text has the byte between the two.
        self.hash([user_id.as_bytes(), &[0xff], timestamp.as_bytes()])
    }

    /// What stands for a value, by its canonical form.
    pub(crate) fn value(&self, canonical: &[u8]) -> KeyHash {
        self.hash([canonical])
    }

    fn hash<const PARTS: usize>(&self, parts: [&[u8]; PARTS]) -> KeyHash {
        let mut hasher = SipHasher13::new_with_key(&self.seed);
        parts.iter().for_each(|part| hasher.write(part));
        KeyHash(NonZeroU128::new(hasher.finish128().as_u128()).unwrap_or(NonZeroU128::MIN))
    }
}

/// Hashes of chosen bits, for tests.
#[cfg(test)]
impl KeyHash {
    pub(crate) fn of_bits(high: u64, low: u64) -> Self {
        Self(NonZeroU128::new(u128::from(high) << 64 | u128::from(low)).unwrap_or(NonZeroU128::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_seed_gives_the_same_hashes_and_another_one_others() {
        let hasher = KeyHasher::default();
        let same = KeyHasher::with_seed(hasher.seed());
        assert_eq!(hasher.key("u1", "t1"), same.key("u1", "t1"));
        assert_ne!(hasher.key("u1", "t1"), KeyHasher::default().key("u1", "t1"));
        assert_ne!(hasher.key("u1", "1t1"), hasher.key("u11", "t1"));
    }
}

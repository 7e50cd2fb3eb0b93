//! What has been seen in a file.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

/// Keys, each as 128 bits of two hashes with secret seeds: no input can be made to collide, and by chance a billion
/// rows do with a probability of 10^-21.
#[derive(Default)]
pub(crate) struct KeySet {
    seeds: [RandomState; 2],
    seen: HashSet<u128>,
}

impl KeySet {
    /// What stands for `key` in this set.
    pub(crate) fn hash(&self, key: &impl Hash) -> u128 {
        let [high, low] = [0, 1].map(|half: usize| u128::from(self.seeds[half].hash_one(key)));
        high << 64 | low
    }

    /// Adds a hashed key, and tells whether it is new.
    pub(crate) fn insert(&mut self, hash: u128) -> bool {
        self.seen.insert(hash)
    }

    /// How many keys have been added.
    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether a hashed key has been added.
    pub(crate) fn contains(&self, hash: u128) -> bool {
        self.seen.contains(&hash)
    }
}

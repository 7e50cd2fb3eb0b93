//! Hashes in memory, in their order.

use prefetch_index::prefetch_index;

use crate::key_hash::KeyHash;

/// The places of the smallest table.
const FIRST_PLACES: usize = 1 << 10;

/// A hash table that is sorted: a hash's place is its share of the table, and where places are taken, the hashes from
/// there on stand in their order (linear probing, ordered). So a full table is a sorted run as it is, and it grows by
/// going through it once.
pub(super) struct Table {
    slots: Vec<Option<KeyHash>>,
    /// How many slots are some hash's place. A few more follow, for those that come to stand behind their place.
    places: usize,
    len: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self::new(FIRST_PLACES)
    }
}

impl Table {
    fn new(places: usize) -> Self {
        Self { slots: vec![None; places], places, len: 0 }
    }

    /// Has the processor fetch what [`insert`](Self::insert) will look at.
    pub(super) fn prefetch(&self, hash: KeyHash) {
        prefetch_index(&self.slots, hash.place(self.places));
    }

    /// Adds a hash, and tells whether it is new.
    pub(super) fn insert(&mut self, hash: KeyHash) -> bool {
        let mut at = self.find(hash);
        let mut displaced = Some(hash);
        if self.slots.get(at) == Some(&displaced) {
            return false;
        }
        while displaced.is_some() {
            if at == self.slots.len() {
                self.slots.push(None);
            }
            std::mem::swap(&mut self.slots[at], &mut displaced);
            at += 1;
        }
        self.len += 1;
        true
    }

    pub(super) fn contains(&self, hash: KeyHash) -> bool {
        self.slots.get(self.find(hash)) == Some(&Some(hash))
    }

    /// Where `hash` stands, or would.
    fn find(&self, hash: KeyHash) -> usize {
        let mut at = hash.place(self.places);
        while let Some(Some(there)) = self.slots.get(at)
            && *there < hash
        {
            at += 1;
        }
        at
    }

    /// Whether to make room before more is added: three of four places are taken.
    pub(super) fn is_full(&self) -> bool {
        self.len >= self.places / 4 * 3
    }

    /// Doubles the places, as far as `bytes` allow. False where they allow no more.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let places = (2 * self.places).min(bytes / size_of::<Option<KeyHash>>());
        if places <= self.places {
            return false;
        }
        let mut larger = Self::new(places);
        for hash in self.iter() {
            larger.insert(hash);
        }
        *self = larger;
        true
    }

    /// The hashes, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = KeyHash> {
        self.slots.iter().flatten().copied()
    }

    pub(super) fn clear(&mut self) {
        self.slots.truncate(self.places);
        self.slots.fill(None);
        self.len = 0;
    }
}

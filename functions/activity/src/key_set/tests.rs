use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::key_hash::KeyHasher;
use crate::spill::tests::Place;

/// Hashes as they are, from so few that many come again; and hashes that start alike, or lie at either end.
fn hashes() -> impl Strategy<Value = Vec<KeyHash>> {
    let hasher = KeyHasher::with_seed([7; 16]);
    let usual = (0..4_000_u32).prop_map(move |value| hasher.value(&value.to_be_bytes()));
    let alike = (prop_oneof![Just(0), Just(5 << 60), Just(u64::MAX)], 0..2_000_u64)
        .prop_map(|(high, low)| KeyHash::of_bits(high, low));
    prop::collection::vec(prop_oneof![9 => usual, 1 => alike], 0..6_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The bounds are so small that all of it happens: runs, runs of runs, and a filter that is often wrong.
    #[test]
    fn a_set_that_spills_answers_as_one_that_does_not(hashes in hashes(), bytes in 64_usize..20_000) {
        let mut set = KeySet::default();
        set.spill_to(Place::of(2 * KeyHash::BYTES * hashes.len()), bytes);
        let mut reference = HashSet::new();
        for (index, hash) in hashes.iter().enumerate() {
            prop_assert_eq!(set.insert(*hash).unwrap(), reference.insert(hash.to_bytes()));
            let other = hashes[index / 2 + hashes.len() / 2];
            prop_assert_eq!(set.contains(other).unwrap(), reference.contains(&other.to_bytes()));
        }
    }

    #[test]
    fn a_set_in_memory_answers_the_same(hashes in hashes()) {
        let (mut set, mut reference) = (KeySet::default(), HashSet::new());
        for hash in hashes {
            prop_assert_eq!(set.insert(hash).unwrap(), reference.insert(hash.to_bytes()));
        }
    }
}

#[test]
fn a_spill_that_fails_is_an_error_and_not_an_answer() {
    let hasher = KeyHasher::default();
    let mut set = KeySet::default();
    set.spill_to(Place::of(20_000), 1 << 10);
    let inserted = (0..10_000_u32).map(|value| set.insert(hasher.value(&value.to_be_bytes())));
    let error = inserted.filter_map(|new| new.map(|new| assert!(new)).err()).next().unwrap();
    assert!(error.is_full());
}

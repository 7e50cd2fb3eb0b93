//! Tells hashes that were surely never added from those that may have been.

use prefetch_index::prefetch_index;

use crate::key_hash::KeyHash;

/// How many bits a hash sets in its block: good for four to eight bits of filter for each hash.
const BITS: u32 = 4;

/// A Bloom filter in blocks of a cache line (Putze, Sanders and Singler, 2007): a look is one cache miss. At 33 million
/// hashes, 18 MiB take one new hash in eight for an old one.
pub(super) struct Filter {
    blocks: Vec<Block>,
}

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Block([u64; 8]);

impl Filter {
    /// An empty filter of about so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self { blocks: vec![Block([0; 8]); (bytes / size_of::<Block>()).max(1)] }
    }

    /// Adds a hash. In their order, hashes go through the filter from its start to its end.
    pub(super) fn insert(&mut self, hash: KeyHash) {
        let place = hash.place(self.blocks.len());
        let Block(words) = &mut self.blocks[place];
        bits(hash).for_each(|(word, bit)| words[word] |= bit);
    }

    /// Has the processor fetch what [`may_contain`](Self::may_contain) will look at.
    pub(super) fn prefetch(&self, hash: KeyHash) {
        prefetch_index(&self.blocks, hash.place(self.blocks.len()));
    }

    /// False where the hash was never added.
    pub(super) fn may_contain(&self, hash: KeyHash) -> bool {
        let Block(words) = &self.blocks[hash.place(self.blocks.len())];
        bits(hash).all(|(word, bit)| words[word] & bit != 0)
    }
}

/// The bits of a hash in its block: the word, and the bit in it.
fn bits(hash: KeyHash) -> impl Iterator<Item = (usize, u64)> {
    (0..BITS).map(move |number| {
        let chosen = hash.low() >> (9 * number);
        ((chosen >> 6) as usize % 8, 1 << (chosen % 64))
    })
}

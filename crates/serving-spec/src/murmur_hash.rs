//! The hash that scikit-learn's `FeatureHasher` uses.

/// Returns Austin Appleby's `MurmurHash3_x86_32` of `key`.
#[expect(clippy::cast_possible_truncation, reason = "the hash takes the length modulo 2^32")]
pub(crate) fn murmur_hash_3(key: &[u8], seed: u32) -> u32 {
    let mixed = |block: u32| block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (blocks, rest) = key.as_chunks::<4>();
    let mut hash = seed;
    for &block in blocks {
        hash = (hash ^ mixed(u32::from_le_bytes(block))).rotate_left(13);
        hash = hash.wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    // Without a rest this mixes zero, which changes nothing.
    hash ^= mixed(rest.iter().rev().fold(0, |block, &byte| block << 8 | u32::from(byte)));
    hash ^= key.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

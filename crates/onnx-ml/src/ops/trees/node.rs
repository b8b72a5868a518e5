//! The nodes of packed trees.

/// A branch or a leaf, in eight bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(8))]
pub struct PackedNode {
    /// For a branch, the threshold; or, in its bits, the place of its set. For a leaf, the weight; or, in its
    /// bits, the place of its row of weights. A leaf's value is never NaN.
    pub value: f32,
    /// The left child and the slot: see [`Links`]. The right child follows the left one. A leaf is its own
    /// left child, and every row goes left at its slot. So a walk that goes on at a leaf stays there.
    pub link: u32,
}

/// How a link is encoded. The lowest bits are the slot. The next bit says whether the question is a set. The
/// bits above are the distance to the left child, in nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Links {
    slot_bits: u32,
}

impl Links {
    /// Makes the encoding for slots up to `last`.
    pub fn new(last: usize) -> Option<Self> {
        let slot_bits = usize::BITS - last.leading_zeros();
        (slot_bits <= 24).then_some(Self { slot_bits })
    }

    /// A mask for the bits of the slot.
    pub fn slot_mask(self) -> u32 {
        (1 << self.slot_bits) - 1
    }

    /// The number of bits below the distance to the left child.
    fn left_shift(self) -> u32 {
        self.slot_bits + 1
    }

    /// The slot of a node.
    #[inline(always)]
    pub fn slot(self, node: PackedNode) -> usize {
        (node.link & self.slot_mask()) as usize
    }

    /// Whether a node asks for a set.
    #[inline(always)]
    pub fn is_set(self, node: PackedNode) -> bool {
        node.link & (1 << self.slot_bits) != 0
    }

    /// The distance from a node to its left child, in nodes.
    #[inline(always)]
    pub fn to_left(self, node: PackedNode) -> usize {
        (node.link >> self.left_shift()) as usize
    }

    /// Encodes a link. `None` if the left child is too far away.
    pub fn pack(self, to_left: usize, is_set: bool, slot: u32) -> Option<u32> {
        let to_left =
            u32::try_from(to_left).ok().filter(|&to_left| to_left <= u32::MAX >> self.left_shift())?;
        Some(to_left << self.left_shift() | u32::from(is_set) << self.slot_bits | slot)
    }
}

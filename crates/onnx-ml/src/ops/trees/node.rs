//! The nodes of packed trees.

/// A branch or a leaf, in eight bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(8))]
pub struct PackedNode {
    /// Of a branch the threshold, or in its bits the place of its set; of a leaf the weight, or in its bits the place of its
    /// row: never NaN.
    pub value: f32,
    /// The left child, whose sibling is the next node, and the slot: see [`Links`]. A leaf is its own left child, and at its
    /// slot every row goes left: so a walk can go on past it, and stays.
    pub link: u32,
}

/// How a link is read: the lowest bits are the slot, as many as there are slots for; the next says whether the question is a
/// set; all above are how many nodes on the left child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Links {
    slot_bits: u32,
}

impl Links {
    /// Links to slots up to `last`.
    pub fn new(last: usize) -> Option<Self> {
        let slot_bits = usize::BITS - last.leading_zeros();
        (slot_bits <= 24).then_some(Self { slot_bits })
    }

    /// The bits of the slot.
    pub fn slot_mask(self) -> u32 {
        (1 << self.slot_bits) - 1
    }

    /// The bits below the left child.
    fn left_shift(self) -> u32 {
        self.slot_bits + 1
    }

    /// The slot.
    #[inline(always)]
    pub fn slot(self, node: PackedNode) -> usize {
        (node.link & self.slot_mask()) as usize
    }

    /// Whether the question is a set.
    #[inline(always)]
    pub fn is_set(self, node: PackedNode) -> bool {
        node.link & (1 << self.slot_bits) != 0
    }

    /// How many nodes on the left child is.
    #[inline(always)]
    pub fn to_left(self, node: PackedNode) -> usize {
        (node.link >> self.left_shift()) as usize
    }

    /// A link; `None` if the left child is too many nodes on.
    pub fn pack(self, to_left: usize, is_set: bool, slot: u32) -> Option<u32> {
        let to_left =
            u32::try_from(to_left).ok().filter(|&to_left| to_left <= u32::MAX >> self.left_shift())?;
        Some(to_left << self.left_shift() | u32::from(is_set) << self.slot_bits | slot)
    }
}

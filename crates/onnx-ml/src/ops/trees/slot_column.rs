//! What a feature's values become so that one comparison, `x <= threshold` of floats, answers every question.

use std::cmp::Ordering;

/// A feature as some of the nodes look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotColumn {
    /// The feature.
    pub feature: u32,
    /// Whether a missing value (NaN) becomes negative infinity, which goes left at every threshold; as it is, it goes right.
    pub missing_left: bool,
    /// What becomes of values that are no `float`.
    pub rounding: Rounding,
}

/// How a `double` becomes a `float` on the same side of every `float` threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rounding {
    /// For `x <= t`: the float above.
    Up,
    /// For `x < t`, asked as `x <= p` with the float `p` before `t`: the float below.
    Down,
    /// For sets of whole numbers: what is no float is none of them.
    Exact,
}

/// A feature's value, as rows have it.
pub trait Value: Copy {
    /// The value in a column.
    fn at(self, column: SlotColumn) -> f32;
}

impl Value for f32 {
    #[inline(always)]
    fn at(self, column: SlotColumn) -> f32 {
        if column.missing_left && self.is_nan() { Self::NEG_INFINITY } else { self }
    }
}

impl Value for f64 {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "which way is what this is about")]
    fn at(self, column: SlotColumn) -> f32 {
        let nearest = self as f32;
        let exact = Self::from(nearest);
        let rounded = match column.rounding {
            Rounding::Up if exact < self => nearest.next_up(),
            Rounding::Down if exact > self => nearest.next_down(),
            Rounding::Exact if exact.partial_cmp(&self).is_some_and(Ordering::is_ne) => NO_CATEGORY,
            _ => nearest,
        };
        rounded.at(column)
    }
}

/// A number that no set has: categories are not negative.
const NO_CATEGORY: f32 = -1.0;

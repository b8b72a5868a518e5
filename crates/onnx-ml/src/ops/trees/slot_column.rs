//! Converts the values of a feature so that a single comparison of floats, `x <= threshold`, answers every
//! question.

use std::cmp::Ordering;

/// A feature, as some of the nodes read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotColumn {
    /// The feature.
    pub feature: u32,
    /// Whether a missing value (NaN) becomes negative infinity, which goes left at every threshold. NaN
    /// itself goes right.
    pub missing_left: bool,
    /// How values that are not a `float` are rounded.
    pub rounding: Rounding,
}

/// How a `double` is rounded to a `float` on the same side of every `float` threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rounding {
    /// To the float above, for `x <= t`.
    Up,
    /// To the float below, for `x < t`. It is asked as `x <= p`, where `p` is the float before `t`.
    Down,
    /// Not at all, for sets of whole numbers: a value that is not a float is not a member.
    Exact,
}

/// The value of a feature in a row.
pub trait Value: Copy {
    /// The value as a column holds it.
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
    #[expect(clippy::cast_possible_truncation, reason = "the rounding is corrected below")]
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

/// A number that no set contains: categories are not negative.
const NO_CATEGORY: f32 = -1.0;

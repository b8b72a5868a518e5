//! The parts of a serving spec that a feature plan is compiled from.

use indexmap::IndexMap;

use super::feature::FeatureSpec;
use super::operand::Operand;

/// The parts of a serving spec that a [`FeaturePlan`](super::FeaturePlan) is compiled from.
#[derive(Debug, Clone, Copy)]
pub struct FeatureParts<'a> {
    /// The features by name.
    pub features: &'a IndexMap<String, FeatureSpec>,
    /// The features that make up an input of the model, by the name of the input.
    pub inputs: &'a IndexMap<String, Vec<String>>,
    /// When the event took place.
    pub event_time: Option<&'a Operand>,
    /// The line of each feature in its file, for messages. Features without a known line are left out.
    pub lines: &'a IndexMap<String, usize>,
}

impl FeatureParts<'_> {
    /// Returns ` (line N)` for a feature whose line is known, else nothing.
    pub(super) fn line(&self, feature: &str) -> String {
        self.lines.get(feature).map_or_else(String::new, |line| format!(" (line {line})"))
    }
}

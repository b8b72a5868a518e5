//! The categories that a model was trained on.

use anyhow::{Result, ensure};
use hashbrown::HashMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A category. An integer is compared as text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a string or an integer")]
pub enum Category {
    /// An integer, which stands for its decimal text.
    Int64(i64),
    /// A text.
    String(String),
}

impl std::fmt::Display for Category {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int64(category) => write!(f, "{category}"),
            Self::String(category) => f.write_str(category),
        }
    }
}

/// Returns the place of each category.
pub(super) fn places(vocabulary: &[Category]) -> Result<HashMap<Box<str>, u32>> {
    ensure!(!vocabulary.is_empty(), "`vocabulary`: expected at least one category");
    let mut places = HashMap::with_capacity(vocabulary.len());
    for (place, category) in (0..).zip(vocabulary) {
        let before = places.insert(category.to_string().into_boxed_str(), place);
        ensure!(before.is_none(), "`vocabulary` has `{category}` twice");
    }
    Ok(places)
}

/// What a message about an unknown category expects.
pub(super) const EXPECTED: &str = "a category of `vocabulary`";
/// What a message about an unknown category found.
pub(super) const FOUND: &str = "another text";

//! The serving spec: which fields of a record become which inputs of the model, and what the result contains.
//!
//! The spec lives beside the model, as `serving.toml`, or under `metadata.serving` in `MLmodel`.
//! `docs/serving-spec.md` is its reference. [`crate::features`] and [`crate::result`] check it against the
//! model.

use indexmap::IndexMap;
use limits::names::start_of;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::features::{FeatureParts, FeatureSpec, Operand};
use crate::result::ResultSpec;

/// The most characters of a message. It may quote a key of the file.
const MAX_MESSAGE: usize = 1_000;

/// The serving spec: which fields of a record become which inputs of the model, and what the result contains.
///
/// ```
/// use serving_spec::ServingSpec;
///
/// let spec = ServingSpec::from_toml("[features]\nkm = { field = \"/trip/km\" }").unwrap();
/// assert_eq!(spec.features["km"].transform.key(), "field");
///
/// let (line, message) = ServingSpec::from_toml("[features]\nkm = { feild = \"km\" }").unwrap_err();
/// assert_eq!(line, 2);
/// assert!(message.starts_with("`feild` is not a transform"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(
    description = "Which fields of a record become which inputs of the model, and what the result contains."
)]
#[serde(deny_unknown_fields)]
pub struct ServingSpec {
    /// The name of the model in the result. By default it is the name in `MLmodel`.
    pub name: Option<String>,
    /// The features by name. Each is one transform, with an optional policy for missing and invalid values.
    #[serde(default)]
    pub features: IndexMap<String, FeatureSpec>,
    /// The features that make up each input of the model, in the order of its columns. An input that is not
    /// listed takes the feature of its own name. A single map input takes all features that no other feature
    /// uses.
    #[serde(default)]
    pub inputs: IndexMap<String, Vec<String>>,
    /// When the event took place: a field or a feature that is a date, or a number of seconds since the
    /// epoch.
    pub event_time: Option<Operand>,
    /// The members of the result's `prediction`. By default it has every output of the model under its own
    /// name.
    #[serde(default)]
    pub result: IndexMap<String, ResultSpec>,
    /// The line of each feature in its file, if that is known.
    #[serde(skip)]
    pub lines: IndexMap<String, usize>,
}

/// The names of the features, with their places in the file.
#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    features: IndexMap<Spanned<String>, serde::de::IgnoredAny>,
}

impl ServingSpec {
    /// Reads a spec from TOML.
    ///
    /// # Errors
    /// The line and a message, when the text is malformed or a key or a value has no meaning.
    pub fn from_toml(text: &str) -> Result<Self, (usize, String)> {
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let line = |at: usize| ends.partition_point(|end| *end < at) + 1;
        let place = |error: toml::de::Error| {
            let message = start_of(error.message(), MAX_MESSAGE).into_owned();
            (error.span().map_or(0, |span| line(span.start)), message)
        };
        let mut spec: Self = toml::from_str(text).map_err(place)?;
        let places: Places = toml::from_str(text).map_err(place)?;
        let lines = places.features.into_keys().map(|name| (line(name.span().start), name.into_inner()));
        spec.lines = lines.map(|(line, name)| (name, line)).collect();
        Ok(spec)
    }

    /// Returns the parts that a [`FeaturePlan`](crate::features::FeaturePlan) is compiled from.
    #[must_use]
    pub fn feature_parts(&self) -> FeatureParts<'_> {
        let Self { features, inputs, event_time, lines, .. } = self;
        FeatureParts { features, inputs, event_time: event_time.as_ref(), lines }
    }
}

/// Returns the JSON Schema of the serving spec. Editors use it for completion.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(ServingSpec).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        let error = |text| ServingSpec::from_toml(text).unwrap_err();
        let (line, message) = error("[features]\na = { feild = \"a\" }\n");
        assert!(line == 2 && message.contains("`feild` is not a transform"), "{line}: {message}");
        let (line, message) = error("name = \"m\"\n\n[result.a]\nouptut = \"a\"\n");
        assert!(line == 4 && message.contains("ouptut"), "{line}: {message}");
        let (line, message) = error("[features]\nb = { log1p = \"/a\" }\na = { log1p = \"/a\", base = 2 }\n");
        assert!(line == 3 && message.contains("base"), "{line}: {message}");
    }

    #[test]
    fn a_feature_has_exactly_one_transform() {
        let error = |feature| ServingSpec::from_toml(&format!("[features]\na = {feature}\n")).unwrap_err().1;
        assert!(error(r#"{ field = "a", concat = ["b"] }"#).contains("exactly one"));
        assert!(error("{}").contains("expected a transform"));
        assert!(error(r#"{ field = "a", separator = "_" }"#).contains("separator"));
        assert!(error(r#"{ field = "a", default = 1, missing = "nan" }"#).contains("keep one"));
        assert!(error(r#"{ sum = ["a", true] }"#).contains("JSON pointer"));
        assert!(
            ServingSpec::from_toml("[features]\na = { replace = \"/a\", search = \"x\", with = \"\" }")
                .is_ok()
        );
    }
}

//! The serving spec: which fields of a record become which inputs of the model, and what goes into the result.
//!
//! It lives beside the model, as `serving.toml`, or under `metadata.serving` in `MLmodel`. What its parts mean says
//! `docs/serving-spec.md`; [`crate::features`] and [`crate::result`] check them against the model.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::features::{FeatureSpec, Operand};
use crate::result::ResultSpec;

/// The serving spec as people write it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServingSpec {
    /// The model's name in the result; by default the one that MLflow knows.
    pub name: Option<String>,
    /// Features by name.
    #[serde(default)]
    pub features: IndexMap<String, FeatureSpec>,
    /// Which features make up an input of the model, in the order of its columns. An input that is not listed
    /// takes the feature of its own name; a lone map input takes all features.
    #[serde(default)]
    pub inputs: IndexMap<String, Vec<String>>,
    /// When the event took place: a date, or seconds since the epoch.
    pub event_time: Option<Operand>,
    /// Members of the result's `prediction`; by default every output of the model under its own name.
    #[serde(default)]
    pub result: IndexMap<String, ResultSpec>,
    /// The line of each feature in the file, where that is known.
    #[serde(skip)]
    pub lines: IndexMap<String, usize>,
}

/// The names of features, and where they stand.
#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    features: IndexMap<Spanned<String>, serde::de::IgnoredAny>,
}

impl ServingSpec {
    /// Reads TOML.
    ///
    /// # Errors
    /// When it is malformed, or has a key or a value that means nothing: the line, and what is wrong.
    pub fn from_toml(text: &str) -> Result<Self, (usize, String)> {
        let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
        let place = |error: toml::de::Error| {
            (error.span().map_or(0, |span| line(span.start)), error.message().to_owned())
        };
        let mut spec: Self = toml::from_str(text).map_err(place)?;
        let places: Places = toml::from_str(text).map_err(place)?;
        let lines = places.features.into_keys().map(|name| (line(name.span().start), name.into_inner()));
        spec.lines = lines.map(|(line, name)| (name, line)).collect();
        Ok(spec)
    }
}

/// The JSON Schema of the serving spec, by which editors complete it.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(ServingSpec).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = |text| ServingSpec::from_toml(text).unwrap_err();
        let (line, message) = error("[features]\na = { feild = \"a\" }\n");
        assert!(line == 2 && message.contains("`feild` is no transform"), "{line}: {message}");
        let (line, message) = error("name = \"m\"\n\n[result.a]\nouptut = \"a\"\n");
        assert!(line == 4 && message.contains("ouptut"), "{line}: {message}");
        let (line, message) = error("[features]\nb = { log1p = \"/a\" }\na = { log1p = \"/a\", base = 2 }\n");
        assert!(line == 3 && message.contains("base"), "{line}: {message}");
    }

    #[test]
    fn a_feature_is_exactly_one_thing() {
        let error = |feature| ServingSpec::from_toml(&format!("[features]\na = {feature}\n")).unwrap_err().1;
        assert!(error(r#"{ field = "a", concat = ["b"] }"#).contains("exactly one"));
        assert!(error("{}").contains("no transform"));
        assert!(error(r#"{ field = "a", separator = "_" }"#).contains("separator"));
        assert!(error(r#"{ field = "a", default = 1, missing = "nan" }"#).contains("keep one"));
        assert!(error(r#"{ sum = ["a", true] }"#).contains("JSON pointer"));
        assert!(
            ServingSpec::from_toml("[features]\na = { replace = \"/a\", search = \"x\", with = \"\" }")
                .is_ok()
        );
    }
}

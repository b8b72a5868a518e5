//! Reads `MLmodel`, the YAML file in which MLflow describes a model directory.
//!
//! Format: <https://mlflow.org/docs/latest/ml/model/#mlmodel-file>

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use serving_spec::ServingSpec;

/// The file's name.
pub const FILE: &str = "MLmodel";

/// The most bytes of the file that are read. A signature takes about 65 bytes per column, so a quarter of a
/// million columns fit.
pub const MAX_BYTES: usize = 16 << 20;

/// The parts of the file that serving needs.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct MlModel {
    /// The run that logged the model.
    pub run_id: Option<String>,
    /// Where the model was logged, below the run's artifacts: a name in MLflow 2, an address in MLflow 3.
    pub artifact_path: Option<String>,
    #[serde(default)]
    flavors: Flavors,
    metadata: Option<Metadata>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Flavors {
    onnx: Option<OnnxFlavor>,
}

#[derive(Debug, Clone, Deserialize)]
struct OnnxFlavor {
    data: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    serving: Option<Serving>,
}

/// The serving spec, as YAML or as a JSON text. Strings such as `1e3` need the JSON text: MLflow writes them
/// to YAML without quotes, and here they would be read as numbers.
#[derive(Debug, Clone, Default)]
struct Serving(ServingSpec);

impl<'de> Deserialize<'de> for Serving {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Serving::default())
    }
}

impl<'de> Visitor<'de> for Serving {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a serving spec, as a map or as its JSON text")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Self, A::Error> {
        ServingSpec::deserialize(MapAccessDeserializer::new(map)).map(Self)
    }

    fn visit_str<E: Error>(self, json: &str) -> std::result::Result<Self, E> {
        serde_json::from_str(json).map(Self).map_err(|error| E::custom(format!("metadata.serving: {error}")))
    }
}

impl MlModel {
    /// Reads the file's text.
    ///
    /// # Errors
    /// When the text is not YAML, or a part that serving needs is malformed, such as the serving spec.
    pub fn parse(text: &str) -> Result<Self> {
        yaml(text).context(FILE)
    }

    /// The graph's file, relative to the directory.
    ///
    /// # Errors
    /// When the model was not logged by `mlflow.onnx`.
    pub fn onnx_file(&self) -> Result<&str> {
        let onnx = self.flavors.onnx.as_ref();
        let onnx =
            onnx.context("MLmodel lacks the flavor `onnx`: log the model with mlflow.onnx.log_model")?;
        Ok(onnx.data.as_deref().unwrap_or(super::DEFAULT_FILE))
    }

    /// The serving spec under `metadata.serving`.
    #[must_use]
    pub fn serving(&self) -> Option<&ServingSpec> {
        Some(&self.metadata.as_ref()?.serving.as_ref()?.0)
    }
}

/// Reads YAML. The error names the place and quotes nothing of the text: the file may be a link to another one.
///
/// # Errors
/// When the text is not YAML of that shape.
pub(super) fn yaml<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T> {
    let one_line = |error: serde_saphyr::Error| error.without_snippet().to_string().replace('\n', " ");
    serde_saphyr::from_str(text).map_err(|error| anyhow::anyhow!(one_line(error)))
}

/// The facts by which a run's model is found among logged models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The run that logged it.
    pub run_id: Option<String>,
    /// The libraries that can load it, such as `sklearn`, without `python_function`.
    pub flavors: Vec<String>,
}

impl Logged {
    /// Reads the facts from an `MLmodel` text, whatever else it holds. `None` if it is not YAML of that
    /// shape.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Part {
            run_id: Option<String>,
            #[serde(default)]
            #[expect(clippy::zero_sized_map_values, reason = "a set is not read from a map")]
            flavors: BTreeMap<String, IgnoredAny>,
        }
        let part: Part = serde_saphyr::from_str(text).ok()?;
        let flavors = part.flavors.into_keys().filter(|name| name != "python_function").collect();
        Some(Self { run_id: part.run_id, flavors })
    }

    /// Whether it has the ONNX flavor.
    #[must_use]
    pub fn is_onnx(&self) -> bool {
        self.flavors.iter().any(|name| name == "onnx")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_serving_needs_is_read() {
        let text = "artifact_path: model\nflavors:\n  onnx:\n    data: model.onnx\n    onnx_version: 1.22.0\n  python_function:\n    env: {conda: conda.yaml}\n\
            metadata:\n  owner: me\n  serving:\n    features:\n      a: {field: /x/a}\nrun_id: 00000000000000000000000000000012\nsignature: null\n";
        let mlmodel = MlModel::parse(text).unwrap();
        assert_eq!(mlmodel.onnx_file().unwrap(), "model.onnx");
        assert_eq!(mlmodel.run_id.as_deref(), Some("00000000000000000000000000000012"));
        assert_eq!(
            mlmodel.serving().unwrap().features["a"],
            serving_spec::features::FeatureSpec::field("/x/a")
        );
    }

    #[test]
    fn the_error_for_another_flavor_suggests_log_model() {
        let mlmodel = MlModel::parse("flavors:\n  sklearn: {}\n").unwrap();
        assert!(mlmodel.onnx_file().unwrap_err().to_string().contains("mlflow.onnx.log_model"));
    }

    #[test]
    fn a_spec_can_be_json_text_that_keeps_strings_as_strings() {
        let spec = r#"{"features": {"a": {"ordinal": "/a", "vocabulary": ["1E5", "0o7"]}}}"#;
        let mlmodel = MlModel::parse(&format!("metadata:\n  serving: '{spec}'\n")).unwrap();
        let expected: ServingSpec = serde_json::from_str(spec).unwrap();
        assert_eq!(mlmodel.serving(), Some(&expected));
        let error = MlModel::parse("metadata:\n  serving: '{\"feature\": {}}'\n").unwrap_err();
        assert!(format!("{error:#}").contains("metadata.serving: unknown field `feature`"), "{error:#}");
    }

    #[test]
    fn the_numbers_of_a_spec_are_read_exactly() {
        for number in ["-13.075549199058697", "7.8768535816859595", "0.1", "9007199254740993.0"] {
            let features = format!("{{\"features\": {{\"a\": {{\"constant\": {number}}}}}}}");
            for serving in [format!("'{features}'"), features] {
                let mlmodel = MlModel::parse(&format!("metadata:\n  serving: {serving}\n")).unwrap();
                let constant = format!("{:?}", mlmodel.serving().unwrap().features["a"].transform);
                let exact = format!("Double({:?})", number.parse::<f64>().unwrap());
                assert!(constant.contains(&exact), "{number}: {constant}");
            }
        }
    }

    #[test]
    fn a_mistyped_spec_is_refused_in_one_line() {
        let error = MlModel::parse("metadata:\n  serving:\n    feature: {}\n").unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains("feature") && !error.contains('\n'), "{error}");
        assert!(MlModel::parse("a: [").is_err());
    }
}

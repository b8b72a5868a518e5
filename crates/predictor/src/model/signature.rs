//! The signature by which MLflow describes a model's inputs and outputs, in `MLmodel`. Serving goes by the graph alone; a
//! signature that disagrees with it tells that something else was logged than was meant.
//!
//! Format: <https://mlflow.org/docs/latest/ml/model/signatures/>

use anyhow::{Context, Result};
use serde::Deserialize;

/// What a model takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Inputs: the model's own, or columns of a frame.
    pub inputs: Vec<Field>,
    /// Outputs likewise.
    pub outputs: Vec<Field>,
}

/// A column or a tensor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Field {
    /// Its name; the only one may have none.
    pub name: Option<String>,
    /// `double`, `long`, `string` and so on for a column; `tensor` for a tensor.
    pub r#type: String,
    /// What a tensor is like.
    #[serde(rename = "tensor-spec")]
    pub tensor: Option<TensorSpec>,
}

/// A tensor's type and shape.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TensorSpec {
    /// The type of its elements in NumPy's words: `float32`.
    pub dtype: String,
    /// Its shape; -1 is any size.
    pub shape: Vec<i64>,
}

impl Signature {
    /// Reads the signature in an `MLmodel` text; `None` if it has none.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn parse(mlmodel: &str) -> Result<Option<Self>> {
        #[derive(Deserialize)]
        struct Part {
            signature: Option<Texts>,
        }
        #[derive(Deserialize)]
        struct Texts {
            inputs: Option<String>,
            outputs: Option<String>,
        }
        let part: Part = serde_saphyr::from_str(mlmodel).context("the signature is no map of texts")?;
        let fields = |text: Option<String>, of: &'static str| {
            let fields = text.map(|text| serde_json::from_str(&text)).transpose();
            fields.map(Option::unwrap_or_default).with_context(|| format!("the signature's {of}"))
        };
        let read = |texts: Texts| {
            let inputs = fields(texts.inputs, "inputs")?;
            Ok(Self { inputs, outputs: fields(texts.outputs, "outputs")? })
        };
        part.signature.map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_tensors_are_told_apart() {
        let text = "signature:\n  inputs: '[{\"type\": \"double\", \"name\": \"km\", \"required\": false}]'\n  \
            outputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float32\", \"shape\": [-1, 1]}}]'\n";
        let signature = Signature::parse(text).unwrap().unwrap();
        let [km] = &signature.inputs[..] else { panic!("one input") };
        assert_eq!((km.name.as_deref(), km.r#type.as_str()), (Some("km"), "double"));
        let tensor = TensorSpec { dtype: "float32".to_owned(), shape: vec![-1, 1] };
        assert_eq!((signature.outputs[0].name.as_ref(), &signature.outputs[0].tensor), (None, &Some(tensor)));
    }

    #[test]
    fn none_is_none_and_a_malformed_one_an_error() {
        assert_eq!(Signature::parse("run_id: r\nsignature: null\n").unwrap(), None);
        assert_eq!(Signature::parse("run_id: r\n").unwrap(), None);
        let error = Signature::parse("signature:\n  inputs: '{'\n").unwrap_err();
        assert_eq!(error.to_string(), "the signature's inputs");
    }
}

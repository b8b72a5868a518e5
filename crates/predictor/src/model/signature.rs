//! Reads the signature in `MLmodel`, in which MLflow describes a model's inputs and outputs. Serving uses
//! only the graph. If the signature differs from it, probably the wrong model was logged.
//!
//! Format: <https://mlflow.org/docs/latest/ml/model/signatures/>

use anyhow::{Context, Result};
use serde::Deserialize;

use super::mlmodel;

/// The inputs and outputs of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The inputs of the model, or columns of a frame.
    pub inputs: Vec<SignatureField>,
    /// The outputs of the model, or columns of a frame.
    pub outputs: Vec<SignatureField>,
}

/// A column or a tensor of a signature.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SignatureField {
    /// Its name. An only field may lack one.
    pub name: Option<String>,
    /// `double`, `long`, `string` and so on for a column; `tensor` for a tensor.
    pub r#type: String,
    /// The type and shape of a tensor.
    #[serde(rename = "tensor-spec")]
    pub tensor: Option<TensorSpec>,
}

/// A tensor's type and shape.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TensorSpec {
    /// The type of its elements, as NumPy names it: `float32`.
    pub dtype: String,
    /// Its shape. -1 stands for any size.
    pub shape: Vec<i64>,
}

impl Signature {
    /// Reads the signature in an `MLmodel` text. `None` if it has none.
    ///
    /// # Errors
    /// When the signature is malformed.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        #[derive(Deserialize)]
        struct Part {
            signature: Option<Texts>,
        }
        #[derive(Deserialize)]
        struct Texts {
            inputs: Option<String>,
            outputs: Option<String>,
        }
        let part: Part = mlmodel::yaml(text).context("the signature: expected a map of texts")?;
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
    fn a_signature_may_be_absent_but_not_malformed() {
        assert_eq!(Signature::parse("run_id: r\nsignature: null\n").unwrap(), None);
        assert_eq!(Signature::parse("run_id: r\n").unwrap(), None);
        let error = Signature::parse("signature:\n  inputs: '{'\n").unwrap_err();
        assert_eq!(error.to_string(), "the signature's inputs");
    }
}

//! `Binarizer`: <https://onnx.ai/onnx/operators/onnx_aionnxml_Binarizer.html>

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::operator::{Operator, Parsed, parsed, tensor};
use super::tensor_access::{numbers, shape_of};

/// Gives 1 above the threshold and 0 elsewhere, in the type and shape of the input.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Binarizer {
    threshold: f32,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    Ok(parsed(Binarizer { threshold: node.get_attr_opt("threshold")?.unwrap_or_default() }))
}

impl Operator for Binarizer {
    const NAME: &'static str = "Binarizer";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let datum_type = inputs[0].datum_type;
        ensure!(datum_type.is_number(), "an input of {datum_type:?}: expected numbers");
        Ok(shape_of(inputs[0], datum_type))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let x = &inputs[0];
        let threshold = f64::from(self.threshold);
        let binary = numbers::<f64>(x)?.iter().map(|&x| f32::from(u8::from(x > threshold))).collect();
        let binary = tensor::<f32>(binary, x.shape())?;
        Ok(tvec!(binary.cast_to_dt(x.datum_type())?.into_owned().into_tvalue()))
    }
}

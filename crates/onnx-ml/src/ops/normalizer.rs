//! `Normalizer`: <https://onnx.ai/onnx/operators/onnx_aionnxml_Normalizer.html>

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::dot::{dot, sum_of_magnitudes};
use super::operator::{Operator, Parsed, parsed, tensor};
use super::tensor_access::{numbers, row_width, shape_of};

/// Divides each row by its norm, in the shape of the input. A row whose norm is zero stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Normalizer {
    /// The largest element. It is not a norm if all elements are negative, but ONNX defines it so.
    Max,
    /// The sum of the magnitudes.
    L1,
    /// The square root of the sum of squares.
    L2,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    Ok(parsed(match node.get_attr_opt::<&str>("norm")?.unwrap_or("MAX") {
        "MAX" => Normalizer::Max,
        "L1" => Normalizer::L1,
        "L2" => Normalizer::L2,
        other => bail!("norm: expected MAX, L1 or L2, found {other}"),
    }))
}

impl Operator for Normalizer {
    const NAME: &'static str = "Normalizer";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(shape_of(inputs[0], f32::datum_type()))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let x = &inputs[0];
        let width = row_width(x.shape())?;
        let mut values = numbers::<f32>(x)?.into_owned();
        for row in values.chunks_exact_mut(width.max(1)) {
            let norm = match self {
                Self::Max => row.iter().copied().fold(f32::MIN, f32::max),
                Self::L1 => sum_of_magnitudes(row),
                Self::L2 => dot(row, row).sqrt(),
            };
            if norm != 0.0 {
                for x in row {
                    *x /= norm;
                }
            }
        }
        Ok(tvec!(tensor(values, x.shape())?.into_tvalue()))
    }
}

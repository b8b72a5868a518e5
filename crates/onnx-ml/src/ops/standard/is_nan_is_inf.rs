//! `IsNaN` and `IsInf`: in tract they take floats only.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{Operator, Parsed, parsed, tensor};
use crate::ops::tensor_access::{numbers, shape_of};

/// Tests each element, in the shape of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NumberTest {
    /// <https://onnx.ai/onnx/operators/onnx__IsNaN.html>
    Nan,
    /// <https://onnx.ai/onnx/operators/onnx__IsInf.html>
    Infinite { positive: bool, negative: bool },
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a parser of tract")]
pub(in crate::ops) fn parse_is_nan(_: &ParsingContext, _: &NodeProto) -> TractResult<Parsed> {
    Ok(parsed(NumberTest::Nan))
}

pub(in crate::ops) fn parse_is_inf(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let is_asked = |sign| TractResult::Ok(node.get_attr_opt(sign)?.unwrap_or(1_i64) != 0);
    let (positive, negative) = (is_asked("detect_positive")?, is_asked("detect_negative")?);
    Ok(parsed(NumberTest::Infinite { positive, negative }))
}

impl NumberTest {
    fn has(self, x: f64) -> bool {
        match self {
            Self::Nan => x.is_nan(),
            Self::Infinite { positive, negative } => {
                x.is_infinite() && if x > 0.0 { positive } else { negative }
            }
        }
    }
}

impl Operator for NumberTest {
    const NAME: &'static str = "NumberTest";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs[0].datum_type.is_float(), "an input of {:?}: expected floats", inputs[0].datum_type);
        Ok(shape_of(inputs[0], DatumType::Bool))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let are = numbers::<f64>(&inputs[0])?.iter().map(|&x| self.has(x)).collect();
        Ok(tvec!(tensor(are, inputs[0].shape())?.into_tvalue()))
    }
}

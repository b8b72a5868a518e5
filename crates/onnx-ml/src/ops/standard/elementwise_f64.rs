//! `Sigmoid`, `Erf` and `Round` for doubles too: tract has them for floats only.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::{math, nn};
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{self, Operator, Parsed, tensor};
use crate::ops::tensor_access::{numbers, shape_of};

/// A function of single elements, of a type that is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    /// <https://onnx.ai/onnx/operators/onnx__Sigmoid.html>
    Sigmoid,
    /// <https://onnx.ai/onnx/operators/onnx__Erf.html>
    Erf,
    /// <https://onnx.ai/onnx/operators/onnx__Round.html>
    Round,
}

/// A function of single doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ElementwiseF64(Function);

#[expect(clippy::unnecessary_wraps, reason = "the signature of a parser of tract")]
pub(in crate::ops) fn parse_sigmoid(_: &ParsingContext, _: &NodeProto) -> TractResult<Parsed> {
    Ok((expand(Function::Sigmoid), Vec::new()))
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a parser of tract")]
pub(in crate::ops) fn parse_erf(_: &ParsingContext, _: &NodeProto) -> TractResult<Parsed> {
    Ok((expand(Function::Erf), Vec::new()))
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a parser of tract")]
pub(in crate::ops) fn parse_round(_: &ParsingContext, _: &NodeProto) -> TractResult<Parsed> {
    Ok((expand(Function::Round), Vec::new()))
}

impl Function {
    fn of_floats(self) -> ElementWiseOp {
        match self {
            Self::Sigmoid => nn::sigmoid(),
            Self::Erf => math::erf(),
            Self::Round => math::round_half_to_even(),
        }
    }
}

impl Expansion for Function {
    fn name(&self) -> StaticName {
        self.of_floats().name()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&inputs[0].datum_type, &outputs[0].datum_type)?;
        solver.equals(&inputs[0].shape, &outputs[0].shape)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        if model.outlet_fact(inputs[0])?.datum_type == DatumType::F64 {
            operator::wire(ElementwiseF64(*self), prefix, model, inputs)
        } else {
            model.wire_node(prefix, self.of_floats(), inputs)
        }
    }
}

impl Operator for ElementwiseF64 {
    const NAME: &'static str = "ElementwiseF64";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(shape_of(inputs[0], inputs[0].datum_type))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let mut values = numbers::<f64>(&inputs[0])?.into_owned();
        for x in &mut values {
            *x = match self.0 {
                Function::Sigmoid => 1.0 / (1.0 + (-*x).exp()),
                Function::Erf => libm::erf(*x),
                Function::Round => x.round_ties_even(),
            };
        }
        Ok(tvec!(tensor(values, inputs[0].shape())?.into_tvalue()))
    }
}

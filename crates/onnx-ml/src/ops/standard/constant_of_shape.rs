//! `ConstantOfShape`: <https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html>
//!
//! tract needs to know the shape while it reads the graph. Its simplification of `MatMul` then loses the
//! shape of the constant.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{self, MAX_WIDTH, Operator, Parsed};
use crate::ops::tensor_access::numbers;
use crate::work;

/// Fills a shape with one value.
#[derive(Debug, Clone)]
struct ConstantOfShape {
    /// The value, of rank 0.
    value: Tensor,
    /// Makes symbols for the dimensions that only a run decides.
    symbols: SymbolScope,
}

/// [`ConstantOfShape`] in a typed graph.
#[derive(Debug, Clone, PartialEq)]
struct Fill {
    value: Tensor,
    shape: TVec<TDim>,
    is_known: bool,
}

pub(in crate::ops) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let value = node.get_attr_opt("value")?.map(|value| ctx.load_tensor(value)).transpose()?;
    let value = value.unwrap_or_else(|| tensor0(0.0_f32));
    ensure!(value.len() == 1, "value: expected one element, found {}", value.len());
    let value = value.into_shape(&[])?;
    Ok((expand(ConstantOfShape { value, symbols: ctx.template.symbols.clone() }), Vec::new()))
}

impl Expansion for ConstantOfShape {
    fn name(&self) -> StaticName {
        "ConstantOfShape".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].datum_type, self.value.datum_type())?;
        solver.equals(&inputs[0].rank, 1)?;
        solver.equals(&inputs[0].shape[0], outputs[0].rank.bex().to_dim())?;
        solver.given(&inputs[0].value, move |solver, shape| {
            solver.equals(&outputs[0].shape, ShapeFactoid::from(dimensions(&shape)?))
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let fact = model.outlet_fact(inputs[0])?;
        let (shape, is_known) = if let Some(shape) = &fact.konst {
            (dimensions(shape)?, true)
        } else {
            let rank = fact.shape.volume().to_usize().context("expected a shape of known length")?;
            (
                std::iter::repeat_with(|| self.symbols.new_with_prefix("size").to_dim()).take(rank).collect(),
                false,
            )
        };
        operator::wire(Fill { value: self.value.clone(), shape, is_known }, prefix, model, inputs)
    }
}

fn dimensions(shape: &Tensor) -> TractResult<TVec<TDim>> {
    Ok(shape.cast_to::<TDim>()?.try_as_plain_ram()?.as_slice::<TDim>()?.into())
}

impl Operator for Fill {
    const NAME: &'static str = "ConstantOfShape";

    fn mints_symbols(&self) -> bool {
        !self.is_known
    }

    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(self.value.datum_type().fact(self.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let shape = numbers::<i64>(&inputs[0])?;
        let size = |&size: &i64| {
            usize::try_from(size).with_context(|| format!("expected a dimension, found {size}"))
        };
        let shape: TVec<usize> = shape.iter().map(size).collect::<TractResult<_>>()?;
        let count = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        ensure!(
            count.is_some_and(|count| count <= 64 * MAX_WIDTH),
            "a constant of shape {shape:?} is too large"
        );
        work::room_for(count.unwrap_or(usize::MAX).saturating_mul(self.value.datum_type().size_of()))?;
        Ok(tvec!(self.value.broadcast_scalar_to_shape(&shape)?.into_tvalue()))
    }
}

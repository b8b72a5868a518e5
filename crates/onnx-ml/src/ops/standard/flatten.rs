//! `Flatten`: <https://onnx.ai/onnx/operators/onnx__Flatten.html>
//!
//! tract refuses two open dimensions, such as those of tokens, even if there is nothing to do.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::Parsed;

/// Joins the dimensions before the axis, and the dimensions from the axis on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flatten {
    axis: i64,
}

pub(in crate::ops) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    Ok((expand(Flatten { axis: node.get_attr_opt("axis")?.unwrap_or(1) }), Vec::new()))
}

impl Flatten {
    /// The dimensions on each side of the axis.
    fn split<'a>(&self, shape: &'a [TDim]) -> TractResult<(&'a [TDim], &'a [TDim])> {
        let rank = i64::try_from(shape.len())?;
        let axis = if self.axis < 0 { self.axis + rank } else { self.axis };
        let at = usize::try_from(axis).ok().and_then(|axis| shape.split_at_checked(axis));
        at.with_context(|| format!("axis {} of a tensor of rank {rank}", self.axis))
    }
}

impl Expansion for Flatten {
    fn name(&self) -> StaticName {
        "Flatten".into()
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
        solver.given(&inputs[0].shape, move |solver, shape| {
            let (before, after) = self.split(&shape)?;
            let shape = ShapeFactoid::from(vec![before.iter().product(), after.iter().product::<TDim>()]);
            solver.equals(&outputs[0].shape, shape)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let shape = model.outlet_fact(inputs[0])?.shape.to_tvec();
        let (before, after) = self.split(&shape)?;
        let mut wire: TVec<OutletId> = inputs.into();
        for (side, axis, dimensions) in [("after", before.len(), after), ("before", 0, before)] {
            let op = match dimensions {
                [] => AxisOp::Add(axis),
                [_] => continue,
                _ => AxisOp::Reshape(axis, dimensions.into(), tvec!(dimensions.iter().product())),
            };
            wire = model.wire_node(format!("{prefix}.{side}"), op, &wire)?;
        }
        Ok(wire)
    }
}

//! `OneHot`: <https://onnx.ai/onnx/operators/onnx__OneHot.html>
//!
//! tract fails on an index that is out of range, and does not terminate on such an axis.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{self, MAX_WIDTH, Operator, Parsed};
use crate::ops::take::take;
use crate::ops::tensor_access::numbers;

/// Adds an axis that holds `on` at each index, and `off` elsewhere. A negative index counts from the end. An
/// index out of range is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OneHot {
    axis: i64,
}

/// [`OneHot`] in a typed graph.
#[derive(Debug, Clone, PartialEq)]
struct TypedOneHot {
    axis: usize,
    dim: usize,
    /// The two values, `off` and `on`.
    values: Tensor,
}

pub(in crate::ops) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    Ok((expand(OneHot { axis: node.get_attr_opt("axis")?.unwrap_or(-1) }), Vec::new()))
}

impl OneHot {
    /// The place of the new axis, for indices of this rank.
    fn axis(&self, rank: usize) -> TractResult<usize> {
        let axis = if self.axis < 0 { self.axis.saturating_add_unsigned(rank as u64 + 1) } else { self.axis };
        let axis = usize::try_from(axis).ok().filter(|&axis| axis <= rank);
        axis.with_context(|| format!("axis {} for indices of rank {rank}", self.axis))
    }
}

fn dim(depth: &Tensor) -> TractResult<usize> {
    let depth = *numbers::<i64>(depth)?.first().context("depth is empty")?;
    let fits = usize::try_from(depth).ok().filter(|&dim| dim <= MAX_WIDTH);
    fits.with_context(|| format!("a depth of {depth}: expected at most {MAX_WIDTH} columns"))
}

impl Expansion for OneHot {
    fn name(&self) -> StaticName {
        "OneHot".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 3)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&inputs[2].datum_type, &outputs[0].datum_type)?;
        solver.given_2(&inputs[0].shape, &inputs[1].value, move |solver, shape, depth| {
            let mut shape = shape.to_vec();
            shape.insert(self.axis(shape.len())?, dim(&depth)?.to_dim());
            solver.equals(&outputs[0].shape, ShapeFactoid::from(shape))
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let constant = |input: usize, what| {
            model
                .outlet_fact(inputs[input])?
                .konst
                .clone()
                .with_context(|| format!("{what} is not a constant"))
        };
        let (depth, values) = (constant(1, "depth")?, constant(2, "values")?);
        ensure!(values.shape() == [2], "values: expected two, found the shape {:?}", values.shape());
        let axis = self.axis(model.outlet_fact(inputs[0])?.rank())?;
        let op = TypedOneHot { axis, dim: dim(&depth)?, values: (*values).clone() };
        operator::wire(op, prefix, model, &inputs[..1])
    }
}

impl Operator for TypedOneHot {
    const NAME: &'static str = "OneHot";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.to_tvec();
        shape.insert(self.axis, self.dim.to_dim());
        Ok(tvec!(self.values.datum_type().fact(shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let indices = numbers::<i64>(&inputs[0])?;
        let mut shape: TVec<usize> = inputs[0].shape().into();
        let step: usize = shape[self.axis..].iter().product();
        shape.insert(self.axis, self.dim);
        let mut places = vec![0; indices.len() * self.dim];
        for (at, &index) in indices.iter().enumerate() {
            let from_first = if index < 0 { index.wrapping_add_unsigned(self.dim as u64) } else { index };
            if let Some(column) = usize::try_from(from_first).ok().filter(|&column| column < self.dim) {
                places[(at / step * self.dim + column) * step + at % step] = 1;
            }
        }
        Ok(tvec!(take(&self.values, &places, &shape)?.into_tvalue()))
    }
}

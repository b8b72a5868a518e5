//! `Compress`: <https://onnx.ai/onnx/operators/onnx__Compress.html>
//!
//! tract runs it on constants only.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{self, Operator, Parsed};
use crate::ops::take::take;
use crate::work;

/// Keeps the elements for which a condition is true, along an axis. Without an axis, the input is flat.
#[derive(Debug, Clone)]
struct Compress {
    axis: Option<i64>,
    /// Makes a symbol for the number of kept elements, if only a run decides it.
    symbols: SymbolScope,
}

/// [`Compress`] in a typed graph.
#[derive(Debug, Clone, PartialEq)]
struct TypedCompress {
    axis: Option<usize>,
    count: TDim,
    is_known: bool,
}

pub(in crate::ops) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let axis = node.get_attr_opt("axis")?;
    Ok((expand(Compress { axis, symbols: ctx.template.symbols.clone() }), Vec::new()))
}

impl Expansion for Compress {
    fn name(&self) -> StaticName {
        "Compress".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 2)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&inputs[0].datum_type, &outputs[0].datum_type)?;
        solver.equals(&inputs[1].datum_type, DatumType::Bool)?;
        solver.equals(&inputs[1].rank, 1)?;
        if self.axis.is_some() {
            solver.equals(&inputs[0].rank, &outputs[0].rank)
        } else {
            solver.equals(&outputs[0].rank, 1)
        }
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let rank = i64::try_from(model.outlet_fact(inputs[0])?.rank())?;
        let axis = self.axis.map(|axis| {
            let from_first = if axis < 0 { axis + rank } else { axis };
            ensure!((0..rank).contains(&from_first), "axis {axis} of a tensor of rank {rank}");
            Ok(usize::try_from(from_first)?)
        });
        let conditions = model.outlet_fact(inputs[1])?.konst.clone();
        let known = conditions.map(|conditions| places(&conditions).map(|places| places.len().to_dim()));
        let known = known.transpose()?;
        let is_known = known.is_some();
        let count = known.unwrap_or_else(|| self.symbols.new_with_prefix("kept").to_dim());
        operator::wire(TypedCompress { axis: axis.transpose()?, count, is_known }, prefix, model, inputs)
    }
}

/// The places of the conditions that are true.
fn places(conditions: &Tensor) -> TractResult<Vec<usize>> {
    let conditions = conditions.try_as_plain_ram()?.as_slice::<bool>()?;
    Ok((0..conditions.len()).filter(|&place| conditions[place]).collect())
}

impl Operator for TypedCompress {
    const NAME: &'static str = "Compress";

    fn inputs(&self) -> usize {
        2
    }

    fn mints_symbols(&self) -> bool {
        !self.is_known
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = if self.axis.is_some() { inputs[0].shape.to_tvec() } else { tvec!(1.to_dim()) };
        shape[self.axis.unwrap_or(0)] = self.count.clone();
        Ok(tvec!(inputs[0].datum_type.fact(shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [x, conditions] = inputs else { bail!("expected two inputs") };
        let mut shape: TVec<usize> = if self.axis.is_some() { x.shape().into() } else { tvec!(x.len()) };
        let axis = self.axis.unwrap_or(0);
        let length = shape[axis];
        let kept = places(conditions)?;
        ensure!(
            kept.last().is_none_or(|&last| last < length),
            "{} conditions for {length} elements",
            conditions.len()
        );
        let step: usize = shape[axis + 1..].iter().product();
        let outer: usize = shape[..axis].iter().product();
        let count = outer * kept.len() * step;
        work::room_for(count.saturating_mul(size_of::<usize>() + x.datum_type().size_of()))?;
        let mut found = Vec::with_capacity(count);
        for row in 0..outer {
            for place in &kept {
                let start = (row * length + place) * step;
                found.extend(start..start + step);
            }
        }
        shape[axis] = kept.len();
        Ok(tvec!(take(x, &found, &shape)?.into_tvalue()))
    }
}

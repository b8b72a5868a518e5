//! `Gemm`: <https://onnx.ai/onnx/operators/onnx__Gemm.html>
//!
//! tract scales doubles by floats, which fails.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::binary::wire_rank_broadcast;

use crate::ops::operator::Parsed;

/// Computes `alpha * a * b + beta * c`.
#[derive(Debug, Clone, PartialEq)]
struct Gemm {
    /// The factor of the product; `None` for 1.
    alpha: Option<f32>,
    /// The factor of `c`; `None` for 1.
    beta: Option<f32>,
    transposes_a: bool,
    transposes_b: bool,
}

pub(in crate::ops) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let is_set = |name| TractResult::Ok(node.get_attr_opt(name)?.unwrap_or(0_i64) != 0);
    let factor = |name| {
        let factor: Option<f32> = node.get_attr_opt(name)?;
        TractResult::Ok(factor.filter(|factor| factor.to_bits() != 1.0_f32.to_bits()))
    };
    let gemm = Gemm {
        alpha: factor("alpha")?,
        beta: factor("beta")?,
        transposes_a: is_set("transA")?,
        transposes_b: is_set("transB")?,
    };
    Ok((expand(gemm), Vec::new()))
}

impl Expansion for Gemm {
    fn name(&self) -> StaticName {
        "Gemm".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        ensure!((2..=3).contains(&inputs.len()), "expected 2 or 3 inputs, found {}", inputs.len());
        check_output_arity(outputs, 1)?;
        for input in inputs {
            solver.equals(&input.datum_type, &outputs[0].datum_type)?;
        }
        for matrix in [&inputs[0], &inputs[1], &outputs[0]] {
            solver.equals(&matrix.rank, 2)?;
        }
        let [(rows, inner_a), (inner_b, columns)] =
            [self.transposes_a, self.transposes_b].map(|transposed| if transposed { (1, 0) } else { (0, 1) });
        solver.equals(&inputs[0].shape[rows], &outputs[0].shape[0])?;
        solver.equals(&inputs[0].shape[inner_a], &inputs[1].shape[inner_b])?;
        solver.equals(&inputs[1].shape[columns], &outputs[0].shape[1])
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let datum_type = model.outlet_fact(inputs[0])?.datum_type;
        let scaled = |model: &mut TypedModel, of: OutletId, by: Option<f32>, name: &str| {
            let Some(by) = by else { return TractResult::Ok(of) };
            let name = format!("{prefix}.{name}");
            let by = tensor0(by).cast_to_dt(datum_type)?.into_owned();
            let by = model.add_const(format!("{name}.by"), by)?;
            let both = wire_rank_broadcast(&name, model, &[of, by])?;
            Ok(model.wire_node(&name, math::mul(), &both)?[0])
        };
        let axes = AxesMapping::for_numpy_matmul(2, self.transposes_a, self.transposes_b, false)?;
        let product = EinSum::new(axes, datum_type);
        let product = model.wire_node(format!("{prefix}.ab"), product, &inputs[..2])?[0];
        let product = scaled(model, product, self.alpha, "alpha")?;
        let Some(&c) = inputs.get(2).filter(|_| self.beta != Some(0.0)) else { return Ok(tvec!(product)) };
        let c = scaled(model, c, self.beta, "beta")?;
        let both = wire_rank_broadcast(prefix, model, &[product, c])?;
        model.wire_node(prefix, math::add(), &both)
    }
}

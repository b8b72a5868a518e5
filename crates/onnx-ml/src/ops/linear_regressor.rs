//! `LinearRegressor`: <https://onnx.ai/onnx/operators/onnx_aionnxml_LinearRegressor.html>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::feature_rows::Layout;
use super::linear::Linear;
use super::operator::{Operator, Parsed, matrix, parsed, rows_of};
use super::post_transform::PostTransform;

/// Gives scores `[N, targets]`.
#[derive(Debug, Clone, PartialEq)]
struct LinearRegressor {
    layout: Layout,
    linear: Arc<Linear>,
    post_transform: PostTransform,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let targets = node.get_attr_opt("targets")?.unwrap_or(1);
    Ok(parsed(LinearRegressor {
        layout: Layout::of(node)?,
        linear: Arc::new(Linear::of(node, Some(targets), targets)?),
        post_transform: PostTransform::of(node)?,
    }))
}

impl Operator for LinearRegressor {
    const NAME: &'static str = "LinearRegressor";

    fn inputs(&self) -> usize {
        self.layout.inputs()
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(rows_of(inputs[0], f32::datum_type(), self.linear.targets())?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let features = self.layout.read(inputs)?;
        let targets = self.linear.targets();
        let mut scores = self.linear.scores(&features, inputs[0].shape()[0])?;
        scores.chunks_exact_mut(targets).for_each(|row| self.post_transform.apply(row));
        Ok(tvec!(matrix(&scores, targets)?))
    }
}

//! `LinearRegressor`: <https://onnx.ai/onnx/operators/onnx_aionnxml_LinearRegressor.html>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::features::{Features, Layout};
use super::operator::{Operator, Parsed, matrix, parsed, rows_of};
use super::post_transform::PostTransform;

/// The operator.
#[derive(Debug, Clone, PartialEq)]
struct LinearRegressor {
    layout: Layout,
    /// `targets × features`, a target's after another's.
    coefficients: Arc<[f32]>,
    /// One a target.
    intercepts: Vec<f32>,
    post_transform: PostTransform,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let targets: usize = node.get_attr_opt("targets")?.unwrap_or(1);
    let coefficients: Vec<f32> = node.get_attr_vec("coefficients")?;
    ensure!(
        targets > 0 && !coefficients.is_empty() && coefficients.len().is_multiple_of(targets),
        "{} coefficients for {targets} targets",
        coefficients.len(),
    );
    let intercepts = node.get_attr_opt_vec("intercepts")?.unwrap_or_else(|| vec![0.0; targets]);
    ensure!(intercepts.len() == targets, "{} intercepts for {targets} targets", intercepts.len());
    Ok(parsed(LinearRegressor {
        layout: Layout::of(node)?,
        coefficients: coefficients.into(),
        intercepts,
        post_transform: PostTransform::of(node)?,
    }))
}

impl LinearRegressor {
    fn features(&self) -> usize {
        self.coefficients.len() / self.intercepts.len()
    }

    fn push(&self, products: impl Fn(&[f32]) -> f32, scores: &mut Vec<f32>) {
        let start = scores.len();
        let targets = self.coefficients.chunks_exact(self.features()).zip(&self.intercepts);
        scores.extend(targets.map(|(coefficients, intercept)| products(coefficients) + intercept));
        self.post_transform.apply(&mut scores[start..]);
    }
}

impl Operator for LinearRegressor {
    const NAME: &'static str = "LinearRegressor";

    fn inputs(&self) -> usize {
        self.layout.inputs()
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(rows_of(inputs[0], f32::datum_type(), self.intercepts.len())?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let features = self.layout.read(inputs)?;
        ensure!(
            features.width() == self.features(),
            "rows of {} features for {} coefficients",
            features.width(),
            self.features()
        );
        let mut scores = Vec::with_capacity(inputs[0].shape()[0] * self.intercepts.len());
        match &features {
            Features::Sparse { .. } => features.for_each_sparse(|row| {
                self.push(|c| row.clone().map(|(column, value)| c[column] * value).sum(), &mut scores);
            }),
            Features::Dense { .. } => features.for_each_dense(|row| {
                self.push(|c| row.iter().zip(c).map(|(x, c)| x * c).sum(), &mut scores);
            }),
        }
        Ok(tvec!(matrix(scores, self.intercepts.len())?))
    }
}

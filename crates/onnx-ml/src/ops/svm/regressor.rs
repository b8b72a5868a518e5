//! `SVMRegressor`: <https://onnx.ai/onnx/operators/onnx_aionnxml_SVMRegressor.html>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::dot::dot;
use crate::ops::feature_rows::Layout;
use crate::ops::operator::{Operator, Parsed, matrix, parsed, rows_of};
use crate::ops::post_transform::PostTransform;

use super::kernel::SupportVectors;

/// Gives scores `[N, 1]`.
#[derive(Debug, Clone, PartialEq)]
struct SvmRegressor {
    /// The support vectors. Without any, the coefficients are those of the features.
    vectors: Option<Arc<SupportVectors>>,
    /// One coefficient per support vector, or one per feature.
    coefficients: Arc<[f32]>,
    rho: f32,
    /// Whether the score becomes 1 above zero, and -1 elsewhere.
    one_class: bool,
    post_transform: PostTransform,
}

pub(in crate::ops) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let coefficients: Vec<f32> = node.get_attr_vec("coefficients")?;
    let rho: Vec<f32> = node.get_attr_vec("rho")?;
    let count: usize = node.get_attr_opt("n_supports")?.unwrap_or(0);
    let [rho] = rho[..] else { bail!("{} values in rho: expected one", rho.len()) };
    ensure!(
        !coefficients.is_empty() && [0, coefficients.len()].contains(&count),
        "{} coefficients for n_supports {count}",
        coefficients.len()
    );
    let vectors = (count > 0).then(|| SupportVectors::of(node, count)).transpose()?;
    Ok(parsed(SvmRegressor {
        vectors: vectors.map(Arc::new),
        coefficients: coefficients.into(),
        rho,
        one_class: node.get_attr_opt("one_class")?.unwrap_or(0_i64) != 0,
        post_transform: PostTransform::of(node)?,
    }))
}

impl Operator for SvmRegressor {
    const NAME: &'static str = "SVMRegressor";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(rows_of(inputs[0], f32::datum_type(), 1)?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let features = Layout::default().read(inputs)?;
        let width = self.vectors.as_ref().map_or(self.coefficients.len(), |vectors| vectors.width());
        ensure!(features.width() == width, "rows of {} features for {width}", features.width());
        let mut scores = Vec::with_capacity(inputs[0].shape()[0]);
        features.for_each_dense(|row| {
            let product = match &self.vectors {
                None => dot(row, &self.coefficients),
                Some(vectors) => vectors.products(row).zip(&*self.coefficients).map(|(x, c)| x * c).sum(),
            };
            let mut score = [product + self.rho];
            self.post_transform.apply(&mut score);
            let [score] = score;
            scores.push(if self.one_class { if score > 0.0 { 1.0 } else { -1.0 } } else { score });
        });
        Ok(tvec!(matrix(&scores, 1)?))
    }
}

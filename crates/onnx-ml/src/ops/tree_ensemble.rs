//! `TreeEnsemble`: <https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html>, and the operator that it
//! shares with its predecessor, `TreeEnsembleRegressor`.

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::feature_rows::Layout;
use super::operator::{Operator, Parsed, matrix, parsed, rows_of};
use super::post_transform::PostTransform;
use super::trees::attributes::{MAX_TARGETS, tensors};
use super::trees::ensemble::{Aggregate, Ensemble, Rows};

pub(super) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let (forest, datum_type) = tensors::read(ctx, node)?;
    let targets = node.get_attr_opt("n_targets")?.unwrap_or(forest.targets());
    ensure!((1..=MAX_TARGETS).contains(&targets), "n_targets: expected 1 to {MAX_TARGETS}, found {targets}");
    let aggregate = match node.get_attr_opt::<i64>("aggregate_function")?.unwrap_or(1) {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => bail!("aggregate_function: expected 0 to 3, found {other}"),
    };
    let post_transform = match node.get_attr_opt::<i64>("post_transform")?.unwrap_or(0) {
        0 => PostTransform::None,
        1 => PostTransform::Softmax,
        2 => PostTransform::Logistic,
        3 => PostTransform::SoftmaxZero,
        4 => PostTransform::Probit,
        other => bail!("post_transform: expected 0 to 4, found {other}"),
    };
    Ok(parsed(Scored {
        layout: Layout::of(node)?,
        ensemble: forest.ensemble(targets, aggregate)?.into(),
        base_values: vec![0.0; targets],
        post_transform,
        datum_type,
    }))
}

/// Gives the scores of trees, `[N, targets]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// How the features arrive.
    pub layout: Layout,
    /// The trees.
    pub ensemble: Arc<Ensemble>,
    /// The value that is added to the score of each target.
    pub base_values: Vec<f64>,
    /// The last step for the scores of a row.
    pub post_transform: PostTransform,
    /// The type of the scores.
    pub datum_type: DatumType,
}

impl Operator for Scored {
    const NAME: &'static str = "TreeEnsemble";

    fn inputs(&self) -> usize {
        self.layout.inputs()
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(rows_of(inputs[0], self.datum_type, self.base_values.len())?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let targets = self.base_values.len();
        let mut scores = self.ensemble.scores(&Rows::read(self.layout, inputs)?)?;
        for row in scores.chunks_exact_mut(targets) {
            for (score, base) in row.iter_mut().zip(&self.base_values) {
                *score += base;
            }
        }
        if self.datum_type == f64::datum_type() && self.post_transform == PostTransform::None {
            return Ok(tvec!(matrix(&scores, targets)?));
        }
        #[expect(clippy::cast_possible_truncation, reason = "transforms take floats; the sum is kept wider")]
        let mut scores: Vec<f32> = scores.into_iter().map(|score| score as f32).collect();
        if self.post_transform != PostTransform::None {
            scores.chunks_exact_mut(targets).for_each(|row| self.post_transform.apply(row));
        }
        let scores = matrix(&scores, targets)?;
        Ok(tvec!(if self.datum_type == f32::datum_type() {
            scores
        } else {
            scores.cast_to_dt(self.datum_type)?.into_owned().into_tvalue()
        }))
    }
}

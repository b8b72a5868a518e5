//! `TreeEnsembleRegressor`: <https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::features::Layout;
use super::operator::{Operator, Parsed, matrix, parsed, rows_of};
use super::post_transform::PostTransform;
use super::tree_ensemble::{MAX_TARGETS, TreeEnsemble};

/// The operator.
#[derive(Debug, Clone, PartialEq)]
struct TreeEnsembleRegressor {
    layout: Layout,
    ensemble: Arc<TreeEnsemble>,
    aggregate: Aggregate,
    /// One a target.
    base_values: Vec<f32>,
    post_transform: PostTransform,
}

/// How the trees' weights for a target become its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let ensemble = TreeEnsemble::parse(node, "target")?;
    let targets = node.get_attr_opt("n_targets")?.unwrap_or(ensemble.targets());
    ensure!(
        (ensemble.targets()..=MAX_TARGETS).contains(&targets),
        "n_targets is {targets}, target_ids go up to {}, and {MAX_TARGETS} is the limit",
        ensemble.targets() - 1
    );
    let base_values = node.get_attr_opt_vec("base_values")?.unwrap_or_else(|| vec![0.0; targets]);
    ensure!(base_values.len() == targets, "{} base_values for {targets} targets", base_values.len());
    let aggregate = match node.get_attr_opt::<&str>("aggregate_function")?.unwrap_or("SUM") {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        other => bail!("aggregate_function {other} is none of SUM, AVERAGE, MIN and MAX"),
    };
    Ok(parsed(TreeEnsembleRegressor {
        layout: Layout::of(node)?,
        ensemble: Arc::new(ensemble),
        aggregate,
        base_values,
        post_transform: PostTransform::of(node)?,
    }))
}

impl TreeEnsembleRegressor {
    /// The scores of one row, before the post transform; `scores` has a place for each target.
    fn score(&self, row: &[f32], scores: &mut [Option<f64>]) {
        scores.fill(None);
        for leaf in self.ensemble.leaves(row) {
            for &(target, weight) in leaf {
                let weight = f64::from(weight);
                let score = &mut scores[target as usize];
                *score = Some(match (*score, self.aggregate) {
                    (None, _) => weight,
                    (Some(sum), Aggregate::Sum | Aggregate::Average) => sum + weight,
                    (Some(least), Aggregate::Min) => least.min(weight),
                    (Some(most), Aggregate::Max) => most.max(weight),
                });
            }
        }
    }
}

impl Operator for TreeEnsembleRegressor {
    const NAME: &'static str = "TreeEnsembleRegressor";

    fn inputs(&self) -> usize {
        self.layout.inputs()
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(rows_of(inputs[0], f32::datum_type(), self.base_values.len())?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let features = self.layout.read(inputs)?;
        ensure!(
            features.width() >= self.ensemble.features(),
            "rows of {} features, the trees look at {}",
            features.width(),
            self.ensemble.features()
        );
        let divisor = if self.aggregate == Aggregate::Average { self.ensemble.trees() as f64 } else { 1.0 };
        let mut row_scores = vec![None; self.base_values.len()];
        let mut scores = Vec::with_capacity(inputs[0].shape()[0] * self.base_values.len());
        features.for_each_dense(|row| {
            self.score(row, &mut row_scores);
            let start = scores.len();
            let based = row_scores.iter().zip(&self.base_values);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the output is float, the sum is kept wider"
            )]
            scores.extend(
                based.map(|(score, base)| (score.unwrap_or(0.0) / divisor + f64::from(*base)) as f32),
            );
            self.post_transform.apply(&mut scores[start..]);
        });
        Ok(tvec!(matrix(scores, self.base_values.len())?))
    }
}

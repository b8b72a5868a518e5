//! `TreeEnsembleClassifier`: <https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleClassifier.html>
//!
//! What the definition leaves open is as onnxruntime does it: the label is decided by the scores before the post transform,
//! and a class that no leaf has a weight for is never chosen. Of two classes whose leaves have weights for one class only,
//! the weights are those of the second: probabilities, decided at 0.5, if none is negative, else margins, decided at 0.

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::features::Layout;
use super::labels::Labels;
use super::operator::{Operator, Parsed, matrix, parsed, rows_of};
use super::post_transform::{PostTransform, SecondClass};
use super::trees::attributes::{MAX_TARGETS, lists};
use super::trees::ensemble::{Ensemble, Rows};

/// The operator: `[N]` labels and `[N, classes]` scores.
#[derive(Debug, Clone, PartialEq)]
struct TreeEnsembleClassifier {
    layout: Layout,
    ensemble: Arc<Ensemble>,
    labels: Labels,
    /// One for each class, one for all, or none.
    base_values: Vec<f64>,
    /// How the weights are to be understood if they are of one class of two.
    one_of_two: Option<SecondClass>,
    post_transform: PostTransform,
}

pub(super) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let forest = lists::read(ctx, node, "class")?;
    let labels = Labels::of(node, "classlabels_int64s")?;
    ensure!(labels.len() <= MAX_TARGETS, "{} class labels: {MAX_TARGETS} is the limit", labels.len());
    let base_values = lists::numbers(ctx, node, "base_values")?.unwrap_or_default();
    ensure!(
        [0, 1, labels.len()].contains(&base_values.len()),
        "{} base_values for {} class labels",
        base_values.len(),
        labels.len()
    );
    let one_of_two = (labels.len() == 2).then(|| forest.one_class()).flatten();
    let one_of_two =
        one_of_two.map(|negative| if negative { SecondClass::Margin } else { SecondClass::Probability });
    Ok(parsed(TreeEnsembleClassifier {
        layout: Layout::of(node)?,
        ensemble: forest.ensemble_of_classes(labels.len())?.into(),
        labels,
        base_values,
        one_of_two,
        post_transform: PostTransform::of(node)?,
    }))
}

impl TreeEnsembleClassifier {
    /// The class of a row, whose sums become its scores.
    fn classify(&self, scores: &mut [f32], present: &[bool]) -> usize {
        if let Some(second) = self.one_of_two {
            let decided_at = if second == SecondClass::Probability { 0.5 } else { 0.0 };
            let score = if present[1] { scores[1] } else { scores[0] };
            if !present[1] && self.base_values.len() < 2 {
                scores.copy_from_slice(&self.post_transform.both_classes(score, second));
            } else {
                self.post_transform.apply(scores);
            }
            return usize::from(score > decided_at);
        }
        let mut chosen = None;
        for (class, (&score, &present)) in scores.iter().zip(present).enumerate() {
            let highest = chosen.is_none_or(|chosen: usize| score > scores[chosen]);
            if present && highest {
                chosen = Some(class);
            }
        }
        self.post_transform.apply(scores);
        chosen.unwrap_or(0)
    }
}

impl Operator for TreeEnsembleClassifier {
    const NAME: &'static str = "TreeEnsembleClassifier";

    fn inputs(&self) -> usize {
        self.layout.inputs()
    }

    fn outputs(&self) -> usize {
        2
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let scores = rows_of(inputs[0], f32::datum_type(), self.labels.len())?;
        let labels = self.labels.datum_type().fact(&scores.shape[..1]);
        Ok(tvec!(labels, scores))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let classes = self.labels.len();
        let sums = self.ensemble.scores(&Rows::read(self.layout, inputs)?)?;
        let mut present = sums.present.chunks_exact(classes).cycle();
        let mut scores = Vec::with_capacity(sums.values.len());
        let mut chosen = Vec::with_capacity(sums.values.len() / classes);
        for sums in sums.values.chunks_exact(classes) {
            let start = scores.len();
            let present = present.next().context("classes are present or not")?;
            for (class, sum) in sums.iter().enumerate() {
                let base = match self.base_values[..] {
                    [base] if class == 0 => base,
                    [_] | [] => 0.0,
                    _ => self.base_values[class],
                };
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "scores are floats; the sum is kept wider"
                )]
                scores.push((sum + base) as f32);
            }
            chosen.push(self.classify(&mut scores[start..], present));
        }
        Ok(tvec!(self.labels.select(&chosen)?, matrix(scores, classes)?))
    }
}

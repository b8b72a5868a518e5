//! `TreeEnsembleClassifier`: <https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleClassifier.html>
//!
//! The definition leaves some choices open. These are the choices of onnxruntime:
//! - The scores before the post transform decide the label.
//! - If two classes have leaves with weights for one class only, the weights are those of the second class.
//!   They are probabilities, decided at 0.5, if none is negative. Otherwise they are margins, decided at 0.
//!
//! Base values of both classes are added to the scores of both, as ONNX says. onnxruntime loses the base of
//! the second class here, or the weights of the trees if they belong to the second class.

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::feature_rows::Layout;
use super::labels::{Labels, top_class};
use super::operator::{Operator, Parsed, matrix, parsed};
use super::post_transform::{PostTransform, SecondClass};
use super::trees::attributes::{MAX_TARGETS, lists};
use super::trees::ensemble::{Aggregate, Ensemble, Rows};

/// Gives labels `[N]` and scores `[N, classes]`.
#[derive(Debug, Clone, PartialEq)]
struct TreeEnsembleClassifier {
    layout: Layout,
    ensemble: Arc<Ensemble>,
    labels: Labels,
    /// One base value per class, one for all, or none.
    base_values: Vec<f64>,
    /// The class with weights, if there are two classes and only one has weights.
    one_of_two: Option<OneOfTwo>,
    post_transform: PostTransform,
}

/// The one of two classes that the weights are for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct OneOfTwo {
    class: usize,
    meaning: SecondClass,
}

pub(super) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let forest = lists::read(ctx, node, "class")?;
    let labels = Labels::of(node, "classlabels_int64s")?;
    ensure!(
        labels.len() <= MAX_TARGETS,
        "expected at most {MAX_TARGETS} class labels, found {}",
        labels.len()
    );
    let base_values = lists::numbers(ctx, node, "base_values")?.unwrap_or_default();
    ensure!(
        [0, 1, labels.len()].contains(&base_values.len()),
        "{} base_values for {} class labels",
        base_values.len(),
        labels.len()
    );
    let meaning = if forest.is_positive() { SecondClass::Probability } else { SecondClass::Margin };
    let class = forest.only_target().filter(|_| labels.len() == 2);
    let one_of_two = class.map(|class| OneOfTwo { class: class as usize, meaning });
    Ok(parsed(TreeEnsembleClassifier {
        layout: Layout::of(node)?,
        ensemble: forest.ensemble(labels.len(), Aggregate::Sum)?.into(),
        labels,
        base_values,
        one_of_two,
        post_transform: PostTransform::of(node)?,
    }))
}

impl TreeEnsembleClassifier {
    /// Decides the class of a row, and turns its sums into scores.
    fn classify(&self, scores: &mut [f32]) -> usize {
        let Some(OneOfTwo { class, meaning }) = self.one_of_two else {
            let class = top_class(scores);
            self.post_transform.apply(scores);
            return class;
        };
        let score = scores[class];
        if class == 0 && self.base_values.len() < 2 {
            // The logistic is applied to probabilities too.
            let logistic = self.post_transform == PostTransform::Logistic;
            let second = if logistic { SecondClass::Margin } else { meaning };
            scores.copy_from_slice(&self.post_transform.both_classes(score, second));
        } else {
            self.post_transform.apply(scores);
        }
        usize::from(score > if meaning == SecondClass::Probability { 0.5 } else { 0.0 })
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
        self.labels.output_facts(inputs[0], self.labels.len())
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let classes = self.labels.len();
        let sums = self.ensemble.scores(&Rows::read(self.layout, inputs)?)?;
        let mut scores = Vec::with_capacity(sums.len());
        let mut chosen = Vec::with_capacity(sums.len() / classes);
        for sums in sums.chunks_exact(classes) {
            let start = scores.len();
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
            chosen.push(self.classify(&mut scores[start..]));
        }
        Ok(tvec!(self.labels.select(&chosen)?, matrix(&scores, classes)?))
    }
}

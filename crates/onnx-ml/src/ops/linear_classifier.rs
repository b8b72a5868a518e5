//! `LinearClassifier`: <https://onnx.ai/onnx/operators/onnx_aionnxml_LinearClassifier.html>
//!
//! The definition leaves some choices open. These are the choices of onnxruntime:
//! - The scores before the post transform decide the label.
//! - For two classes with one row of coefficients, a score above zero means the second class. The score of
//!   the first class is 1 minus that of the second.

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::feature_rows::Layout;
use super::labels::{Labels, top_class};
use super::linear::Linear;
use super::operator::{Operator, Parsed, matrix, parsed};
use super::post_transform::{PostTransform, SecondClass};

/// Gives labels `[N]` and scores `[N, classes]`.
#[derive(Debug, Clone, PartialEq)]
struct LinearClassifier {
    layout: Layout,
    linear: Arc<Linear>,
    labels: Labels,
    post_transform: PostTransform,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let labels = Labels::of(node, "classlabels_ints")?;
    let linear = Linear::of(node, None, labels.len())?;
    let two_in_one = linear.targets() == 1 && labels.len() == 2;
    ensure!(
        two_in_one || linear.targets() == labels.len(),
        "{} intercepts for {} class labels",
        linear.targets(),
        labels.len()
    );
    Ok(parsed(LinearClassifier {
        layout: Layout::of(node)?,
        linear: Arc::new(linear),
        labels,
        post_transform: PostTransform::of(node)?,
    }))
}

impl Operator for LinearClassifier {
    const NAME: &'static str = "LinearClassifier";

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
        let features = self.layout.read(inputs)?;
        let mut scores = self.linear.scores(&features, inputs[0].shape()[0])?;
        let classes: Vec<usize>;
        if self.linear.targets() < self.labels.len() {
            classes = scores.iter().map(|&score| usize::from(score > 0.0)).collect();
            // A logistic of a margin and of its opposite sum to 1. Without a logistic, the scores themselves
            // do.
            let logistic = self.post_transform == PostTransform::Logistic;
            let second = if logistic { SecondClass::Margin } else { SecondClass::Probability };
            let both = |&score| self.post_transform.both_classes(score, second);
            scores = scores.iter().flat_map(both).collect();
        } else {
            classes = scores.chunks_exact(self.labels.len()).map(top_class).collect();
            scores.chunks_exact_mut(self.labels.len()).for_each(|row| self.post_transform.apply(row));
        }
        Ok(tvec!(self.labels.select(&classes)?, matrix(&scores, self.labels.len())?))
    }
}

//! `SVMClassifier`: <https://onnx.ai/onnx/operators/onnx_aionnxml_SVMClassifier.html>
//!
//! The definition leaves open how pairs of classes vote, and which scores are given. Both are as in
//! onnxruntime.

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::dot::dot;
use crate::ops::feature_rows::{Features, Layout};
use crate::ops::labels::{Labels, top_class};
use crate::ops::operator::{Operator, Parsed, matrix, parsed};
use crate::ops::post_transform::{PostTransform, SecondClass};

use super::pairs::Pairs;

/// Gives labels `[N]` and scores `[N, scores]`.
#[derive(Debug, Clone, PartialEq)]
struct SvmClassifier {
    machine: Machine,
    labels: Labels,
    post_transform: PostTransform,
}

/// How the scores are computed.
#[derive(Debug, Clone, PartialEq)]
enum Machine {
    /// A linear function per class, without support vectors.
    Linear(Arc<LinearMachine>),
    /// A decision for each pair of classes.
    Pairs(Arc<Pairs>),
}

/// Linear functions that share an intercept.
#[derive(Debug, Clone, PartialEq)]
struct LinearMachine {
    /// `classes × features` coefficients, class after class.
    coefficients: Vec<f32>,
    rho: f32,
}

pub(in crate::ops) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let labels = Labels::of(node, "classlabels_ints")?;
    let counts: Vec<usize> = node.get_attr_opt_vec("vectors_per_class")?.unwrap_or_default();
    let machine = if counts.iter().all(|&count| count == 0) {
        Machine::Linear(Arc::new(LinearMachine::of(node, labels.len())?))
    } else {
        Machine::Pairs(Arc::new(Pairs::of(node, counts, labels.len())?))
    };
    Ok(parsed(SvmClassifier { machine, labels, post_transform: PostTransform::of(node)? }))
}

impl LinearMachine {
    fn of(node: &NodeProto, classes: usize) -> TractResult<Self> {
        let coefficients: Vec<f32> = node.get_attr_vec("coefficients")?;
        let rho: Vec<f32> = node.get_attr_vec("rho")?;
        ensure!(
            !coefficients.is_empty() && coefficients.len().is_multiple_of(classes),
            "{} coefficients for {classes} class labels",
            coefficients.len()
        );
        let rho = *rho.first().context("rho is empty")?;
        Ok(Self { coefficients, rho })
    }
}

impl SvmClassifier {
    /// The number of scores of a row.
    fn scores(&self) -> usize {
        match &self.machine {
            Machine::Pairs(pairs) if !pairs.has_probabilities() => pairs.count().max(2),
            _ => self.labels.len(),
        }
    }

    /// Appends the scores of a row before the post transform, and returns its class.
    fn score(&self, row: &[f32], scores: &mut Vec<f32>) -> usize {
        match &self.machine {
            Machine::Linear(linear) => {
                let start = scores.len();
                let functions = linear.coefficients.chunks_exact(row.len().max(1));
                scores.extend(functions.map(|coefficients| dot(row, coefficients) + linear.rho));
                top_class(&scores[start..])
            }
            Machine::Pairs(pairs) => {
                let decisions = pairs.decisions(row);
                let class = pairs.vote(&decisions);
                match pairs.probabilities(&decisions) {
                    Some(probabilities) => scores.extend(probabilities),
                    None => scores.extend(decisions),
                }
                class
            }
        }
    }

    fn finish(&self, scores: &mut Vec<f32>, start: usize) {
        let one_pair = scores.len() - start == 1 && self.scores() == 2;
        if one_pair {
            let second = match self.post_transform {
                PostTransform::None | PostTransform::Logistic => SecondClass::Margin,
                _ => SecondClass::Probability,
            };
            let both = self.post_transform.both_classes(scores[start], second);
            scores.truncate(start);
            scores.extend(both);
        } else {
            self.post_transform.apply(&mut scores[start..]);
        }
    }
}

impl Operator for SvmClassifier {
    const NAME: &'static str = "SVMClassifier";

    fn outputs(&self) -> usize {
        2
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        self.labels.output_facts(inputs[0], self.scores())
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let features: Features = Layout::default().read(inputs)?;
        let width = match &self.machine {
            Machine::Linear(linear) => linear.coefficients.len() / self.labels.len(),
            Machine::Pairs(pairs) => pairs.width(),
        };
        ensure!(features.width() == width, "rows of {} features for {width}", features.width());
        let rows = inputs[0].shape()[0];
        let mut classes = Vec::with_capacity(rows);
        let mut scores = Vec::with_capacity(rows * self.scores());
        features.for_each_dense(|row| {
            let start = scores.len();
            classes.push(self.score(row, &mut scores));
            self.finish(&mut scores, start);
        });
        Ok(tvec!(self.labels.select(&classes)?, matrix(&scores, self.scores())?))
    }
}

//! The `post_transform` of scores. Several operators of the domain share it.
//!
//! ONNX names the functions and does not define them. These are the functions of onnxruntime, with its
//! approximations.

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// The last step for the scores of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostTransform {
    /// The scores stay as they are.
    None,
    /// Each score becomes `1 / (1 + exp(-x))`.
    Logistic,
    /// Each score becomes `exp(x)`, divided by the sum over the row.
    Softmax,
    /// Softmax, but zeros stay zero and do not count.
    SoftmaxZero,
    /// Each score becomes the quantile of the normal distribution.
    Probit,
}

/// The meaning of a single score for two classes. It is the score of the second class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondClass {
    /// A probability `p`: the first class has `1 - p`.
    Probability,
    /// A margin `m`: the first class has `-m`.
    Margin,
}

impl PostTransform {
    /// Reads the transform from the node.
    pub fn of(node: &NodeProto) -> TractResult<Self> {
        match node.get_attr_opt::<&str>("post_transform")?.unwrap_or("NONE") {
            "NONE" => Ok(Self::None),
            "LOGISTIC" => Ok(Self::Logistic),
            "SOFTMAX" => Ok(Self::Softmax),
            "SOFTMAX_ZERO" => Ok(Self::SoftmaxZero),
            "PROBIT" => Ok(Self::Probit),
            other => {
                bail!(
                    "post_transform: expected NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO or PROBIT, found {other}"
                )
            }
        }
    }

    /// Transforms one row in place.
    pub fn apply(self, scores: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Logistic => scores.iter_mut().for_each(|x| *x = logistic(*x)),
            Self::Softmax => softmax(scores, |_| true),
            Self::SoftmaxZero => softmax(scores, |x| x.abs() > 1e-7),
            Self::Probit => scores.iter_mut().for_each(|x| *x = probit(*x)),
        }
    }

    /// The scores of both classes, from the single score. As in onnxruntime, a probability stays as it is,
    /// and only the logistic is applied to a margin. For a probit, onnxruntime transforms one class only:
    /// here both are transformed.
    pub fn both_classes(self, score: f32, second: SecondClass) -> [f32; 2] {
        match (second, self) {
            (_, Self::Probit) => [probit(1.0 - score), probit(score)],
            (SecondClass::Probability, _) => [1.0 - score, score],
            (SecondClass::Margin, Self::Logistic) => [logistic(-score), logistic(score)],
            (SecondClass::Margin, _) => [-score, score],
        }
    }
}

/// `1 / (1 + exp(-x))`, with an exponential that cannot overflow.
#[inline]
pub fn logistic(x: f32) -> f32 {
    let y = 1.0 / (1.0 + (-x.abs()).exp());
    if x < 0.0 { 1.0 - y } else { y }
}

/// The softmax over the scores that count. The others are scaled in the same way, so a zero stays zero.
fn softmax(scores: &mut [f32], counts: impl Fn(f32) -> bool) {
    // The largest score is subtracted so that no exponential overflows.
    let largest = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for x in scores.iter_mut() {
        if counts(*x) {
            *x = (*x - largest).exp();
            sum += *x;
        } else {
            *x *= (-largest).exp();
        }
    }
    for x in scores.iter_mut() {
        *x /= sum;
    }
}

/// `sqrt(2) * erfinv(2p - 1)`, by Winitzki's approximation.
fn probit(p: f32) -> f32 {
    const A: f32 = 0.147;
    let x = 2.0 * p - 1.0;
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let half = 2.0 / (std::f32::consts::PI * A) + 0.5 * log;
    let root = ((half * half - log / A).sqrt() - half).sqrt();
    std::f32::consts::SQRT_2 * if x < 0.0 { -root } else { root }
}

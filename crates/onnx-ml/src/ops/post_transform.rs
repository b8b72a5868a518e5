//! The `post_transform` of scores that several operators of the domain share.
//!
//! ONNX names the functions and leaves them undefined; these are onnxruntime's, the approximations included.

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// What becomes of a row's scores in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostTransform {
    /// Nothing.
    None,
    /// `1 / (1 + exp(-x))` of each.
    Logistic,
    /// `exp(x)` of each over the sum of all.
    Softmax,
    /// As softmax, but zeros stay zero and count for nothing.
    SoftmaxZero,
    /// The quantile of the normal distribution of each.
    Probit,
}

/// How the one score that two classes have is to be understood. It is the second's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondClass {
    /// As a probability `p`: the first class has `1 - p`.
    Probability,
    /// As a margin `m`: the first class has `-m`.
    Margin,
}

impl PostTransform {
    /// As the node says.
    pub fn of(node: &NodeProto) -> TractResult<Self> {
        match node.get_attr_opt::<&str>("post_transform")?.unwrap_or("NONE") {
            "NONE" => Ok(Self::None),
            "LOGISTIC" => Ok(Self::Logistic),
            "SOFTMAX" => Ok(Self::Softmax),
            "SOFTMAX_ZERO" => Ok(Self::SoftmaxZero),
            "PROBIT" => Ok(Self::Probit),
            other => {
                bail!("post_transform {other} is none of NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO and PROBIT")
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

    /// The scores of both classes from the one score that there is. A probability is left as it is, of margins only
    /// the logistic is taken: so does onnxruntime. It makes no second score of a probit, and leaves one as it was: here each
    /// class gets its own.
    pub fn both_classes(self, score: f32, second: SecondClass) -> [f32; 2] {
        match (second, self) {
            (_, Self::Probit) => [probit(1.0 - score), probit(score)],
            (SecondClass::Probability, _) => [1.0 - score, score],
            (SecondClass::Margin, Self::Logistic) => [logistic(-score), logistic(score)],
            (SecondClass::Margin, _) => [-score, score],
        }
    }
}

/// `1 / (1 + exp(-x))`, with an exponential that can't overflow.
pub fn logistic(x: f32) -> f32 {
    let y = 1.0 / (1.0 + (-x.abs()).exp());
    if x < 0.0 { 1.0 - y } else { y }
}

/// The softmax over the scores that count; the others are scaled as these are, which leaves a zero zero.
fn softmax(scores: &mut [f32], counts: impl Fn(f32) -> bool) {
    // Less the largest, so that no exponential overflows.
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

//! The `post_transform` of scores that several operators of the domain share.

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
}

impl PostTransform {
    /// As the node says.
    pub fn of(node: &NodeProto) -> TractResult<Self> {
        match node.get_attr_opt::<&str>("post_transform")?.unwrap_or("NONE") {
            "NONE" => Ok(Self::None),
            "LOGISTIC" => Ok(Self::Logistic),
            "SOFTMAX" => Ok(Self::Softmax),
            other => bail!("post_transform {other} can't run; NONE, LOGISTIC and SOFTMAX can"),
        }
    }

    /// Transforms one row in place.
    pub fn apply(self, scores: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Logistic => scores.iter_mut().for_each(|x| *x = 1.0 / (1.0 + (-*x).exp())),
            Self::Softmax => {
                // Less the largest, so that no exponential overflows.
                let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                for x in scores.iter_mut() {
                    *x = (*x - largest).exp();
                }
                let sum: f32 = scores.iter().sum();
                for x in scores.iter_mut() {
                    *x /= sum;
                }
            }
        }
    }
}

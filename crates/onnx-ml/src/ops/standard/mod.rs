//! Standard operators that tract lacks for ordinary exports, or computes differently from what ONNX defines.

mod cast;
mod compress;
mod conditional;
mod constant_of_shape;
mod elementwise_f64;
mod flatten;
mod gemm;
mod is_nan_is_inf;
mod max_min;
mod nan_safe_functions;
mod one_hot;
mod reduction;
mod rewrites;
mod softmax;
mod top_k;

pub(super) use cast::parse as parse_cast;
pub(super) use compress::parse as parse_compress;
pub(crate) use conditional::Disagreement;
pub(super) use conditional::{parse as parse_if, parse_continued as parse_continued_if};
pub(super) use constant_of_shape::parse as parse_constant_of_shape;
pub(super) use elementwise_f64::{parse_erf, parse_round, parse_sigmoid};
pub(super) use flatten::parse as parse_flatten;
pub(super) use gemm::parse as parse_gemm;
pub(super) use is_nan_is_inf::{parse_is_inf, parse_is_nan};
pub(super) use one_hot::parse as parse_one_hot;
pub(crate) use rewrites::correct;
pub(super) use top_k::parse as parse_top_k;

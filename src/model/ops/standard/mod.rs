//! Operators of ONNX's own domain where tract has none that takes what ordinary exports give it, or answers something
//! else than ONNX says.

mod cast;
mod compress;
mod conditional;
mod constant_of_shape;
mod corrections;
mod extreme;
mod flatten;
mod function;
mod gemm;
mod kind_of_number;
mod of_doubles;
mod one_hot;
mod reduction;
mod softmax;
mod top_k;

pub(super) use cast::parse as parse_cast;
pub(super) use compress::parse as parse_compress;
pub(in crate::model) use conditional::Disagreement;
pub(super) use conditional::{parse as parse_if, parse_continued as parse_continued_if};
pub(super) use constant_of_shape::parse as parse_constant_of_shape;
pub(in crate::model) use corrections::correct;
pub(super) use flatten::parse as parse_flatten;
pub(super) use gemm::parse as parse_gemm;
pub(super) use kind_of_number::{parse_is_inf, parse_is_nan};
pub(super) use of_doubles::{parse_erf, parse_round, parse_sigmoid};
pub(super) use one_hot::parse as parse_one_hot;
pub(super) use top_k::parse as parse_top_k;

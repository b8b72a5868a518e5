//! Operators of ONNX's own domain where tract has none that takes what ordinary exports give it.

mod constant_of_shape;
mod flatten;
mod of_doubles;

pub(super) use constant_of_shape::parse as parse_constant_of_shape;
pub(super) use flatten::parse as parse_flatten;
pub(super) use of_doubles::{parse_erf, parse_sigmoid};

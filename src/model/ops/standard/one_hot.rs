//! `OneHot`: <https://onnx.ai/onnx/operators/onnx__OneHot.html>
//!
//! tract's fails on an index that is out of range.

use tract_onnx::tract_core::ops::array;
use tract_onnx::tract_hir::internal::*;

use crate::model::ops::operator::Operator;
use crate::model::ops::take::take;
use crate::model::ops::values::numbers;

/// The operator: `off`, but `on` where an index says, along a new axis. An index below 0 counts from the end; one that is
/// out of range says nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct OneHot {
    axis: usize,
    dim: usize,
    /// `off` and `on`.
    values: Tensor,
}

impl OneHot {
    /// As tract has it.
    ///
    /// # Errors
    /// When the values are of two types.
    pub fn of(op: &array::OneHot) -> TractResult<Self> {
        let flat = |value: &Tensor| value.clone().into_shape(&[1]);
        let values = Tensor::stack_tensors(0, &[flat(&op.off)?, flat(&op.on)?])?;
        Ok(Self { axis: op.axis, dim: op.dim, values })
    }
}

impl Operator for OneHot {
    const NAME: &'static str = "OneHot";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.to_tvec();
        shape.insert(self.axis, self.dim.to_dim());
        Ok(tvec!(self.values.datum_type().fact(shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let indices = numbers::<i64>(&inputs[0])?;
        let mut shape: TVec<usize> = inputs[0].shape().into();
        let step: usize = shape[self.axis..].iter().product();
        shape.insert(self.axis, self.dim);
        let mut places = vec![0; indices.len() * self.dim];
        for (at, &index) in indices.iter().enumerate() {
            let from_first = if index < 0 { index.wrapping_add_unsigned(self.dim as u64) } else { index };
            if let Some(column) = usize::try_from(from_first).ok().filter(|&column| column < self.dim) {
                places[(at / step * self.dim + column) * step + at % step] = 1;
            }
        }
        Ok(tvec!(take(&self.values, &places, &shape)?.into_tvalue()))
    }
}

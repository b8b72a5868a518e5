//! `Softmax` and `LogSoftmax`: <https://onnx.ai/onnx/operators/onnx__Softmax.html>
//!
//! tract adds up in an order that depends on the place of a row in memory. So the last digits of a row would
//! depend on its batch.

use tract_onnx::tract_core::ops::nn::SoftmaxKind;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_num_traits::Float;

use crate::ops::operator::{Operator, tensor};
use crate::ops::tensor_access::shape_of;

use super::reduction::{largest, lines, sum};

/// The softmax of floats or doubles along one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Softmax {
    /// The axis.
    pub axis: usize,
    /// Whether it is the softmax or its logarithm.
    pub kind: SoftmaxKind,
}

/// Replaces `values` by their softmax.
fn softmax<T: Float>(values: &mut [T], kind: SoftmaxKind) {
    let most = largest(values);
    match kind {
        SoftmaxKind::Softmax => {
            for x in values.iter_mut() {
                *x = (*x - most).exp();
            }
            let sum = sum(values, |x| x);
            for x in values.iter_mut() {
                *x = *x / sum;
            }
        }
        SoftmaxKind::LogSoftmax => {
            let rest = sum(values, |x| (x - most).exp()).ln();
            for x in values.iter_mut() {
                *x = *x - most - rest;
            }
        }
    }
}

impl Softmax {
    fn of<T: Datum + Float>(&self, x: &Tensor) -> TractResult<TVec<TValue>> {
        let mut values = x.try_as_plain_ram()?.as_slice::<T>()?.to_vec();
        let length = x.shape()[self.axis];
        let (starts, step) = lines(x.shape(), self.axis);
        let mut apart = Vec::with_capacity(length);
        for start in starts {
            apart.clear();
            apart.extend((0..length).map(|place| values[start + place * step]));
            softmax(&mut apart, self.kind);
            for (place, &made) in apart.iter().enumerate() {
                values[start + place * step] = made;
            }
        }
        Ok(tvec!(tensor(values, x.shape())?.into_tvalue()))
    }
}

impl Operator for Softmax {
    const NAME: &'static str = "Softmax";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(shape_of(inputs[0], inputs[0].datum_type))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        if inputs[0].datum_type() == DatumType::F32 {
            self.of::<f32>(&inputs[0])
        } else {
            self.of::<f64>(&inputs[0])
        }
    }
}

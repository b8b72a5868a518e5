//! `Max` and `Min` of two tensors: <https://onnx.ai/onnx/operators/onnx__Max.html>. `Relu` and `Clip` become
//! these too.
//!
//! tract answers the other number if one is NaN. ONNX says NaN.

use tract_onnx::tract_core::broadcast::multi_broadcast;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_num_traits::Float;

use crate::ops::operator::{Operator, tensor};

/// The larger or the smaller of two floats or doubles; NaN if one of them is NaN. The tensors have the same
/// rank, and are broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxMin {
    /// Whether the result is the larger number.
    pub largest: bool,
}

impl MaxMin {
    /// The larger or the smaller of two numbers.
    #[inline]
    pub fn of<T: Float>(self, a: T, b: T) -> T {
        let is_first = if self.largest { a > b } else { a < b };
        if is_first || a.is_nan() { a } else { b }
    }

    fn of_tensors<T: Datum + Float>(self, a: &Tensor, b: &Tensor) -> TractResult<TVec<TValue>> {
        let plain = |x: &Tensor| TractResult::Ok(x.try_as_plain_ram()?.as_slice::<T>()?.to_vec());
        let with = |of: &Tensor, one: T| {
            // The two cases are separate so that each loop compiles to vector instructions.
            let values = plain(of)?.into_iter();
            let values = if self.largest {
                values.map(|x| Self { largest: true }.of(x, one)).collect()
            } else {
                values.map(|x| Self { largest: false }.of(x, one)).collect()
            };
            Ok(tvec!(tensor(values, of.shape())?.into_tvalue()))
        };
        match (a.len(), b.len()) {
            (_, 1) => return with(a, plain(b)?[0]),
            (1, _) => return with(b, plain(a)?[0]),
            _ => {}
        }
        let (a, b) = (a.to_plain_array_view::<T>()?, b.to_plain_array_view::<T>()?);
        let shape = multi_broadcast(&[a.shape(), b.shape()])?;
        let both = a.broadcast(&*shape).zip(b.broadcast(&*shape));
        let (a, b) = both.context("the shapes cannot be broadcast")?;
        let values = a.iter().zip(&b).map(|(&a, &b)| self.of(a, b)).collect();
        Ok(tvec!(tensor(values, &shape)?.into_tvalue()))
    }
}

impl Operator for MaxMin {
    const NAME: &'static str = "MaxMin";

    fn inputs(&self) -> usize {
        2
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let shape = multi_broadcast(&[&inputs[0].shape, &inputs[1].shape])?;
        Ok(tvec!(inputs[0].datum_type.fact(shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [a, b] = inputs else { bail!("expected two inputs") };
        if a.datum_type() == DatumType::F32 {
            self.of_tensors::<f32>(a, b)
        } else {
            self.of_tensors::<f64>(a, b)
        }
    }
}

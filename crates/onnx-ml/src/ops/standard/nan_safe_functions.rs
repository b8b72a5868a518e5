//! Functions of single elements that lose NaN or overflow in tract.

use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_num_traits::Float;

use crate::ops::operator::{Operator, tensor};
use crate::ops::tensor_access::{numbers, shape_of};

/// A function of tract on floats, with NaN for NaN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepsNan(pub ElementWiseOp);

/// `ln(1 + exp(x))` of floats or doubles, with an exponential that cannot overflow:
/// <https://onnx.ai/onnx/operators/onnx__Softplus.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softplus;

impl Operator for KeepsNan {
    const NAME: &'static str = "KeepsNan";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(shape_of(inputs[0], inputs[0].datum_type))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let mut made = (*inputs[0]).clone();
        self.0.0.eval_in_place(&mut made, None)?;
        let of = numbers::<f32>(&inputs[0])?;
        for (made, &x) in made.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?.iter_mut().zip(&*of) {
            *made = if x.is_nan() { x } else { *made };
        }
        Ok(tvec!(made.into_tvalue()))
    }
}

impl Softplus {
    fn of<T: Datum + Float>(x: &Tensor) -> TractResult<TVec<TValue>> {
        let of = |&x: &T| x.max(T::zero()) + (-x.abs()).exp().ln_1p();
        let values = x.try_as_plain_ram()?.as_slice::<T>()?.iter().map(of).collect();
        Ok(tvec!(tensor(values, x.shape())?.into_tvalue()))
    }
}

impl Operator for Softplus {
    const NAME: &'static str = "Softplus";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(shape_of(inputs[0], inputs[0].datum_type))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        if inputs[0].datum_type() == DatumType::F32 {
            Self::of::<f32>(&inputs[0])
        } else {
            Self::of::<f64>(&inputs[0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softplus_neither_overflows_nor_loses_nan() {
        let made = Softplus
            .eval(&[tensor1(&[1000.0, -1000.0, 0.0, f64::INFINITY, f64::NAN]).into_tvalue()])
            .unwrap();
        let [large, small, middle, infinite, nan] = *numbers::<f64>(&made[0]).unwrap() else {
            panic!("five")
        };
        assert_eq!((large, small, infinite), (1000.0, 0.0, f64::INFINITY));
        assert!((middle - 2.0_f64.ln()).abs() < 1e-15 && nan.is_nan());
    }
}

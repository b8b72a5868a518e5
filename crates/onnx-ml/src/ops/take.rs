//! Picks elements of a tensor by their places.

use tract_onnx::tract_hir::internal::*;

use super::operator;

/// Makes a tensor of `shape` from the elements at `places`, which count row-major. Every place must be in the
/// tensor.
///
/// # Errors
/// When the elements are not in plain memory, or do not fill the shape.
pub fn take(tensor: &Tensor, places: &[usize], shape: &[usize]) -> TractResult<Tensor> {
    dispatch_datum!(take_typed(tensor.datum_type())(tensor, places, shape))
}

fn take_typed<T: Datum>(tensor: &Tensor, places: &[usize], shape: &[usize]) -> TractResult<Tensor> {
    let elements = tensor.try_as_plain_ram()?.as_slice::<T>()?;
    operator::tensor(places.iter().map(|&place| elements[place].clone()).collect(), shape)
}

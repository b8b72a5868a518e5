//! Elements of a tensor, by their places.

use tract_onnx::tract_hir::internal::*;

use super::operator;

/// The elements at `places`, row-major, in a tensor of `shape`. Every place is within the tensor.
///
/// # Errors
/// When the elements are not plainly in memory, or do not fill the shape.
pub fn take(tensor: &Tensor, places: &[usize], shape: &[usize]) -> TractResult<Tensor> {
    dispatch_datum!(take_typed(tensor.datum_type())(tensor, places, shape))
}

fn take_typed<T: Datum>(tensor: &Tensor, places: &[usize], shape: &[usize]) -> TractResult<Tensor> {
    let elements = tensor.try_as_plain_ram()?.as_slice::<T>()?;
    operator::tensor(places.iter().map(|&place| elements[place].clone()).collect(), shape)
}

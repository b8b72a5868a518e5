//! Picks elements of a tensor by their places.

use tract_onnx::tract_hir::internal::*;

use super::operator;
use crate::work;

/// Makes a tensor of `shape` from the elements at `places`, which count row-major. Every place must be in the
/// tensor.
///
/// # Errors
/// When the elements are not in plain memory, or do not fill the shape, or texts among them take too much memory.
pub fn take(tensor: &Tensor, places: &[usize], shape: &[usize]) -> TractResult<Tensor> {
    if tensor.datum_type() == DatumType::String {
        let texts = tensor.try_as_plain_ram()?.as_slice::<String>()?;
        work::room_for_texts(places.iter().map(|&place| &texts[place]))?;
    }
    dispatch_datum!(take_typed(tensor.datum_type())(tensor, places, shape))
}

fn take_typed<T: Datum>(tensor: &Tensor, places: &[usize], shape: &[usize]) -> TractResult<Tensor> {
    let elements = tensor.try_as_plain_ram()?.as_slice::<T>()?;
    operator::tensor(places.iter().map(|&place| elements[place].clone()).collect(), shape)
}

//! The elements of tensors, and how rows lie in them.

use std::borrow::Cow;

use tract_onnx::tract_hir::internal::*;

/// A tensor's numbers as `T`s, row-major, cast where they are of another type.
///
/// # Errors
/// When they are not numbers.
pub fn numbers<T: Datum + Copy>(tensor: &Tensor) -> TractResult<Cow<'_, [T]>> {
    ensure!(tensor.datum_type() != DatumType::String, "strings where numbers are expected");
    Ok(match tensor.cast_to::<T>()? {
        Cow::Borrowed(tensor) => Cow::Borrowed(tensor.try_as_plain_ram()?.as_slice::<T>()?),
        Cow::Owned(cast) => Cow::Owned(cast.try_as_plain_ram()?.as_slice::<T>()?.to_vec()),
    })
}

/// A tensor's strings, row-major.
///
/// # Errors
/// When they are none.
pub fn strings(tensor: &Tensor) -> TractResult<&[String]> {
    tensor.try_as_plain_ram()?.as_slice::<String>()
}

/// Elements of a row where an operator takes `[N, F]` or one row as `[F]`.
///
/// # Errors
/// For a single element, which is no row.
pub fn row_width(shape: &[usize]) -> TractResult<usize> {
    match shape {
        [] => bail!("one element of rank 0 where rows are expected"),
        [width] | [_, width, ..] => Ok(*width),
    }
}

/// The fact of an output that has the input's shape.
pub fn shape_of(input: &TypedFact, datum_type: DatumType) -> TVec<TypedFact> {
    tvec!(datum_type.fact(input.shape.clone()))
}

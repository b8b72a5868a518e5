//! Reads the elements and rows of tensors.

use std::borrow::Cow;

use tract_onnx::tract_hir::internal::*;

/// The numbers of a tensor as `T`, row-major. Other types are cast.
///
/// # Errors
/// When the elements are not numbers.
#[inline]
pub fn numbers<T: Datum + Copy>(tensor: &Tensor) -> TractResult<Cow<'_, [T]>> {
    ensure!(tensor.datum_type() != DatumType::String, "expected numbers, found strings");
    Ok(match tensor.cast_to::<T>()? {
        Cow::Borrowed(tensor) => Cow::Borrowed(tensor.try_as_plain_ram()?.as_slice::<T>()?),
        Cow::Owned(cast) => Cow::Owned(cast.try_as_plain_ram()?.as_slice::<T>()?.to_vec()),
    })
}

/// The strings of a tensor, row-major.
///
/// # Errors
/// When the elements are not strings.
#[inline]
pub fn strings(tensor: &Tensor) -> TractResult<&[String]> {
    tensor.try_as_plain_ram()?.as_slice::<String>()
}

/// The number of elements in a row, for an operator that takes `[N, F]`, or one row as `[F]`.
///
/// # Errors
/// When the tensor has rank 0.
#[inline]
pub fn row_width(shape: &[usize]) -> TractResult<usize> {
    match shape {
        [] => bail!("expected rows, found one element of rank 0"),
        [width] | [_, width, ..] => Ok(*width),
    }
}

/// The fact of an output with the shape of the input.
pub fn shape_of(input: &TypedFact, datum_type: DatumType) -> TVec<TypedFact> {
    tvec!(datum_type.fact(input.shape.clone()))
}

//! Compares the outputs of a model with the expected ones.

use anyhow::{Context, Result, bail, ensure};
use tract_onnx::prelude::{Datum, DatumType, Tensor};

use super::data_set::Map;

/// The tolerance for `float`, relative to the value. A unit in the last place is 6e-8, and tens to hundreds
/// of terms are added up in another order.
const RELATIVE: f64 = 1e-4;

/// The tolerance for `float16`, relative to the value. It is two units in the last place, of up to 1e-3 each,
/// because sums may be rounded at each step or once.
const RELATIVE_HALF: f64 = 2e-3;

/// The tolerance for small values, relative to the largest value of the output, or to 1. Where terms cancel
/// each other, the error depends on the size of the terms, not on that of their sum.
const FLOOR: f64 = 1e-6;

/// Compares the shape, type and elements of a tensor.
///
/// # Errors
/// When the tensors differ. The error names the first element that does.
pub fn tensors(expected: &Tensor, found: &Tensor) -> Result<()> {
    // tract represents whole numbers as dimensions where it can.
    let found = match found.datum_type() {
        DatumType::TDim => &*found.cast_to::<i64>()?,
        _ => found,
    };
    let types = (expected.datum_type(), found.datum_type());
    ensure!(types.0 == types.1, "expected elements of {:?}, found {:?}", types.0, types.1);
    ensure!(
        expected.shape() == found.shape(),
        "expected shape {:?}, found {:?}",
        expected.shape(),
        found.shape()
    );
    let place = |index| format!("{:?}", coordinates(index, expected.shape()));
    elements(expected, found, place)
}

/// Compares rows of scores with maps from names to scores.
///
/// # Errors
/// When a row has other names or other scores.
pub fn maps(expected: &[Map], names: &[String], found: &Tensor) -> Result<()> {
    let shape = [expected.len(), names.len()];
    // The scores of one row may come without a dimension for the rows.
    let one_row = found.clone().into_shape(&shape).ok().filter(|_| found.rank() == 1 && expected.len() == 1);
    let found = one_row.as_ref().unwrap_or(found);
    ensure!(found.shape() == shape, "expected scores of shape {shape:?}, found {:?}", found.shape());
    let mut rows = Vec::with_capacity(expected.len());
    for (row, map) in expected.iter().enumerate() {
        let other_names =
            || format!("row {row}: expected the names {}, found {}", map.keys.join(", "), names.join(", "));
        ensure!(map.keys.len() == names.len(), other_names());
        for name in names {
            let at = map.keys.iter().position(|key| key == name);
            let at = at.with_context(other_names)?;
            rows.push(map.values.slice(0, at, at + 1)?);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let expected = Tensor::stack_tensors(0, &rows)?.into_shape(&shape)?;
    let types = (expected.datum_type(), found.datum_type());
    ensure!(types.0 == types.1, "expected scores of {:?}, found {:?}", types.0, types.1);
    elements(&expected, found, |index| format!("[{}, `{}`]", index / names.len(), names[index % names.len()]))
}

fn elements(expected: &Tensor, found: &Tensor, place: impl Fn(usize) -> String) -> Result<()> {
    match expected.datum_type() {
        DatumType::F16 | DatumType::F32 | DatumType::F64 => {
            let relative = if expected.datum_type() == DatumType::F16 { RELATIVE_HALF } else { RELATIVE };
            let (expected, found) = (expected.cast_to::<f64>()?, found.cast_to::<f64>()?);
            let (expected, found) = (slice::<f64>(&expected)?, slice::<f64>(&found)?);
            let finite = expected.iter().map(|x| x.abs()).filter(|x| x.is_finite());
            let floor = FLOOR * finite.fold(1.0, f64::max);
            differences(expected, found, |a, b| near(*a, *b, relative, floor), place)
        }
        DatumType::String => differences(slice::<String>(expected)?, slice(found)?, PartialEq::eq, place),
        DatumType::Bool => differences(slice::<bool>(expected)?, slice(found)?, PartialEq::eq, place),
        DatumType::U64 => differences(slice::<u64>(expected)?, slice(found)?, PartialEq::eq, place),
        kind if kind.is_integer() => {
            let (expected, found) = (expected.cast_to::<i64>()?, found.cast_to::<i64>()?);
            differences(slice::<i64>(&expected)?, slice(&found)?, PartialEq::eq, place)
        }
        other => bail!("expected elements that can be compared, found {other:?}"),
    }
}

fn slice<T: Datum>(tensor: &Tensor) -> Result<&[T]> {
    tensor.try_as_plain_ram()?.as_slice::<T>()
}

fn near(expected: f64, found: f64, relative: f64, floor: f64) -> bool {
    if expected.is_finite() {
        return (expected - found).abs() <= relative * expected.abs() + floor;
    }
    expected.is_nan() && found.is_nan() || expected.total_cmp(&found).is_eq()
}

fn differences<T: std::fmt::Debug>(
    expected: &[T],
    found: &[T],
    same: impl Fn(&T, &T) -> bool,
    place: impl Fn(usize) -> String,
) -> Result<()> {
    let mut wrong = (0..expected.len()).filter(|&index| !same(&expected[index], &found[index]));
    let Some(first) = wrong.next() else { return Ok(()) };
    bail!(
        "element {}: expected {:?}, found {:?}; {} of {} differ",
        place(first),
        expected[first],
        found[first],
        wrong.count() + 1,
        expected.len()
    )
}

/// The coordinates of the element at `index`, in row-major order.
fn coordinates(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut coordinates: Vec<usize> = shape
        .iter()
        .rev()
        .map(|size| {
            let coordinate = index % size;
            index /= size;
            coordinate
        })
        .collect();
    coordinates.reverse();
    coordinates
}

//! Whether outputs are what they are to be.

use anyhow::{Context, Result, bail, ensure};
use tract_onnx::prelude::{Datum, DatumType, Tensor};

use super::data_set::Map;

/// What two computations in `float` may differ by, relative to the value: a unit in the last place is 6e-8, and tens to
/// hundreds of terms are added up, in another order.
const RELATIVE: f64 = 1e-4;

/// The same in `float16`, where a unit in the last place is up to 1e-3: two of them, as sums may be rounded at each step
/// or once.
const RELATIVE_HALF: f64 = 2e-3;

/// What they may differ by however small the value, relative to the largest of the output and to 1: where terms cancel
/// each other, the error goes with their size, not with that of what is left.
const FLOOR: f64 = 1e-6;

/// Compares a tensor: shape, type and elements.
///
/// # Errors
/// When it is another, by the first element that differs.
pub fn tensors(expected: &Tensor, found: &Tensor) -> Result<()> {
    // tract computes with whole numbers as dimensions where it can.
    let found = match found.datum_type() {
        DatumType::TDim => &*found.cast_to::<i64>()?,
        _ => found,
    };
    let types = (expected.datum_type(), found.datum_type());
    ensure!(types.0 == types.1, "elements of {:?}, expected {:?}", types.1, types.0);
    ensure!(expected.shape() == found.shape(), "shape {:?}, expected {:?}", found.shape(), expected.shape());
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
    ensure!(found.shape() == shape, "scores of shape {:?}, expected {shape:?}", found.shape());
    let mut rows = Vec::with_capacity(expected.len());
    for (row, map) in expected.iter().enumerate() {
        ensure!(
            map.keys.len() == names.len(),
            "row {row} names {}, expected {}",
            names.join(", "),
            map.keys.join(", ")
        );
        for name in names {
            let at = map.keys.iter().position(|key| key == name);
            let at = at.with_context(|| {
                format!("row {row} names {}, expected {}", names.join(", "), map.keys.join(", "))
            })?;
            rows.push(map.values.slice(0, at, at + 1)?);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let expected = Tensor::stack_tensors(0, &rows)?.into_shape(&shape)?;
    let types = (expected.datum_type(), found.datum_type());
    ensure!(types.0 == types.1, "scores of {:?}, expected {:?}", types.1, types.0);
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
        other => bail!("elements of {other:?} can't be compared"),
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
        "element {} is {:?}, expected {:?}; {} of {} differ",
        place(first),
        found[first],
        expected[first],
        wrong.count() + 1,
        expected.len()
    )
}

/// The coordinates of an element, of which `index` come before it.
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

//! What becomes of the elements along axes, where tract's loses NaN, overflows, or adds up in an order that depends on where
//! in memory a row stands.

use tract_onnx::tract_core::ops::nn::Reducer;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_num_traits::Float;

use crate::ops::operator::{Operator, tensor};

use super::max_min::MaxMin;

/// Of floats or doubles, along axes that have one element then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduction {
    /// What is made of them.
    pub kind: ReductionKind,
    /// One or more, of places one.
    pub axes: TVec<usize>,
}

/// What is made of the elements along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReductionKind {
    /// The largest or the smallest, NaN if there is one.
    Extreme(MaxMin),
    /// The place of the extreme, of equal ones the first or the last. NaN is no extreme but in the first place, which
    /// nothing exceeds then, as in ONNX Runtime.
    Place(MaxMin, Which),
    /// The logarithm of the sum of the exponentials, none of which overflows.
    LogSumExp,
    /// The sum.
    Sum,
    /// The mean of the squares.
    MeanOfSquares,
}

/// Which of equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// That in the first place.
    First,
    /// That in the last.
    Last,
}

impl ReductionKind {
    /// The kind for a reducer of tract's.
    pub fn of(reducer: Reducer) -> Option<Self> {
        let which = |is_last| if is_last { Which::Last } else { Which::First };
        Some(match reducer {
            Reducer::Max => Self::Extreme(MaxMin { largest: true }),
            Reducer::Min => Self::Extreme(MaxMin { largest: false }),
            Reducer::ArgMax(is_last) => Self::Place(MaxMin { largest: true }, which(is_last)),
            Reducer::ArgMin(is_last) => Self::Place(MaxMin { largest: false }, which(is_last)),
            Reducer::Sum => Self::Sum,
            Reducer::MeanOfSquares => Self::MeanOfSquares,
            _ => return None,
        })
    }
}

/// Sums that go on side by side, so that additions need not wait for one another.
const LANES: usize = 8;

/// The sum of what `of` makes of some values, added up in an order that depends on their number alone.
pub(super) fn sum<T: Float>(values: &[T], of: impl Fn(T) -> T) -> T {
    let mut sums = [T::zero(); LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk) {
            *sum = *sum + of(x);
        }
    }
    let rest = chunks.remainder().iter().fold(T::zero(), |sum, &x| sum + of(x));
    sums.into_iter().fold(rest, |sum, x| sum + x)
}

/// The largest of some, NaN if there is one.
pub(super) fn largest<T: Float>(values: &[T]) -> T {
    extreme(MaxMin { largest: true }, values)
}

/// The extreme of some; of none what exceeds nothing.
fn extreme<T: Float>(extreme: MaxMin, values: &[T]) -> T {
    let least = if extreme.largest { T::neg_infinity() } else { T::infinity() };
    values.iter().fold(least, |found, &x| extreme.of(found, x))
}

fn place<T: Float>(extreme: MaxMin, which: Which, values: &[T]) -> usize {
    let mut found = 0;
    for (place, &x) in values.iter().enumerate() {
        let exceeds = if extreme.largest { x > values[found] } else { x < values[found] };
        if exceeds || which == Which::Last && x == values[found] {
            found = place;
        }
    }
    found
}

fn log_sum_exp<T: Float>(values: &[T]) -> T {
    let largest = largest(values);
    if !largest.is_finite() {
        return largest;
    }
    largest + sum(values, |x| (x - largest).exp()).ln()
}

fn mean_of_squares<T: Float>(values: &[T]) -> T {
    let count = T::from(values.len()).unwrap_or_else(T::nan);
    sum(values, |x| x * x) / count
}

/// Where, row-major, the elements along an axis stand: where those of each line begin, and how far one is from the next.
pub(super) fn lines(shape: &[usize], axis: usize) -> (impl Iterator<Item = usize>, usize) {
    let length = shape[axis];
    let step: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    ((0..outer).flat_map(move |row| (0..step).map(move |column| row * length * step + column)), step)
}

/// Something of the elements along an axis, in the places of the others.
fn along<T: Copy, R>(values: &[T], shape: &[usize], axis: usize, of: impl Fn(&[T]) -> R) -> Vec<R> {
    let length = shape[axis];
    let (starts, step) = lines(shape, axis);
    let mut apart = Vec::with_capacity(length);
    let of_line = |start: usize| {
        if step == 1 {
            return of(&values[start..start + length]);
        }
        apart.clear();
        apart.extend((0..length).map(|place| values[start + place * step]));
        of(&apart)
    };
    starts.map(of_line).collect()
}

impl Reduction {
    fn of<T: Datum + Float>(&self, x: &Tensor) -> TractResult<TVec<TValue>> {
        let mut values = x.try_as_plain_ram()?.as_slice::<T>()?.to_vec();
        let mut shape: TVec<usize> = x.shape().into();
        for &axis in &self.axes {
            values = match self.kind {
                ReductionKind::Extreme(kind) => along(&values, &shape, axis, |values| extreme(kind, values)),
                ReductionKind::LogSumExp => along(&values, &shape, axis, log_sum_exp),
                ReductionKind::Sum => along(&values, &shape, axis, |values| sum(values, |x| x)),
                ReductionKind::MeanOfSquares => along(&values, &shape, axis, mean_of_squares),
                ReductionKind::Place(kind, which) => {
                    let places = along(&values, &shape, axis, |values| place(kind, which, values));
                    let places = places.into_iter().map(i64::try_from).collect::<Result<_, _>>()?;
                    shape[axis] = 1;
                    return Ok(tvec!(tensor(places, &shape)?.into_tvalue()));
                }
            };
            shape[axis] = 1;
        }
        Ok(tvec!(tensor(values, &shape)?.into_tvalue()))
    }
}

impl Operator for Reduction {
    const NAME: &'static str = "Reduction";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.to_tvec();
        for &axis in &self.axes {
            shape[axis] = 1.to_dim();
        }
        let is_place = matches!(self.kind, ReductionKind::Place(..));
        let datum_type = if is_place { DatumType::I64 } else { inputs[0].datum_type };
        Ok(tvec!(datum_type.fact(shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        if inputs[0].datum_type() == DatumType::F32 {
            self.of::<f32>(&inputs[0])
        } else {
            self.of::<f64>(&inputs[0])
        }
    }
}

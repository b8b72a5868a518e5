//! Reductions along axes, where tract loses NaN, overflows, or adds up in an order that depends on the place
//! of a row in memory.

use tract_onnx::tract_core::ops::nn::Reducer;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_num_traits::Float;

use crate::ops::operator::{Operator, tensor};

use super::max_min::MaxMin;

/// Reduces floats or doubles along axes. Each of the axes then has one element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduction {
    /// The kind of reduction.
    pub kind: ReductionKind,
    /// The axes: one or more, but exactly one for places.
    pub axes: TVec<usize>,
}

/// The kind of reduction along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReductionKind {
    /// The largest or the smallest element; NaN if there is one.
    Extreme(MaxMin),
    /// The place of the largest or smallest element. As in onnxruntime, NaN counts only in the first place,
    /// where no number exceeds it.
    Place(MaxMin, Which),
    /// The logarithm of the sum of the exponentials, without overflow.
    LogSumExp,
    /// The sum.
    Sum,
    /// The mean of the squares.
    MeanOfSquares,
}

/// Which of several equal elements counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The first.
    First,
    /// The last.
    Last,
}

impl ReductionKind {
    /// The kind that replaces a reducer of tract, if there is one.
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

/// The partial sums that run side by side, so that additions need not wait for each other.
const LANES: usize = 8;

/// Sums `of(x)` over some values, in an order that depends only on their number.
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

/// The largest of some values; NaN if there is one.
pub(super) fn largest<T: Float>(values: &[T]) -> T {
    extreme(MaxMin { largest: true }, values)
}

/// The largest or smallest of some values. Without values, it is the infinity that no number lies beyond.
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

/// The places of the lines along an axis, row-major: the start of each line, and the distance between its
/// elements.
pub(super) fn lines(shape: &[usize], axis: usize) -> (impl Iterator<Item = usize>, usize) {
    let length = shape[axis];
    let step: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    ((0..outer).flat_map(move |row| (0..step).map(move |column| row * length * step + column)), step)
}

/// Applies `of` to each line along an axis.
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

//! Sums over features, written so that they compile to vector instructions. [`LANES`] partial sums run side
//! by side: a single sum would wait for each addition before the next.

const LANES: usize = 16;

/// The scalar product of two vectors of the same length.
#[inline]
pub fn dot(x: &[f32], y: &[f32]) -> f32 {
    sum_of(x, y, |x, y| x * y)
}

/// The square of the distance between two vectors of the same length.
#[inline]
pub fn squared_distance(x: &[f32], y: &[f32]) -> f32 {
    sum_of(x, y, |x, y| (x - y) * (x - y))
}

/// The sum of the magnitudes of a vector's elements.
#[inline]
pub fn sum_of_magnitudes(x: &[f32]) -> f32 {
    sum_of(x, x, |x, _| x.abs())
}

#[inline]
fn sum_of(x: &[f32], y: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let (x_chunks, x_rest) = x.as_chunks::<LANES>();
    let (y_chunks, y_rest) = y.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (x, y) in x_chunks.iter().zip(y_chunks) {
        for lane in 0..LANES {
            sums[lane] += term(x[lane], y[lane]);
        }
    }
    let rest: f32 = x_rest.iter().zip(y_rest).map(|(&x, &y)| term(x, y)).sum();
    // Adding one half to the other takes four steps. Adding one by one would take sixteen.
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0] + rest
}

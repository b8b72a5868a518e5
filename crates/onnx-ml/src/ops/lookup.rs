//! Looks up the place of a value in a list, as encoders of categories do.

use hashbrown::HashMap;
use tract_onnx::tract_hir::internal::*;

use super::tensor_access::{numbers, strings};

/// A list of keys. The last place of a repeated key counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    /// Strings.
    Strings(HashMap<String, usize>),
    /// Integers of any width.
    Ints(HashMap<i64, usize>),
    /// Floats and doubles, by their [`bits`].
    Floats(HashMap<u64, usize>),
}

impl Lookup {
    /// A list of strings.
    pub fn of_strings(keys: impl IntoIterator<Item = String>) -> Self {
        Self::Strings(places(keys))
    }

    /// A list of integers.
    pub fn of_ints(keys: impl IntoIterator<Item = i64>) -> Self {
        Self::Ints(places(keys))
    }

    /// A list of floats or doubles.
    pub fn of_floats(keys: impl IntoIterator<Item = f64>) -> Self {
        Self::Floats(places(keys.into_iter().map(bits)))
    }

    /// A list of the elements of a tensor.
    ///
    /// # Errors
    /// When the elements are neither strings nor numbers.
    pub fn of_tensor(keys: &Tensor) -> TractResult<Self> {
        Ok(match keys.datum_type() {
            DatumType::String => Self::of_strings(strings(keys)?.iter().cloned()),
            datum_type if datum_type.is_float() => Self::of_floats(numbers::<f64>(keys)?.iter().copied()),
            _ => Self::of_ints(numbers::<i64>(keys)?.iter().copied()),
        })
    }

    /// Whether values of this type can be looked up.
    pub fn takes(&self, datum_type: DatumType) -> bool {
        match self {
            Self::Strings(_) => datum_type == DatumType::String,
            Self::Ints(_) => datum_type.is_integer() || datum_type.is_tdim(),
            Self::Floats(_) => datum_type.is_float(),
        }
    }

    /// The place of a string.
    pub fn place(&self, string: &str) -> Option<usize> {
        match self {
            Self::Strings(places) => places.get(string).copied(),
            _ => None,
        }
    }

    /// The place of each element of a tensor, row-major. Floats are cut to whole numbers if the keys are
    /// integers.
    ///
    /// # Errors
    /// When the elements are of another kind than the keys.
    pub fn places(&self, tensor: &Tensor) -> TractResult<Vec<Option<usize>>> {
        Ok(match self {
            Self::Strings(places) => strings(tensor)?.iter().map(|x| places.get(x).copied()).collect(),
            Self::Ints(places) if tensor.datum_type().is_float() => {
                let whole = |x: f64| whole(x).and_then(|x| places.get(&x).copied());
                numbers::<f64>(tensor)?.iter().map(|&x| whole(x)).collect()
            }
            Self::Ints(places) => numbers::<i64>(tensor)?.iter().map(|x| places.get(x).copied()).collect(),
            Self::Floats(places) => {
                numbers::<f64>(tensor)?.iter().map(|&x| places.get(&bits(x)).copied()).collect()
            }
        })
    }
}

fn places<K: std::hash::Hash + Eq>(keys: impl IntoIterator<Item = K>) -> HashMap<K, usize> {
    keys.into_iter().enumerate().map(|(place, key)| (key, place)).collect()
}

/// The bits of a number, such that equal numbers have equal bits. All NaNs have the same bits, so that a
/// missing value can be a key.
fn bits(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { (x + 0.0).to_bits() }
}

/// A number without its fraction, if it fits.
fn whole(x: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "within the range")]
    (-END..END).contains(&x).then_some(x as i64)
}

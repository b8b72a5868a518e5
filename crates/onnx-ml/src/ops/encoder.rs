//! A map from keys to values, element by element, that `LabelEncoder` and `CategoryMapper` share.

use tract_onnx::tract_hir::internal::*;

use super::lookup::Lookup;
use super::take::take;
use super::tensor_access::shape_of;

/// Keys, and a value for each and for what is no key.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    keys: Lookup,
    /// The value of each key; the last is that of all else.
    values: Tensor,
}

impl Encoder {
    /// From as many values as keys, and the one for all else, which is of the values' type.
    ///
    /// # Errors
    /// When their types are none that can be looked up, or written.
    pub fn new(keys: &Tensor, values: &Tensor, default: &Tensor) -> TractResult<Self> {
        let flat = values.clone().into_shape(&[values.len()])?;
        let default = default.clone().into_shape(&[1])?;
        Ok(Self { keys: Lookup::of_tensor(keys)?, values: Tensor::stack_tensors(0, &[flat, default])? })
    }

    /// The output's fact: the input's shape, the values' type.
    ///
    /// # Errors
    /// When the input is of another type than the keys.
    pub fn output_facts(&self, input: &TypedFact) -> TractResult<TVec<TypedFact>> {
        let kind = match self.keys {
            Lookup::Strings(_) => "strings",
            Lookup::Ints(_) => "integers",
            Lookup::Floats(_) => "floats",
        };
        ensure!(
            self.keys.takes(input.datum_type),
            "an input of {:?} for keys that are {kind}",
            input.datum_type
        );
        Ok(shape_of(input, self.values.datum_type()))
    }

    /// The value of each of a tensor's elements.
    ///
    /// # Errors
    /// When they are of another kind than the keys.
    pub fn encode(&self, tensor: &Tensor) -> TractResult<TVec<TValue>> {
        let default = self.values.len() - 1;
        let places: Vec<usize> =
            self.keys.places(tensor)?.into_iter().map(|place| place.unwrap_or(default)).collect();
        Ok(tvec!(take(&self.values, &places, tensor.shape())?.into_tvalue()))
    }
}

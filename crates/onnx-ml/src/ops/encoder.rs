//! A map from keys to values, element by element. `LabelEncoder` and `CategoryMapper` share it.

use tract_onnx::tract_hir::internal::*;

use super::lookup::Lookup;
use super::take::take;
use super::tensor_access::shape_of;

/// Keys with their values, and a default value for anything else.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    keys: Lookup,
    /// The value of each key, then the default.
    values: Tensor,
}

impl Encoder {
    /// Makes an encoder from the keys, a value for each, and a default of the values' type.
    ///
    /// # Errors
    /// When the types cannot be looked up or stored.
    pub fn new(keys: &Tensor, values: &Tensor, default: &Tensor) -> TractResult<Self> {
        let flat = values.clone().into_shape(&[values.len()])?;
        let default = default.clone().into_shape(&[1])?;
        Ok(Self { keys: Lookup::of_tensor(keys)?, values: Tensor::stack_tensors(0, &[flat, default])? })
    }

    /// The fact of the output: the shape of the input, the type of the values.
    ///
    /// # Errors
    /// When the input has another type than the keys.
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

    /// The value for each element of a tensor.
    ///
    /// # Errors
    /// When the elements are of another kind than the keys.
    pub fn encode(&self, tensor: &Tensor) -> TractResult<TVec<TValue>> {
        let default = self.values.len() - 1;
        let places: Vec<usize> =
            self.keys.places(tensor)?.into_iter().map(|place| place.unwrap_or(default)).collect();
        Ok(tvec!(take(&self.values, &places, tensor.shape())?.into_tvalue()))
    }
}

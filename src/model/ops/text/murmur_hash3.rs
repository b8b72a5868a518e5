//! `MurmurHash3`, of onnxruntime's own domain:
//! <https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MurmurHash3>

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::model::ops::operator::{Operator, Parsed, parsed, tensor};
use crate::model::ops::values::{numbers, shape_of, strings};
use serving_spec::murmur_hash::murmur_hash_3;

/// The operator: the hash of each string or 32-bit integer, in the input's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MurmurHash3 {
    seed: u32,
    /// Whether hashes are unsigned.
    positive: bool,
}

pub(in crate::model::ops) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let seed: i64 = node.get_attr_opt("seed")?.unwrap_or(0);
    let seed = u32::try_from(seed).with_context(|| format!("seed {seed} does not fit 32 bits"))?;
    Ok(parsed(MurmurHash3 { seed, positive: node.get_attr_opt("positive")?.unwrap_or(1_i64) == 1 }))
}

impl Operator for MurmurHash3 {
    const NAME: &'static str = "MurmurHash3";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let datum_type = inputs[0].datum_type;
        ensure!(
            matches!(datum_type, DatumType::String | DatumType::I32 | DatumType::U32),
            "an input of {datum_type:?}: strings and integers of 32 bits can be hashed"
        );
        Ok(shape_of(inputs[0], if self.positive { DatumType::U32 } else { DatumType::I32 }))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let x = &inputs[0];
        let hashes: Vec<u32> = match x.datum_type() {
            DatumType::String => {
                strings(x)?.iter().map(|text| murmur_hash_3(text.as_bytes(), self.seed)).collect()
            }
            DatumType::U32 => {
                numbers::<u32>(x)?.iter().map(|x| murmur_hash_3(&x.to_le_bytes(), self.seed)).collect()
            }
            _ => numbers::<i32>(x)?.iter().map(|x| murmur_hash_3(&x.to_le_bytes(), self.seed)).collect(),
        };
        let hashes = if self.positive {
            tensor(hashes, x.shape())
        } else {
            tensor(hashes.into_iter().map(u32::cast_signed).collect(), x.shape())
        };
        Ok(tvec!(hashes?.into_tvalue()))
    }
}

//! `MurmurHash3`, from the domain of onnxruntime:
//! <https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MurmurHash3>

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{Operator, Parsed, parsed, tensor};
use crate::ops::tensor_access::{numbers, shape_of, strings};

/// Hashes each string or 32-bit integer, in the shape of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MurmurHash3 {
    seed: u32,
    /// Whether hashes are unsigned.
    positive: bool,
}

pub(in crate::ops) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
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
            "an input of {datum_type:?}: expected strings or integers of 32 bits"
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

/// Austin Appleby's `MurmurHash3_x86_32`.
#[expect(clippy::cast_possible_truncation, reason = "the hash takes the length modulo 2^32")]
fn murmur_hash_3(key: &[u8], seed: u32) -> u32 {
    let mixed = |block: u32| block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (blocks, rest) = key.as_chunks::<4>();
    let mut hash = seed;
    for &block in blocks {
        hash = (hash ^ mixed(u32::from_le_bytes(block))).rotate_left(13);
        hash = hash.wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    // Without a rest this mixes in a zero, which changes nothing.
    hash ^= mixed(rest.iter().rev().fold(0, |block, &byte| block << 8 | u32::from(byte)));
    hash ^= key.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

//! `LabelEncoder`: <https://onnx.ai/onnx/operators/onnx_aionnxml_LabelEncoder.html>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::encoder::Encoder;
use super::operator::{Operator, Parsed, parsed};
use super::take::take;
use super::tensor_access::numbers;

/// Maps each element to a value, in the shape of the input.
#[derive(Debug, Clone, PartialEq)]
enum LabelEncoder {
    /// Opsets 2 to 4: keys and values are given.
    Map(Arc<Encoder>),
    /// Opset 1: strings become their places, or the other way round, as the type of the input asks.
    Places { of_strings: Arc<Encoder>, of_ints: Arc<Encoder> },
}

pub(super) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    if let Some(classes) = node.get_attr_opt_vec::<String>("classes_strings")? {
        let places: Vec<i64> = (0..).take(classes.len()).collect();
        let (classes, places) = (tensor1(&classes), tensor1(&places));
        return Ok(parsed(LabelEncoder::Places {
            of_strings: Arc::new(Encoder::new(&classes, &places, &default(ctx, node, DatumType::I64)?)?),
            of_ints: Arc::new(Encoder::new(&places, &classes, &default(ctx, node, DatumType::String)?)?),
        }));
    }
    let keys = list(ctx, node, "keys")?;
    let values = list(ctx, node, "values")?;
    ensure!(keys.len() == values.len(), "{} keys_* and {} values_*", keys.len(), values.len());
    let default = default(ctx, node, values.datum_type())?;
    let (keys, values) = if ml_opset(ctx) < 4 { as_before_opset_4(&keys, &values)? } else { (keys, values) };
    Ok(parsed(LabelEncoder::Map(Arc::new(Encoder::new(&keys, &values, &default)?))))
}

/// The version of `ai.onnx.ml`.
fn ml_opset(ctx: &ParsingContext) -> i64 {
    let import = ctx.model.opset_import.iter().find(|import| import.domain == "ai.onnx.ml");
    import.map_or(1, |import| import.version)
}

/// Drops keys that are NaN, and reverses the rest with their values. Before opset 4, NaN equals no key, and
/// the first of repeated keys counts.
fn as_before_opset_4(keys: &Tensor, values: &Tensor) -> TractResult<(Tensor, Tensor)> {
    let mut places: Vec<usize> = (0..keys.len()).rev().collect();
    if keys.datum_type().is_float() {
        let numbers = numbers::<f64>(keys)?;
        places.retain(|&place| !numbers[place].is_nan());
    }
    Ok((take(keys, &places, &[places.len()])?, take(values, &places, &[places.len()])?))
}

/// Reads whichever of the attributes `<prefix>_strings`, `_int64s`, `_floats` and `_tensor` the node has.
fn list(ctx: &ParsingContext, node: &NodeProto, prefix: &str) -> TractResult<Tensor> {
    let strings = node.get_attr_opt_vec::<String>(&format!("{prefix}_strings"))?.map(|list| tensor1(&list));
    let ints = node.get_attr_opt_vec::<i64>(&format!("{prefix}_int64s"))?.map(|list| tensor1(&list));
    let floats = node.get_attr_opt_vec::<f32>(&format!("{prefix}_floats"))?.map(|list| tensor1(&list));
    let tensor = node.get_attr_opt(&format!("{prefix}_tensor"))?.map(|t| ctx.load_tensor(t)).transpose()?;
    let mut given = [strings, ints, floats, tensor].into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(list), None) => Ok(list),
        (None, _) => bail!(
            "expected {prefix}_strings, {prefix}_int64s, {prefix}_floats or {prefix}_tensor, found none of them"
        ),
        _ => bail!("give only one of {prefix}_strings, {prefix}_int64s, {prefix}_floats and {prefix}_tensor"),
    }
}

/// Reads the value for elements that are not a key.
fn default(ctx: &ParsingContext, node: &NodeProto, datum_type: DatumType) -> TractResult<Tensor> {
    if let Some(tensor) = node.get_attr_opt("default_tensor")? {
        let default = ctx.load_tensor(tensor)?;
        ensure!(
            default.len() == 1 && default.datum_type() == datum_type,
            "default_tensor of {} elements of {:?} for values of {datum_type:?}",
            default.len(),
            default.datum_type()
        );
        return Ok(default);
    }
    Ok(match datum_type {
        DatumType::String => tensor0(node.get_attr_opt("default_string")?.unwrap_or("_Unused").to_owned()),
        DatumType::I64 => tensor0(node.get_attr_opt("default_int64")?.unwrap_or(-1_i64)),
        DatumType::F32 => tensor0(node.get_attr_opt("default_float")?.unwrap_or(-0.0_f32)),
        DatumType::F64 => tensor0(-0.0_f64),
        // The definition says: "-1 if the default is an integer".
        other => tensor0(-1_i64).cast_to_dt(other)?.into_owned(),
    })
}

impl LabelEncoder {
    fn encoder(&self, datum_type: DatumType) -> &Encoder {
        match self {
            Self::Map(encoder) => encoder,
            Self::Places { of_strings, .. } if datum_type == DatumType::String => of_strings,
            Self::Places { of_ints, .. } => of_ints,
        }
    }
}

impl Operator for LabelEncoder {
    const NAME: &'static str = "LabelEncoder";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        self.encoder(inputs[0].datum_type).output_facts(inputs[0])
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        self.encoder(inputs[0].datum_type()).encode(&inputs[0])
    }
}

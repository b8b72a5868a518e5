//! `CastMap`, for maps whose values are a matrix. The rewriting of the graph spreads the maps, so that only
//! the cast is left to do.
//!
//! <https://onnx.ai/onnx/operators/onnx_aionnxml_CastMap.html>

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::operator::{Operator, Parsed, parsed, tensor};

/// Casts each value to another type, `[N, columns]`.
#[derive(Debug, Clone, PartialEq)]
struct CastMap {
    to: DatumType,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let to = match node.get_attr_opt::<&str>("cast_to")?.unwrap_or("TO_FLOAT") {
        "TO_FLOAT" => DatumType::F32,
        "TO_INT64" => DatumType::I64,
        "TO_STRING" => DatumType::String,
        other => bail!("cast_to: expected TO_FLOAT, TO_INT64 or TO_STRING, found {other}"),
    };
    Ok(parsed(CastMap { to }))
}

/// Writes a number as C's `%f` does. ONNX leaves the format open; this is what onnxruntime does.
fn text(number: f64) -> String {
    if number.is_nan() { "nan".to_owned() } else { format!("{number:.6}") }
}

/// Reads numbers. An empty string stands for a missing key, and becomes 0 as a missing number does.
fn read<T: Datum + Default + std::str::FromStr>(texts: &Tensor) -> TractResult<Tensor> {
    let read = |text: &String| match text.trim().parse() {
        Err(_) if !text.is_empty() => bail!("expected {}, found `{text}`", T::name()),
        number => Ok(number.unwrap_or_default()),
    };
    let numbers = texts.try_as_plain_ram()?.as_slice::<String>()?.iter().map(read);
    tensor::<T>(numbers.collect::<TractResult<_>>()?, texts.shape())
}

impl Operator for CastMap {
    const NAME: &'static str = "CastMap";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(self.to.fact(inputs[0].shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let values = &inputs[0];
        let cast = match (values.datum_type(), self.to) {
            (DatumType::String, DatumType::F32) => read::<f32>(values)?,
            (DatumType::String, DatumType::I64) => read::<i64>(values)?,
            (DatumType::I64, DatumType::String) => values.cast_to_dt(DatumType::String)?.into_owned(),
            (DatumType::F32 | DatumType::F64, DatumType::String) => {
                let numbers = values.cast_to::<f64>()?;
                let numbers = numbers.try_as_plain_ram()?.as_slice::<f64>()?;
                tensor(numbers.iter().map(|number| text(*number)).collect(), values.shape())?
            }
            (_, to) => values.cast_to_dt(to)?.into_owned(),
        };
        Ok(tvec!(cast.into_tvalue()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(values: Tensor, to: DatumType) -> TractResult<TValue> {
        Ok(CastMap { to }.eval(&[values.into_tvalue()])?.remove(0))
    }

    #[test]
    fn strings_are_read_as_numbers_and_numbers_written_as_strings() {
        let texts = |texts: &[&str]| tensor1(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        let same = |found: TractResult<TValue>, expected: Tensor| assert_eq!(*found.unwrap(), expected);
        same(
            cast(texts(&["1.5", " -2 ", "1e3", ""]), DatumType::F32),
            tensor1(&[1.5_f32, -2.0, 1000.0, 0.0]),
        );
        same(cast(texts(&["-7"]), DatumType::I64), tensor1(&[-7_i64]));
        same(cast(texts(&["", "a"]), DatumType::String), texts(&["", "a"]));
        let floats = tensor1(&[0.1_f32, -2.5, f32::NAN, f32::NEG_INFINITY]);
        same(cast(floats, DatumType::String), texts(&["0.100000", "-2.500000", "nan", "-inf"]));
        same(cast(tensor1(&[-3_i64]), DatumType::String), texts(&["-3"]));
        same(cast(tensor1(&[2.9_f32, -2.9]), DatumType::I64), tensor1(&[2_i64, -2]));
        for (text, to, expected) in [
            (" ", DatumType::F32, "expected f32, found ` `"),
            ("1.5", DatumType::I64, "expected i64, found `1.5`"),
        ] {
            assert!(format!("{:#}", cast(texts(&[text]), to).unwrap_err()).contains(expected), "{text}");
        }
    }
}

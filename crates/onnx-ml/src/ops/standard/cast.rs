//! `Cast`: <https://onnx.ai/onnx/operators/onnx__Cast.html>
//!
//! tract computes with `int64` as dimensions, which lose what does not fit 32 bits. Here only dimensions stay
//! dimensions.
//!
//! The definition leaves some choices open. These are the choices of onnxruntime on x86-64:
//! - A number that does not fit `int32` or `int64`, or is NaN, becomes the least integer.
//! - The text of a number has eight digits.
//!
//! A text that is not a number as a whole is an error. onnxruntime reads the number that it begins with.

use std::fmt::Display;
use std::str::FromStr;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::cast;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{self, Operator, Parsed, tensor};
use crate::ops::tensor_access::{numbers, shape_of, strings};

/// Casts to another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cast {
    to: DatumType,
}

/// Casts texts, and cuts numbers to integers, in a typed graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TypedCast {
    to: DatumType,
}

pub(in crate::ops) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    Ok((expand(Cast { to: node.get_attr("to")? }), Vec::new()))
}

impl Cast {
    fn target(self, from: DatumType) -> DatumType {
        if from.is_tdim() && self.to == DatumType::I64 { from } else { self.to }
    }
}

impl Expansion for Cast {
    fn name(&self) -> StaticName {
        "Cast".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        solver.given(&inputs[0].datum_type, move |solver, from| {
            solver.equals(&outputs[0].datum_type, self.target(from))
        })?;
        solver.equals(&inputs[0].shape, &outputs[0].shape)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let from = model.outlet_fact(inputs[0])?.datum_type;
        let to = self.target(from);
        let of_text = from != to && [from, to].contains(&DatumType::String) && !from.is_tdim();
        let to_whole = from.is_float() && [DatumType::I32, DatumType::I64].contains(&to);
        if of_text || to_whole {
            operator::wire(TypedCast { to }, prefix, model, inputs)
        } else {
            model.wire_node(prefix, cast::cast(to), inputs)
        }
    }
}

impl Operator for TypedCast {
    const NAME: &'static str = "Cast";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(shape_of(inputs[0], self.to))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let x = &inputs[0];
        let shape = x.shape();
        let cast = match (x.datum_type(), self.to) {
            (_, DatumType::String) => tensor(texts(x)?, shape)?,
            (DatumType::String, DatumType::F32) => tensor(parsed::<f32>(x)?, shape)?,
            (DatumType::String, DatumType::F64) => tensor(parsed::<f64>(x)?, shape)?,
            (DatumType::String, DatumType::I32) => tensor(parsed::<i32>(x)?, shape)?,
            (DatumType::String, DatumType::I64) => tensor(parsed::<i64>(x)?, shape)?,
            (_, DatumType::I32) => {
                tensor(whole(x, f64::from(i32::MIN))?, shape)?.cast_to::<i32>()?.into_owned()
            }
            (_, DatumType::I64) => tensor(whole(x, i64::MIN as f64)?, shape)?,
            (from, to) => bail!("cannot cast from {from:?} to {to:?}"),
        };
        Ok(tvec!(cast.into_tvalue()))
    }
}

/// Numbers without their fractions. Those outside of `least` to `-least` become `least`.
#[expect(clippy::cast_possible_truncation, reason = "the number is in range")]
fn whole(x: &Tensor, least: f64) -> TractResult<Vec<i64>> {
    let within = |&x: &f64| if (least..-least).contains(&x) { x } else { least };
    Ok(numbers::<f64>(x)?.iter().map(within).map(|x| x as i64).collect())
}

/// Reads texts as numbers.
fn parsed<T: FromStr<Err: Display>>(x: &Tensor) -> TractResult<Vec<T>> {
    let parse = |text: &String| {
        text.trim_ascii().parse().map_err(|error| format_err!("cannot cast a text to a number: {error}"))
    };
    strings(x)?.iter().map(parse).collect()
}

/// Writes numbers as texts.
fn texts(x: &Tensor) -> TractResult<Vec<String>> {
    Ok(if x.datum_type().is_float() {
        numbers::<f64>(x)?.iter().map(|&x| text(x)).collect()
    } else {
        numbers::<i64>(x)?.iter().map(i64::to_string).collect()
    })
}

/// Writes a number as C's `%.8g` does, except for infinities and NaN.
fn text(x: f64) -> String {
    const DIGITS: i32 = 8;
    if x.is_nan() {
        return "NaN".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "INF" } else { "-INF" }.to_owned();
    }
    let scientific = format!("{x:.0$e}", DIGITS as usize - 1);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let without_zeros = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if (-4..DIGITS).contains(&exponent) {
        // With at least one place, only zeros after the point are removed.
        let places = usize::try_from(DIGITS - 1 - exponent).unwrap_or(0);
        if places == 0 { format!("{x:.0}") } else { without_zeros(&format!("{x:.places$}")) }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", without_zeros(digits), exponent.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbers_text_has_eight_digits() {
        let texts = [
            (0.0, "0"),
            (-0.0, "-0"),
            (12_345_678.0, "12345678"),
            (123_456_789.0, "1.2345679e+08"),
            (99_999_999.5, "1e+08"),
            (0.1 + 0.2, "0.3"),
            (f64::from(0.3_f32), "0.30000001"),
            (-1.5, "-1.5"),
            (10_000_000.0, "10000000"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (1e-300, "1e-300"),
        ];
        for (number, expected) in texts {
            assert_eq!(text(number), expected);
        }
    }

    #[test]
    fn texts_that_are_not_a_number_as_a_whole_are_refused() {
        for wrong in ["", "abc", "12abc", "1_000"] {
            let x = tensor1(&[wrong.to_owned()]);
            assert!(parsed::<f32>(&x).is_err() && parsed::<i64>(&x).is_err(), "{wrong}");
        }
        assert!(parsed::<i64>(&tensor1(&["1.5".to_owned()])).is_err());
    }
}

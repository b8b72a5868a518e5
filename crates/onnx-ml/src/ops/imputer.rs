//! `Imputer`: <https://onnx.ai/onnx/operators/onnx_aionnxml_Imputer.html>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::operator::{Operator, Parsed, parsed, tensor};
use super::tensor_access::{numbers, row_width, shape_of};

/// Replaces one value by the imputed value of its feature, in the type and shape of the input.
#[derive(Debug, Clone, PartialEq)]
enum Imputer {
    Floats(Replacement<f32>),
    Ints(Replacement<i64>),
}

#[derive(Debug, Clone, PartialEq)]
struct Replacement<T> {
    replaced: T,
    /// One value for all features, or one per feature.
    imputed: Arc<[T]>,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let floats: Vec<f32> = node.get_attr_opt_vec("imputed_value_floats")?.unwrap_or_default();
    let ints: Vec<i64> = node.get_attr_opt_vec("imputed_value_int64s")?.unwrap_or_default();
    let imputer = match (floats.len(), ints.len()) {
        (0, 0) => bail!("expected imputed_value_floats or imputed_value_int64s, found neither"),
        (_, 0) => Imputer::Floats(Replacement {
            replaced: node.get_attr_opt("replaced_value_float")?.unwrap_or_default(),
            imputed: floats.into(),
        }),
        (0, _) => Imputer::Ints(Replacement {
            replaced: node.get_attr_opt("replaced_value_int64")?.unwrap_or_default(),
            imputed: ints.into(),
        }),
        (floats, ints) => {
            bail!("{floats} imputed_value_floats and {ints} imputed_value_int64s: give only one of the two")
        }
    };
    Ok(parsed(imputer))
}

impl<T: Datum + Copy> Replacement<T> {
    fn impute<X: Datum + Copy>(
        &self,
        x: &Tensor,
        cast: impl Fn(T) -> X,
        equals: impl Fn(X, X) -> bool,
    ) -> TractResult<Tensor> {
        let width = row_width(x.shape())?;
        ensure!(
            [1, width].contains(&self.imputed.len()),
            "rows of {width} features for {} imputed values",
            self.imputed.len()
        );
        let replaced = cast(self.replaced);
        let imputed: Vec<X> = self.imputed.iter().map(|&value| cast(value)).collect();
        let mut values = numbers::<X>(x)?.into_owned();
        let choose = |x: &mut X, imputed: X| *x = if equals(*x, replaced) { imputed } else { *x };
        if let [imputed] = imputed[..] {
            for x in &mut values {
                choose(x, imputed);
            }
        } else {
            for row in values.chunks_exact_mut(width) {
                row.iter_mut().zip(&imputed).for_each(|(x, &imputed)| choose(x, imputed));
            }
        }
        tensor(values, x.shape())
    }
}

impl Operator for Imputer {
    const NAME: &'static str = "Imputer";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let datum_type = inputs[0].datum_type;
        let attribute = match self {
            Self::Floats(_) => "imputed_value_floats",
            Self::Ints(_) => "imputed_value_int64s",
        };
        ensure!(
            datum_type.is_float() == matches!(self, Self::Floats(_)) && datum_type.is_number(),
            "{attribute} for an input of {datum_type:?}"
        );
        Ok(shape_of(inputs[0], datum_type))
    }

    #[expect(clippy::float_cmp, reason = "the value to replace is compared exactly")]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let x = &inputs[0];
        let imputed = match (self, x.datum_type()) {
            (Self::Floats(values), DatumType::F64) => {
                // NaN stands for a missing value, but does not equal itself. It is replaced if the value to
                // replace is NaN.
                values.impute(x, f64::from, |x, replaced| x == replaced || (x.is_nan() && replaced.is_nan()))
            }
            (Self::Floats(values), _) => values.impute(
                x,
                |value| value,
                |x, replaced| x == replaced || (x.is_nan() && replaced.is_nan()),
            ),
            (Self::Ints(values), _) => values.impute(x, |value| value, |x, replaced| x == replaced),
        }?;
        Ok(tvec!(imputed.cast_to_dt(x.datum_type())?.into_owned().into_tvalue()))
    }
}

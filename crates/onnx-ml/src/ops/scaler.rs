//! `Scaler`: <https://onnx.ai/onnx/operators/onnx_aionnxml_Scaler.html>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::operator::{Operator, Parsed, parsed, tensor};
use super::tensor_access::{numbers, row_width, shape_of};

/// Computes `(x - offset) * scale` for each feature, in the shape of the input.
#[derive(Debug, Clone, PartialEq)]
struct Scaler {
    /// One for all features, or one per feature.
    columns: Arc<[FeatureScale]>,
}

/// The offset and scale of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
struct FeatureScale {
    offset: f32,
    scale: f32,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let offsets: Vec<f32> = node.get_attr_opt_vec("offset")?.unwrap_or_default();
    let scales: Vec<f32> = node.get_attr_opt_vec("scale")?.unwrap_or_default();
    ensure!(
        !scales.is_empty() && offsets.len() == scales.len(),
        "offset of length {} and scale of length {}",
        offsets.len(),
        scales.len()
    );
    let columns =
        offsets.into_iter().zip(scales).map(|(offset, scale)| FeatureScale { offset, scale }).collect();
    Ok(parsed(Scaler { columns }))
}

impl Scaler {
    fn scale<T: Copy>(
        &self,
        values: &[T],
        width: usize,
        scaled: impl Fn(T, FeatureScale) -> f32,
    ) -> Vec<f32> {
        if let [column] = self.columns[..] {
            return values.iter().map(|&x| scaled(x, column)).collect();
        }
        let mut all = Vec::with_capacity(values.len());
        for row in values.chunks_exact(width) {
            all.extend(row.iter().zip(&*self.columns).map(|(&x, &column)| scaled(x, column)));
        }
        all
    }
}

impl Operator for Scaler {
    const NAME: &'static str = "Scaler";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(shape_of(inputs[0], f32::datum_type()))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let x = &inputs[0];
        let width = row_width(x.shape())?;
        ensure!(
            [1, width].contains(&self.columns.len()),
            "rows of {width} features for {} offsets and scales",
            self.columns.len()
        );
        let scaled = if x.datum_type() == f64::datum_type() {
            // A double is rounded only after it is scaled.
            #[expect(clippy::cast_possible_truncation, reason = "the output is float")]
            self.scale(&numbers::<f64>(x)?, width, |x, column| {
                ((x - f64::from(column.offset)) * f64::from(column.scale)) as f32
            })
        } else {
            self.scale(&numbers::<f32>(x)?, width, |x, column| (x - column.offset) * column.scale)
        };
        Ok(tvec!(tensor(scaled, x.shape())?.into_tvalue()))
    }
}

//! `FeatureVectorizer`: <https://onnx.ai/onnx/operators/onnx_aionnxml_FeatureVectorizer.html>

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::operator::{MAX_WIDTH, Operator, Parsed, parsed, tensor};
use super::tensor_access::{numbers, row_width};

/// Puts the inputs side by side, `[N, F]`. As in onnxruntime, an input with too many columns is cut, and one
/// with too few is filled with zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FeatureVectorizer {
    /// The number of columns of each input.
    widths: Vec<usize>,
    /// The number of columns of all inputs.
    width: usize,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let widths: Vec<usize> = node.get_attr_vec("inputdimensions")?;
    ensure!(
        widths.len() == node.input.len(),
        "{} inputdimensions for {} inputs",
        widths.len(),
        node.input.len()
    );
    let width = widths.iter().try_fold(0_usize, |sum, &width| sum.checked_add(width));
    let width = width.filter(|width| (1..=MAX_WIDTH).contains(width));
    let width =
        width.with_context(|| format!("inputdimensions {widths:?}: expected a sum of 1 to {MAX_WIDTH}"))?;
    Ok(parsed(FeatureVectorizer { widths, width }))
}

impl Operator for FeatureVectorizer {
    const NAME: &'static str = "FeatureVectorizer";

    fn inputs(&self) -> usize {
        self.widths.len()
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let rows = match &*inputs[0].shape {
            [] => bail!("expected rows, found one element of rank 0"),
            [_] => 1.to_dim(),
            [rows, ..] => rows.clone(),
        };
        Ok(tvec!(f32::datum_type().fact([rows, self.width.to_dim()])))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let rows = if inputs[0].rank() == 1 { 1 } else { inputs[0].shape()[0] };
        let mut all = vec![0.0_f32; rows * self.width];
        let mut start = 0;
        for (input, &width) in inputs.iter().zip(&self.widths) {
            let given = if input.rank() > 1 {
                input.shape()[1..].iter().product()
            } else {
                row_width(input.shape())?
            };
            let values = numbers::<f32>(input)?;
            ensure!(
                values.len() == rows * given,
                "expected {rows} rows of {given} values, found {} values",
                values.len()
            );
            let copied = given.min(width);
            for (to, from) in all.chunks_exact_mut(self.width).zip(values.chunks_exact(given.max(1))) {
                to[start..start + copied].copy_from_slice(&from[..copied]);
            }
            start += width;
        }
        Ok(tvec!(tensor(all, &[rows, self.width])?.into_tvalue()))
    }
}

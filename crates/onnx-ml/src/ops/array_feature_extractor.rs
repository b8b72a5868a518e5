//! `ArrayFeatureExtractor`: <https://onnx.ai/onnx/operators/onnx_aionnxml_ArrayFeatureExtractor.html>

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::operator::{Operator, Parsed, parsed};
use super::take::take;
use super::tensor_access::numbers;

/// Picks the features at K places: `[.., F]` becomes `[.., K]`. As in onnxruntime, `[F]` becomes `[1, K]`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ArrayFeatureExtractor;

#[expect(clippy::unnecessary_wraps, reason = "the signature of a parser of tract")]
pub(super) fn parse(_: &ParsingContext, _: &NodeProto) -> TractResult<Parsed> {
    Ok(parsed(ArrayFeatureExtractor))
}

impl Operator for ArrayFeatureExtractor {
    const NAME: &'static str = "ArrayFeatureExtractor";

    fn inputs(&self) -> usize {
        2
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [x, places] = inputs else { bail!("expected two inputs") };
        let mut shape: TVec<TDim> = x.shape.iter().cloned().collect();
        ensure!(!shape.is_empty(), "expected features, found one element of rank 0");
        if shape.len() == 1 {
            shape.insert(0, 1.to_dim());
        }
        let last = shape.len() - 1;
        shape[last] = places.shape.volume();
        Ok(tvec!(x.datum_type.fact(shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [x, places] = inputs else { bail!("expected two inputs") };
        let (&width, outer) = x.shape().split_last().context("expected features of rank 1 or more")?;
        let within = |&place: &i64| usize::try_from(place).ok().filter(|&place| place < width);
        let columns = numbers::<i64>(places)?
            .iter()
            .map(|place| within(place).with_context(|| format!("feature {place} of {width}")))
            .collect::<TractResult<Vec<usize>>>()?;
        let rows: usize = outer.iter().product();
        let places: Vec<usize> =
            (0..rows).flat_map(|row| columns.iter().map(move |column| row * width + column)).collect();
        let mut shape: TVec<usize> = outer.into();
        if shape.is_empty() {
            shape.push(1);
        }
        shape.push(columns.len());
        Ok(tvec!(take(x, &places, &shape)?.into_tvalue()))
    }
}

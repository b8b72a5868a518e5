//! `OneHotEncoder`: <https://onnx.ai/onnx/operators/onnx_aionnxml_OneHotEncoder.html>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::lookup::Lookup;
use super::operator::{Operator, Parsed, parsed, tensor};

/// Makes each element a row with a 1 at the place of its category. The output has one dimension more than the
/// input.
#[derive(Debug, Clone, PartialEq)]
struct OneHotEncoder {
    categories: Arc<Lookup>,
    width: usize,
    /// Whether an unknown category becomes a row of zeros. If not, it is an error.
    zeros: bool,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let strings: Vec<String> = node.get_attr_opt_vec("cats_strings")?.unwrap_or_default();
    let ints: Vec<i64> = node.get_attr_opt_vec("cats_int64s")?.unwrap_or_default();
    let width = strings.len().max(ints.len());
    let categories = match (strings.len(), ints.len()) {
        (0, 0) => bail!("expected cats_strings or cats_int64s, found neither"),
        (_, 0) => Lookup::of_strings(strings),
        (0, _) => Lookup::of_ints(ints),
        (strings, ints) => bail!("{strings} cats_strings and {ints} cats_int64s: give only one of the two"),
    };
    let zeros = node.get_attr_opt("zeros")?.unwrap_or(1_i64) != 0;
    Ok(parsed(OneHotEncoder { categories: Arc::new(categories), width, zeros }))
}

impl Operator for OneHotEncoder {
    const NAME: &'static str = "OneHotEncoder";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let is_string = inputs[0].datum_type == DatumType::String;
        ensure!(
            is_string == matches!(*self.categories, Lookup::Strings(_)),
            "an input of {:?} for {}",
            inputs[0].datum_type,
            if is_string { "cats_int64s" } else { "cats_strings" }
        );
        let shape = inputs[0].shape.iter().cloned().chain([self.width.to_dim()]);
        Ok(tvec!(f32::datum_type().fact(shape.collect::<TVec<_>>())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let x = &inputs[0];
        let places = self.categories.places(x)?;
        ensure!(
            self.zeros || places.iter().all(Option::is_some),
            "found an unknown category, and `zeros` is 0"
        );
        let mut encoded = vec![0.0_f32; places.len() * self.width];
        for (row, place) in encoded.chunks_exact_mut(self.width).zip(places) {
            if let Some(place) = place {
                row[place] = 1.0;
            }
        }
        let shape: TVec<usize> = x.shape().iter().copied().chain([self.width]).collect();
        Ok(tvec!(tensor(encoded, &shape)?.into_tvalue()))
    }
}

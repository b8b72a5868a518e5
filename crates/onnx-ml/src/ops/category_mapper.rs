//! `CategoryMapper`: <https://onnx.ai/onnx/operators/onnx_aionnxml_CategoryMapper.html>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::encoder::Encoder;
use super::operator::{Operator, Parsed, parsed};

/// Maps strings to integers, or integers to strings, as the type of the input asks. The shape stays.
#[derive(Debug, Clone, PartialEq)]
struct CategoryMapper {
    strings: Arc<Encoder>,
    ints: Arc<Encoder>,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let strings: Vec<String> = node.get_attr_vec("cats_strings")?;
    let ints: Vec<i64> = node.get_attr_vec("cats_int64s")?;
    let default_string = node.get_attr_opt("default_string")?.unwrap_or("_Unused").to_owned();
    let default_int = node.get_attr_opt("default_int64")?.unwrap_or(-1_i64);
    ensure!(strings.len() == ints.len(), "{} cats_strings and {} cats_int64s", strings.len(), ints.len());
    let (strings, ints) = (tensor1(&strings), tensor1(&ints));
    Ok(parsed(CategoryMapper {
        strings: Arc::new(Encoder::new(&strings, &ints, &tensor0(default_int))?),
        ints: Arc::new(Encoder::new(&ints, &strings, &tensor0(default_string))?),
    }))
}

impl CategoryMapper {
    fn encoder(&self, datum_type: DatumType) -> &Encoder {
        if datum_type == DatumType::String { &self.strings } else { &self.ints }
    }
}

impl Operator for CategoryMapper {
    const NAME: &'static str = "CategoryMapper";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        self.encoder(inputs[0].datum_type).output_facts(inputs[0])
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        self.encoder(inputs[0].datum_type()).encode(&inputs[0])
    }
}

//! `SparseToDense`: a matrix from sparse rows, for operators that take nothing else. It is no ONNX operator: only the
//! rewriting of a graph that begins with a `DictVectorizer` makes one.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::SPARSE_WIDTH;
use super::features::Layout;
use super::operator::{Operator, Parsed, matrix, parsed, rows_of};

/// The operator.
#[derive(Debug, Clone, PartialEq)]
struct SparseToDense {
    width: usize,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let width = node.get_attr(SPARSE_WIDTH)?;
    Ok(parsed(SparseToDense { width }))
}

impl Operator for SparseToDense {
    const NAME: &'static str = super::SPARSE_TO_DENSE;

    fn inputs(&self) -> usize {
        2
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(rows_of(inputs[0], f32::datum_type(), self.width)?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let features = Layout::sparse(self.width).read(inputs)?;
        let mut dense = Vec::with_capacity(inputs[0].shape()[0] * self.width);
        features.for_each_dense(|row| dense.extend_from_slice(row));
        Ok(tvec!(matrix(dense, self.width)?))
    }
}

//! `SparseToDense`: a matrix from sparse rows, for operators that take nothing else. It is no ONNX operator: only the
//! rewriting of a graph that begins with a `DictVectorizer` makes one.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::SPARSE_WIDTH;
use super::features::Layout;
use super::row_op::{RowOp, parsed};

/// The operator.
#[derive(Debug, Clone, PartialEq)]
struct SparseToDense {
    width: usize,
}

pub(super) fn parse(
    _: &ParsingContext,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let width = node.get_attr(SPARSE_WIDTH)?;
    Ok(parsed(SparseToDense { width }))
}

impl RowOp for SparseToDense {
    const NAME: &'static str = super::SPARSE_TO_DENSE;

    fn arity(&self) -> usize {
        2
    }

    fn width(&self) -> usize {
        self.width
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<Vec<f32>> {
        let features = Layout::sparse(self.width).read(inputs)?;
        let mut dense = Vec::with_capacity(inputs[0].shape()[0] * self.width);
        features.for_each_dense(|row| dense.extend_from_slice(row));
        Ok(dense)
    }
}

//! `SparseToDense` makes a dense matrix from sparse rows, for operators that cannot read sparse rows. It is
//! not an ONNX operator: only the rewriting of a `DictVectorizer` or a `CastMap` makes one.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::SPARSE_WIDTH;
use super::operator::{Operator, Parsed, matrix, parsed, rows_of};

/// Makes a matrix `[N, width]` from columns `[N, K]` and values `[N, K]`, in the type of the values.
#[derive(Debug, Clone, PartialEq)]
struct SparseToDense {
    width: usize,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let width = node.get_attr(SPARSE_WIDTH)?;
    Ok(parsed(SparseToDense { width }))
}

impl SparseToDense {
    fn dense<T: Datum + Copy + Default>(&self, columns: &Tensor, values: &Tensor) -> TractResult<TValue> {
        let entries = (*columns.shape().get(1).context("expected columns of rank 2")?).max(1);
        let columns = columns.try_as_plain_ram()?.as_slice::<i32>()?.chunks_exact(entries);
        let values = values.try_as_plain_ram()?.as_slice::<T>()?.chunks_exact(entries);
        let mut dense = vec![T::default(); columns.len() * self.width];
        for ((columns, values), row) in columns.zip(values).zip(dense.chunks_exact_mut(self.width.max(1))) {
            for (&column, value) in columns.iter().zip(values) {
                // A negative column marks a void entry.
                if let Ok(column) = usize::try_from(column) {
                    *row.get_mut(column)
                        .with_context(|| format!("expected columns below {}", self.width))? = *value;
                }
            }
        }
        matrix(&dense, self.width)
    }
}

impl Operator for SparseToDense {
    const NAME: &'static str = super::SPARSE_TO_DENSE;

    fn inputs(&self) -> usize {
        2
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(rows_of(inputs[0], inputs[1].datum_type, self.width)?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let (columns, values) = (&inputs[0], &inputs[1]);
        Ok(tvec!(match values.datum_type() {
            DatumType::F64 => self.dense::<f64>(columns, values)?,
            DatumType::I64 => self.dense::<i64>(columns, values)?,
            _ => self.dense::<f32>(columns, values)?,
        }))
    }
}

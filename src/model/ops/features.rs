//! The rows of features that an operator reads: a dense matrix, or the entries of sparse rows.

use std::borrow::Cow;

use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_itertools::Itertools;
use tract_onnx::tract_hir::internal::*;

use serving_spec::columns::Sparse;

use super::SPARSE_WIDTH;
use super::values::numbers;

/// How an operator's features come: dense, or sparse with that many columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    sparse_width: Option<usize>,
}

impl Layout {
    /// As the node says.
    pub fn of(node: &NodeProto) -> TractResult<Self> {
        Ok(Self { sparse_width: node.get_attr_opt(SPARSE_WIDTH)? })
    }

    /// The number of inputs that the features take.
    pub fn inputs(self) -> usize {
        if self.sparse_width.is_some() { 2 } else { 1 }
    }

    /// Reads the features of a batch: as `float`, whatever numbers they come in. Of rank 1 they are those of one row.
    pub fn read(self, inputs: &[TValue]) -> TractResult<Features<'_>> {
        if let Some(width) = self.sparse_width {
            let (columns, values) = inputs.iter().collect_tuple().context("columns and values")?;
            let entries = *columns.shape().get(1).context("columns of rank 2")?;
            let columns = columns.try_as_plain_ram()?.as_slice::<i32>()?;
            let values = values.try_as_plain_ram()?.as_slice::<f32>()?;
            ensure!(columns.len() == values.len(), "as many columns as values");
            let in_range =
                |&column: &i32| column == Sparse::NONE || usize::try_from(column).is_ok_and(|c| c < width);
            ensure!(columns.iter().all(in_range), "columns below {width}");
            return Ok(Features::Sparse { columns, values, entries, width });
        }
        let matrix = inputs.first().context("one input")?;
        let width = match matrix.shape() {
            [] => bail!("one element of rank 0 where rows are expected"),
            [width] => *width,
            [_, columns @ ..] => columns.iter().product(),
        };
        Ok(Features::Dense { values: numbers(matrix)?, width })
    }
}

/// The features of a batch.
#[derive(Debug)]
pub enum Features<'a> {
    /// Row after row.
    Dense {
        /// `rows × width` values.
        values: Cow<'a, [f32]>,
        /// Columns.
        width: usize,
    },
    /// Entries, row after row: every column that is not [`Sparse::NONE`] is below `width`.
    Sparse {
        /// `rows × entries` columns.
        columns: &'a [i32],
        /// `rows × entries` values.
        values: &'a [f32],
        /// Entries a row.
        entries: usize,
        /// Columns that a row spans.
        width: usize,
    },
}

impl Features<'_> {
    /// Columns of a row.
    pub fn width(&self) -> usize {
        match self {
            Self::Dense { width, .. } | Self::Sparse { width, .. } => *width,
        }
    }

    /// Calls `visit` with each dense row in turn. Sparse rows share one, in which only their entries are set and
    /// unset: a row costs its entries, not its width.
    pub fn for_each_dense(&self, mut visit: impl FnMut(&[f32])) {
        match self {
            Self::Dense { values, width } => values.chunks_exact((*width).max(1)).for_each(visit),
            Self::Sparse { width, .. } => {
                let mut row = vec![0.0; *width];
                self.for_each_sparse(|entries| {
                    for (column, value) in entries.clone() {
                        row[column] = value;
                    }
                    visit(&row);
                    for (column, _) in entries {
                        row[column] = 0.0;
                    }
                });
            }
        }
    }

    /// Calls `visit` with the entries of each sparse row in turn; never for dense ones.
    pub fn for_each_sparse(&self, mut visit: impl FnMut(SparseRow)) {
        if let Self::Sparse { columns, values, entries, .. } = self {
            let entries = (*entries).max(1);
            for (columns, values) in columns.chunks_exact(entries).zip(values.chunks_exact(entries)) {
                visit(SparseRow { columns: columns.iter(), values: values.iter() });
            }
        }
    }
}

/// The entries of a row, column and value each, without those that stand for nothing.
#[derive(Debug, Clone)]
pub struct SparseRow<'a> {
    columns: std::slice::Iter<'a, i32>,
    values: std::slice::Iter<'a, f32>,
}

impl Iterator for SparseRow<'_> {
    type Item = (usize, f32);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (column, value) = (self.columns.next()?, self.values.next()?);
            if let Ok(column) = usize::try_from(*column) {
                return Some((column, *value));
            }
        }
    }
}

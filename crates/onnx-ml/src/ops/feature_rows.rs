//! The rows of features that an operator reads: a dense matrix, or sparse rows.

use std::borrow::Cow;

use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_itertools::Itertools;
use tract_onnx::tract_hir::internal::*;

use super::SPARSE_WIDTH;
use super::tensor_access::numbers;

/// The column of a void entry in a sparse row. Void entries fill rows that have fewer entries than others.
pub const VOID_COLUMN: i32 = -1;

/// How the features of an operator arrive: dense, or sparse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// The number of columns of a sparse row.
    sparse_width: Option<usize>,
}

impl Layout {
    /// Reads the layout from the node.
    pub fn of(node: &NodeProto) -> TractResult<Self> {
        Ok(Self { sparse_width: node.get_attr_opt(SPARSE_WIDTH)? })
    }

    /// The number of inputs that hold the features.
    pub fn inputs(self) -> usize {
        if self.sparse_width.is_some() { 2 } else { 1 }
    }

    /// Reads the features of a batch as `float`, casting other numbers. A tensor of rank 1 is one row.
    pub fn read(self, inputs: &[TValue]) -> TractResult<Features<'_>> {
        if let Some(width) = self.sparse_width {
            let (columns, values) =
                inputs.iter().collect_tuple().context("expected two inputs, columns and values")?;
            let entries = *columns.shape().get(1).context("expected columns of rank 2")?;
            let columns = columns.try_as_plain_ram()?.as_slice::<i32>()?;
            let values = values.try_as_plain_ram()?.as_slice::<f32>()?;
            ensure!(
                columns.len() == values.len(),
                "expected as many columns as values, found {} and {}",
                columns.len(),
                values.len()
            );
            let in_range =
                |&column: &i32| column == VOID_COLUMN || usize::try_from(column).is_ok_and(|c| c < width);
            ensure!(columns.iter().all(in_range), "expected columns below {width}");
            return Ok(Features::Sparse { columns, values, entries, width });
        }
        let matrix = inputs.first().context("expected one input")?;
        let width = match matrix.shape() {
            [] => bail!("expected rows, found one element of rank 0"),
            [width] => *width,
            [_, columns @ ..] => columns.iter().product(),
        };
        Ok(Features::Dense { values: numbers(matrix)?, width })
    }
}

/// The features of a batch.
#[derive(Debug)]
pub enum Features<'a> {
    /// A dense matrix, row after row.
    Dense {
        /// `rows × width` values.
        values: Cow<'a, [f32]>,
        /// The number of columns.
        width: usize,
    },
    /// Sparse rows, one after another. Every column other than [`VOID_COLUMN`] is below `width`.
    Sparse {
        /// `rows × entries` columns.
        columns: &'a [i32],
        /// `rows × entries` values.
        values: &'a [f32],
        /// The number of entries per row.
        entries: usize,
        /// The number of columns that a row spans.
        width: usize,
    },
}

impl Features<'_> {
    /// The number of columns of a row.
    pub fn width(&self) -> usize {
        match self {
            Self::Dense { width, .. } | Self::Sparse { width, .. } => *width,
        }
    }

    /// Calls `visit` with each row in turn, as a dense row. Sparse rows share one buffer in which only their
    /// entries are set and reset. So a row costs its entries, not its width.
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

    /// Calls `visit` with the entries of each sparse row in turn. Does nothing for dense rows.
    pub fn for_each_sparse(&self, mut visit: impl FnMut(SparseRow)) {
        if let Self::Sparse { columns, values, entries, .. } = self {
            let entries = (*entries).max(1);
            for (columns, values) in columns.chunks_exact(entries).zip(values.chunks_exact(entries)) {
                visit(SparseRow { columns: columns.iter(), values: values.iter() });
            }
        }
    }
}

/// The entries of a sparse row as columns and values, without the void ones.
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

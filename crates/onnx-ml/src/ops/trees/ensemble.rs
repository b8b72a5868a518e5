//! Trees, and how the weights of the leaves that a row reaches become scores.

use tract_onnx::tract_hir::internal::*;

use super::super::feature_rows::{Features, Layout};
use super::super::unchecked::Vectors;
use super::block::Row;
use super::forest::{Forest, Number};
use super::kernel::sum;
use super::packed::Packed;

/// An ensemble of trees, in the form that runs fastest.
#[derive(Debug, PartialEq)]
pub struct Ensemble {
    form: Form,
    aggregate: Aggregate,
    trees: usize,
    features: usize,
    targets: usize,
}

#[derive(Debug, PartialEq)]
enum Form {
    Packed(Packed),
    Plain(Forest<f64>),
}

/// How the weights of the trees for a target become its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// The sum.
    Sum,
    /// The sum, divided by the number of trees.
    Average,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// The rows of features that trees read. Doubles are not rounded to floats.
#[derive(Debug)]
pub enum Rows<'a> {
    /// `rows × width` doubles, and the width.
    Double(&'a [f64], usize),
    /// Floats, and other numbers cast to floats.
    Other(Features<'a>),
}

impl<'a> Rows<'a> {
    /// Reads the features of a batch.
    pub fn read(layout: Layout, inputs: &'a [TValue]) -> TractResult<Self> {
        let matrix = &inputs[0];
        if matrix.datum_type() != f64::datum_type() {
            return Ok(Self::Other(layout.read(inputs)?));
        }
        let width = super::super::tensor_access::row_width(matrix.shape())?;
        Ok(Self::Double(matrix.try_as_plain_ram()?.as_slice::<f64>()?, width))
    }

    fn width(&self) -> usize {
        match self {
            Self::Double(_, width) => *width,
            Self::Other(features) => features.width(),
        }
    }
}

impl Ensemble {
    /// Makes an ensemble that aggregates the weights of leaves for each of `targets` targets.
    ///
    /// # Errors
    /// When there are weights for more targets, or when a node is below itself.
    pub fn new<T: Number>(forest: Forest<T>, targets: usize, aggregate: Aggregate) -> TractResult<Self> {
        ensure!(forest.targets <= targets, "weights for target {} of {targets}", forest.targets - 1);
        ensure!(!forest.has_cycle(), "a node of a tree is below itself");
        let (trees, features) = (forest.roots.len(), forest.features);
        let summed = matches!(aggregate, Aggregate::Sum | Aggregate::Average);
        let packed = T::floats(&forest).filter(|_| summed).and_then(|forest| Packed::new(forest, targets));
        let form = packed.map_or_else(|| Form::Plain(forest.into_f64()), Form::Packed);
        Ok(Self { form, aggregate, trees, features, targets })
    }

    /// The scores of a batch, `rows × targets`. The score is 0 if a row reaches no weight for a target.
    ///
    /// # Errors
    /// When rows have fewer features than the trees read.
    pub fn scores(&self, rows: &Rows) -> TractResult<Vec<f64>> {
        ensure!(
            rows.width() >= self.features,
            "rows of {} features, the trees read {}",
            rows.width(),
            self.features
        );
        let mut scores = match &self.form {
            Form::Packed(packed) => packed.sums(rows),
            Form::Plain(forest) => self.walk(forest, rows),
        };
        if self.aggregate == Aggregate::Average {
            for sum in &mut scores {
                *sum /= self.trees as f64;
            }
        }
        Ok(scores)
    }

    fn walk(&self, forest: &Forest<f64>, rows: &Rows) -> Vec<f64> {
        let mut scores = Vec::new();
        let mut of_row = vec![None; self.targets];
        let mut walk = |row: &[f64]| {
            of_row.fill(None);
            for &(target, weight) in forest.leaves(row).flatten() {
                let score = &mut of_row[target as usize];
                *score = Some(match (*score, self.aggregate) {
                    (None, _) => weight,
                    (Some(sum), Aggregate::Sum | Aggregate::Average) => sum + weight,
                    (Some(least), Aggregate::Min) => weight.min(least),
                    (Some(most), Aggregate::Max) => weight.max(most),
                });
            }
            scores.extend(of_row.iter().map(|score: &Option<f64>| score.unwrap_or(0.0)));
        };
        match rows {
            Rows::Double(values, width) => values.chunks_exact((*width).max(1)).for_each(walk),
            Rows::Other(features) => {
                let mut wide = Vec::new();
                features.for_each_dense(|row| {
                    wide.clear();
                    wide.extend(row.iter().map(|&x| f64::from(x)));
                    walk(&wide);
                });
            }
        }
        scores
    }
}

impl Packed {
    /// The sums of the weights of each row, `rows × targets`.
    fn sums(&self, rows: &Rows) -> Vec<f64> {
        match rows {
            Rows::Double(values, width) => sum(self, values, *width, Vectors::new()),
            Rows::Other(Features::Dense { values, width }) => sum(self, values, *width, Vectors::new()),
            Rows::Other(features @ Features::Sparse { .. }) => {
                let mut row = Row::new(self);
                let mut sums = Vec::new();
                features.for_each_sparse(|entries| {
                    row.set(self, entries.clone());
                    let start = sums.len();
                    sums.resize(start + self.targets(), 0.0);
                    row.sum(self, &mut sums[start..]);
                    row.set(self, entries.map(|(column, _)| (column, 0.0)));
                });
                sums
            }
        }
    }
}

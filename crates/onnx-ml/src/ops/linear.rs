//! Linear functions of features. `LinearRegressor` and `LinearClassifier` share them.

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::dot::dot;
use super::feature_rows::Features;

/// One function per target. There is at least one, and all have the same number of coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// `targets × features` coefficients, target after target.
    coefficients: Vec<f32>,
    /// One intercept per target.
    intercepts: Vec<f32>,
}

impl Linear {
    /// Reads `coefficients` and `intercepts`. The number of functions is `targets`, else the number of
    /// intercepts, else `or_targets`.
    ///
    /// # Errors
    /// When the numbers of coefficients, intercepts and targets do not match.
    pub fn of(node: &NodeProto, targets: Option<usize>, or_targets: usize) -> TractResult<Self> {
        let coefficients: Vec<f32> = node.get_attr_vec("coefficients")?;
        let intercepts: Vec<f32> = node.get_attr_opt_vec("intercepts")?.unwrap_or_default();
        let given = Some(intercepts.len()).filter(|&count| count > 0);
        let targets = targets.or(given).unwrap_or(or_targets);
        ensure!(
            targets > 0 && !coefficients.is_empty() && coefficients.len().is_multiple_of(targets),
            "{} coefficients for {targets} targets",
            coefficients.len(),
        );
        ensure!(
            given.is_none_or(|given| given == targets),
            "{} intercepts for {targets} targets",
            intercepts.len()
        );
        let intercepts = if given.is_some() { intercepts } else { vec![0.0; targets] };
        Ok(Self { coefficients, intercepts })
    }

    /// The number of functions.
    pub fn targets(&self) -> usize {
        self.intercepts.len()
    }

    /// The value of each function for each row, row after row.
    ///
    /// # Errors
    /// When the number of features differs from the number of coefficients.
    pub fn scores(&self, features: &Features, rows: usize) -> TractResult<Vec<f32>> {
        let width = self.coefficients.len() / self.intercepts.len();
        ensure!(features.width() == width, "rows of {} features for {width} coefficients", features.width());
        let functions = || self.coefficients.chunks_exact(width).zip(&self.intercepts);
        let mut scores = Vec::with_capacity(rows * self.targets());
        match features {
            Features::Sparse { .. } => features.for_each_sparse(|row| {
                let product = |c: &[f32]| row.clone().map(|(column, value)| c[column] * value).sum::<f32>();
                scores.extend(functions().map(|(c, intercept)| product(c) + intercept));
            }),
            Features::Dense { .. } => features.for_each_dense(|row| {
                scores.extend(functions().map(|(c, intercept)| dot(row, c) + intercept));
            }),
        }
        Ok(scores)
    }
}

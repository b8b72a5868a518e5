//! Decides between each pair of classes with support vectors, as `SVMClassifier` does.

use std::ops::Range;

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::labels::top_class;
use crate::ops::post_transform::logistic;

use super::coupling::couple;
use super::kernel::SupportVectors;

/// One decision function per pair of classes: (0, 1), (0, 2), …, (1, 2), ….
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    vectors: SupportVectors,
    /// The range of vectors of each class.
    of_class: Vec<Range<usize>>,
    /// `(classes - 1) × vectors` coefficients. The coefficient of a vector against another class is in the
    /// row of that class. The class of the vector itself has no row.
    coefficients: Vec<f32>,
    /// One intercept per pair.
    rho: Vec<f32>,
    /// The sigmoid of each pair, which makes its decision a probability. Empty if the model has none.
    sigmoids: Vec<(f32, f32)>,
}

impl Pairs {
    /// Reads the attributes for `classes` classes. `counts` are their numbers of support vectors, not all 0.
    ///
    /// # Errors
    /// When the lengths of lists do not match the numbers of classes and vectors.
    pub fn of(node: &NodeProto, counts: Vec<usize>, classes: usize) -> TractResult<Self> {
        ensure!(counts.len() == classes, "{} vectors_per_class for {classes} class labels", counts.len());
        ensure!(classes > 1, "expected two or more class labels with support vectors, found one");
        let coefficients: Vec<f32> = node.get_attr_vec("coefficients")?;
        let mut of_class = Vec::with_capacity(classes);
        let mut total = 0_usize;
        for count in counts {
            let end = total.checked_add(count).context("vectors_per_class")?;
            of_class.push(total..end);
            total = end;
        }
        ensure!(
            Some(coefficients.len()) == total.checked_mul(classes - 1),
            "{} coefficients for {classes} class labels and vectors_per_class of sum {total}",
            coefficients.len()
        );
        let pairs = classes.checked_mul(classes - 1).context("class labels")? / 2;
        let list = |name: &str| -> TractResult<Vec<f32>> {
            let list: Vec<f32> = node.get_attr_opt_vec(name)?.unwrap_or_default();
            let optional = name != "rho" && list.is_empty();
            ensure!(
                list.len() == pairs || optional,
                "{} values in {name} for {pairs} pairs of classes",
                list.len()
            );
            Ok(list)
        };
        let (rho, a, b) = (list("rho")?, list("prob_a")?, list("prob_b")?);
        ensure!(a.len() == b.len(), "{} values in prob_a and {} in prob_b", a.len(), b.len());
        let vectors = SupportVectors::of(node, total)?;
        Ok(Self { vectors, of_class, coefficients, rho, sigmoids: a.into_iter().zip(b).collect() })
    }

    /// The number of pairs.
    pub fn count(&self) -> usize {
        self.rho.len()
    }

    /// The number of features of a row.
    pub fn width(&self) -> usize {
        self.vectors.width()
    }

    /// Whether the model gives probabilities.
    pub fn has_probabilities(&self) -> bool {
        !self.sigmoids.is_empty()
    }

    /// Every pair of classes, in order.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let classes = self.of_class.len();
        (0..classes).flat_map(move |i| (i + 1..classes).map(move |j| (i, j)))
    }

    /// The decision of each pair. Above 0, it is for the first class of the pair.
    pub fn decisions(&self, row: &[f32]) -> Vec<f32> {
        let products: Vec<f32> = self.vectors.products(row).collect();
        let weighed = |class: usize, coefficients: usize| -> f64 {
            let vectors = self.of_class[class].clone();
            let row = &self.coefficients[coefficients * self.vectors.count()..];
            products[vectors.clone()].iter().zip(&row[vectors]).map(|(x, c)| f64::from(x * c)).sum()
        };
        let decision = |((i, j), rho): ((usize, usize), &f32)| {
            #[expect(clippy::cast_possible_truncation, reason = "the output is float, the sum is kept wider")]
            let decision = (weighed(i, j - 1) + weighed(j, i) + f64::from(*rho)) as f32;
            decision
        };
        self.pairs().zip(&self.rho).map(decision).collect()
    }

    /// The class that most pairs decide for. Of several, the first.
    pub fn vote(&self, decisions: &[f32]) -> usize {
        let mut votes = vec![0.0; self.of_class.len()];
        for ((i, j), &decision) in self.pairs().zip(decisions) {
            votes[if decision > 0.0 { i } else { j }] += 1.0;
        }
        top_class(&votes)
    }

    /// The probability of each class, if the model gives probabilities.
    pub fn probabilities(&self, decisions: &[f32]) -> Option<Vec<f32>> {
        /// The least distance of a probability from 0 and 1.
        const MARGIN: f32 = 1e-7;
        if self.sigmoids.is_empty() {
            return None;
        }
        let classes = self.of_class.len();
        let mut pairwise = vec![0.0; classes * classes];
        for (((i, j), decision), (a, b)) in self.pairs().zip(decisions).zip(&self.sigmoids) {
            let probability = (1.0 - logistic(decision * a + b)).clamp(MARGIN, 1.0 - MARGIN);
            pairwise[i * classes + j] = probability;
            pairwise[j * classes + i] = 1.0 - probability;
        }
        Some(couple(classes, &pairwise))
    }
}

//! Kernels: the products of a row with the support vectors, as onnxruntime computes them.

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::dot::{dot, squared_distance};

/// A kernel and its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kernel {
    /// `x · v`
    Linear,
    /// `(gamma x · v + coef0) ^ degree`
    Poly { gamma: f32, coef0: f32, degree: f32 },
    /// `exp(-gamma |x - v|²)`
    Rbf { gamma: f32 },
    /// `tanh(gamma x · v + coef0)`
    Sigmoid { gamma: f32, coef0: f32 },
}

impl Kernel {
    /// Reads `kernel_type` and `kernel_params`.
    ///
    /// # Errors
    /// When the kernel is unknown, or does not have three parameters.
    pub fn of(node: &NodeProto) -> TractResult<Self> {
        let parameters: Vec<f32> = node.get_attr_opt_vec("kernel_params")?.unwrap_or_default();
        let [gamma, coef0, degree] = match parameters[..] {
            [] => [0.0; 3],
            [gamma, coef0, degree] => [gamma, coef0, degree],
            _ => bail!("{} kernel_params: expected three, gamma, coef0 and degree", parameters.len()),
        };
        Ok(match node.get_attr_opt::<&str>("kernel_type")?.unwrap_or("LINEAR") {
            "LINEAR" => Self::Linear,
            "POLY" => Self::Poly { gamma, coef0, degree },
            "RBF" => Self::Rbf { gamma },
            "SIGMOID" => Self::Sigmoid { gamma, coef0 },
            other => bail!("kernel_type: expected LINEAR, POLY, RBF or SIGMOID, found {other}"),
        })
    }

    /// The product of a row with a vector of the same length.
    pub fn product(self, x: &[f32], vector: &[f32]) -> f32 {
        match self {
            Self::Linear => dot(x, vector),
            Self::Poly { gamma, coef0, degree } => (gamma * dot(x, vector) + coef0).powf(degree),
            Self::Rbf { gamma } => (-gamma * squared_distance(x, vector)).exp(),
            Self::Sigmoid { gamma, coef0 } => (gamma * dot(x, vector) + coef0).tanh(),
        }
    }
}

/// Support vectors, and the kernel that multiplies rows with them.
#[derive(Debug, Clone, PartialEq)]
pub struct SupportVectors {
    kernel: Kernel,
    /// The elements, vector after vector.
    vectors: Vec<f32>,
    count: usize,
}

impl SupportVectors {
    /// Reads the kernel and `count` support vectors, at least one.
    ///
    /// # Errors
    /// When the vectors are not of the same length, or the kernel is unknown.
    pub fn of(node: &NodeProto, count: usize) -> TractResult<Self> {
        let vectors: Vec<f32> = node.get_attr_opt_vec("support_vectors")?.unwrap_or_default();
        ensure!(
            !vectors.is_empty() && vectors.len().is_multiple_of(count),
            "{} values in support_vectors for {count} vectors",
            vectors.len()
        );
        Ok(Self { kernel: Kernel::of(node)?, vectors, count })
    }

    /// The number of vectors.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The number of elements of a vector, and of a row.
    pub fn width(&self) -> usize {
        self.vectors.len() / self.count
    }

    /// The products of a row with each vector.
    pub fn products<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.vectors.chunks_exact(self.width()).map(|vector| self.kernel.product(row, vector))
    }
}

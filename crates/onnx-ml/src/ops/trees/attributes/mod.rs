//! Reads trees from the attributes of a node.

pub mod lists;
pub mod tensors;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::ensemble::{Aggregate, Ensemble};
use super::forest::{Forest, Number};

/// The most targets. A row has a score for each: more are a mistake, or an attempt to fill the memory.
pub const MAX_TARGETS: usize = 1 << 16;

/// The place of a node in 32 bits.
fn index(place: usize) -> TractResult<u32> {
    u32::try_from(place).context("there are more nodes than 32 bits can count")
}

/// The index of a feature in 32 bits.
fn feature(index: i64, list: &str) -> TractResult<u32> {
    u32::try_from(index).with_context(|| format!("{list}: {index}"))
}

/// The index of a target, below [`MAX_TARGETS`].
fn target(index: i64, list: &str) -> TractResult<u32> {
    let target = u32::try_from(index).ok().filter(|&target| (target as usize) < MAX_TARGETS);
    target.with_context(|| format!("{list}: {index} is not below {MAX_TARGETS}"))
}

/// The number of features that rows must have, and the number of targets.
fn extent<T: Number>(nodes: &[super::forest::ForestNode<T>], weights: &[(u32, T)]) -> (usize, usize) {
    let branches = nodes.iter().filter(|node| !node.is_leaf());
    let features = branches.map(|node| node.feature as usize + 1).max().unwrap_or(0);
    (features, weights.iter().map(|(target, _)| *target as usize + 1).max().unwrap_or(1))
}

/// Trees of floats or of doubles.
#[derive(Debug)]
pub enum AnyForest {
    /// Trees of floats.
    Float(Forest<f32>),
    /// Trees of doubles.
    Double(Forest<f64>),
}

impl AnyForest {
    /// The number of targets that there are weights for.
    pub fn targets(&self) -> usize {
        match self {
            Self::Float(forest) => forest.targets,
            Self::Double(forest) => forest.targets,
        }
    }

    /// The target of all weights, if they have the same.
    pub fn only_target(&self) -> Option<u32> {
        match self {
            Self::Float(forest) => forest.only_target(),
            Self::Double(forest) => forest.only_target(),
        }
    }

    /// Whether no weight is negative. As in onnxruntime, the answer is `false` for doubles.
    pub fn is_positive(&self) -> bool {
        match self {
            Self::Float(forest) => forest.weights.iter().all(|(_, weight)| *weight >= 0.0),
            Self::Double(_) => false,
        }
    }

    /// Makes an ensemble: see [`Ensemble::new`].
    pub fn ensemble(self, targets: usize, aggregate: Aggregate) -> TractResult<Ensemble> {
        match self {
            Self::Float(forest) => Ensemble::new(forest, targets, aggregate),
            Self::Double(forest) => Ensemble::new(forest, targets, aggregate),
        }
    }
}

fn list<T: Datum + Copy>(ctx: &ParsingContext, node: &NodeProto, name: &str) -> TractResult<Option<Vec<T>>> {
    let Some(tensor) = node.get_attr_opt(name)? else { return Ok(None) };
    let tensor = ctx.load_tensor(tensor)?;
    Ok(Some(super::super::tensor_access::numbers::<T>(&tensor)?.into_owned()))
}

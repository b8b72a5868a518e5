//! Reads trees as `TreeEnsemble` of opset 5 defines them: lists of branches, lists of leaves, and numbers in
//! tensors.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

use super::super::forest::{Forest, ForestNode, Number, Test};
use super::{AnyForest, extent, feature, index, list, target};

/// Reads the trees and the type of their numbers: `float`, `double` or `float16`.
///
/// # Errors
/// When lists differ in length, or indices are out of range.
pub fn read(ctx: &ParsingContext, node: &NodeProto) -> TractResult<(AnyForest, DatumType)> {
    let splits: &TensorProto = node.get_attr("nodes_splits")?;
    let datum_type = ctx.load_tensor(splits)?.datum_type();
    Ok(match datum_type {
        DatumType::F64 => (AnyForest::Double(forest::<f64>(ctx, node)?), datum_type),
        DatumType::F32 | DatumType::F16 => (AnyForest::Float(forest::<f32>(ctx, node)?), datum_type),
        other => bail!("nodes_splits: expected float, double or float16, found {other:?}"),
    })
}

fn forest<T: Number + Datum>(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Forest<T>> {
    let features: &[i64] = node.get_attr_slice("nodes_featureids")?;
    let modes: Vec<u8> = list(ctx, node, "nodes_modes")?.context("nodes_modes is missing")?;
    let splits: Vec<T> = list(ctx, node, "nodes_splits")?.context("nodes_splits is missing")?;
    let (yes, yes_leaves): (&[i64], &[i64]) =
        (node.get_attr_slice("nodes_truenodeids")?, node.get_attr_slice("nodes_trueleafs")?);
    let (no, no_leaves): (&[i64], &[i64]) =
        (node.get_attr_slice("nodes_falsenodeids")?, node.get_attr_slice("nodes_falseleafs")?);
    let missing: Option<&[i64]> = node.get_attr_opt_slice("nodes_missing_value_tracks_true")?;
    let missing = missing.filter(|list| !list.is_empty());
    let count = features.len();
    let lengths = [
        modes.len(),
        splits.len(),
        yes.len(),
        yes_leaves.len(),
        no.len(),
        no_leaves.len(),
        missing.map_or(count, <[i64]>::len),
    ];
    ensure!(
        count > 0 && lengths.iter().all(|&length| length == count),
        "nodes_*: lists of lengths {count} and {lengths:?}"
    );
    let targets: &[i64] = node.get_attr_slice("leaf_targetids")?;
    let values: Vec<T> = list(ctx, node, "leaf_weights")?.context("leaf_weights is missing")?;
    ensure!(
        targets.len() == values.len(),
        "{} leaf_targetids and {} leaf_weights",
        targets.len(),
        values.len()
    );

    let mut sets = sets(list(ctx, node, "membership_values")?.unwrap_or_default());
    let mut members = Vec::new();
    // The branches come first, then the leaves.
    let child = |ids: &[i64], leaves: &[i64], at: usize, name: &str| {
        let (limit, offset) = if leaves[at] == 0 { (count, 0) } else { (targets.len(), count) };
        let id = usize::try_from(ids[at]).ok().filter(|&id| id < limit);
        index(id.with_context(|| format!("{name}: {} is not below {limit}", ids[at]))? + offset)
    };
    let mut nodes = Vec::with_capacity(count + targets.len());
    for at in 0..count {
        let test = match modes[at] {
            0 => Test::Leq(splits[at]),
            1 => Test::Lt(splits[at]),
            2 => Test::Gte(splits[at]),
            3 => Test::Gt(splits[at]),
            4 => Test::Eq(splits[at]),
            5 => Test::Neq(splits[at]),
            6 => {
                members.push(
                    sets.next()
                        .context("membership_values: there are fewer sets than nodes that ask for one")?,
                );
                Test::Member(index(members.len() - 1)?)
            }
            other => bail!("nodes_modes: expected 0 to 6, found {other}"),
        };
        nodes.push(ForestNode {
            test,
            missing_is_true: missing.is_some_and(|list| list[at] != 0),
            feature: feature(features[at], "nodes_featureids")?,
            yes: child(yes, yes_leaves, at, "nodes_truenodeids")?,
            no: child(no, no_leaves, at, "nodes_falsenodeids")?,
        });
    }
    let mut weights = Vec::with_capacity(values.len());
    for (at, (&of, value)) in targets.iter().zip(values).enumerate() {
        weights.push((target(of, "leaf_targetids")?, value));
        let (yes, no) = (index(at)?, index(at + 1)?);
        nodes.push(ForestNode { test: Test::Leaf, missing_is_true: false, feature: 0, yes, no });
    }
    let roots: &[i64] = node.get_attr_slice("tree_roots")?;
    let root = |&root: &i64| u32::try_from(root).ok().filter(|&root| (root as usize) < count);
    let roots =
        roots.iter().map(|id| root(id).with_context(|| format!("tree_roots: {id} is not below {count}")));
    let roots = roots.collect::<TractResult<Vec<_>>>()?;
    let (features, targets) = extent(&nodes, &weights);
    Ok(Forest { roots, nodes, sets: members, weights, features, targets })
}

/// Splits the values into sets. A NaN ends each set.
fn sets<T: Number>(values: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut values = values.into_iter().peekable();
    std::iter::from_fn(move || {
        values.peek()?;
        Some(values.by_ref().take_while(|value| !(*value).into().is_nan()).collect())
    })
}

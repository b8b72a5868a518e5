//! Trees as the operators of opsets 1 to 3 have them: parallel lists of nodes, and of the weights of leaves.

use hashbrown::HashMap;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::super::forest::{Forest, Node, Number, Test};
use super::{AnyForest, extent, feature, index, list, target};

/// Reads the `nodes_*` attributes and those of the leaves, which begin with `leaf` (`target`, `class`).
///
/// # Errors
/// When lists differ in length, or ids are unknown.
pub fn read(ctx: &ParsingContext, node: &NodeProto, leaf: &str) -> TractResult<AnyForest> {
    let as_tensor =
        |name: &str| node.get_attr_opt::<&tract_onnx::pb::TensorProto>(&format!("{name}_as_tensor"));
    let thresholds = as_tensor("nodes_values")?.is_some();
    let doubles =
        thresholds || as_tensor("base_values")?.is_some() || as_tensor(&format!("{leaf}_weights"))?.is_some();
    Ok(if doubles {
        AnyForest::Double(forest::<f64>(ctx, node, leaf)?)
    } else {
        AnyForest::Float(forest::<f32>(ctx, node, leaf)?)
    })
}

/// A list of floats, or of doubles in a tensor.
pub fn numbers<T>(ctx: &ParsingContext, node: &NodeProto, name: &str) -> TractResult<Option<Vec<T>>>
where
    T: Datum + Copy + From<f32>,
{
    let floats: Option<&[f32]> = node.get_attr_opt_slice(name)?;
    match (floats, list(ctx, node, &format!("{name}_as_tensor"))?) {
        (Some(_), Some(_)) => bail!("both {name} and {name}_as_tensor"),
        (Some(floats), None) => Ok(Some(floats.iter().map(|&x| x.into()).collect())),
        (None, doubles) => Ok(doubles),
    }
}

fn forest<T: Number + Datum + From<f32>>(
    ctx: &ParsingContext,
    node: &NodeProto,
    leaf: &str,
) -> TractResult<Forest<T>> {
    let trees: &[i64] = node.get_attr_slice("nodes_treeids")?;
    let ids: &[i64] = node.get_attr_slice("nodes_nodeids")?;
    let features: &[i64] = node.get_attr_slice("nodes_featureids")?;
    let modes: TVec<&str> = node.get_attr_tvec("nodes_modes")?;
    let thresholds: Vec<T> = numbers(ctx, node, "nodes_values")?.context("no nodes_values")?;
    let yes: &[i64] = node.get_attr_slice("nodes_truenodeids")?;
    let no: &[i64] = node.get_attr_slice("nodes_falsenodeids")?;
    let missing: Option<&[i64]> = node.get_attr_opt_slice("nodes_missing_value_tracks_true")?;
    let missing = missing.filter(|list| !list.is_empty());
    let count = trees.len();
    let lengths = [
        ids.len(),
        features.len(),
        modes.len(),
        thresholds.len(),
        yes.len(),
        no.len(),
        missing.map_or(count, <[i64]>::len),
    ];
    ensure!(
        count > 0 && lengths.iter().all(|&length| length == count),
        "nodes_*: lists of lengths {count} and {lengths:?}"
    );

    let places = Places::new(trees, ids)?;
    let mut nodes = Vec::with_capacity(count);
    for at in 0..count {
        let test = test(modes[at], thresholds[at])?;
        let mut node = Node { test, missing_is_true: false, feature: 0, yes: 0, no: 0 };
        if !node.is_leaf() {
            node.feature = feature(features[at], "nodes_featureids")?;
            node.missing_is_true = missing.is_some_and(|list| list[at] != 0);
            node.yes = index(places.find(trees[at], yes[at])?)?;
            node.no = index(places.find(trees[at], no[at])?)?;
        }
        nodes.push(node);
    }
    let weights = weights(ctx, node, leaf, &places, &mut nodes)?;
    let roots = places.trees.iter().map(|tree| index(tree.first)).collect::<TractResult<_>>()?;
    let (features, targets) = extent(&nodes, &weights);
    Ok(Forest { roots, nodes, sets: Vec::new(), weights, features, targets })
}

fn test<T>(mode: &str, threshold: T) -> TractResult<Test<T>> {
    Ok(match mode {
        "LEAF" => Test::Leaf,
        "BRANCH_LEQ" => Test::Leq(threshold),
        "BRANCH_LT" => Test::Lt(threshold),
        "BRANCH_GTE" => Test::Gte(threshold),
        "BRANCH_GT" => Test::Gt(threshold),
        "BRANCH_EQ" => Test::Eq(threshold),
        "BRANCH_NEQ" => Test::Neq(threshold),
        other => bail!("nodes_modes: {other:?} is no mode"),
    })
}

/// The weights, a leaf's after another's in the order of the nodes; leaves are told where theirs are.
fn weights<T: Number + Datum + From<f32>>(
    ctx: &ParsingContext,
    node: &NodeProto,
    leaf: &str,
    places: &Places,
    nodes: &mut [Node<T>],
) -> TractResult<Vec<(u32, T)>> {
    let trees: &[i64] = node.get_attr_slice(&format!("{leaf}_treeids"))?;
    let ids: &[i64] = node.get_attr_slice(&format!("{leaf}_nodeids"))?;
    let targets: &[i64] = node.get_attr_slice(&format!("{leaf}_ids"))?;
    let name = format!("{leaf}_weights");
    let values: Vec<T> = numbers(ctx, node, &name)?.with_context(|| format!("no {name}"))?;
    let lengths = [ids.len(), targets.len(), values.len()];
    ensure!(
        lengths.iter().all(|&length| length == trees.len()),
        "{leaf}_*: lists of lengths {} and {lengths:?}",
        trees.len()
    );
    // Count, then place. Weights of what is no leaf are for nobody.
    let mut of_node = Vec::with_capacity(trees.len());
    for (&tree, &id) in trees.iter().zip(ids) {
        let place = places.find(tree, id)?;
        of_node.push(Some(place).filter(|&place| nodes[place].is_leaf()));
    }
    for place in of_node.iter().flatten() {
        nodes[*place].no += 1;
    }
    let mut end = 0;
    for node in nodes.iter_mut().filter(|node| node.is_leaf()) {
        (node.yes, end) = (end, end + node.no);
        node.no = node.yes;
    }
    let mut weights = vec![(0, T::from(0.0)); end as usize];
    for ((place, &of), &value) in of_node.iter().zip(targets).zip(&values) {
        let Some(place) = place else { continue };
        let leaf_end = &mut nodes[*place].no;
        weights[*leaf_end as usize] = (target(of, &format!("{leaf}_ids"))?, value);
        *leaf_end += 1;
    }
    Ok(weights)
}

/// Where the nodes of each tree are in the lists.
struct Places {
    /// In the order in which the trees begin.
    trees: Vec<Tree>,
    by_id: HashMap<i64, usize>,
    /// Nodes of trees whose ids are not simply counted.
    scattered: HashMap<(i64, i64), usize>,
}

struct Tree {
    first: usize,
    /// As many nodes from the first on have the ids 0, 1, 2, …: usually all.
    counted: usize,
}

impl Places {
    fn new(trees: &[i64], ids: &[i64]) -> TractResult<Self> {
        let mut places = Self { trees: Vec::new(), by_id: HashMap::new(), scattered: HashMap::new() };
        let mut current = None;
        for (at, (&tree, &id)) in trees.iter().zip(ids).enumerate() {
            let index = match current {
                Some((of, index)) if of == tree => index,
                _ => *places.by_id.entry(tree).or_insert_with(|| {
                    places.trees.push(Tree { first: at, counted: 0 });
                    places.trees.len() - 1
                }),
            };
            current = Some((tree, index));
            let tree_nodes = &mut places.trees[index];
            if tree_nodes.first + tree_nodes.counted == at && i64::try_from(tree_nodes.counted) == Ok(id) {
                tree_nodes.counted += 1;
            } else {
                let known = usize::try_from(id).is_ok_and(|id| id < tree_nodes.counted);
                let twice = known || places.scattered.insert((tree, id), at).is_some();
                ensure!(!twice, "nodes_nodeids: {id} twice in tree {tree}");
            }
        }
        Ok(places)
    }

    fn find(&self, tree: i64, id: i64) -> TractResult<usize> {
        let counted = self.by_id.get(&tree).map(|&index| &self.trees[index]).and_then(|tree| {
            usize::try_from(id).ok().filter(|&id| id < tree.counted).map(|id| tree.first + id)
        });
        let place = counted.or_else(|| self.scattered.get(&(tree, id)).copied());
        place.with_context(|| format!("tree {tree} has no node {id}"))
    }
}

//! Reads trees as the operators of opsets 1 to 3 define them: parallel lists of nodes, and of the weights of
//! leaves.

use std::cell::Cell;

use hashbrown::HashMap;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::kept_attributes::{Element, KeptAttribute, List};

use super::super::forest::{Forest, ForestNode, Number, Test};
use super::{AnyForest, extent, feature, index, list, target};

/// Reads the `nodes_*` attributes, and those of the leaves, which begin with `leaf` (`target` or `class`).
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

/// Reads a list of floats, or of doubles in a tensor.
pub fn numbers<T>(ctx: &ParsingContext, node: &NodeProto, name: &str) -> TractResult<Option<Vec<T>>>
where
    T: Datum + Copy + From<f32>,
{
    let floats = node.attribute.iter().any(|attribute| attribute.name == name);
    match (floats, list(ctx, node, &format!("{name}_as_tensor"))?) {
        (true, Some(_)) => bail!("give only one of {name} and {name}_as_tensor"),
        (true, None) => {
            let floats = KeptAttribute::of(node, name);
            Ok(Some(floats.list::<f32>().map(|x| Ok(x?.into())).collect::<TractResult<_>>()?))
        }
        (false, doubles) => Ok(doubles),
    }
}

fn forest<T: Number + Datum + From<f32>>(
    ctx: &ParsingContext,
    node: &NodeProto,
    leaf: &str,
) -> TractResult<Forest<T>> {
    let attribute = |name| KeptAttribute::of(node, name);
    let (trees, ids) = (attribute("nodes_treeids"), attribute("nodes_nodeids"));
    let (features, modes) = (attribute("nodes_featureids"), attribute("nodes_modes"));
    let (yes, no) = (attribute("nodes_truenodeids"), attribute("nodes_falsenodeids"));
    let missing = attribute("nodes_missing_value_tracks_true");
    let thresholds: Vec<T> = numbers(ctx, node, "nodes_values")?.context("nodes_values is missing")?;
    let places = Places::new(trees.list(), ids.list())?;
    let mut nodes = Vec::with_capacity(thresholds.len());
    let (mut trees, mut modes, mut features) = (trees.list(), modes.list(), features.list());
    let (mut yes, mut no, mut missing) = (yes.list(), no.list(), missing.list());
    let none_missing = missing.is_empty();
    for threshold in thresholds {
        let (tree, feature_id) = (next(&mut trees)?, next(&mut features)?);
        let (yes, no): (i64, i64) = (next(&mut yes)?, next(&mut no)?);
        let missing_is_true = !none_missing && next::<i64>(&mut missing)? != 0;
        let test = test(next(&mut modes)?, threshold)?;
        let mut node = ForestNode { test, missing_is_true: false, feature: 0, yes: 0, no: 0 };
        if !node.is_leaf() {
            node.feature = feature(feature_id, "nodes_featureids")?;
            node.missing_is_true = missing_is_true;
            node.yes = index(places.find(tree, yes)?)?;
            node.no = index(places.find(tree, no)?)?;
        }
        nodes.push(node);
    }
    let ended = [trees, features, yes, no, missing].iter().all(List::is_empty) && modes.is_empty();
    ensure!(ended && !nodes.is_empty() && places.nodes == nodes.len(), DIFFERENT);
    let weights = weights(ctx, node, leaf, &places, &mut nodes)?;
    let roots = places.trees.iter().map(|tree| index(tree.first)).collect::<TractResult<_>>()?;
    let (features, targets) = extent(&nodes, &weights);
    Ok(Forest { roots, nodes, sets: Vec::new(), weights, features, targets })
}

const DIFFERENT: &str = "nodes_*: expected lists of the same length, not empty";

fn next<'a, T: Element<'a>>(list: &mut List<'a, T>) -> TractResult<T> {
    list.next().context(DIFFERENT)?
}

fn test<T>(mode: &[u8], threshold: T) -> TractResult<Test<T>> {
    Ok(match mode {
        b"LEAF" => Test::Leaf,
        b"BRANCH_LEQ" => Test::Leq(threshold),
        b"BRANCH_LT" => Test::Lt(threshold),
        b"BRANCH_GTE" => Test::Gte(threshold),
        b"BRANCH_GT" => Test::Gt(threshold),
        b"BRANCH_EQ" => Test::Eq(threshold),
        b"BRANCH_NEQ" => Test::Neq(threshold),
        other => bail!("nodes_modes: {:?} is not a mode", String::from_utf8_lossy(other)),
    })
}

/// Reads the weights, leaf after leaf in the order of the nodes, and sets the range of each leaf.
fn weights<T: Number + Datum + From<f32>>(
    ctx: &ParsingContext,
    node: &NodeProto,
    leaf: &str,
    places: &Places,
    nodes: &mut [ForestNode<T>],
) -> TractResult<Vec<(u32, T)>> {
    let names = ["treeids", "nodeids", "ids", "weights"].map(|list| format!("{leaf}_{list}"));
    let [trees, ids, targets] = [0, 1, 2].map(|list| KeptAttribute::of(node, &names[list]));
    let values: Vec<T> =
        numbers(ctx, node, &names[3])?.with_context(|| format!("{} is missing", names[3]))?;
    let lengths = [&trees, &ids, &targets].map(|list| list.list::<i64>().count());
    ensure!(
        lengths.iter().all(|&length| length == values.len()),
        "{leaf}_*: lists of lengths {lengths:?} and {}",
        values.len()
    );
    // Count, then place. Weights of a node that is not a leaf are ignored.
    let mut of_node = Vec::with_capacity(values.len());
    for (tree, id) in trees.list().zip(ids.list()) {
        let place = places.find(tree?, id?)?;
        of_node.push(if nodes[place].is_leaf() { Some(place) } else { None });
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
    for ((place, of), value) in of_node.into_iter().zip(targets.list()).zip(values) {
        let Some(place) = place else { continue };
        let leaf_end = &mut nodes[place].no;
        weights[*leaf_end as usize] = (target(of?, &names[2])?, value);
        *leaf_end += 1;
    }
    Ok(weights)
}

/// The places of the nodes of each tree in the lists.
#[derive(Default)]
struct Places {
    /// The trees, in the order in which they begin.
    trees: Vec<ListedTree>,
    by_id: HashMap<i64, usize>,
    nodes: usize,
    /// The nodes whose ids are not consecutive, by tree and id.
    scattered: HashMap<(i64, i64), usize>,
    /// The tree of the last lookup. The next lookup mostly asks for it again.
    last: Cell<usize>,
}

struct ListedTree {
    id: i64,
    first: usize,
    /// The number of nodes from the first that have the ids 0, 1, 2, …: usually all.
    counted: usize,
}

impl Places {
    fn new(trees: List<i64>, mut ids: List<i64>) -> TractResult<Self> {
        let mut places = Self::default();
        for (at, id) in trees.enumerate() {
            let (id, node) = (id?, next(&mut ids)?);
            places.nodes += 1;
            let index = places.tree(id).unwrap_or_else(|| {
                places.trees.push(ListedTree { id, first: at, counted: 0 });
                places.by_id.insert(id, places.trees.len() - 1);
                places.trees.len() - 1
            });
            let tree = &mut places.trees[index];
            if tree.first + tree.counted == at && i64::try_from(tree.counted) == Ok(node) {
                tree.counted += 1;
            } else {
                let known = usize::try_from(node).is_ok_and(|node| node < tree.counted);
                let twice = known || places.scattered.insert((id, node), at).is_some();
                ensure!(!twice, "nodes_nodeids: {node} is twice in tree {id}");
            }
        }
        ensure!(ids.is_empty(), DIFFERENT);
        Ok(places)
    }

    fn tree(&self, id: i64) -> Option<usize> {
        if self.trees.get(self.last.get()).is_none_or(|tree| tree.id != id) {
            self.last.set(*self.by_id.get(&id)?);
        }
        Some(self.last.get())
    }

    fn find(&self, tree: i64, node: i64) -> TractResult<usize> {
        let counted = self.tree(tree).map(|index| &self.trees[index]).and_then(|tree| {
            usize::try_from(node).ok().filter(|&node| node < tree.counted).map(|node| tree.first + node)
        });
        let place = counted.or_else(|| self.scattered.get(&(tree, node)).copied());
        place.with_context(|| format!("tree {tree} has no node {node}"))
    }
}

//! Decision trees as the tree operators of opsets 1 to 3 describe them: parallel lists of nodes, and weights of leaves.

use hashbrown::{HashMap, HashSet};

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// Trees, checked: no node is below itself, so that every walk ends. Branches may share a node, as exported categorical
/// splits do.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeEnsemble {
    roots: Vec<u32>,
    nodes: Vec<Node>,
    /// `(target, weight)` of the leaves, a leaf's after another's.
    weights: Vec<(u32, f32)>,
    features: usize,
    targets: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    mode: Mode,
    /// Whether a missing value (NaN) counts as true.
    missing_is_true: bool,
    feature: u32,
    threshold: f32,
    /// The child for true; of a leaf, where its weights start.
    yes: u32,
    /// The child for false; of a leaf, where its weights end.
    no: u32,
}

/// The comparison `x mode threshold` of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Leaf,
    Leq,
    Lt,
    Gte,
    Gt,
    Eq,
    Neq,
}

impl Mode {
    fn parse(text: &str) -> TractResult<Self> {
        Ok(match text {
            "LEAF" => Self::Leaf,
            "BRANCH_LEQ" => Self::Leq,
            "BRANCH_LT" => Self::Lt,
            "BRANCH_GTE" => Self::Gte,
            "BRANCH_GT" => Self::Gt,
            "BRANCH_EQ" => Self::Eq,
            "BRANCH_NEQ" => Self::Neq,
            other => bail!("nodes_modes: {other:?} is no mode"),
        })
    }
}

impl Node {
    #[expect(clippy::float_cmp, reason = "BRANCH_EQ and BRANCH_NEQ compare exactly")]
    fn is_true(&self, x: f32) -> bool {
        let holds = match self.mode {
            Mode::Leaf => false,
            Mode::Leq => x <= self.threshold,
            Mode::Lt => x < self.threshold,
            Mode::Gte => x >= self.threshold,
            Mode::Gt => x > self.threshold,
            Mode::Eq => x == self.threshold,
            Mode::Neq => x != self.threshold,
        };
        holds || (self.missing_is_true && x.is_nan())
    }
}

/// A node's place in the attributes: tree and node id.
type Id = (i64, i64);

impl TreeEnsemble {
    /// Reads the `nodes_*` attributes and those of the leaves, which begin with `leaf` (`target`, `class`).
    ///
    /// # Errors
    /// When lists differ in length, ids are unknown, or a node is below itself.
    pub fn parse(node: &NodeProto, leaf: &str) -> TractResult<Self> {
        let attributes = Attributes::read(node)?;
        let mut leaf_weights = read_weights(node, leaf)?;
        let targets =
            leaf_weights.values().flatten().map(|(target, _)| *target as usize + 1).max().unwrap_or(1);

        let mut nodes = Vec::with_capacity(attributes.ids.len());
        let mut weights = Vec::new();
        for (at, id) in attributes.ids.iter().enumerate() {
            let mut node = attributes.node(at)?;
            if node.mode == Mode::Leaf {
                node.yes = index(weights.len())?;
                weights.extend(leaf_weights.remove(id).unwrap_or_default());
                node.no = index(weights.len())?;
            }
            nodes.push(node);
        }
        let branches = || nodes.iter().filter(|node: &&Node| node.mode != Mode::Leaf);
        let features = branches().map(|node| node.feature as usize + 1).max().unwrap_or(0);
        // A tree's first node is its root.
        let mut begun = HashSet::new();
        let first = (0_u32..).zip(&attributes.ids).filter(|(_, id)| begun.insert(id.0));
        let roots = first.map(|(at, _)| at).collect();
        refuse_cycles(&nodes)?;
        Ok(Self { roots, nodes, weights, features, targets })
    }

    /// The least number of features that a row must have.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The number of targets or classes that leaves have weights for.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// The number of trees.
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// The weights, `(target, weight)`, of the leaf that `row` comes to in each tree. The row has at least
    /// [`TreeEnsemble::features`] values.
    pub fn leaves<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = &'a [(u32, f32)]> {
        self.roots.iter().map(|&root| {
            let mut node = &self.nodes[root as usize];
            while node.mode != Mode::Leaf {
                let next = if node.is_true(row[node.feature as usize]) { node.yes } else { node.no };
                node = &self.nodes[next as usize];
            }
            &self.weights[node.yes as usize..node.no as usize]
        })
    }
}

/// The `nodes_*` attributes, of equal lengths.
struct Attributes<'a> {
    ids: Vec<Id>,
    places: HashMap<Id, usize>,
    features: &'a [i64],
    modes: Vec<Mode>,
    thresholds: &'a [f32],
    yes: &'a [i64],
    no: &'a [i64],
    missing_is_true: Option<&'a [i64]>,
}

impl<'a> Attributes<'a> {
    fn read(node: &'a NodeProto) -> TractResult<Self> {
        for name in ["nodes_values_as_tensor", "base_values_as_tensor", "target_weights_as_tensor"] {
            ensure!(
                node.attribute.iter().all(|attribute| attribute.name != name),
                "{name}: trees of doubles can't run"
            );
        }
        let trees: &[i64] = node.get_attr_slice("nodes_treeids")?;
        let nodes: &[i64] = node.get_attr_slice("nodes_nodeids")?;
        let modes: TVec<&str> = node.get_attr_tvec("nodes_modes")?;
        let read = Self {
            ids: trees.iter().copied().zip(nodes.iter().copied()).collect(),
            places: HashMap::new(),
            features: node.get_attr_slice("nodes_featureids")?,
            modes: modes.iter().map(|mode| Mode::parse(mode)).collect::<TractResult<_>>()?,
            thresholds: node.get_attr_slice("nodes_values")?,
            yes: node.get_attr_slice("nodes_truenodeids")?,
            no: node.get_attr_slice("nodes_falsenodeids")?,
            missing_is_true: node.get_attr_opt_slice("nodes_missing_value_tracks_true")?,
        };
        let count = trees.len();
        let lengths = [
            nodes.len(),
            read.features.len(),
            read.modes.len(),
            read.thresholds.len(),
            read.yes.len(),
            read.no.len(),
            read.missing_is_true.map_or(count, <[i64]>::len),
        ];
        ensure!(
            count > 0 && lengths.iter().all(|&length| length == count),
            "nodes_*: lists of lengths {count} and {lengths:?}"
        );
        let places: HashMap<Id, usize> = read.ids.iter().copied().zip(0..).collect();
        ensure!(places.len() == count, "nodes_nodeids: an id twice in a tree");
        Ok(Self { places, ..read })
    }

    fn child(&self, at: usize, child: i64) -> TractResult<u32> {
        let tree = self.ids[at].0;
        let place = self.places.get(&(tree, child));
        index(*place.with_context(|| format!("tree {tree} has no node {child}"))?)
    }

    /// The node at a place of the lists; of a leaf only the mode means something.
    fn node(&self, at: usize) -> TractResult<Node> {
        let mode = self.modes[at];
        let mut node =
            Node { mode, missing_is_true: false, feature: 0, threshold: self.thresholds[at], yes: 0, no: 0 };
        if mode != Mode::Leaf {
            let feature = self.features[at];
            node.feature = u32::try_from(feature).with_context(|| format!("nodes_featureids: {feature}"))?;
            node.missing_is_true = self.missing_is_true.is_some_and(|list| list[at] != 0);
            node.yes = self.child(at, self.yes[at])?;
            node.no = self.child(at, self.no[at])?;
        }
        Ok(node)
    }
}

/// Walks every node once, depth first: a child that is still open is above itself.
fn refuse_cycles(nodes: &[Node]) -> TractResult<()> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; nodes.len()];
    let mut path = Vec::new();
    for start in 0..nodes.len() {
        path.push(start);
        while let Some(&at) = path.last() {
            let node = &nodes[at];
            let is_leaf = node.mode == Mode::Leaf;
            if states[at] != State::New || is_leaf {
                states[at] = State::Done;
                path.pop();
                continue;
            }
            states[at] = State::Open;
            for child in [node.yes as usize, node.no as usize] {
                ensure!(states[child] != State::Open, "a node of a tree is below itself");
                if states[child] == State::New {
                    path.push(child);
                }
            }
        }
    }
    Ok(())
}

/// The weights of each leaf.
fn read_weights(node: &NodeProto, leaf: &str) -> TractResult<HashMap<Id, Vec<(u32, f32)>>> {
    let trees: &[i64] = node.get_attr_slice(&format!("{leaf}_treeids"))?;
    let nodes: &[i64] = node.get_attr_slice(&format!("{leaf}_nodeids"))?;
    let targets: &[i64] = node.get_attr_slice(&format!("{leaf}_ids"))?;
    let values: &[f32] = node.get_attr_slice(&format!("{leaf}_weights"))?;
    let lengths = [nodes.len(), targets.len(), values.len()];
    ensure!(
        lengths.iter().all(|&length| length == trees.len()),
        "{leaf}_*: lists of lengths {} and {lengths:?}",
        trees.len()
    );
    let mut weights: HashMap<Id, Vec<(u32, f32)>> = HashMap::with_capacity(trees.len());
    for at in 0..trees.len() {
        let target = u32::try_from(targets[at]).ok().filter(|&target| (target as usize) < MAX_TARGETS);
        let target =
            target.with_context(|| format!("{leaf}_ids: {} is not below {MAX_TARGETS}", targets[at]))?;
        weights.entry((trees[at], nodes[at])).or_default().push((target, values[at]));
    }
    Ok(weights)
}

/// A row's scores are a list of as many: more are a mistake, or meant to fill the memory.
pub const MAX_TARGETS: usize = 1 << 16;

fn index(place: usize) -> TractResult<u32> {
    u32::try_from(place).context("more nodes than 32 bits can count")
}

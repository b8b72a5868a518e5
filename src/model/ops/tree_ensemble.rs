//! Decision trees as the tree operators of opsets 1 to 3 describe them: parallel lists of nodes, and weights of leaves.

use hashbrown::{HashMap, HashSet};

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// Trees, checked: every child comes after its parent, so that a walk ends.
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
    /// When lists differ in length, ids are unknown, or a tree is none.
    pub fn parse(node: &NodeProto, leaf: &str) -> TractResult<Self> {
        let attributes = Attributes::read(node)?;
        let mut weights = read_weights(node, leaf)?;
        let targets = weights.values().flatten().map(|(target, _)| *target as usize + 1).max().unwrap_or(1);

        let mut ensemble =
            Self { roots: Vec::new(), nodes: Vec::new(), weights: Vec::new(), features: 0, targets };
        let mut begun = HashSet::new();
        for (at, id) in attributes.ids.iter().enumerate() {
            // A tree's first node is its root.
            if begun.insert(id.0) {
                let root = ensemble.add_tree(&attributes, &mut weights, at)?;
                ensemble.roots.push(root);
            }
        }
        Ok(ensemble)
    }

    /// Copies the tree below the attributes' node `at`, every child behind its parent: where its root is.
    fn add_tree(
        &mut self,
        attributes: &Attributes,
        weights: &mut HashMap<Id, Vec<(u32, f32)>>,
        at: usize,
    ) -> TractResult<u32> {
        let first = self.nodes.len();
        // A tree has no more nodes than there are: if a walk finds more, it goes in circles.
        let limit = first + attributes.ids.len();
        self.nodes.push(attributes.node(at)?);
        let mut open = vec![(first, at)];
        while let Some((place, at)) = open.pop() {
            let id = attributes.ids[at];
            if self.nodes[place].mode == Mode::Leaf {
                self.nodes[place].yes = index(self.weights.len())?;
                self.weights.extend(weights.remove(&id).unwrap_or_default());
                self.nodes[place].no = index(self.weights.len())?;
                continue;
            }
            self.features = self.features.max(self.nodes[place].feature as usize + 1);
            for (child, is_yes) in [(attributes.yes[at], true), (attributes.no[at], false)] {
                let at = attributes.find((id.0, child))?;
                let child = self.nodes.len();
                ensure!(child < limit, "tree {}: a node has two parents, or is its own", id.0);
                self.nodes.push(attributes.node(at)?);
                let link = if is_yes { &mut self.nodes[place].yes } else { &mut self.nodes[place].no };
                *link = index(child)?;
                open.push((child, at));
            }
        }
        index(first)
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

    fn find(&self, id: Id) -> TractResult<usize> {
        self.places.get(&id).copied().with_context(|| format!("tree {} has no node {}", id.0, id.1))
    }

    fn node(&self, at: usize) -> TractResult<Node> {
        let mode = self.modes[at];
        // Of a leaf the feature means nothing.
        let feature = if mode == Mode::Leaf { 0 } else { self.features[at] };
        Ok(Node {
            mode,
            missing_is_true: self.missing_is_true.is_some_and(|list| list[at] != 0),
            feature: u32::try_from(feature).with_context(|| format!("nodes_featureids: {feature}"))?,
            threshold: self.thresholds[at],
            yes: 0,
            no: 0,
        })
    }
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

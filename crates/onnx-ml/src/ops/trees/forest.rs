//! Decision trees as a model defines them: any comparison, shared branches, and weights for any number of
//! targets.

/// Trees that are checked: children are in range, and no node is below itself, so every walk ends. Branches
/// may share a node, as exported categorical splits do. `T` is the type of thresholds and weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest<T> {
    /// The first node of each tree.
    pub roots: Vec<u32>,
    /// The nodes of all trees.
    pub nodes: Vec<ForestNode<T>>,
    /// The members of each set that a node tests for.
    pub sets: Vec<Vec<T>>,
    /// The weights `(target, weight)`, leaf after leaf.
    pub weights: Vec<(u32, T)>,
    /// The number of features that a row must have at least.
    pub features: usize,
    /// The number of targets, or classes, that leaves have weights for.
    pub targets: usize,
}

/// A branch or a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForestNode<T> {
    /// The test of a branch.
    pub test: Test<T>,
    /// Whether a missing value (NaN) counts as true.
    pub missing_is_true: bool,
    /// The feature that a branch reads.
    pub feature: u32,
    /// The child for true. For a leaf, the start of its weights.
    pub yes: u32,
    /// The child for false. For a leaf, the end of its weights.
    pub no: u32,
}

/// The test of a branch, with the names of ONNX for its modes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Test<T> {
    /// A leaf, which has no test.
    Leaf,
    /// `x <= threshold`
    Leq(T),
    /// `x < threshold`
    Lt(T),
    /// `x >= threshold`
    Gte(T),
    /// `x > threshold`
    Gt(T),
    /// `x == threshold`
    Eq(T),
    /// `x != threshold`
    Neq(T),
    /// `x` is in the set with this index.
    Member(u32),
}

/// The types that thresholds and weights come in.
pub trait Number: Copy + PartialOrd + std::fmt::Debug + Into<f64> {
    /// The forest, if its numbers are floats.
    fn floats(forest: &Forest<Self>) -> Option<&Forest<f32>>;
}

impl Number for f32 {
    fn floats(forest: &Forest<Self>) -> Option<&Forest<f32>> {
        Some(forest)
    }
}

impl Number for f64 {
    fn floats(_: &Forest<Self>) -> Option<&Forest<f32>> {
        None
    }
}

impl<T: Number> Forest<T> {
    /// Whether any node is below itself. Usually children come after their parents, and then no node is.
    /// Otherwise every node is visited once, depth first: a child that is still open is above itself.
    pub fn has_cycle(&self) -> bool {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut places = (0..).zip(&self.nodes);
        if places.all(|(place, node)| node.is_leaf() || place < node.yes.min(node.no)) {
            return false;
        }
        let mut states = vec![State::New; self.nodes.len()];
        let mut path = Vec::new();
        for start in 0..self.nodes.len() {
            path.push(start);
            while let Some(&at) = path.last() {
                let node = &self.nodes[at];
                if states[at] != State::New || node.is_leaf() {
                    states[at] = State::Done;
                    path.pop();
                    continue;
                }
                states[at] = State::Open;
                for child in [node.yes as usize, node.no as usize] {
                    if states[child] == State::Open {
                        return true;
                    }
                    if states[child] == State::New {
                        path.push(child);
                    }
                }
            }
        }
        false
    }

    /// The target of all weights, if they have the same.
    pub fn only_target(&self) -> Option<u32> {
        let (first, _) = self.weights.first()?;
        self.weights.iter().all(|(target, _)| target == first).then_some(*first)
    }

    /// The weights `(target, weight)` of a leaf.
    pub fn weights_of(&self, leaf: &ForestNode<T>) -> &[(u32, T)] {
        &self.weights[leaf.yes as usize..leaf.no as usize]
    }

    /// Converts the numbers to doubles.
    pub fn into_f64(self) -> Forest<f64> {
        let nodes = self.nodes.into_iter().map(|node| ForestNode {
            test: node.test.into_f64(),
            missing_is_true: node.missing_is_true,
            feature: node.feature,
            yes: node.yes,
            no: node.no,
        });
        Forest {
            nodes: nodes.collect(),
            sets: self.sets.into_iter().map(|set| set.into_iter().map(Into::into).collect()).collect(),
            weights: self.weights.into_iter().map(|(target, weight)| (target, weight.into())).collect(),
            roots: self.roots,
            features: self.features,
            targets: self.targets,
        }
    }
}

impl Forest<f64> {
    /// The weights `(target, weight)` of the leaf that `row` reaches in each tree. The row must have at least
    /// `features` values.
    pub fn leaves<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = &'a [(u32, f64)]> {
        self.roots.iter().map(|&root| {
            let mut node = &self.nodes[root as usize];
            while !node.is_leaf() {
                let x = row[node.feature as usize];
                node = &self.nodes[if self.holds(node, x) { node.yes } else { node.no } as usize];
            }
            self.weights_of(node)
        })
    }

    #[expect(clippy::float_cmp, reason = "BRANCH_EQ and BRANCH_NEQ compare exactly")]
    fn holds(&self, node: &ForestNode<f64>, x: f64) -> bool {
        let holds = match node.test {
            Test::Leaf => false,
            Test::Leq(threshold) => x <= threshold,
            Test::Lt(threshold) => x < threshold,
            Test::Gte(threshold) => x >= threshold,
            Test::Gt(threshold) => x > threshold,
            Test::Eq(threshold) => x == threshold,
            Test::Neq(threshold) => x != threshold,
            Test::Member(set) => self.sets[set as usize].contains(&x),
        };
        holds || (node.missing_is_true && x.is_nan())
    }
}

impl<T: Into<f64>> Test<T> {
    fn into_f64(self) -> Test<f64> {
        match self {
            Self::Leaf => Test::Leaf,
            Self::Leq(threshold) => Test::Leq(threshold.into()),
            Self::Lt(threshold) => Test::Lt(threshold.into()),
            Self::Gte(threshold) => Test::Gte(threshold.into()),
            Self::Gt(threshold) => Test::Gt(threshold.into()),
            Self::Eq(threshold) => Test::Eq(threshold.into()),
            Self::Neq(threshold) => Test::Neq(threshold.into()),
            Self::Member(set) => Test::Member(set),
        }
    }
}

impl<T> ForestNode<T> {
    /// Whether it is a leaf.
    pub fn is_leaf(&self) -> bool {
        matches!(self.test, Test::Leaf)
    }
}

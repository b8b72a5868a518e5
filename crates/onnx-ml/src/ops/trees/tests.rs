//! Compares random trees and rows, packed and walked by every kernel, with a plain evaluation of the
//! definition.

use std::borrow::Cow;

use fastrand::Rng;

use crate::ops::feature_rows::Features;

use super::super::unchecked::{Avx2, Vectors};
use super::ensemble::{Aggregate, Ensemble, Rows};
use super::forest::{Forest, ForestNode, Test};
use super::kernel::sum;
use super::packed::Packed;

/// Values at which comparisons can go wrong. Thresholds and features are drawn from these, so that they tie
/// often.
const VALUES: [f32; 16] = [
    f32::NAN,
    f32::NEG_INFINITY,
    f32::INFINITY,
    f32::MAX,
    f32::MIN,
    1e-45,
    -1e-45,
    f32::MIN_POSITIVE,
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    3.0,
    33.0,
    0.1,
];

/// Whether the test holds for `x`, by the definition of the modes.
fn is_true(forest: &Forest<f32>, node: &ForestNode<f32>, x: f64) -> bool {
    let holds = match node.test {
        Test::Leaf => unreachable!("a leaf has no test"),
        Test::Leq(t) => x <= f64::from(t),
        Test::Lt(t) => x < f64::from(t),
        Test::Gte(t) => x >= f64::from(t),
        Test::Gt(t) => x > f64::from(t),
        Test::Eq(t) => x == f64::from(t),
        Test::Neq(t) => x != f64::from(t),
        Test::Member(set) => forest.sets[set as usize].iter().any(|&member| x == f64::from(member)),
    };
    holds || (x.is_nan() && node.missing_is_true)
}

fn expected(forest: &Forest<f32>, row: &[f64], targets: usize) -> Vec<f64> {
    let mut sums = vec![0.0; targets];
    for &root in &forest.roots {
        let mut node = &forest.nodes[root as usize];
        while node.test != Test::Leaf {
            let child = if is_true(forest, node, row[node.feature as usize]) { node.yes } else { node.no };
            node = &forest.nodes[child as usize];
        }
        for &(target, weight) in &forest.weights[node.yes as usize..node.no as usize] {
            sums[target as usize] += f64::from(weight);
        }
    }
    sums
}

/// The shape of a random forest.
#[derive(Clone, Copy)]
struct Shape {
    trees: usize,
    leaves: usize,
    features: u32,
    targets: u32,
    /// Whether the tests are only `x <= t` and `x < t`.
    plain: bool,
    /// Whether leaves have weights for several targets.
    rows: bool,
    /// Whether thresholds may have only missing values on one side.
    all: bool,
}

/// Grows a forest at random leaves.
fn grow(random: &mut Rng, shape: Shape) -> Forest<f32> {
    let mut forest = Forest {
        roots: Vec::new(),
        nodes: Vec::new(),
        sets: Vec::new(),
        weights: Vec::new(),
        features: shape.features as usize,
        targets: shape.targets as usize,
    };
    let leaf = ForestNode { test: Test::Leaf, missing_is_true: false, feature: 0, yes: 0, no: 0 };
    for _ in 0..shape.trees {
        let root = forest.nodes.len();
        forest.roots.push(root as u32);
        forest.nodes.push(leaf);
        let target = random.u32(..shape.targets);
        let mut leaves = vec![root];
        // Growing the latest leaf now and then makes some trees deep.
        for _ in 1..random.usize(1..=shape.leaves) {
            let at = leaves.swap_remove(if random.bool() {
                leaves.len() - 1
            } else {
                random.usize(..leaves.len())
            });
            let children = [forest.nodes.len() as u32, forest.nodes.len() as u32 + 1];
            forest.nodes.extend([leaf, leaf]);
            leaves.extend(children.map(|child| child as usize));
            branch(random, &mut forest, at, children, shape);
        }
        for at in leaves {
            let start = forest.weights.len() as u32;
            let weights = if shape.rows { random.usize(..4) } else { usize::from(random.u8(..8) > 0) };
            for _ in 0..weights {
                let target = if shape.rows { random.u32(..shape.targets) } else { target };
                // Sums of these weights are exact in any order.
                forest.weights.push((target, f32::from(random.i16(-1000..1000)) / 64.0));
            }
            (forest.nodes[at].yes, forest.nodes[at].no) = (start, forest.weights.len() as u32);
        }
    }
    forest
}

fn branch(random: &mut Rng, forest: &mut Forest<f32>, at: usize, [yes, no]: [u32; 2], shape: Shape) {
    let threshold = VALUES[random.usize(if shape.all { 0 } else { 2 }..VALUES.len())];
    let feature = random.u32(..shape.features);
    let missing_is_true = random.u8(..4) == 0;
    let test = match random.u8(..if shape.plain { 4 } else { 10 }) {
        0..=2 => Test::Leq(threshold),
        3 => Test::Lt(threshold),
        4 => Test::Gt(threshold),
        5 => Test::Gte(threshold),
        6 => Test::Neq(f32::from(random.u8(..4))),
        7 => Test::Eq(f32::from(random.u8(..4))),
        8 => {
            let set = (0..random.usize(..6)).map(|_| f32::from(random.u8(..70))).collect();
            forest.sets.push(set);
            Test::Member(forest.sets.len() as u32 - 1)
        }
        _ => {
            // Exporters write categories like this: the tests of the chain share a child.
            let mut chain = no;
            for _ in 0..random.usize(1..4) {
                let category = Test::Eq(f32::from(random.u8(..40)));
                forest.nodes.push(ForestNode { test: category, missing_is_true, feature, yes, no: chain });
                chain = forest.nodes.len() as u32 - 1;
            }
            forest.nodes[at] = forest.nodes[chain as usize];
            return;
        }
    };
    forest.nodes[at] = ForestNode { test, missing_is_true, feature, yes, no };
}

fn rows(random: &mut Rng, shape: Shape, count: usize) -> Vec<f32> {
    let value = |random: &mut Rng| match random.u8(..3) {
        0 => f32::from(random.u8(..40)),
        _ => VALUES[random.usize(..VALUES.len())],
    };
    (0..count * shape.features as usize).map(|_| value(random)).collect()
}

fn shape(random: &mut Rng) -> Shape {
    let plain = random.bool();
    Shape {
        trees: random.usize(1..70),
        leaves: [2, 20, 40, 200, 600][random.usize(..5)],
        features: random.u32(1..30),
        targets: random.u32(1..4),
        plain,
        rows: random.bool(),
        all: random.u8(..8) == 0,
    }
}

/// Checks the sums with portable code, and with the vectors of this processor.
fn check(packed: &Packed, rows: &[f32], width: usize, expected: &[f64], case: u64) {
    let avx2 = Vectors { avx2: Avx2::new(), avx512: None };
    for vectors in [Vectors::default(), avx2, Vectors::new()] {
        assert_eq!(sum(packed, rows, width, vectors), expected, "case {case}, {vectors:?}");
    }
}

#[test]
fn packed_trees_answer_as_their_definition_says() {
    let mut packed_forests = 0;
    for case in 0..300 {
        let mut random = Rng::with_seed(case);
        let shape = shape(&mut random);
        let (width, targets) = (shape.features as usize, shape.targets as usize);
        let forest = grow(&mut random, shape);
        let count = [1, 2, 11, 12, 33, 64, 100][random.usize(..7)];
        let rows = rows(&mut random, shape, count);
        let wide: Vec<f64> = rows.iter().map(|&x| f64::from(x)).collect();
        let expected: Vec<f64> =
            wide.chunks_exact(width).flat_map(|row| expected(&forest, row, targets)).collect();
        if let Some(packed) = Packed::new(&forest, targets) {
            packed_forests += 1;
            check(&packed, &rows, width, &expected, case);
        }
        let ensemble = Ensemble::new(forest, targets, Aggregate::Sum).unwrap();
        let scores = ensemble.scores(&Rows::Other(Features::Dense { values: Cow::Borrowed(&rows), width }));
        assert_eq!(scores.unwrap(), expected, "case {case}");
        assert_eq!(ensemble.scores(&Rows::Double(&wide, width)).unwrap(), expected, "case {case}: doubles");
    }
    // The other forests have thresholds with only missing values on one side.
    assert!(packed_forests > 200, "{packed_forests} of 300 forests were packed");
}

#[test]
fn doubles_between_floats_are_on_the_right_side_of_thresholds() {
    for case in 0..200 {
        let mut random = Rng::with_seed(case);
        let shape = shape(&mut random);
        let (width, targets) = (shape.features as usize, shape.targets as usize);
        let forest = grow(&mut random, shape);
        let between = |x: f32, random: &mut Rng| match random.u8(..3) {
            0 => f64::from(x),
            1 => f64::from(x).next_up(),
            _ => f64::from(x).next_down(),
        };
        let rows: Vec<f64> =
            rows(&mut random, shape, 40).into_iter().map(|x| between(x, &mut random)).collect();
        let expected: Vec<f64> =
            rows.chunks_exact(width).flat_map(|row| expected(&forest, row, targets)).collect();
        let ensemble = Ensemble::new(forest, targets, Aggregate::Sum).unwrap();
        assert_eq!(ensemble.scores(&Rows::Double(&rows, width)).unwrap(), expected, "case {case}");
    }
}

#[test]
fn sparse_rows_answer_as_the_dense_ones_that_they_stand_for() {
    for case in 0..200 {
        let mut random = Rng::with_seed(case);
        let shape = Shape { features: random.u32(3..4000), ..shape(&mut random) };
        let (width, targets) = (shape.features as usize, shape.targets as usize);
        let forest = grow(&mut random, shape);
        let entries = 3;
        let mut columns = Vec::new();
        let mut values = Vec::new();
        let mut dense = vec![0.0; width * 40];
        for row in dense.chunks_exact_mut(width) {
            for _ in 0..entries {
                let column = random.usize(..width);
                let value = VALUES[random.usize(..VALUES.len())];
                columns.push(if random.u8(..5) == 0 { -1 } else { column as i32 });
                values.push(value);
                if columns.last() != Some(&-1) {
                    row[column] = f64::from(value);
                }
            }
        }
        let expected: Vec<f64> =
            dense.chunks_exact(width).flat_map(|row| expected(&forest, row, targets)).collect();
        let ensemble = Ensemble::new(forest, targets, Aggregate::Sum).unwrap();
        let sparse = Features::Sparse { columns: &columns, values: &values, entries, width };
        assert_eq!(ensemble.scores(&Rows::Other(sparse)).unwrap(), expected, "case {case}");
    }
}

#[test]
fn large_trees_are_packed_as_long_as_links_can_count_their_nodes() {
    let mut random = Rng::with_seed(1);
    let shape =
        Shape { trees: 1, leaves: 1 << 18, features: 5, targets: 1, plain: true, rows: false, all: false };
    let mut forest = grow(&mut random, shape);
    while forest.nodes.len() <= 1 << 18 {
        forest = grow(&mut random, shape);
    }
    let rows = rows(&mut random, shape, 40);
    let wide: Vec<f64> = rows.iter().map(|&x| f64::from(x)).collect();
    let expected: Vec<f64> = wide.chunks_exact(5).flat_map(|row| expected(&forest, row, 1)).collect();
    check(&Packed::new(&forest, 1).unwrap(), &rows, 5, &expected, 0);
    let ensemble = Ensemble::new(forest, 1, Aggregate::Sum).unwrap();
    let features = Features::Dense { values: Cow::Borrowed(&rows), width: 5 };
    assert_eq!(ensemble.scores(&Rows::Other(features)).unwrap(), expected);
}

//! `If`: values decide which branch runs, and the branches may have outputs of different shapes.

use std::time::{Duration, Instant};

use crate::support::onnx::*;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::*;

fn integers(name: &str, dims: &[i64], values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: DataType::Int64 as i32,
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// A branch. The output of its last node is the output of the branch.
fn branch(name: &str, node: Vec<NodeProto>) -> AttributeProto {
    let output = ValueInfoProto { name: node.last().unwrap().output[0].clone(), ..ValueInfoProto::default() };
    let graph = GraphProto { name: name.to_owned(), node, output: vec![output], ..GraphProto::default() };
    AttributeProto {
        name: name.to_owned(),
        r#type: attribute_proto::AttributeType::Graph as i32,
        g: Some(graph),
        ..AttributeProto::default()
    }
}

fn choice(condition: &str, output: &str, then: Vec<NodeProto>, otherwise: Vec<NodeProto>) -> NodeProto {
    let branches = vec![branch("then_branch", then), branch("else_branch", otherwise)];
    node("If", &[condition], output, branches)
}

/// Computes `c`: whether the largest number of the batch is above 2.
fn above_two() -> Vec<NodeProto> {
    vec![
        node("ReduceMax", &["X"], "largest", vec![int("keepdims", 0)]),
        node("Greater", &["largest", "two"], "c", vec![]),
    ]
}

/// A model with two columns, and with constants for the nodes.
fn of_two_columns(nodes: Vec<NodeProto>) -> ModelProto {
    let two = TensorProto {
        name: "two".to_owned(),
        data_type: DataType::Float as i32,
        float_data: vec![2.0],
        ..TensorProto::default()
    };
    let mask = TensorProto {
        name: "first".to_owned(),
        dims: vec![2],
        data_type: DataType::Bool as i32,
        int32_data: vec![1, 0],
        ..TensorProto::default()
    };
    let yes = TensorProto {
        name: "yes".to_owned(),
        data_type: DataType::Bool as i32,
        int32_data: vec![1],
        ..TensorProto::default()
    };
    let constants = vec![
        two,
        mask,
        yes,
        integers("one", &[1], &[1]),
        integers("column", &[2], &[-1, 1]),
        integers("columns", &[2], &[-1, 2]),
        integers("cube", &[3], &[-1, 1, 2]),
    ];
    let mut model = model(vec![float_input("X", 2)], nodes, constants);
    model.opset_import[0].version = 13;
    model
}

fn sum(of: &str, to: &str) -> NodeProto {
    node("ReduceSum", &[of, "one"], to, vec![int("keepdims", 1)])
}

fn neg(from: &str, to: &str) -> NodeProto {
    node("Neg", &[from], to, vec![])
}

const LOW: &str = r#"{"X": [1, 2]}"#;
const HIGH: &str = r#"{"X": [1, 3]}"#;

#[test]
fn the_values_choose_a_branch() {
    let nodes = vec![choice("c", "z", vec![neg("X", "a")], vec![node("Mul", &["X", "two"], "b", vec![])])];
    let model = of_two_columns([above_two(), nodes, vec![sum("z", "y")]].concat());
    assert_eq!(predictions(&model, &[LOW]), [6.0]);
    assert_eq!(predictions(&model, &[HIGH]), [-4.0]);
    assert_eq!(predictions(&model, &[HIGH, LOW]), [-4.0, -3.0], "the batch decides");
}

/// One branch keeps a number of columns that only a run knows. The other keeps both.
#[test]
fn branches_may_have_outputs_of_different_sizes() {
    let positive = node("Greater", &["largest_by_column", "two"], "large", vec![]);
    let by_column =
        node("ReduceMax", &["X"], "largest_by_column", vec![ints("axes", &[0]), int("keepdims", 0)]);
    let some = vec![by_column, positive, node("Compress", &["X", "large"], "a", vec![int("axis", 1)])];
    let nodes = vec![choice("c", "z", some, vec![node("Identity", &["X"], "b", vec![])]), sum("z", "y")];
    let model = of_two_columns([above_two(), nodes].concat());
    assert_eq!(predictions(&model, &[LOW]), [3.0]);
    assert_eq!(predictions(&model, &[HIGH]), [3.0], "the first column is left out");

    let first = vec![node("Compress", &["X", "first"], "a", vec![int("axis", 1)])];
    let nodes = vec![choice("c", "z", first, vec![node("Identity", &["X"], "b", vec![])]), sum("z", "y")];
    let model = of_two_columns([above_two(), nodes].concat());
    assert_eq!(predictions(&model, &[LOW]), [3.0]);
    assert_eq!(predictions(&model, &[HIGH]), [1.0], "the second column is left out");
}

/// A branch, and a branch within it, can read values from outside: here a shape with the number of rows.
#[test]
fn branches_read_values_of_the_graphs_around_them() {
    let twos = node("Expand", &["two", "shape"], "twos", vec![]);
    let wide = vec![choice("c", "i", vec![twos], vec![neg("X", "b")]), node("Add", &["X", "i"], "a", vec![])];
    let shape = node("Shape", &["X"], "shape", vec![]);
    let outer = choice("c", "z", wide, vec![node("Identity", &["X"], "e", vec![])]);
    let model = of_two_columns([above_two(), vec![shape, outer, sum("z", "y")]].concat());
    assert_eq!(predictions(&model, &[HIGH, LOW]), [8.0, 7.0]);
    assert_eq!(predictions(&model, &[LOW]), [3.0]);
}

#[test]
fn a_branch_that_is_never_chosen_does_not_matter() {
    let impossible = vec![node("Reshape", &["X", "nowhere"], "b", vec![])];
    let nodes = vec![choice("yes", "z", vec![neg("X", "a")], impossible), sum("z", "y")];
    let mut model = of_two_columns(nodes);
    model.graph.as_mut().unwrap().initializer.push(integers("nowhere", &[2], &[7, 11]));
    assert_eq!(predictions(&model, &[LOW, HIGH]), [-3.0, -4.0]);
}

/// The output of one branch is `[N, 1, 2]`, that of the other `[N, 2]`.
fn of_other_ranks() -> NodeProto {
    let cube = vec![node("Reshape", &["X", "cube"], "a", vec![])];
    choice("c", "z", cube, vec![neg("X", "b")])
}

#[test]
fn nodes_after_an_if_accept_either_rank() {
    let flat = node("Reshape", &["z", "columns"], "flat", vec![]);
    let nodes = [above_two(), vec![of_other_ranks(), flat, sum("flat", "y")]].concat();
    let model = of_two_columns(nodes);
    assert_eq!(predictions(&model, &[LOW]), [-3.0]);
    assert_eq!(predictions(&model, &[HIGH, LOW]), [4.0, 3.0]);

    // A second `If` behind the first.
    let again = node("Reshape", &["z", "columns"], "X2", vec![]);
    let cube = vec![node("Reshape", &["X2", "cube"], "a2", vec![])];
    let second = choice("c", "z2", cube, vec![neg("X2", "b2")]);
    let flat = node("Reshape", &["z2", "columns"], "flat", vec![]);
    let nodes = [above_two(), vec![of_other_ranks(), again, second, flat, sum("flat", "y")]].concat();
    let model = of_two_columns(nodes);
    assert_eq!(predictions(&model, &[LOW]), [3.0]);
    assert_eq!(predictions(&model, &[HIGH]), [4.0]);
}

/// `Gemm` behind the `If` takes only matrices.
#[test]
fn a_branch_whose_rank_nothing_accepts_fails_when_it_is_chosen() {
    let ones = node("Gemm", &["z", "z"], "product", vec![int("transB", 1)]);
    let nodes = [above_two(), vec![of_other_ranks(), ones, sum("product", "y")]].concat();
    let model = of_two_columns(nodes);
    assert_eq!(predictions(&model, &[LOW]), [5.0]);
    assert_eq!(predictions(&model, &[HIGH]), [0.0; 0]);
    assert_eq!(predictions(&model, &[HIGH, LOW]), [5.0], "it runs without the first document");
}

#[test]
fn ifs_that_cannot_run_are_refused() {
    let nothing = vec![node("Reshape", &["X", "cube"], "b", vec![]), node("Gemm", &["b", "b"], "b2", vec![])];
    let neither = choice("c", "z", vec![neg("X", "a")], nothing);
    let line = refusal(&of_two_columns([above_two(), vec![neither, sum("z", "y")]].concat()));
    assert!(line.contains("Gemm"), "{line}");

    let outputs = choice("c", "y", vec![neg("X", "a")], vec![node("Reshape", &["X", "cube"], "b", vec![])]);
    let line = refusal(&of_two_columns([above_two(), vec![outputs]].concat()));
    assert!(line.contains("the branches of If (`If-y`) disagree: output 0"), "{line}");

    let mut alone = choice("c", "y", vec![neg("X", "a")], vec![neg("X", "b")]);
    alone.attribute.pop();
    assert!(refusal(&of_two_columns([above_two(), vec![alone]].concat())).contains("else_branch"));

    let mut reserved = choice("c", "y", vec![neg("X", "a")], vec![neg("X", "b")]);
    reserved.op_type = "ContinuedIf".to_owned();
    let line = refusal(&of_two_columns([above_two(), vec![reserved]].concat()));
    assert!(line.contains("ContinuedIf is not an ONNX operator"), "{line}");
}

/// Each `If` whose branches disagree doubles the nodes after it.
#[test]
fn disagreements_of_branches_are_bounded() {
    let mut nodes = above_two();
    nodes.push(neg("X", "v0"));
    for at in 0..40 {
        let [from, to] = [format!("v{at}"), format!("v{}", at + 1)];
        let [cube, same, z] = ["a", "b", "z"].map(|name| format!("{name}{at}"));
        let reshaped = vec![node("Reshape", &[&from, "cube"], &cube, vec![])];
        nodes.push(choice("c", &z, reshaped, vec![neg(&from, &same)]));
        nodes.push(node("Reshape", &[&z, "columns"], &to, vec![]));
    }
    nodes.push(sum("v40", "y"));
    let start = Instant::now();
    let line = refusal(&of_two_columns(nodes));
    assert!(line.contains("more than 8 graphs within each other"), "{line}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());

    let large =
        AttributeProto { name: "value_floats".to_owned(), ..floats("value_floats", &vec![0.0; 17 << 20]) };
    let flat = node("Reshape", &["z", "columns"], "flat", vec![]);
    let nodes = vec![of_other_ranks(), flat, node("Constant", &[], "large", vec![large]), sum("flat", "y")];
    let line = refusal(&of_two_columns([above_two(), nodes].concat()));
    assert!(line.contains("bytes come after an If whose branches disagree"), "{line}");
}

/// An output of an `If` that nothing reads has an empty name.
#[test]
fn unread_outputs_are_left_out() {
    let two = |name: &str| {
        let nodes = vec![neg("X", &format!("{name}0")), sum("X", &format!("{name}1"))];
        let mut branch = branch(name, nodes);
        let first = ValueInfoProto { name: format!("{name}0"), ..ValueInfoProto::default() };
        branch.g.as_mut().unwrap().output.insert(0, first);
        branch
    };
    let mut choice = node("If", &["c"], "", vec![two("then_branch"), two("else_branch")]);
    choice.output.push("y".to_owned());
    let model = of_two_columns([above_two(), vec![choice]].concat());
    assert_eq!(predictions(&model, &[LOW, HIGH]), [3.0, 4.0]);
}

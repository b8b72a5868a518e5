//! A graph of many inputs, outputs or nodes is planned in time, or refused in a short line.

use std::time::{Duration, Instant};

use crate::support::onnx::*;
use predictor::Clock;
use predictor::model::Model;
use predictor::model::directory::ModelDirectory;
use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::*;

fn x() -> Vec<ValueInfoProto> {
    vec![float_input("X", 1)]
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("n{number}")).collect()
}

fn identities(names: &[String]) -> Vec<NodeProto> {
    let mut nodes: Vec<_> = names.iter().map(|name| node("Identity", &["X"], name, vec![])).collect();
    nodes.push(node("Identity", &["X"], "y", vec![]));
    nodes
}

/// The message of the refusal, which must come at once and be short.
fn fast_refusal(model: &ModelProto) -> String {
    let start = Instant::now();
    let line = refusal(model);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}: {line}", start.elapsed());
    assert!(line.len() < 4_000, "{} bytes", line.len());
    line
}

fn with_outputs(count: usize) -> ModelProto {
    let names = names(count);
    let mut model = model(x(), identities(&names), vec![]);
    model.graph.as_mut().unwrap().output.extend(names.iter().map(|name| float_input(name, 1)));
    model
}

fn joined(count: usize) -> ModelProto {
    let names = names(count);
    let mut nodes = identities(&names);
    nodes.truncate(count);
    let inputs: Vec<&str> = names.iter().map(String::as_str).collect();
    nodes.push(node("Concat", &inputs, "y", vec![int("axis", 1)]));
    let mut model = model(x(), nodes, vec![]);
    model.graph.as_mut().unwrap().output = vec![float_input("y", i64::try_from(count).unwrap())];
    model
}

#[test]
fn inputs_and_outputs_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    load(folder.path(), &with_outputs(500)).unwrap();
    load(folder.path(), &joined(500)).unwrap();
    assert!(fast_refusal(&with_outputs(4_096)).contains("4097 outputs; the limit is 4096"));
    assert!(fast_refusal(&joined(4_097)).contains("Concat (`Concat-y`): 4097 inputs; the limit is 4096"));
    let inputs: Vec<_> = names(4_097).iter().map(|name| float_input(name, 1)).collect();
    let line = fast_refusal(&model([x(), inputs].concat(), identities(&[]), vec![]));
    assert!(line.contains("4098 inputs; the limit is 4096"), "{line}");
}

/// tract compares each initializer with all others, byte by byte.
#[test]
fn inputs_with_a_value_take_no_time() {
    let constant = |name: &String| TensorProto {
        name: name.clone(),
        dims: vec![1],
        data_type: DataType::Float as i32,
        float_data: vec![1.0],
        ..TensorProto::default()
    };
    let names = names(20_000);
    let inputs: Vec<_> = names.iter().map(|name| float_input(name, 1)).collect();
    let constants = names.iter().map(constant).collect();
    let start = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    load(folder.path(), &model([x(), inputs].concat(), identities(&[]), constants)).unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_clock_that_is_over_ends_planning() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.onnx"), joined(2_000).encode_to_vec()).unwrap();
    let directory = ModelDirectory::open(folder.path()).unwrap();
    let start = Instant::now();
    let clock = Clock::unlimited().within(Duration::from_millis(200));
    let line = format!("{:#}", Model::load(&directory, "model.onnx", &clock).unwrap_err());
    assert!(line.starts_with("model.onnx: planning the graph: not done after "), "{line}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn a_refusal_is_short() {
    let long = "node".repeat(200);
    let mut nodes: Vec<_> = names(20_000).iter().map(|name| node("NoSuch", &["X"], name, vec![])).collect();
    for node in &mut nodes {
        node.name.clone_from(&long);
    }
    nodes.push(node("Identity", &["X"], "y", vec![]));
    let line = fast_refusal(&model(x(), nodes, vec![]));
    assert!(line.ends_with("…`) and 19990 more"), "{line}");

    let mut named = node("Identity", &["X"], "y", vec![]);
    named.name = "n".repeat(2 << 20);
    let line = fast_refusal(&model(x(), vec![named], vec![]));
    assert!(line.contains("…` has 2097152 bytes; the limit is 4096"), "{line}");

    let axes: Vec<i64> = (0..100_000).map(|axis| axis * 2).collect();
    let transpose = node("Transpose", &["X"], "y", vec![ints("perm", &axes)]);
    let line = fast_refusal(&model(x(), vec![transpose], vec![]));
    assert!(line.contains("`perm`: expected a permutation, found [0, 2, "), "{line}");
}

/// A file of two bytes for each node would take a hundred times as much memory.
#[test]
fn a_file_of_empty_nodes_is_refused_while_it_is_read() {
    let graph = GraphProto {
        node: vec![NodeProto::default(); 600_000],
        output: vec![float_input("y", 1)],
        ..GraphProto::default()
    };
    let line = refusal(&ModelProto { graph: Some(graph), ..ModelProto::default() });
    assert!(line.contains("the model has more than 500000 parts"), "{line}");
}

#[test]
fn the_expressions_of_a_model_are_bounded() {
    let many: Vec<String> = (1..300).map(|number| format!("[a-z]{{{number},900}}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let attributes =
        vec![int("mark", 0), int("mincharnum", 1), string("pad_value", "#"), strings("separators", &many)];
    let mut tokenizer = node("Tokenizer", &["X"], "y", attributes);
    tokenizer.domain = "com.microsoft".to_owned();
    let mut input = float_input("X", 1);
    tensor_type(&mut input).elem_type = DataType::String as i32;
    let line = refusal(&model(vec![input], vec![tokenizer], vec![]));
    assert!(line.contains("regular expressions"), "{line}");
}

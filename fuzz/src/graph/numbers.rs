//! Operators whose size or whose steps are a number of the records, and those on what they make. Expand, Tile, Pad and
//! `OneHot` are not among them: a model in which they take such a size is refused.

use arbitrary::Result;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, ValueInfoProto};

use super::growing::{Growing, Kind};
use super::rows::FUNCTIONS;
use crate::onnx::*;

/// Adds an operator that makes a vector as long as the number, or another number.
pub fn grow(graph: &mut Growing<'_, '_>, value: &str) -> Result<()> {
    if graph.bytes.ratio(1, 8)? {
        let choice = choice(graph, value)?;
        graph.value(choice, Kind::Number);
        return Ok(());
    }
    let (zero, one) = (graph.floats(&[], vec![0.0]), graph.floats(&[], vec![1.0]));
    let length = graph.node("Cast", &[value], vec![int("to", DataType::Int64 as i64)]);
    let length = graph.reshape(&length, &[1]);
    let vector = match graph.bytes.int_in_range(0..=2)? {
        0 => graph.node("Range", &[&zero, value, &one], vec![]),
        1 => graph.node("ConstantOfShape", &[&length], vec![]),
        _ => {
            let Some((from, _)) = graph.last(|kind| kind == Kind::Vector) else { return Ok(()) };
            let start = graph.integers(&[1], &[0]);
            graph.node("Slice", &[&from, &start, &length], vec![])
        }
    };
    graph.value(vector, Kind::Vector);
    Ok(())
}

/// An If that computes one of two functions of a number. One of them makes a range of it.
fn choice(graph: &mut Growing<'_, '_>, value: &str) -> Result<String> {
    let (limit, zero, one) =
        (graph.floats(&[], vec![10.0]), graph.floats(&[], vec![0.0]), graph.floats(&[], vec![1.0]));
    let is_large = graph.node("Greater", &[value, &limit], vec![]);
    let output = |name: &str| -> ValueInfoProto {
        let mut info = float_input(name, 1);
        tensor_type(&mut info).shape.as_mut().expect("a shape").dim.clear();
        info
    };
    let branch = |name: &str, nodes| GraphProto {
        name: name.to_owned(),
        output: vec![output(name)],
        node: nodes,
        ..GraphProto::default()
    };
    let large = branch(
        "large",
        vec![
            node("Range", &[&zero, value, &one], "range", vec![]),
            node("ReduceSum", &["range"], "large", vec![int("keepdims", 0)]),
        ],
    );
    let function = *graph.bytes.choose(&FUNCTIONS)?;
    let small = branch("small", vec![node(function, &[value], "small", vec![])]);
    let branches = vec![self::graph("then_branch", large), self::graph("else_branch", small)];
    Ok(graph.node("If", &[&is_large], branches))
}

/// Adds an operator on a vector.
pub fn grow_vector(graph: &mut Growing<'_, '_>, value: &str) -> Result<()> {
    let made = match graph.bytes.int_in_range(0..=8)? {
        0 => {
            let function = *graph.bytes.choose(&FUNCTIONS)?;
            graph.node(function, &[value], vec![])
        }
        1 => {
            let places = graph.node("NonZero", &[value], vec![]);
            let places = graph.node("Cast", &[&places], vec![int("to", DataType::Float as i64)]);
            graph.reshape(&places, &[-1])
        }
        2 => graph.node("Concat", &[value, value], vec![int("axis", 0)]),
        3 => {
            let times = *graph.bytes.choose(&[2, 100, 1_000_000])?;
            let times = graph.integers(&[1], &[times]);
            graph.node("Tile", &[value, &times], vec![])
        }
        4 => {
            let axis = graph.integers(&[], &[0]);
            graph.node("CumSum", &[value, &axis], vec![])
        }
        5 => {
            let (column, row) = (graph.reshape(value, &[-1, 1]), graph.reshape(value, &[1, -1]));
            let op = *graph.bytes.choose(&["Mul", "MatMul", "Max"])?;
            let all = graph.node(op, &[&column, &row], vec![]);
            graph.reshape(&all, &[-1])
        }
        6 => {
            let (zero, steps) = (graph.floats(&[1], vec![0.0]), graph.bytes.int_in_range(0..=20)?);
            let body = summing(&[&FUNCTIONS[..], &FUNCTIONS].concat()[..steps]);
            let attributes = vec![self::graph("body", body), int("num_scan_inputs", 1)];
            graph.node("Scan", &[&zero, value], attributes)
        }
        7 => graph.node("Softmax", &[value], vec![int("axis", 0)]),
        _ => {
            let op = *graph.bytes.choose(&["ReduceSum", "ReduceMax", "ReduceMean"])?;
            let number = graph.node(op, &[value], vec![int("keepdims", 0)]);
            graph.value(number, Kind::Number);
            return Ok(());
        }
    };
    graph.value(made, Kind::Vector);
    Ok(())
}

/// The body of a loop that adds up some function of each element.
pub fn summing(steps: &[&str]) -> GraphProto {
    let number = |name: &str, dims: usize| {
        let mut info = float_input(name, 1);
        tensor_type(&mut info).shape.as_mut().expect("a shape").dim.truncate(dims);
        info
    };
    let names: Vec<String> = (0..=steps.len()).map(|index| format!("b{index}")).collect();
    let mut nodes: Vec<_> = std::iter::zip(steps, names.windows(2))
        .map(|(op, names)| node(op, &[&names[0]], &names[1], Vec::new()))
        .collect();
    nodes.push(node("Add", &["sum", &names[steps.len()]], "next", Vec::new()));
    GraphProto {
        name: "body".to_owned(),
        input: vec![number("sum", 1), number("b0", 0)],
        output: vec![float_input("next", 1)],
        node: nodes,
        ..GraphProto::default()
    }
}

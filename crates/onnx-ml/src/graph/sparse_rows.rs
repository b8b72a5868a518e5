//! Feeds the sparse rows of a vectoriser to the readers of its matrix where they can read sparse rows. A
//! linear model then does one lookup per entry, and no operator has to hold thousands of zeros per row.

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto};

use crate::ops;

use super::{MapValue, subgraphs};

/// The matrix that a vectoriser gave.
#[derive(Debug)]
pub(super) struct Matrix<'a> {
    /// The graph's input with the maps.
    pub input: &'a str,
    /// The name of the matrix.
    pub output: &'a str,
    /// The type of its elements.
    pub element: MapValue,
    /// Its columns.
    pub width: usize,
    /// The type of the maps' values.
    pub values: MapValue,
}

/// Connects the sparse rows to the readers of the matrix. The nodes that this needs are inserted at `at`.
pub(super) fn feed(graph: &mut GraphProto, at: usize, matrix: &Matrix) {
    let columns = ops::columns_name(matrix.input);
    let values = ops::values_name(matrix.input);
    let float_values =
        if matrix.values == MapValue::Float { values.clone() } else { format!("{values}.float") };
    let mut made = Vec::new();

    // The matrix has further names after an `Identity` or a `Cast` to `float`. It can be read sparse only as
    // `float`.
    let mut names = vec![matrix.output.to_owned()];
    let mut floats: Vec<String> = Vec::new();
    if matrix.element == MapValue::Float {
        floats.push(matrix.output.to_owned());
    }
    let mut fed = false;
    for node in &mut graph.node {
        let [input] = &node.input[..] else { continue };
        if !names.contains(input) {
            continue;
        }
        let is_float = floats.contains(input);
        if is_float && ops::takes_sparse(&node.op_type) {
            node.input = vec![columns.clone(), float_values.clone()];
            node.attribute.push(int_attribute(ops::SPARSE_WIDTH, matrix.width));
            fed = true;
        } else if let [output] = &node.output[..] {
            let to_float = is_cast_to(node, DataType::Float);
            if to_float || node.op_type == "Identity" {
                names.push(output.clone());
                if to_float || is_float {
                    floats.push(output.clone());
                }
            }
        }
    }
    if fed && float_values != values {
        made.push(cast(&values, &float_values, DataType::Float));
    }

    forget_unread(graph, &names);
    if reads(graph, matrix.output) {
        let as_they_are = matrix.element == matrix.values;
        let dense = if as_they_are { matrix.output.to_owned() } else { format!("{}.dense", matrix.output) };
        made.push(NodeProto {
            op_type: ops::SPARSE_TO_DENSE.to_owned(),
            name: dense.clone(),
            input: vec![columns, values],
            output: vec![dense.clone()],
            attribute: vec![int_attribute(ops::SPARSE_WIDTH, matrix.width)],
            ..NodeProto::default()
        });
        if !as_they_are {
            made.push(cast(&dense, matrix.output, matrix.element.data_type()));
        }
    }
    graph.node.splice(at..at, made);
}

/// Removes the nodes that made names of the matrix which nothing reads any more, the last name first.
fn forget_unread(graph: &mut GraphProto, names: &[String]) {
    for name in names[1..].iter().rev() {
        if !reads(graph, name) {
            graph.node.retain(|node| !node.output.contains(name));
        }
    }
}

/// Whether a node reads the value, or it is an output of the graph.
pub(super) fn reads(graph: &GraphProto, name: &str) -> bool {
    graph.output.iter().any(|output| output.name == name)
        || graph.node.iter().any(|node| {
            node.input.iter().any(|input| input == name) || subgraphs(node).any(|inner| reads(inner, name))
        })
}

fn is_cast_to(node: &NodeProto, element: DataType) -> bool {
    let to = node.attribute.iter().find(|attribute| attribute.name == "to");
    node.op_type == "Cast" && to.is_some_and(|to| to.i == i64::from(element as i32))
}

fn cast(from: &str, to: &str, element: DataType) -> NodeProto {
    NodeProto {
        op_type: "Cast".to_owned(),
        name: to.to_owned(),
        input: vec![from.to_owned()],
        output: vec![to.to_owned()],
        attribute: vec![int_attribute("to", element as usize)],
        ..NodeProto::default()
    }
}

fn int_attribute(name: &str, value: usize) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Int as i32,
        i: i64::try_from(value).unwrap_or(i64::MAX),
        ..AttributeProto::default()
    }
}

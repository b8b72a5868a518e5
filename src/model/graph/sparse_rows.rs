//! Where the matrix of a vectoriser goes, its rows go sparse as far as can be: a linear model then does a look-up an
//! entry, and no operator has to hold thousands of zeros a row.

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto};

use crate::model::ops;
use serving_spec::columns::Number;

use super::{data_type, subgraphs};

/// What a vectoriser gave.
#[derive(Debug)]
pub(super) struct Matrix<'a> {
    /// The graph's input with the maps.
    pub input: &'a str,
    /// The name of the matrix.
    pub output: &'a str,
    /// The type of its elements.
    pub element: Number,
    /// Its columns.
    pub width: usize,
    /// The type of the maps' values.
    pub values: Number,
}

/// Leads the sparse rows to where the matrix went; the nodes that make what they need of them begin at `at`.
pub(super) fn feed(graph: &mut GraphProto, at: usize, matrix: &Matrix) {
    let columns = ops::columns_name(matrix.input);
    let values = ops::values_name(matrix.input);
    let float_values =
        if matrix.values == Number::Float { values.clone() } else { format!("{values}.float") };
    let mut made = Vec::new();

    // Names of the matrix behind an `Identity`, or a `Cast` to `float`: only as `float` can it be read sparse.
    let mut names = vec![matrix.output.to_owned()];
    let mut floats: Vec<String> = Vec::new();
    if matrix.element == Number::Float {
        floats.push(matrix.output.to_owned());
    }
    let mut fed = false;
    for node in &mut graph.node {
        let [input] = &node.input[..] else { continue };
        if !names.contains(input) {
            continue;
        }
        let is_float = floats.contains(input);
        if ops::TAKES_SPARSE.contains(&node.op_type.as_str()) && is_float {
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
            made.push(cast(&dense, matrix.output, data_type(matrix.element)));
        }
    }
    graph.node.splice(at..at, made);
}

/// Removes what made another name of the matrix that nothing reads any more: those of later names first.
fn forget_unread(graph: &mut GraphProto, names: &[String]) {
    for name in names[1..].iter().rev() {
        if !reads(graph, name) {
            graph.node.retain(|node| !node.output.contains(name));
        }
    }
}

/// Whether anything in the graph reads a value, or it is one of its outputs.
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

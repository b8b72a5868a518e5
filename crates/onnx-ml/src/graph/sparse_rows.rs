//! Feeds the sparse rows of a vectoriser to the readers of its matrix where they can read sparse rows. A
//! linear model then does one lookup per entry, and no operator has to hold thousands of zeros per row.

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto};

use crate::ops;

use super::MapValue;
use super::wiring::Wiring;

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

/// Connects the sparse rows to the readers of the matrix. Returns the nodes that this needs before them.
pub(super) fn feed(graph: &mut Wiring, matrix: &Matrix) -> Vec<NodeProto> {
    let columns = ops::columns_name(matrix.input);
    let values = ops::values_name(matrix.input);
    let float_values =
        if matrix.values == MapValue::Float { values.clone() } else { format!("{values}.float") };
    let mut made = Vec::new();

    // The matrix has further names after an `Identity` or a `Cast` to `float`. It can be read sparse only as
    // `float`.
    let mut names =
        vec![Name { text: matrix.output.to_owned(), is_float: matrix.element == MapValue::Float, of: None }];
    let mut fed = false;
    let mut at = 0;
    while at < names.len() {
        let is_float = names[at].is_float;
        for place in graph.readers(&names[at].text).to_vec() {
            let Some(node) = graph.node(place).filter(|node| node.input.len() == 1) else { continue };
            if is_float && ops::takes_sparse(&node.op_type) {
                let Some(mut node) = graph.take(place) else { continue };
                node.input = vec![columns.clone(), float_values.clone()];
                node.attribute.push(int_attribute(ops::SPARSE_WIDTH, matrix.width));
                graph.put(place, vec![node]);
                fed = true;
            } else if let [output] = &node.output[..] {
                let to_float = is_cast_to(node, DataType::Float);
                if to_float || node.op_type == "Identity" {
                    names.push(Name {
                        text: output.clone(),
                        is_float: to_float || is_float,
                        of: Some(place),
                    });
                }
            }
        }
        at += 1;
    }
    if fed && float_values != values {
        made.push(cast(&values, &float_values, DataType::Float));
    }

    // The last names first: what made them no longer reads the names before.
    for Name { text, of, .. } in names.iter().rev() {
        if let Some(place) = of
            && !graph.reads(text)
        {
            graph.take(*place);
        }
    }
    if graph.reads(matrix.output) {
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
    made
}

/// A name of the matrix.
struct Name {
    text: String,
    /// Whether its elements are `float`.
    is_float: bool,
    /// The place of the node that gives the matrix this name. `None` for the vectoriser.
    of: Option<usize>,
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

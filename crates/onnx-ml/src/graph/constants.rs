//! Turns initializers into `Constant` nodes. tract compares each initializer with all before it, byte by byte, and
//! takes constants as they are.
//!
//! <https://onnx.ai/onnx/operators/onnx__Constant.html>

use hashbrown::HashSet;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use super::subgraphs_mut;

/// Replaces the initializers of a graph and of its subgraphs, also those that are the default of an input.
pub(super) fn from_initializers(graph: &mut GraphProto) {
    let constants = std::mem::take(&mut graph.initializer);
    let names: HashSet<&str> = constants.iter().map(|tensor| tensor.name.as_str()).collect();
    graph.input.retain(|input| !names.contains(input.name.as_str()));
    drop(names);
    for inner in graph.node.iter_mut().flat_map(subgraphs_mut) {
        from_initializers(inner);
    }
    graph.node.splice(..0, constants.into_iter().map(constant));
}

fn constant(tensor: TensorProto) -> NodeProto {
    NodeProto {
        op_type: "Constant".to_owned(),
        name: tensor.name.clone(),
        output: vec![tensor.name.clone()],
        attribute: vec![AttributeProto {
            name: "value".to_owned(),
            r#type: AttributeType::Tensor as i32,
            t: Some(tensor),
            ..AttributeProto::default()
        }],
        ..NodeProto::default()
    }
}

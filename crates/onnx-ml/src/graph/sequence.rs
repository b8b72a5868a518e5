//! Removes a `SequenceConstruct` that makes an output of the graph. Models of scikit-learn with several
//! outputs give a sequence of score matrices. tract knows tensors only, so each matrix becomes a separate
//! output.
//!
//! <https://onnx.ai/onnx/operators/onnx__SequenceConstruct.html>

use hashbrown::{HashMap, HashSet};
use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto};

use super::{identity, is_onnx};

/// Replaces every output that is a sequence of tensors: `scores` by `scores.0`, `scores.1`, …
pub(super) fn take_out(graph: &mut GraphProto) {
    let outputs: HashSet<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    let made = |node: &NodeProto| -> Option<String> {
        let makes = node.op_type == "SequenceConstruct" && is_onnx(node);
        node.output.iter().find(|name| makes && outputs.contains(name.as_str())).cloned()
    };
    let mut sequences: HashSet<String> = graph.node.iter().filter_map(made).collect();
    if sequences.is_empty() {
        return;
    }
    for name in graph.node.iter().flat_map(|node| &node.input) {
        sequences.remove(name);
    }
    let mut tensors: HashMap<String, Vec<String>> = HashMap::new();
    graph.node.retain_mut(|node| {
        let made = node.output.iter().find(|name| sequences.contains(*name));
        let Some(name) = made.filter(|_| node.op_type == "SequenceConstruct" && is_onnx(node)) else {
            return true;
        };
        tensors.insert(name.clone(), std::mem::take(&mut node.input));
        false
    });
    drop(outputs);
    let mut outputs = Vec::with_capacity(graph.output.len());
    for output in std::mem::take(&mut graph.output) {
        let Some(tensors) = tensors.remove(&output.name) else {
            outputs.push(output);
            continue;
        };
        for (index, tensor) in tensors.into_iter().enumerate() {
            let name = format!("{}.{index}", output.name);
            graph.node.push(identity(tensor, name.clone()));
            outputs.push(ValueInfoProto { name, ..ValueInfoProto::default() });
        }
    }
    graph.output = outputs;
}

//! Removes a `SequenceConstruct` that makes an output of the graph. Models of scikit-learn with several
//! outputs give a sequence of score matrices. tract knows tensors only, so each matrix becomes a separate
//! output.
//!
//! <https://onnx.ai/onnx/operators/onnx__SequenceConstruct.html>

use tract_onnx::pb::{GraphProto, ValueInfoProto};

use super::{identity, is_onnx};

/// Replaces every output that is a sequence of tensors: `scores` by `scores.0`, `scores.1`, …
pub(super) fn take_out(graph: &mut GraphProto) {
    let mut outputs = Vec::with_capacity(graph.output.len());
    for output in std::mem::take(&mut graph.output) {
        let makes = graph.node.iter().position(|node| {
            node.op_type == "SequenceConstruct" && is_onnx(node) && node.output.contains(&output.name)
        });
        let is_read = graph.node.iter().any(|node| node.input.contains(&output.name));
        let Some(at) = makes.filter(|_| !is_read) else {
            outputs.push(output);
            continue;
        };
        for (index, tensor) in graph.node.remove(at).input.into_iter().enumerate() {
            let name = format!("{}.{index}", output.name);
            graph.node.push(identity(tensor, name.clone()));
            outputs.push(ValueInfoProto { name, ..output.clone() });
        }
    }
    graph.output = outputs;
}

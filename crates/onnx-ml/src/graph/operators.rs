//! Whether everything that a graph is made of can run: each operator by its domain and name, and the versions that the
//! model asks for.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, OperatorSetIdProto};

use crate::ops;

use super::{is_onnx, node_name, subgraphs};

/// The version of `ai.onnx.ml` that our operators were written to.
const MAX_ML_VERSION: i64 = 5;

/// Operators of `com.microsoft` that can run: those that converters put into models of scikit-learn, and those that tract
/// has. All its others share no more than their name with one that we know.
///
/// <https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md>
const MICROSOFT: [&str; 15] = [
    "BiasGelu",
    "CDist",
    "FastGelu",
    "GatherBlockQuantized",
    "Gelu",
    "GroupQueryAttention",
    "MatMulNBits",
    "MultiHeadAttention",
    "MurmurHash3",
    "QuickGelu",
    "RotaryEmbedding",
    "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
    "Tokenizer",
];

/// Checks every operator of the graph and of its subgraphs.
///
/// # Errors
/// All operators that can't run, in one line, as `domain.Operator (node)`; or the version of a domain that is too new.
pub(super) fn check(model: &ModelProto) -> Result<()> {
    for import in &model.opset_import {
        ensure!(
            import.domain != "ai.onnx.ml" || import.version <= MAX_ML_VERSION,
            "the graph is of version {} of ai.onnx.ml; versions up to {MAX_ML_VERSION} can run",
            import.version
        );
    }
    let versions = |import: &&OperatorSetIdProto| matches!(import.domain.as_str(), "" | "ai.onnx");
    let versions: BTreeSet<i64> =
        model.opset_import.iter().filter(versions).map(|import| import.version).collect();
    ensure!(versions.len() <= 1, "the graph is of several versions of ai.onnx: {versions:?}");
    let onnx = ops::onnx();
    let mut unknown = Vec::new();
    let can_run = |node: &NodeProto| {
        let known =
            is_onnx(node) || node.domain == "com.microsoft" && MICROSOFT.contains(&node.op_type.as_str());
        known && onnx.op_register.0.contains_key(&node.op_type)
    };
    if let Some(graph) = &model.graph {
        list(graph, &can_run, &mut unknown);
    }
    ensure!(unknown.is_empty(), "the graph has operators that can't run: {}", unknown.join(", "));
    Ok(())
}

/// Lists operators that can't run, subgraphs included.
fn list(graph: &GraphProto, can_run: &impl Fn(&NodeProto) -> bool, unknown: &mut Vec<String>) {
    for node in &graph.node {
        if !can_run(node) {
            let domain = if is_onnx(node) { String::new() } else { format!("{}.", node.domain) };
            unknown.push(format!("{domain}{} (`{}`)", node.op_type, node_name(node)));
        }
        for inner in subgraphs(node) {
            list(inner, can_run, unknown);
        }
    }
}

/// What the rewriting puts into a graph must not come from outside: it is trusted to be sound.
///
/// # Errors
/// When the graph has it already.
pub(super) fn refuse_reserved(graph: &GraphProto) -> Result<()> {
    for node in &graph.node {
        let reserved = node.attribute.iter().any(|attribute| attribute.name == ops::SPARSE_WIDTH);
        let reserved = reserved || [ops::SPARSE_TO_DENSE, ops::CONTINUED_IF].contains(&node.op_type.as_str());
        ensure!(!reserved, "{} is no ONNX operator", node.op_type);
        for inner in subgraphs(node) {
            refuse_reserved(inner)?;
        }
    }
    Ok(())
}

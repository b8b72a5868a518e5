//! Checks that every operator of a graph can run, by its domain and name, and the versions that the model
//! asks for.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use limits::names::cut;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, OperatorSetIdProto};

use crate::ops;

use super::{is_onnx, node_name, subgraphs};

/// The version of `ai.onnx.ml` that the operators of this crate implement.
const MAX_ML_VERSION: i64 = 5;

/// The most operators that a message lists.
const MAX_LISTED: usize = 10;

/// Checks every operator of the graph and of its subgraphs.
///
/// # Errors
/// When an operator cannot run, or the version of a domain is too new. The message lists the first operators
/// that cannot run in one line, as `domain.Operator (node)`, and counts the others.
pub(super) fn check(model: &ModelProto) -> Result<()> {
    for import in &model.opset_import {
        ensure!(
            import.domain != "ai.onnx.ml" || import.version <= MAX_ML_VERSION,
            "the graph uses version {} of ai.onnx.ml; versions up to {MAX_ML_VERSION} can run",
            import.version
        );
    }
    let versions = |import: &&OperatorSetIdProto| matches!(import.domain.as_str(), "" | "ai.onnx");
    let versions: BTreeSet<i64> =
        model.opset_import.iter().filter(versions).map(|import| import.version).collect();
    ensure!(versions.len() <= 1, "the graph uses several versions of ai.onnx: {versions:?}");
    let onnx = ops::onnx();
    let mut unknown = Unknown::default();
    let can_run = |node: &NodeProto| {
        let known = is_onnx(node) || node.domain == "com.microsoft" && ops::is_microsoft(&node.op_type);
        known && onnx.op_register.0.contains_key(&node.op_type)
    };
    if let Some(graph) = &model.graph {
        list(graph, &can_run, &mut unknown);
    }
    let more = unknown.count.saturating_sub(unknown.first.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    ensure!(unknown.count == 0, "the graph has operators that can't run: {}{more}", unknown.first.join(", "));
    Ok(())
}

/// The operators that cannot run.
#[derive(Default)]
struct Unknown {
    first: Vec<String>,
    count: usize,
}

/// Lists the operators that cannot run, subgraphs included.
fn list(graph: &GraphProto, can_run: &impl Fn(&NodeProto) -> bool, unknown: &mut Unknown) {
    for node in &graph.node {
        if !can_run(node) {
            unknown.count += 1;
            if unknown.first.len() < MAX_LISTED {
                let domain = if is_onnx(node) { String::new() } else { format!("{}.", cut(&node.domain)) };
                unknown.first.push(format!("{domain}{} (`{}`)", cut(&node.op_type), cut(node_name(node))));
            }
        }
        for inner in subgraphs(node) {
            list(inner, can_run, unknown);
        }
    }
}

/// Refuses a graph that contains what only the rewriting may put in. The rewriting is trusted, so those nodes
/// are not checked.
///
/// # Errors
/// When the graph contains an internal operator or attribute.
pub(super) fn refuse_reserved(graph: &GraphProto) -> Result<()> {
    for node in &graph.node {
        let reserved = node.attribute.iter().any(|attribute| attribute.name == ops::SPARSE_WIDTH);
        let reserved = reserved || ops::is_internal(&node.op_type);
        ensure!(!reserved, "{} is not an ONNX operator", node.op_type);
        for inner in subgraphs(node) {
            refuse_reserved(inner)?;
        }
    }
    Ok(())
}

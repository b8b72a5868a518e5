//! Handles an `If` whose branches give tensors of different types or ranks, so that later nodes cannot be
//! typed. All nodes after such an `If` move into each of its branches, where the types are known.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use prost::Message;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};

use crate::error::Exceeds;
use crate::ops;

use super::{identity, node_name, soundness, subgraphs, subgraphs_mut};

/// The most bytes that are copied into branches at once. The nodes may contain constants.
const MAX_BYTES: usize = 64 << 20;

/// Moves the nodes after the `If` of this name into its branches, and returns whether there is such an `If`.
/// The same is done for every `If` with the same operators in its branches: a function that is called often
/// makes many.
///
/// # Errors
/// When the graph becomes too large.
pub(crate) fn go_on_within(model: &mut ModelProto, name: &str) -> Result<bool> {
    let Some(graph) = &mut model.graph else { return Ok(false) };
    let Some(operators) = find(graph, name) else { return Ok(false) };
    go_on(graph, &operators, &mut 0)?;
    soundness::check(graph)?;
    Ok(true)
}

/// The operators in each branch of an `If`.
type Operators = Vec<Vec<String>>;

fn find(graph: &GraphProto, name: &str) -> Option<Operators> {
    let is_it = |node: &&NodeProto| node.op_type == "If" && node_name(node) == name;
    let within = || graph.node.iter().flat_map(subgraphs).find_map(|inner| find(inner, name));
    graph.node.iter().find(is_it).map(operators).or_else(within)
}

fn operators(node: &NodeProto) -> Operators {
    subgraphs(node).map(|branch| branch.node.iter().map(|node| node.op_type.clone()).collect()).collect()
}

/// Changes only the first of several such `If`s in a row: the others are then in its branches.
fn go_on(graph: &mut GraphProto, like: &Operators, bytes: &mut usize) -> Result<()> {
    let is_like = |node: &NodeProto| node.op_type == "If" && operators(node) == *like;
    let first = graph.node.iter().position(is_like).unwrap_or(graph.node.len());
    for inner in graph.node[..first].iter_mut().flat_map(subgraphs_mut) {
        go_on(inner, like, bytes)?;
    }
    let mut rest = graph.node.split_off(first).into_iter();
    let Some(mut choice) = rest.next() else { return Ok(()) };

    let rest = rest.as_slice();
    *bytes += rest.iter().map(Message::encoded_len).sum::<usize>();
    ensure!(
        *bytes <= MAX_BYTES,
        Exceeds(format!("{bytes} bytes come after an If whose branches disagree; the limit is {MAX_BYTES}"))
    );
    let made: HashSet<&String> = rest.iter().flat_map(|node| &node.output).chain(&choice.output).collect();
    let is_made = |name: &String| made.contains(name);
    let outputs: Vec<_> = graph.output.iter().filter(|output| is_made(&output.name)).cloned().collect();
    let names = outputs.iter().map(|output| output.name.clone()).collect();
    let read = std::mem::replace(&mut choice.output, names);
    for branch in subgraphs_mut(&mut choice) {
        let given = branch.output.iter().zip(&read).filter(|(_, name)| !name.is_empty());
        branch.node.extend(given.map(|(given, name)| identity(given.name.clone(), name.clone())));
        branch.node.extend_from_slice(rest);
        branch.output.clone_from(&outputs);
    }
    ops::CONTINUED_IF.clone_into(&mut choice.op_type);
    graph.node.push(choice);
    Ok(())
}

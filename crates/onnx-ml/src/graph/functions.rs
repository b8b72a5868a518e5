//! Inlines the functions that a model defines: tract knows operators only.
//!
//! Definition: `FunctionProto` in <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, ensure};
use prost::Message;
use tract_onnx::pb::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto};

use crate::error::{Error, Exceeds};

use super::NO_GRAPH;
use super::soundness::MAX_NODES;

/// The most levels of functions that call functions: more than any exporter nests, and few enough for the
/// stack.
const MAX_DEPTH: usize = 32;

/// The most bytes of inlined bodies. A body may hold a tensor, or be given one, and is copied for every call.
const MAX_BYTES: usize = 256 << 20;

/// What a name in the list of a call is counted as.
const NAME_BYTES: usize = 32;

/// Inlines every call. The file is read again because tract's messages lack the default attributes of
/// functions.
///
/// # Errors
/// When functions call each other in a circle, or the graph becomes too large.
pub(super) fn inline(model: &mut ModelProto, path: &Path) -> Result<(), Error> {
    if model.functions.is_empty() {
        return Ok(());
    }
    let functions = std::mem::take(&mut model.functions);
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    let defaults = ModelDefaults::decode(&*bytes).map_err(Error::not_onnx)?;
    let mut known = HashMap::new();
    for (function, defaults) in functions.iter().zip(defaults.functions) {
        // A function may import another opset than the model. ONNX then demands that its operators mean the
        // same in both versions.
        known.insert((function.domain(), function.name()), (function, defaults.attribute));
    }
    let mut writer = Writer { functions: known, calls: 0, nodes: 0, bytes: 0 };
    let graph = model.graph.as_mut().ok_or_else(|| Error::not_onnx(NO_GRAPH))?;
    graph.node = writer.nodes(std::mem::take(&mut graph.node), 0).map_err(Error::malformed)?;
    Ok(())
}

struct Writer<'a> {
    /// The functions by domain and name, with the attributes that have a default.
    functions: HashMap<(&'a str, &'a str), (&'a FunctionProto, Vec<AttributeProto>)>,
    /// The number of calls inlined so far. It makes the names within each body unique.
    calls: usize,
    nodes: usize,
    bytes: usize,
}

impl Writer<'_> {
    /// The nodes, with every call among them inlined.
    fn nodes(&mut self, nodes: Vec<NodeProto>, depth: usize) -> Result<Vec<NodeProto>> {
        let mut written = Vec::with_capacity(nodes.len());
        for mut node in nodes {
            // A few functions that call each other twice could fill the memory.
            self.nodes += 1;
            ensure!(
                self.nodes <= MAX_NODES,
                Exceeds(format!("with its functions the graph has more than {MAX_NODES} nodes"))
            );
            if let Some(body) = self.body(&node)? {
                ensure!(depth < MAX_DEPTH, "function {}.{} is nested too deeply", node.domain, node.op_type);
                written.extend(self.nodes(body, depth + 1)?);
                continue;
            }
            for attribute in &mut node.attribute {
                for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                    graph.node = self.nodes(std::mem::take(&mut graph.node), depth)?;
                }
            }
            written.push(node);
        }
        Ok(written)
    }

    /// The nodes that a call stands for, or `None` if the node does not call a function.
    fn body(&mut self, call: &NodeProto) -> Result<Option<Vec<NodeProto>>> {
        let called = (call.domain.as_str(), call.op_type.as_str());
        let Some((function, defaults)) = self.functions.get(&called) else { return Ok(None) };
        self.calls += 1;
        let given = |formal: &[String], actual: &[String]| -> Vec<(String, String)> {
            let actual = actual.iter().cloned().chain(std::iter::repeat(String::new()));
            formal.iter().cloned().zip(actual).collect()
        };
        let mut names: HashMap<_, _> = given(&function.input, &call.input).into_iter().collect();
        // An output that the call does not name keeps a name within the body.
        names.extend(
            given(&function.output, &call.output).into_iter().filter(|(_, actual)| !actual.is_empty()),
        );
        let scope = Scope {
            names,
            prefix: format!("{}.{}.", call.op_type, self.calls),
            attributes: defaults
                .iter()
                .rev()
                .chain(call.attribute.iter().rev())
                .map(|given| (given.name.as_str(), given))
                .collect(),
        };
        // A body may be empty, and its call still has a list of names.
        count(
            &mut self.bytes,
            (function.input.len() + function.output.len() + scope.attributes.len()) * NAME_BYTES,
        )?;
        let mut body = Vec::with_capacity(function.node.len());
        for node in &function.node {
            let node = scope.node(node);
            count(&mut self.bytes, node.encoded_len())?;
            body.push(node);
        }
        Ok(Some(body))
    }
}

/// Adds to the bytes of inlined bodies.
fn count(bytes: &mut usize, more: usize) -> Result<()> {
    *bytes = bytes.saturating_add(more);
    ensure!(
        *bytes <= MAX_BYTES,
        Exceeds(format!("with its functions the graph has more than {MAX_BYTES} bytes"))
    );
    Ok(())
}

/// What names and attributes within a function mean at one call.
struct Scope<'a> {
    names: HashMap<String, String>,
    /// The prefix of all names other than those of inputs and outputs.
    prefix: String,
    /// The attributes of the call, and the defaults of the others.
    attributes: HashMap<&'a str, &'a AttributeProto>,
}

impl Scope<'_> {
    fn name(&self, name: &str) -> String {
        match self.names.get(name) {
            Some(actual) => actual.clone(),
            None if name.is_empty() => String::new(),
            None => format!("{}{name}", self.prefix),
        }
    }

    fn node(&self, node: &NodeProto) -> NodeProto {
        let mut node = node.clone();
        for name in node.input.iter_mut().chain(&mut node.output) {
            *name = self.name(name);
        }
        node.name =
            if node.name.is_empty() { String::new() } else { format!("{}{}", self.prefix, node.name) };
        node.attribute = node.attribute.iter().filter_map(|attribute| self.attribute(attribute)).collect();
        node
    }

    /// The attribute, or the attribute of the call that it refers to. `None` if the call does not have that
    /// one.
    fn attribute(&self, attribute: &AttributeProto) -> Option<AttributeProto> {
        if !attribute.ref_attr_name.is_empty() {
            let given = self.attributes.get(attribute.ref_attr_name.as_str())?;
            return Some(AttributeProto { name: attribute.name.clone(), ..(*given).clone() });
        }
        let mut attribute = attribute.clone();
        for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            self.graph(graph);
        }
        Some(attribute)
    }

    /// Renames everything in a subgraph: its own names, and those that it reads from the function.
    fn graph(&self, graph: &mut GraphProto) {
        for info in graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info) {
            info.name = self.name(&info.name);
        }
        for tensor in &mut graph.initializer {
            tensor.name = self.name(&tensor.name);
        }
        for node in &mut graph.node {
            *node = self.node(node);
        }
    }
}

/// The parts of a model that hold the default attributes of its functions.
#[derive(Clone, PartialEq, Message)]
struct ModelDefaults {
    #[prost(message, repeated, tag = "25")]
    functions: Vec<FunctionDefaults>,
}

/// The attributes of a function that have a default.
#[derive(Clone, PartialEq, Message)]
struct FunctionDefaults {
    #[prost(message, repeated, tag = "11")]
    attribute: Vec<AttributeProto>,
}

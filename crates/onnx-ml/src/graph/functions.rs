//! Functions that the model defines, written out where they are called: tract knows operators only.
//!
//! Definition: `FunctionProto` in <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use prost::Message;
use tract_onnx::pb::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto};

/// Functions that call functions: more than any exporter nests, and few enough for the stack.
const MAX_DEPTH: usize = 32;

/// Nodes of a graph whose functions are written out. A few functions that call each other twice would fill the memory.
const MAX_NODES: usize = 1 << 17;

/// Bytes of what is written out: a body may hold a tensor, or be given one, and is written out again and again.
const MAX_BYTES: usize = 256 << 20;

/// Writes out every call. The file is read again for what tract's messages leave out of functions.
///
/// # Errors
/// When functions call each other in a circle, or the graph becomes too large.
pub(super) fn write_out(model: &mut ModelProto, path: &Path) -> Result<()> {
    if model.functions.is_empty() {
        return Ok(());
    }
    let functions = std::mem::take(&mut model.functions);
    let defaults = ModelDefaults::decode(&*std::fs::read(path)?).context("not an ONNX model")?;
    let mut known = HashMap::new();
    for (function, defaults) in functions.iter().zip(defaults.functions) {
        // It may be of another version than the model: ONNX asks that its operators then mean the same in both.
        known.insert((function.domain(), function.name()), (function, defaults.attribute));
    }
    let mut writer = Writer { functions: known, calls: 0, nodes: 0, bytes: 0 };
    let graph = model.graph.as_mut().context("not an ONNX model: it has no graph")?;
    graph.node = writer.nodes(std::mem::take(&mut graph.node), 0)?;
    Ok(())
}

struct Writer<'a> {
    /// By domain and name, with the attributes that have a default.
    functions: HashMap<(&'a str, &'a str), (&'a FunctionProto, Vec<AttributeProto>)>,
    /// Calls written out so far, which number the names within.
    calls: usize,
    nodes: usize,
    bytes: usize,
}

impl Writer<'_> {
    /// The nodes with every call among them written out.
    fn nodes(&mut self, nodes: Vec<NodeProto>, depth: usize) -> Result<Vec<NodeProto>> {
        let mut written = Vec::with_capacity(nodes.len());
        for mut node in nodes {
            self.nodes += 1;
            ensure!(self.nodes <= MAX_NODES, "with its functions the graph has more than {MAX_NODES} nodes");
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

    /// The nodes that a call stands for, or nothing if it is none.
    fn body(&mut self, call: &NodeProto) -> Result<Option<Vec<NodeProto>>> {
        let called = (call.domain.as_str(), call.op_type.as_str());
        let Some((function, defaults)) = self.functions.get(&called) else { return Ok(None) };
        self.calls += 1;
        let given = |formal: &[String], actual: &[String]| -> Vec<(String, String)> {
            let actual = actual.iter().cloned().chain(std::iter::repeat(String::new()));
            formal.iter().cloned().zip(actual).collect()
        };
        let mut names: HashMap<_, _> = given(&function.input, &call.input).into_iter().collect();
        // An output that nobody asks for has a name of its own.
        names.extend(
            given(&function.output, &call.output).into_iter().filter(|(_, actual)| !actual.is_empty()),
        );
        let scope = Scope {
            names,
            prefix: format!("{}.{}.", call.op_type, self.calls),
            attributes: call.attribute.iter().chain(defaults).collect(),
        };
        let mut body = Vec::with_capacity(function.node.len());
        for node in &function.node {
            let node = scope.node(node);
            self.bytes = self.bytes.saturating_add(node.encoded_len());
            ensure!(self.bytes <= MAX_BYTES, "with its functions the graph has more than {MAX_BYTES} bytes");
            body.push(node);
        }
        Ok(Some(body))
    }
}

/// What names and attributes within a function mean where it is called.
struct Scope<'a> {
    names: HashMap<String, String>,
    /// Of all names that are not of inputs or outputs.
    prefix: String,
    /// The call's attributes, then those that have a default.
    attributes: Vec<&'a AttributeProto>,
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

    /// The attribute, or the call's that it refers to. Where that is not given, neither is this.
    fn attribute(&self, attribute: &AttributeProto) -> Option<AttributeProto> {
        if !attribute.ref_attr_name.is_empty() {
            let given = self.attributes.iter().find(|given| given.name == attribute.ref_attr_name)?;
            return Some(AttributeProto { name: attribute.name.clone(), ..(*given).clone() });
        }
        let mut attribute = attribute.clone();
        for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            self.graph(graph);
        }
        Some(attribute)
    }

    /// Renames all in a subgraph: what it has itself, and what it reads of the function.
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

/// What a model says of its functions' attributes.
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

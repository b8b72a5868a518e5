//! Describes a graph as it describes itself, whether it can run or not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use hashbrown::HashSet;
use tract_onnx::pb::tensor_shape_proto::dimension;
use tract_onnx::pb::{GraphProto, ValueInfoProto, type_proto};

use crate::error::Error;

use super::types::{self, NonTensor};
use super::{NO_GRAPH, file, is_onnx, non_tensors, subgraphs};

/// The description of a graph.
///
/// It is read from the file alone. Nothing is checked or rewritten, so it also describes graphs that cannot
/// run.
#[derive(Debug)]
pub struct Summary {
    /// The version of the ONNX format.
    pub ir_version: i64,
    /// The version of the operators of each domain. The default domain is called `ai.onnx`.
    pub opsets: BTreeSet<(String, i64)>,
    /// How often each operator occurs, subgraphs included. Its name has a prefix for domains other than
    /// ONNX's own.
    pub operators: BTreeMap<String, usize>,
    /// The inputs that have no value in the graph.
    pub inputs: Vec<Declared>,
    /// The outputs.
    pub outputs: Vec<Declared>,
}

/// An input or output, as the graph declares it.
#[derive(Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
}

/// The type of an input or output.
#[derive(Debug)]
pub enum Kind {
    /// A tensor.
    Tensor {
        /// The type of its elements under its ONNX name, such as `float`.
        element: String,
        /// The sizes of its dimensions: each a number, a name, or `?`. `None` if the graph does not state the
        /// rank.
        shape: Option<Vec<String>>,
    },
    /// Something other than a tensor, such as `map(string, float)`.
    Other(String),
}

impl Summary {
    /// Reads the description of a `.onnx` file.
    ///
    /// # Errors
    /// [`Error::Read`] when the file cannot be read, [`Error::TooLarge`] when it is too large, and
    /// [`Error::NotOnnx`] when it is not an ONNX model.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let proto = file::read(path)?;
        let graph = proto.graph.as_ref().ok_or_else(|| Error::not_onnx(NO_GRAPH))?;
        let types = non_tensors(graph, path)?;
        let mut operators = BTreeMap::new();
        count(graph, &mut operators);
        // Some exporters list the default domain under both of its names.
        let opsets = proto.opset_import.iter().map(|import| {
            let domain = if import.domain.is_empty() { "ai.onnx" } else { &import.domain };
            (domain.to_owned(), import.version)
        });
        let declared = |info: &ValueInfoProto| Declared {
            name: info.name.clone(),
            kind: kind(info, types.get(&info.name).copied()),
        };
        let constants: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
        let given = |info: &&ValueInfoProto| !constants.contains(info.name.as_str());
        Ok(Self {
            ir_version: proto.ir_version,
            opsets: opsets.collect(),
            operators,
            inputs: graph.input.iter().filter(given).map(declared).collect(),
            outputs: graph.output.iter().map(declared).collect(),
        })
    }
}

fn count(graph: &GraphProto, operators: &mut BTreeMap<String, usize>) {
    for node in &graph.node {
        let domain = if is_onnx(node) { String::new() } else { format!("{}.", node.domain) };
        *operators.entry(format!("{domain}{}", node.op_type)).or_default() += 1;
        for inner in subgraphs(node) {
            count(inner, operators);
        }
    }
}

fn kind(info: &ValueInfoProto, other: Option<NonTensor>) -> Kind {
    let declared = info.r#type.as_ref().and_then(|declared| declared.value.as_ref());
    let Some(type_proto::Value::TensorType(tensor)) = declared else {
        return Kind::Other(other.map_or("no type".to_owned(), types::describe));
    };
    let shape = tensor.shape.as_ref().map(|shape| {
        let size = |dimension: &tract_onnx::pb::tensor_shape_proto::Dimension| match &dimension.value {
            Some(dimension::Value::DimValue(size)) => size.to_string(),
            Some(dimension::Value::DimParam(name)) if !name.is_empty() => name.clone(),
            _ => "?".to_owned(),
        };
        shape.dim.iter().map(size).collect()
    });
    Kind::Tensor { element: types::element_name(tensor.elem_type), shape }
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Tensor { element, shape: Some(shape) } => write!(f, "{element} [{}]", shape.join(", ")),
            Kind::Tensor { element, shape: None } => f.write_str(element),
            Kind::Other(other) => f.write_str(other),
        }
    }
}

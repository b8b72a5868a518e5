//! What a graph is by its own words, whether it can run or not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension;
use tract_onnx::pb::{GraphProto, ValueInfoProto, type_proto};

use super::types::{self, Type};
use super::{file, is_onnx, other_types, subgraphs};

/// A graph's own description.
#[derive(Debug)]
pub struct Summary {
    /// The version of the format.
    pub ir_version: i64,
    /// The version of each domain's operators; ONNX's own domain is `ai.onnx`.
    pub opsets: BTreeSet<(String, i64)>,
    /// How often each operator occurs, subgraphs included; with its domain if it is not of ONNX's own.
    pub operators: BTreeMap<String, usize>,
    /// The inputs that have no value in the graph.
    pub inputs: Vec<Declared>,
    /// The outputs.
    pub outputs: Vec<Declared>,
}

/// An input or output as it is declared.
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
        /// The type of its elements, in ONNX's words: `float`.
        element: String,
        /// The sizes of its dimensions: a number, a name, or `?`; `None` if not even their number is stated.
        shape: Option<Vec<String>>,
    },
    /// What is no tensor.
    Other(String),
}

impl Summary {
    /// Reads the description of a `.onnx` file.
    ///
    /// # Errors
    /// When it is no ONNX model.
    pub fn read(path: &Path) -> Result<Self> {
        let proto = file::read(path)?;
        let graph = proto.graph.as_ref().context("not an ONNX model: it has no graph")?;
        let types = other_types(graph, path)?;
        let mut operators = BTreeMap::new();
        count(graph, &mut operators);
        // Some exporters list ONNX's own domain under both of its names.
        let opsets = proto.opset_import.iter().map(|import| {
            let domain = if import.domain.is_empty() { "ai.onnx" } else { &import.domain };
            (domain.to_owned(), import.version)
        });
        let declared = |info: &ValueInfoProto| Declared {
            name: info.name.clone(),
            kind: kind(info, types.get(&info.name).copied()),
        };
        let given = |info: &&ValueInfoProto| !graph.initializer.iter().any(|tensor| tensor.name == info.name);
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

fn kind(info: &ValueInfoProto, other: Option<Type>) -> Kind {
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
    Kind::Tensor { element: element_name(tensor.elem_type), shape }
}

/// The name of an element type in ONNX.
pub(super) fn element_name(element: i32) -> String {
    DataType::try_from(element).map_or("undefined", |element| element.as_str_name()).to_lowercase()
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

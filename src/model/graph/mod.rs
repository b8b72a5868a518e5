//! The ONNX graph before tract reads it: what it takes and gives, and what is rewritten in it.
//!
//! tract knows tensors only: what takes maps or gives them is taken out, and what else can't run is refused.

mod attributes;
pub(super) mod branches;
mod file;
mod functions;
mod operators;
mod sequence;
mod soundness;
mod sparse_rows;
pub mod summary;
mod types;
mod vectorizer;
mod zip_map;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    GraphProto, ModelProto, NodeProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use serving_spec::columns::Number;

use super::ops;
use types::Type;

/// A graph that tract can read, and what it takes and gives.
#[derive(Debug)]
pub struct Graph {
    pub(super) proto: ModelProto,
    /// Where the tensors are that the file leaves out.
    pub(super) folder: PathBuf,
    /// The inputs as the model's author knows them: a map is one. Without those that the graph itself gives a value.
    pub inputs: Vec<Input>,
    /// The outputs.
    pub outputs: Vec<Output>,
}

/// An input of the graph.
#[derive(Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub takes: Takes,
}

/// What an input takes.
#[derive(Debug)]
pub enum Takes {
    /// A tensor.
    Tensor {
        /// The type of its elements.
        element: DataType,
        /// The sizes of its dimensions where the graph states them; `None` if it does not even state how many there are.
        shape: Option<Vec<Option<usize>>>,
    },
    /// A map, given by the entries that have a column.
    Sparse {
        /// The keys, in the order of their columns; integers as decimal numbers.
        keys: Vec<String>,
        /// The type of the values.
        values: Number,
    },
    /// A map, given by a value for each column.
    Dense {
        /// The type of the values.
        element: DataType,
        /// The columns.
        columns: Columns,
    },
}

/// The columns of a map that is given by a value for each.
#[derive(Debug)]
pub enum Columns {
    /// One for each of these keys; integers as decimal numbers.
    Of(Vec<String>),
    /// One for each key that there is, which are integers, in ascending order; how many, where the graph states it.
    Ascending(Option<usize>),
}

/// An output of the graph.
#[derive(Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The names of its columns if its rows are maps by class.
    pub classes: Option<Vec<String>>,
}

impl Graph {
    /// Reads and rewrites the graph of a `.onnx` file.
    ///
    /// # Errors
    /// When it is no ONNX model, has an operator that can't run, or an input that is neither a tensor nor a map that a
    /// vectoriser reads.
    pub fn read(path: &Path) -> Result<Self> {
        let mut proto = file::read(path)?;
        let graph = proto.graph.as_mut().context("not an ONNX model: it has no graph")?;
        ensure!(!graph.output.is_empty(), "the graph has no output");

        let types = other_types(graph, path)?;
        functions::write_out(&mut proto, path)?;
        let graph = proto.graph.as_mut().context("not an ONNX model: it has no graph")?;
        soundness::check(graph)?;
        operators::refuse_reserved(graph)?;
        sequence::take_out(graph);
        let mut zipped = zip_map::take_out(graph)?;
        let mut maps = vectorizer::take_out(graph, &types)?;
        operators::check(&proto)?;

        let graph = proto.graph.as_mut().context("not an ONNX model: it has no graph")?;
        let mut inputs = Vec::new();
        let mut tensors = Vec::new();
        for info in std::mem::take(&mut graph.input) {
            let takes = match maps.remove(&info.name) {
                Some(takes) => takes,
                None if graph.initializer.iter().any(|constant| constant.name == info.name) => {
                    tensors.push(info);
                    continue;
                }
                None => tensor_type(&info).with_context(|| format!("input `{}`", info.name))?,
            };
            let name = info.name.clone();
            match &takes {
                Takes::Tensor { .. } => tensors.push(info),
                Takes::Dense { element, .. } => tensors.push(tensor_info(&name, *element)),
                Takes::Sparse { values, .. } => {
                    tensors.push(tensor_info(&ops::columns_name(&name), DataType::Int32));
                    tensors.push(tensor_info(&ops::values_name(&name), data_type(*values)));
                }
            }
            inputs.push(Input { name, takes });
        }
        graph.input = tensors;
        // What was put in for a map must not have the name of something else.
        soundness::check(graph)?;
        let outputs = graph.output.iter().map(|output| {
            let classes = zipped.remove(&output.name);
            match types.get(&output.name) {
                Some(other) if classes.is_none() => {
                    bail!("output `{}` gives {other}, not a tensor", output.name)
                }
                _ => Ok(Output { name: output.name.clone(), classes }),
            }
        });
        let outputs = outputs.collect::<Result<_>>()?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { proto, folder, inputs, outputs })
    }
}

/// The types of inputs and outputs that are no tensors. Few models have such: only then is the file read again.
fn other_types(graph: &GraphProto, path: &Path) -> Result<HashMap<String, Type>> {
    let is_tensor =
        |info: &ValueInfoProto| info.r#type.as_ref().is_some_and(|declared| declared.value.is_some());
    if graph.input.iter().chain(&graph.output).all(is_tensor) {
        return Ok(HashMap::new());
    }
    types::read(&std::fs::read(path)?)
}

/// `[N, K]`: both dimensions are set when the graph is typed.
fn tensor_info(name: &str, element: DataType) -> ValueInfoProto {
    let shape = TensorShapeProto { dim: vec![Dimension::default(), Dimension::default()] };
    let tensor = type_proto::Tensor { elem_type: element as i32, shape: Some(shape) };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..ValueInfoProto::default() }
}

/// The type of tensors with the values of a map.
pub(super) fn data_type(values: Number) -> DataType {
    match values {
        Number::Float => DataType::Float,
        Number::Double => DataType::Double,
        Number::Int64 => DataType::Int64,
    }
}

/// The graphs in a node's attributes.
fn subgraphs(node: &NodeProto) -> impl Iterator<Item = &GraphProto> {
    node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
}

/// The same, to be changed.
fn subgraphs_mut(node: &mut NodeProto) -> impl Iterator<Item = &mut GraphProto> {
    node.attribute.iter_mut().flat_map(|attribute| attribute.g.iter_mut().chain(&mut attribute.graphs))
}

/// A node that gives a value another name.
fn identity(input: String, output: String) -> NodeProto {
    NodeProto {
        op_type: "Identity".to_owned(),
        name: output.clone(),
        input: vec![input],
        output: vec![output],
        ..NodeProto::default()
    }
}

/// Whether a node is of ONNX's own operators; some exporters leave out the domain of `ai.onnx.ml`.
fn is_onnx(node: &NodeProto) -> bool {
    matches!(node.domain.as_str(), "" | "ai.onnx" | "ai.onnx.ml")
}

/// A node's name, or that of its first output.
fn node_name(node: &NodeProto) -> &str {
    if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name }
}

/// The tensor that an input takes.
fn tensor_type(info: &ValueInfoProto) -> Result<Takes> {
    let value = info.r#type.as_ref().and_then(|r#type| r#type.value.as_ref());
    let type_proto::Value::TensorType(tensor) =
        value.context("takes neither a tensor nor a map that a DictVectorizer or a CastMap reads")?;
    let element = DataType::try_from(tensor.elem_type)
        .with_context(|| format!("takes elements of the unknown type {}", tensor.elem_type))?;
    let size = |dimension: &Dimension| match dimension.value {
        Some(dimension::Value::DimValue(size)) => usize::try_from(size).ok(),
        _ => None,
    };
    let shape = tensor.shape.as_ref().map(|shape| shape.dim.iter().map(size).collect());
    Ok(Takes::Tensor { element, shape })
}

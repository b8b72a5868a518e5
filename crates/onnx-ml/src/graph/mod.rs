//! The ONNX graph before tract reads it: what it takes and gives, and how it is rewritten.
//!
//! tract knows tensors only. The rewriting removes operators that take or give maps and sequences, and
//! inlines functions. What cannot run is refused, and so is a graph that breaks the rules of ONNX or exceeds
//! a bound.

mod attributes;
pub(crate) mod branches;
mod constants;
mod file;
mod functions;
mod operators;
mod ports;
mod sequence;
mod soundness;
mod sparse_rows;
pub mod summary;
mod types;
mod vectorizer;
mod wiring;
mod zip_map;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hashbrown::HashSet;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    GraphProto, ModelProto, NodeProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use crate::error::Error;
use crate::ops;

use types::NonTensor;

pub use ports::{Columns, Input, MapValue, Output, Takes};

/// Why a file that is a message is still not a model.
const NO_GRAPH: &str = "it has no graph";

/// A graph that tract can read, and what it takes and gives.
///
/// ```
/// # use prost::Message;
/// # use onnx_ml::tract_onnx::pb::{tensor_proto::DataType, type_proto, *};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("model.onnx");
/// # let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, ..Default::default() };
/// # let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
/// # let value = |name: &str| ValueInfoProto {
/// #     name: name.into(), r#type: Some(r#type.clone()), ..Default::default()
/// # };
/// # let abs = NodeProto {
/// #     op_type: "Abs".into(), input: vec!["x".into()], output: vec!["y".into()], ..Default::default()
/// # };
/// # let graph = GraphProto {
/// #     node: vec![abs], input: vec![value("x")], output: vec![value("y")], ..Default::default()
/// # };
/// # let proto = ModelProto { graph: Some(graph), ..Default::default() };
/// # std::fs::write(&path, proto.encode_to_vec())?;
/// use onnx_ml::{Graph, Takes};
///
/// let graph = Graph::read(&path)?;
/// for input in &graph.inputs {
///     match &input.takes {
///         Takes::Tensor { element, shape } => println!("{}: {element:?} {shape:?}", input.name),
///         Takes::Sparse { keys, .. } => println!("{}: a map with {} keys", input.name, keys.len()),
///         Takes::Dense { .. } => println!("{}: a map with a value for each column", input.name),
///     }
/// }
/// assert_eq!(graph.outputs[0].name, "y");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Graph {
    pub(super) proto: ModelProto,
    /// The folder of the tensors that the file leaves out.
    pub(super) folder: PathBuf,
    /// The inputs, as the model's author knows them: a map is one input. Inputs with a value in the graph are
    /// left out.
    pub inputs: Vec<Input>,
    /// The outputs.
    pub outputs: Vec<Output>,
}

impl Graph {
    /// Reads and rewrites the graph of a `.onnx` file. External data is expected beside the file.
    ///
    /// # Errors
    /// - [`Error::Read`]: the file cannot be read.
    /// - [`Error::NotOnnx`]: the file is not an ONNX model.
    /// - [`Error::Malformed`]: the graph breaks a rule of ONNX.
    /// - [`Error::Unsupported`]: an operator cannot run, or an input is neither a tensor nor a map that a
    ///   `DictVectorizer` or a `CastMap` reads.
    /// - [`Error::TooLarge`]: the file or the graph exceeds a bound.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::read_file(path.as_ref())
    }

    fn read_file(path: &Path) -> Result<Self, Error> {
        let mut proto = file::read(path)?;
        let graph = proto.graph.as_mut().ok_or_else(|| Error::not_onnx(NO_GRAPH))?;
        if graph.output.is_empty() {
            return Err(Error::Malformed("the graph has no output".into()));
        }
        let types = non_tensors(graph, path)?;
        functions::inline(&mut proto, path)?;
        let graph = proto.graph.as_mut().ok_or_else(|| Error::not_onnx(NO_GRAPH))?;
        soundness::check(graph).map_err(Error::malformed)?;
        operators::refuse_reserved(graph).map_err(Error::unsupported)?;
        sequence::take_out(graph);
        let mut zipped = zip_map::take_out(graph).map_err(Error::unsupported)?;
        let mut maps = vectorizer::take_out(graph, &types).map_err(Error::unsupported)?;
        operators::check(&proto).map_err(Error::unsupported)?;

        let graph = proto.graph.as_mut().ok_or_else(|| Error::not_onnx(NO_GRAPH))?;
        let inputs = inputs(graph, &mut maps).map_err(Error::unsupported)?;
        // A name that was added for a map must not be the name of something else.
        soundness::check(graph).map_err(Error::malformed)?;
        let outputs = graph.output.iter().map(|output| {
            let classes = zipped.remove(&output.name);
            match types.get(&output.name) {
                Some(other) if classes.is_none() => {
                    bail!("output `{}` gives {other}, not a tensor", output.name)
                }
                _ => Ok(Output { name: output.name.clone(), classes }),
            }
        });
        let outputs = outputs.collect::<Result<_>>().map_err(Error::unsupported)?;
        constants::from_initializers(graph);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { proto, folder, inputs, outputs })
    }
}

/// Replaces the inputs of the graph by the tensors that stand for them, and returns what each takes.
fn inputs(graph: &mut GraphProto, maps: &mut HashMap<String, Takes>) -> Result<Vec<Input>> {
    let constants: HashSet<&str> = graph.initializer.iter().map(|constant| constant.name.as_str()).collect();
    let mut inputs = Vec::new();
    let mut tensors = Vec::new();
    for info in std::mem::take(&mut graph.input) {
        let takes = match maps.remove(&info.name) {
            Some(takes) => takes,
            None if constants.contains(info.name.as_str()) => {
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
                tensors.push(tensor_info(&ops::values_name(&name), values.data_type()));
            }
        }
        inputs.push(Input { name, takes });
    }
    graph.input = tensors;
    Ok(inputs)
}

/// Reads the types of inputs and outputs that are not tensors. Few models have any: only then is the file
/// read again.
fn non_tensors(graph: &GraphProto, path: &Path) -> Result<HashMap<String, NonTensor>, Error> {
    let is_tensor =
        |info: &ValueInfoProto| info.r#type.as_ref().is_some_and(|declared| declared.value.is_some());
    if graph.input.iter().chain(&graph.output).all(is_tensor) {
        return Ok(HashMap::new());
    }
    types::read(&std::fs::read(path).map_err(Error::read(path))?)
}

/// Declares a tensor `[N, K]`. Both dimensions are set when the graph is typed.
fn tensor_info(name: &str, element: DataType) -> ValueInfoProto {
    let shape = TensorShapeProto { dim: vec![Dimension::default(), Dimension::default()] };
    let tensor = type_proto::Tensor { elem_type: element as i32, shape: Some(shape) };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..ValueInfoProto::default() }
}

/// The graphs in the attributes of a node.
fn subgraphs(node: &NodeProto) -> impl Iterator<Item = &GraphProto> {
    node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
}

/// The graphs in the attributes of a node, for changes.
fn subgraphs_mut(node: &mut NodeProto) -> impl Iterator<Item = &mut GraphProto> {
    node.attribute.iter_mut().flat_map(|attribute| attribute.g.iter_mut().chain(&mut attribute.graphs))
}

/// Makes a node that gives a value another name.
fn identity(input: String, output: String) -> NodeProto {
    NodeProto {
        op_type: "Identity".to_owned(),
        name: output.clone(),
        input: vec![input],
        output: vec![output],
        ..NodeProto::default()
    }
}

/// Whether the operator is one of ONNX's own. Some exporters leave out the domain `ai.onnx.ml`.
fn is_onnx(node: &NodeProto) -> bool {
    matches!(node.domain.as_str(), "" | "ai.onnx" | "ai.onnx.ml")
}

/// The name of a node, or of its first output.
fn node_name(node: &NodeProto) -> &str {
    if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name }
}

/// Reads the type of an input that takes a tensor.
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

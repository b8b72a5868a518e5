//! The ONNX graph before tract reads it: its inputs and outputs, and the vectorisers taken out of it.
//!
//! tract knows tensors only. A graph that begins with a `DictVectorizer` takes a map; it is rewritten so that the
//! vocabulary stays with us, and the graph takes the entries of sparse rows instead (see [`crate::columns::Sparse`]).

mod zip_map;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorShapeProto, TypeProto, ValueInfoProto,
    attribute_proto::AttributeType, type_proto,
};
use tract_onnx::prelude::Framework;

use super::ops;

/// protobuf's own limit on a message; larger tensors come as external data.
const MAX_BYTES: u64 = 2 << 30;

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
    /// Columns that a row has where it is made dense; 0 if none is.
    pub(super) dense_width: usize,
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
    /// A map, given by the entries that have one of these columns.
    Map(Vec<String>),
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
        let size =
            std::fs::metadata(path).with_context(|| format!("the model's file {}", path.display()))?.len();
        ensure!(size <= MAX_BYTES, "the model's file has {size} bytes, an ONNX file at most {MAX_BYTES}");
        let mut proto = tract_onnx::onnx().proto_model_for_path(path).context("not an ONNX model")?;
        let graph = proto.graph.as_mut().context("not an ONNX model: it has no graph")?;
        ensure!(!graph.output.is_empty(), "the graph has no output");

        refuse_reserved(graph)?;
        let mut zipped = zip_map::take_out(graph)?;
        let (vocabularies, dense_width) = take_out_dict_vectorizers(graph)?;
        let onnx = ops::onnx();
        let mut unknown = Vec::new();
        unknown_operators(graph, &|operator| onnx.op_register.0.contains_key(operator), &mut unknown);
        ensure!(unknown.is_empty(), "the graph has operators that can't run: {}", unknown.join(", "));

        let mut inputs = Vec::new();
        let mut tensors = Vec::new();
        for info in std::mem::take(&mut graph.input) {
            if let Some((_, vocabulary)) = vocabularies.iter().find(|(name, _)| *name == info.name) {
                tensors.push(tensor_info(&ops::columns_name(&info.name), DataType::Int32));
                tensors.push(tensor_info(&ops::values_name(&info.name), DataType::Float));
                inputs.push(Input { name: info.name, takes: Takes::Map(vocabulary.clone()) });
                continue;
            }
            if !graph.initializer.iter().any(|constant| constant.name == info.name) {
                let takes = tensor_type(&info).with_context(|| format!("input `{}`", info.name))?;
                inputs.push(Input { name: info.name.clone(), takes });
            }
            tensors.push(info);
        }
        graph.input = tensors;
        let outputs = graph
            .output
            .iter()
            .map(|output| Output { name: output.name.clone(), classes: zipped.remove(&output.name) });
        let outputs = outputs.collect();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { proto, folder, inputs, outputs, dense_width })
    }
}

/// What the rewriting puts into a graph must not come from outside: it is trusted to be sound.
fn refuse_reserved(graph: &GraphProto) -> Result<()> {
    for node in &graph.node {
        let reserved = node.attribute.iter().any(|attribute| attribute.name == ops::SPARSE_WIDTH);
        ensure!(node.op_type != ops::SPARSE_TO_DENSE && !reserved, "{} is no ONNX operator", node.op_type);
        for inner in node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)) {
            refuse_reserved(inner)?;
        }
    }
    Ok(())
}

/// An input's name, and the names of the columns that its map is spread over.
type Vocabulary = (String, Vec<String>);

/// Removes every `DictVectorizer` that reads an input of the graph: the inputs' names and vocabularies. Operators that
/// can are given the sparse entries; for the others a dense matrix is made, and its columns are counted.
fn take_out_dict_vectorizers(graph: &mut GraphProto) -> Result<(Vec<Vocabulary>, usize)> {
    let is_input = |name: &str, graph: &GraphProto| graph.input.iter().any(|input| input.name == name);
    let mut vocabularies = Vec::new();
    let mut dense_width = 0;
    while let Some(at) = graph.node.iter().position(|node| {
        node.op_type == "DictVectorizer" && node.input.first().is_some_and(|name| is_input(name, graph))
    }) {
        let vectorizer = graph.node.remove(at);
        let (Some(input), Some(output)) = (vectorizer.input.first(), vectorizer.output.first()) else {
            bail!("a DictVectorizer without an output");
        };
        let used_elsewhere = graph.node.iter().any(|node| node.input.contains(input));
        ensure!(!used_elsewhere, "input `{input}` is read by a DictVectorizer and by something else");
        let vocabulary = vocabulary(&vectorizer)?;
        if feed_sparse(graph, at, input, output, vocabulary.len()) {
            dense_width += vocabulary.len();
        }
        vocabularies.push((input.clone(), vocabulary));
    }
    Ok((vocabularies, dense_width))
}

/// The names of a vectoriser's columns.
fn vocabulary(node: &NodeProto) -> Result<Vec<String>> {
    let attribute = node.attribute.iter().find(|attribute| attribute.name == "string_vocabulary");
    let names =
        attribute.context("a DictVectorizer without `string_vocabulary`: fit it on features with names")?;
    ensure!(
        i32::try_from(names.strings.len()).is_ok(),
        "a DictVectorizer with {} columns",
        names.strings.len()
    );
    let names = names.strings.iter().map(|name| String::from_utf8(name.clone()));
    names.collect::<Result<_, _>>().context("a DictVectorizer's vocabulary is not UTF-8")
}

/// Leads the sparse rows of `input` to where the vectoriser's `output` went, `width` columns wide: whether they had to be
/// made dense for something.
fn feed_sparse(graph: &mut GraphProto, at: usize, input: &str, output: &str, width: usize) -> bool {
    let sparse = [ops::columns_name(input), ops::values_name(input)];
    for node in graph.node.iter_mut().filter(|node| ops::TAKES_SPARSE.contains(&node.op_type.as_str())) {
        if node.input.len() == 1 && node.input[0] == output {
            node.input = sparse.to_vec();
            node.attribute.push(int_attribute(ops::SPARSE_WIDTH, width));
        }
    }
    let still_read = graph.node.iter().any(|node| node.input.iter().any(|name| name == output));
    let made_dense = still_read || graph.output.iter().any(|info| info.name == output);
    if made_dense {
        let dense = NodeProto {
            op_type: ops::SPARSE_TO_DENSE.to_owned(),
            name: format!("{output}.dense"),
            input: sparse.to_vec(),
            output: vec![output.to_owned()],
            attribute: vec![int_attribute(ops::SPARSE_WIDTH, width)],
            ..NodeProto::default()
        };
        graph.node.insert(at, dense);
    }
    made_dense
}

fn int_attribute(name: &str, value: usize) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Int as i32,
        i: i64::try_from(value).unwrap_or(i64::MAX),
        ..AttributeProto::default()
    }
}

/// `[N, K]`: both dimensions are set when the graph is typed.
fn tensor_info(name: &str, element: DataType) -> ValueInfoProto {
    let shape = TensorShapeProto { dim: vec![Dimension::default(), Dimension::default()] };
    let tensor = type_proto::Tensor { elem_type: element as i32, shape: Some(shape) };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..ValueInfoProto::default() }
}

/// Lists operators that are not known, subgraphs included, as `Type (node)`.
fn unknown_operators(graph: &GraphProto, known: &impl Fn(&str) -> bool, unknown: &mut Vec<String>) {
    for node in &graph.node {
        if !known(&node.op_type) {
            unknown.push(format!("{} (`{}`)", node.op_type, node_name(node)));
        }
        for attribute in &node.attribute {
            for graph in attribute.g.iter().chain(&attribute.graphs) {
                unknown_operators(graph, known, unknown);
            }
        }
    }
}

/// A node's name, or that of its first output.
fn node_name(node: &NodeProto) -> &str {
    if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name }
}

/// The tensor that an input takes.
fn tensor_type(info: &ValueInfoProto) -> Result<Takes> {
    let value = info.r#type.as_ref().and_then(|r#type| r#type.value.as_ref());
    let type_proto::Value::TensorType(tensor) =
        value.context("takes neither a tensor nor a map that a DictVectorizer reads")?;
    let element = DataType::try_from(tensor.elem_type)
        .with_context(|| format!("takes elements of the unknown type {}", tensor.elem_type))?;
    let size = |dimension: &Dimension| match dimension.value {
        Some(dimension::Value::DimValue(size)) => usize::try_from(size).ok(),
        _ => None,
    };
    let shape = tensor.shape.as_ref().map(|shape| shape.dim.iter().map(size).collect());
    Ok(Takes::Tensor { element, shape })
}

//! `DictVectorizer` and `CastMap`, taken out of the graph: they make rows of many columns from maps of few entries. tract
//! knows tensors only; the graph takes the entries instead (see [`crate::columns::Sparse`]), and the keys stay with us.
//!
//! <https://onnx.ai/onnx/operators/onnx_aionnxml_DictVectorizer.html>,
//! <https://onnx.ai/onnx/operators/onnx_aionnxml_CastMap.html>

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};
use hashbrown::HashSet;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};

use crate::columns::{Map, Number};

use super::is_onnx;
use super::node_name;
use super::sparse_rows::{self, Matrix};
use super::types::Type;

/// Columns of a matrix that a map is spread over; the largest vocabularies, of hashed words, have a sixteenth of it.
const MAX_COLUMNS: usize = 16 << 20;

/// The graph's maps once nothing in it reads them.
#[derive(Debug, Default)]
pub(super) struct Maps {
    /// By the input's name.
    pub inputs: HashMap<String, Map>,
    /// Columns that a row has where it is made dense; 0 if none is.
    pub dense_width: usize,
}

/// Removes every vectoriser that reads an input of the graph.
///
/// # Errors
/// When one is malformed, does not fit its input, or is not all that reads it.
pub(super) fn take_out(graph: &mut GraphProto, types: &HashMap<String, Type>) -> Result<Maps> {
    let mut maps = Maps::default();
    while let Some(at) = graph.node.iter().position(|node| {
        let of_input = |name: &String| graph.input.iter().any(|input| input.name == *name);
        is_onnx(node)
            && matches!(node.op_type.as_str(), "DictVectorizer" | "CastMap")
            && node.input.first().is_some_and(of_input)
    }) {
        let node = graph.node.remove(at);
        let name = format!("{} (`{}`)", node.op_type, node_name(&node));
        let ([input], [output]) = (&node.input[..], &node.output[..]) else {
            bail!("{name} has {} inputs and {} outputs", node.input.len(), node.output.len());
        };
        let declared = types.get(input).copied();
        let (map, element) = spread(&node, declared).context(name)?;
        ensure!(
            !sparse_rows::reads(graph, input),
            "input `{input}` is read by a {} and by something else",
            node.op_type
        );
        let matrix = Matrix { input, output, element, width: map.keys.len(), values: map.values };
        if sparse_rows::feed(graph, at, &matrix) {
            maps.dense_width += map.keys.len();
        }
        maps.inputs.insert(input.clone(), map);
    }
    Ok(maps)
}

/// The map that a vectoriser reads, and the type of the matrix that it gives.
fn spread(node: &NodeProto, declared: Option<Type>) -> Result<(Map, Number)> {
    // An input without a type is taken for what scikit-learn's converter makes.
    let (key, value) = match declared {
        Some(Type::Map { key, value }) => (Some(key), value),
        Some(Type::Other(other)) => bail!("it reads {other}, not a map"),
        None => (None, DataType::Float as i32),
    };
    let values = match DataType::try_from(value) {
        Ok(DataType::Float) => Number::Float,
        Ok(DataType::Double) => Number::Double,
        Ok(DataType::Int64) => Number::Int64,
        Ok(other) => bail!("it reads maps to {other:?}; served are maps to Float, Double and Int64"),
        Err(_) => bail!("it reads maps to what is no number"),
    };
    let (keys, key_type, element) = if node.op_type == "CastMap" {
        let (keys, element) = cast_map(node)?;
        (keys, DataType::Int64, element)
    } else {
        let (keys, key_type) = vocabulary(node)?;
        (keys, key_type, values)
    };
    ensure!(
        key.is_none_or(|key| key == key_type as i32),
        "it knows keys of {key_type:?}, the maps that it reads have others"
    );
    Ok((Map { keys, values }, element))
}

/// The keys that have a column, and their type.
fn vocabulary(node: &NodeProto) -> Result<(Vec<String>, DataType)> {
    let list = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    let strings = list("string_vocabulary").filter(|attribute| !attribute.strings.is_empty());
    let integers = list("int64_vocabulary").filter(|attribute| !attribute.ints.is_empty());
    let (keys, key_type) = match (strings, integers) {
        (Some(strings), None) => {
            let keys = strings.strings.iter().map(|key| String::from_utf8(key.clone()));
            (keys.collect::<Result<Vec<_>, _>>().context("a key is not UTF-8")?, DataType::String)
        }
        (None, Some(integers)) => (integers.ints.iter().map(ToString::to_string).collect(), DataType::Int64),
        _ => bail!("give exactly one of `string_vocabulary` and `int64_vocabulary`"),
    };
    ensure!(keys.len() <= MAX_COLUMNS, "{} columns, at most {MAX_COLUMNS} are served", keys.len());
    let mut seen = HashSet::with_capacity(keys.len());
    let twice = keys.iter().find(|key| !seen.insert(key.as_str()));
    ensure!(twice.is_none(), "its vocabulary has `{}` twice", twice.map_or("", String::as_str));
    drop(seen);
    Ok((keys, key_type))
}

/// The keys that have a column, and the type of the matrix.
fn cast_map(node: &NodeProto) -> Result<(Vec<String>, Number)> {
    let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    let text = |name, default: &'static str| {
        attribute(name).map_or(default.into(), |attribute| String::from_utf8_lossy(&attribute.s).into_owned())
    };
    let element = match text("cast_to", "TO_FLOAT").as_str() {
        "TO_FLOAT" => Number::Float,
        "TO_INT64" => Number::Int64,
        other => bail!("cast_to {other} can't be served; TO_FLOAT and TO_INT64 can"),
    };
    match text("map_form", "DENSE").as_str() {
        "SPARSE" => {}
        "DENSE" => bail!("map_form DENSE gives a row as many columns as it has keys; served is SPARSE"),
        other => bail!("map_form {other} is none of DENSE and SPARSE"),
    }
    let columns = attribute("max_map").map_or(1, |attribute| attribute.i);
    let columns = usize::try_from(columns).ok().filter(|columns| (1..=MAX_COLUMNS).contains(columns));
    let columns = columns.with_context(|| format!("max_map is not one of 1 to {MAX_COLUMNS}"))?;
    Ok(((0..columns).map(|key| key.to_string()).collect(), element))
}

//! Removes `DictVectorizer` and `CastMap`, which make rows of many columns from maps of few entries. tract
//! knows tensors only, so the graph takes the entries instead (see [`Takes::Sparse`]), and the caller gets
//! the keys. The graph takes a value for each column ([`Takes::Dense`]) if strings are read or made, or if
//! every key has a column.
//!
//! <https://onnx.ai/onnx/operators/onnx_aionnxml_DictVectorizer.html>,
//! <https://onnx.ai/onnx/operators/onnx_aionnxml_CastMap.html>

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};
use hashbrown::HashSet;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};

use super::sparse_rows::{self, Matrix};
use super::types::NonTensor;
use super::wiring::Wiring;
use super::{Columns, MapValue, Takes, is_onnx, node_name, tensor_type};

/// The most columns that a map is spread over. The largest vocabularies, of hashed words, have a sixteenth of
/// this.
const MAX_COLUMNS: usize = 16 << 20;

/// What a vectoriser does.
struct Vectorizer {
    /// The columns that it makes.
    columns: Columns,
    /// The type of the values that it reads.
    values: DataType,
    /// The type of the elements of the matrix.
    element: DataType,
}

/// Removes every vectoriser that reads an input of the graph, or makes it read a tensor. Returns what each
/// such input takes, by its name.
///
/// # Errors
/// When a vectoriser is malformed, does not fit its input, or shares the input with other nodes.
pub(super) fn take_out(
    graph: &mut GraphProto,
    types: &HashMap<String, NonTensor>,
) -> Result<HashMap<String, Takes>> {
    let is_vectorizer =
        |node: &NodeProto| is_onnx(node) && matches!(node.op_type.as_str(), "DictVectorizer" | "CastMap");
    let mut maps = HashMap::new();
    if !graph.node.iter().any(is_vectorizer) {
        return Ok(maps);
    }
    let inputs: HashSet<String> = graph.input.iter().map(|input| input.name.clone()).collect();
    let mut wiring = Wiring::of(graph);
    let widths = Widths::of(graph);
    for place in 0..wiring.len() {
        let reads_map = |node: &NodeProto| {
            let is_map = |name: &String| inputs.contains(name) && !maps.contains_key(name);
            is_vectorizer(node) && node.input.first().is_some_and(is_map)
        };
        if !wiring.node(place).is_some_and(reads_map) {
            continue;
        }
        let Some(mut node) = wiring.take(place) else { continue };
        let name = format!("{} (`{}`)", node.op_type, node_name(&node));
        let ([input], [output]) = (&node.input[..], &node.output[..]) else {
            bail!("{name} has {} inputs and {} outputs", node.input.len(), node.output.len());
        };
        ensure!(!wiring.reads(input), "input `{input}` is read by a {} and by something else", node.op_type);
        let vectorizer = vectorizer(&node, types.get(input).copied(), &widths).context(name)?;
        let input = input.clone();
        let numbers = number(vectorizer.values).zip(number(vectorizer.element));
        let takes = match (vectorizer.columns, numbers) {
            (Columns::Of(keys), Some((values, element))) => {
                let matrix = Matrix { input: &input, output, element, width: keys.len(), values };
                let made = sparse_rows::feed(&mut wiring, &matrix);
                wiring.put(place, made);
                Takes::Sparse { keys, values }
            }
            (columns, _) => {
                // A CastMap still has to cast the values.
                if node.op_type == "DictVectorizer" {
                    "Identity".clone_into(&mut node.op_type);
                    node.domain.clear();
                    node.attribute.clear();
                }
                wiring.put(place, vec![node]);
                Takes::Dense { element: vectorizer.values, columns }
            }
        };
        maps.insert(input, takes);
    }
    wiring.give_back(graph);
    Ok(maps)
}

fn vectorizer(node: &NodeProto, declared: Option<NonTensor>, widths: &Widths) -> Result<Vectorizer> {
    // For an input without a type, assume what scikit-learn's converter makes.
    let (key, value) = match declared {
        Some(NonTensor::Map { key, value }) => (Some(key), value),
        Some(NonTensor::Other(other)) => bail!("it reads {other}, not a map"),
        None => (None, DataType::Float as i32),
    };
    let values = DataType::try_from(value).unwrap_or(DataType::Undefined);
    ensure!(
        values == DataType::String || number(values).is_some(),
        "it reads maps to {values:?}: expected maps to Float, Double, Int64 or String"
    );
    let (columns, key_type, element) = if node.op_type == "CastMap" {
        let (columns, element) = cast_map(node, widths)?;
        (columns, DataType::Int64, element)
    } else {
        let (keys, key_type) = vocabulary(node)?;
        (Columns::Of(keys), key_type, values)
    };
    ensure!(
        key.is_none_or(|key| key == key_type as i32),
        "it knows keys of {key_type:?}: the maps that it reads have another type of key"
    );
    Ok(Vectorizer { columns, values, element })
}

fn number(element: DataType) -> Option<MapValue> {
    match element {
        DataType::Float => Some(MapValue::Float),
        DataType::Double => Some(MapValue::Double),
        DataType::Int64 => Some(MapValue::Int64),
        _ => None,
    }
}

/// Reads the keys that have a column, and their type.
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
    ensure!(keys.len() <= MAX_COLUMNS, "expected at most {MAX_COLUMNS} columns, found {}", keys.len());
    let mut seen = HashSet::with_capacity(keys.len());
    let twice = keys.iter().find(|key| !seen.insert(key.as_str()));
    ensure!(twice.is_none(), "its vocabulary has `{}` twice", twice.map_or("", String::as_str));
    drop(seen);
    Ok((keys, key_type))
}

/// Reads the columns of a `CastMap`, and the type of the matrix.
fn cast_map(node: &NodeProto, widths: &Widths) -> Result<(Columns, DataType)> {
    let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    let text = |name, default: &'static str| {
        attribute(name).map_or(default.into(), |attribute| String::from_utf8_lossy(&attribute.s).into_owned())
    };
    let element = match text("cast_to", "TO_FLOAT").as_str() {
        "TO_FLOAT" => DataType::Float,
        "TO_INT64" => DataType::Int64,
        "TO_STRING" => DataType::String,
        other => bail!("cast_to: expected TO_FLOAT, TO_INT64 or TO_STRING, found {other}"),
    };
    match text("map_form", "DENSE").as_str() {
        "SPARSE" => {}
        // The node does not say how many columns it makes, but its output may.
        "DENSE" => return Ok((Columns::Ascending(widths.get(&node.output[0])), element)),
        other => bail!("map_form: expected DENSE or SPARSE, found {other}"),
    }
    let columns = attribute("max_map").map_or(1, |attribute| attribute.i);
    let columns = usize::try_from(columns).ok().filter(|columns| (1..=MAX_COLUMNS).contains(columns));
    let columns = columns.with_context(|| format!("max_map: expected 1 to {MAX_COLUMNS}"))?;
    Ok((Columns::Of((0..columns).map(|key| key.to_string()).collect()), element))
}

/// The number of columns of each matrix for which the graph states it.
struct Widths(HashMap<String, usize>);

impl Widths {
    fn of(graph: &GraphProto) -> Self {
        let mut widths = HashMap::new();
        // The first statement counts.
        for info in graph.output.iter().rev().chain(graph.value_info.iter().rev()) {
            let declared = match tensor_type(info) {
                Ok(Takes::Tensor { shape: Some(shape), .. }) if shape.len() == 2 => shape[1],
                _ => None,
            };
            match declared {
                Some(width) => _ = widths.insert(info.name.clone(), width),
                None => _ = widths.remove(&info.name),
            }
        }
        Self(widths)
    }

    fn get(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }
}

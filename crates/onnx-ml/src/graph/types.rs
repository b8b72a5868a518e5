//! The declared types of inputs and outputs that are no tensors. tract's messages know tensors only, so these are read
//! once more from the model's bytes.
//!
//! Definitions: `TypeProto` in <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>

use std::collections::HashMap;
use std::fmt;

use anyhow::{Context, Result};
use prost::Message;

use super::summary::element_name;

/// What an input takes, or an output gives, that is no tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// A map: its `TensorProto.DataType`s of key and value; the value is 0 unless it is a scalar.
    Map { key: i32, value: i32 },
    /// A sequence, an optional or a sparse tensor: its name.
    Other(&'static str),
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Map { .. } => "a map",
            Self::Other(other) => other,
        })
    }
}

/// A type in ONNX's words.
pub(super) fn describe(r#type: Type) -> String {
    match r#type {
        Type::Map { key, value } => format!("map({}, {})", element_name(key), element_name(value)),
        Type::Other(other) => other.to_owned(),
    }
}

/// The types of the graph's inputs and outputs that are no tensors, by their names.
///
/// # Errors
/// When the bytes are no model.
pub(super) fn read(model: &[u8]) -> Result<HashMap<String, Type>> {
    let graph = ModelTypes::decode(model).context("not an ONNX model")?.graph.unwrap_or_default();
    let typed = graph.input.into_iter().chain(graph.output).filter_map(|info| {
        let declared = info.declared?;
        let r#type = match declared {
            Declared { map: Some(map), .. } => {
                let value = map.value.and_then(|value| value.tensor).map_or(0, |tensor| tensor.element);
                Type::Map { key: map.key, value }
            }
            Declared { sequence: Some(Empty {}), .. } => Type::Other("a sequence"),
            Declared { optional: Some(Empty {}), .. } => Type::Other("an optional"),
            Declared { sparse: Some(Empty {}), .. } => Type::Other("a sparse tensor"),
            _ => return None,
        };
        Some((info.name, r#type))
    });
    Ok(typed.collect())
}

#[derive(Clone, PartialEq, Message)]
struct ModelTypes {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphTypes>,
}

#[derive(Clone, PartialEq, Message)]
struct GraphTypes {
    #[prost(message, repeated, tag = "11")]
    input: Vec<Info>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<Info>,
}

#[derive(Clone, PartialEq, Message)]
struct Info {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    declared: Option<Declared>,
}

#[derive(Clone, PartialEq, Message)]
struct Declared {
    #[prost(message, optional, tag = "4")]
    sequence: Option<Empty>,
    #[prost(message, optional, tag = "5")]
    map: Option<MapType>,
    #[prost(message, optional, tag = "8")]
    sparse: Option<Empty>,
    #[prost(message, optional, tag = "9")]
    optional: Option<Empty>,
}

#[derive(Clone, PartialEq, Message)]
struct MapType {
    #[prost(int32, tag = "1")]
    key: i32,
    #[prost(message, optional, tag = "2")]
    value: Option<ValueType>,
}

#[derive(Clone, PartialEq, Message)]
struct ValueType {
    #[prost(message, optional, tag = "1")]
    tensor: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorType {
    #[prost(int32, tag = "1")]
    element: i32,
}

/// What is inside does not matter.
#[derive(Clone, PartialEq, Message)]
struct Empty {}

//! Reads the declared types of inputs and outputs that are not tensors. tract's messages know tensors only,
//! so these types are read again from the model's bytes.
//!
//! Definitions: `TypeProto` in <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>

use std::collections::HashMap;
use std::fmt;

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;

use crate::error::Error;

/// The type of an input or output that is not a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NonTensor {
    /// A map, with the `TensorProto.DataType` of its keys and of its values; that of values is 0 unless they
    /// are scalars.
    Map { key: i32, value: i32 },
    /// A sequence, an optional or a sparse tensor, by its name.
    Other(&'static str),
}

impl fmt::Display for NonTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Map { .. } => "a map",
            Self::Other(other) => other,
        })
    }
}

/// The name of an element type in ONNX, such as `float`.
pub(super) fn element_name(element: i32) -> String {
    DataType::try_from(element).map_or("undefined", |element| element.as_str_name()).to_lowercase()
}

/// The name of a type in ONNX, such as `map(string, float)`.
pub(super) fn describe(r#type: NonTensor) -> String {
    match r#type {
        NonTensor::Map { key, value } => format!("map({}, {})", element_name(key), element_name(value)),
        NonTensor::Other(other) => other.to_owned(),
    }
}

/// Reads the types of the inputs and outputs that are not tensors, by their names.
///
/// # Errors
/// When the bytes are not a model.
pub(super) fn read(model: &[u8]) -> Result<HashMap<String, NonTensor>, Error> {
    let graph = ModelTypes::decode(model).map_err(Error::not_onnx)?.graph.unwrap_or_default();
    let typed = graph.input.into_iter().chain(graph.output).filter_map(|info| {
        let declared = info.declared?;
        let r#type = match declared {
            DeclaredType { map: Some(map), .. } => {
                let value = map.value.and_then(|value| value.tensor).map_or(0, |tensor| tensor.element);
                NonTensor::Map { key: map.key, value }
            }
            DeclaredType { sequence: Some(Empty {}), .. } => NonTensor::Other("a sequence"),
            DeclaredType { optional: Some(Empty {}), .. } => NonTensor::Other("an optional"),
            DeclaredType { sparse: Some(Empty {}), .. } => NonTensor::Other("a sparse tensor"),
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
    input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct ValueInfo {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    declared: Option<DeclaredType>,
}

#[derive(Clone, PartialEq, Message)]
struct DeclaredType {
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

/// A message whose content does not matter.
#[derive(Clone, PartialEq, Message)]
struct Empty {}

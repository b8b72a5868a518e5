//! The messages of `onnx-data.proto`, as far as sequences of maps need them; tract has those of `onnx.proto` only.
//!
//! Definitions: <https://github.com/onnx/onnx/blob/main/onnx/onnx-data.proto3>

use tract_onnx::pb::TensorProto;

/// `SequenceProto.DataType.TENSOR`
pub const TENSOR: i32 = 1;

/// `SequenceProto.DataType.MAP`
pub const MAP: i32 = 4;

/// A sequence; of tensors or maps here.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SequenceProto {
    /// What it is a sequence of.
    #[prost(int32, tag = "2")]
    pub elem_type: i32,
    /// The elements if they are tensors.
    #[prost(message, repeated, tag = "3")]
    pub tensor_values: Vec<TensorProto>,
    /// The elements if they are maps.
    #[prost(message, repeated, tag = "6")]
    pub map_values: Vec<MapProto>,
}

/// A map: as many keys, of one kind or the other, as values.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MapProto {
    /// The keys if they are integers.
    #[prost(int64, repeated, tag = "3")]
    pub keys: Vec<i64>,
    /// The keys if they are strings.
    #[prost(bytes = "vec", repeated, tag = "4")]
    pub string_keys: Vec<Vec<u8>>,
    /// A sequence of tensors, of one element each.
    #[prost(message, optional, tag = "5")]
    pub values: Option<SequenceProto>,
}

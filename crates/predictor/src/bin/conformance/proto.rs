//! The parts of `onnx-data.proto` that sequences of maps need. tract has only the messages of `onnx.proto`.
//!
//! Definitions: <https://github.com/onnx/onnx/blob/main/onnx/onnx-data.proto3>

use tract_onnx::pb::TensorProto;

/// `SequenceProto.DataType.TENSOR`
pub const TENSOR: i32 = 1;

/// `SequenceProto.DataType.MAP`
pub const MAP: i32 = 4;

/// A sequence of tensors or of maps.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SequenceProto {
    /// The type of the elements: [`TENSOR`] or [`MAP`].
    #[prost(int32, tag = "2")]
    pub elem_type: i32,
    /// The elements, if they are tensors.
    #[prost(message, repeated, tag = "3")]
    pub tensor_values: Vec<TensorProto>,
    /// The elements, if they are maps.
    #[prost(message, repeated, tag = "6")]
    pub map_values: Vec<MapProto>,
}

/// A map. Either `keys` or `string_keys` has one key per value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MapProto {
    /// The keys, if they are integers.
    #[prost(int64, repeated, tag = "3")]
    pub keys: Vec<i64>,
    /// The keys, if they are strings.
    #[prost(bytes = "vec", repeated, tag = "4")]
    pub string_keys: Vec<Vec<u8>>,
    /// A sequence of tensors that have one element each.
    #[prost(message, optional, tag = "5")]
    pub values: Option<SequenceProto>,
}

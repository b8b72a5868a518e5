//! Builds small ONNX models node by node.

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::*;

pub fn float_input(name: &str, columns: i64) -> ValueInfoProto {
    let columns = Dimension { value: Some(dimension::Value::DimValue(columns)), ..Dimension::default() };
    let shape = TensorShapeProto { dim: vec![Dimension::default(), columns] };
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape: Some(shape) };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..ValueInfoProto::default() }
}

pub fn tensor_type(info: &mut ValueInfoProto) -> &mut type_proto::Tensor {
    let Some(type_proto::Value::TensorType(tensor)) = &mut info.r#type.as_mut().unwrap().value else {
        panic!("a tensor")
    };
    tensor
}

pub fn node(op_type: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: op_type.to_owned(),
        name: format!("{op_type}-{output}"),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute,
        ..NodeProto::default()
    }
}

pub fn model(inputs: Vec<ValueInfoProto>, node: Vec<NodeProto>, initializer: Vec<TensorProto>) -> ModelProto {
    let opset = |domain: &str, version| OperatorSetIdProto { domain: domain.to_owned(), version };
    ModelProto {
        ir_version: 8,
        opset_import: vec![opset("", 17), opset("ai.onnx.ml", 1)],
        graph: Some(GraphProto {
            name: "hostile".to_owned(),
            input: inputs,
            output: vec![float_input("y", 1)],
            node,
            initializer,
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    }
}

pub fn ints(name: &str, values: &[i64]) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Ints as i32;
    AttributeProto { name: name.to_owned(), r#type: kind, ints: values.to_vec(), ..AttributeProto::default() }
}

pub fn int(name: &str, value: i64) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Int as i32;
    AttributeProto { name: name.to_owned(), r#type: kind, i: value, ..AttributeProto::default() }
}

pub fn float(name: &str, value: f32) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Float as i32;
    AttributeProto { name: name.to_owned(), r#type: kind, f: value, ..AttributeProto::default() }
}

pub fn floats(name: &str, values: &[f32]) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Floats as i32;
    AttributeProto {
        name: name.to_owned(),
        r#type: kind,
        floats: values.to_vec(),
        ..AttributeProto::default()
    }
}

pub fn strings(name: &str, values: &[&str]) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Strings as i32;
    let strings = values.iter().map(|value| value.as_bytes().to_vec()).collect();
    AttributeProto { name: name.to_owned(), r#type: kind, strings, ..AttributeProto::default() }
}

pub fn string(name: &str, value: &str) -> AttributeProto {
    let kind = attribute_proto::AttributeType::String as i32;
    AttributeProto {
        name: name.to_owned(),
        r#type: kind,
        s: value.as_bytes().to_vec(),
        ..AttributeProto::default()
    }
}

pub fn tensor(name: &str, value: TensorProto) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Tensor as i32;
    AttributeProto { name: name.to_owned(), r#type: kind, t: Some(value), ..AttributeProto::default() }
}

pub fn graph(name: &str, value: GraphProto) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Graph as i32;
    AttributeProto { name: name.to_owned(), r#type: kind, g: Some(value), ..AttributeProto::default() }
}

/// A model of two trees. The first gives 1 if `x mode 2` holds, and 0 otherwise. The second always gives 0.
pub fn stump(mode: &str, extra: Vec<AttributeProto>) -> ModelProto {
    let mut attributes = vec![
        ints("nodes_treeids", &[0, 0, 0, 1]),
        ints("nodes_nodeids", &[0, 1, 2, 0]),
        ints("nodes_featureids", &[0; 4]),
        strings("nodes_modes", &[mode, "LEAF", "LEAF", "LEAF"]),
        floats("nodes_values", &[2.0, 0.0, 0.0, 0.0]),
        ints("nodes_truenodeids", &[1, 0, 0, 0]),
        ints("nodes_falsenodeids", &[2, 0, 0, 0]),
        ints("target_treeids", &[0, 0, 1]),
        ints("target_nodeids", &[1, 2, 0]),
        ints("target_ids", &[0; 3]),
        floats("target_weights", &[1.0, 0.0, 0.0]),
    ];
    attributes.extend(extra);
    model(vec![float_input("X", 1)], vec![node("TreeEnsembleRegressor", &["X"], "y", attributes)], vec![])
}

/// An ONNX type for which tract has no message.
#[derive(Clone, PartialEq, Message)]
struct OtherType {
    #[prost(message, optional, tag = "4")]
    sequence: Option<Element>,
    #[prost(message, optional, tag = "5")]
    map: Option<MapType>,
}

#[derive(Clone, PartialEq, Message)]
struct Element {
    #[prost(message, optional, boxed, tag = "1")]
    element: Option<Box<OtherType>>,
}

#[derive(Clone, PartialEq, Message)]
struct MapType {
    #[prost(int32, tag = "1")]
    key: i32,
    #[prost(message, optional, tag = "2")]
    value: Option<TypeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct OtherInfo {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    r#type: Option<OtherType>,
}

#[derive(Clone, PartialEq, Message)]
struct OtherGraph {
    #[prost(message, repeated, tag = "11")]
    input: Vec<OtherInfo>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<OtherInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct OtherModel {
    #[prost(message, optional, tag = "7")]
    graph: Option<OtherGraph>,
}

/// Adds a map as the first input of a model. Protobuf merges the two graphs when it reads the bytes.
pub fn with_map_input(model: &ModelProto, name: &str, key: DataType, value: DataType) -> Vec<u8> {
    let tensor = type_proto::Tensor { elem_type: value as i32, shape: None };
    let value = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    let map = MapType { key: key as i32, value: Some(value) };
    let input =
        OtherInfo { name: name.to_owned(), r#type: Some(OtherType { sequence: None, map: Some(map) }) };
    let graph = OtherGraph { input: vec![input], output: vec![] };
    [OtherModel { graph: Some(graph) }.encode_to_vec(), model.encode_to_vec()].concat()
}

/// Adds a sequence as the last output of a model.
pub fn with_sequence_output(model: &ModelProto, name: &str) -> Vec<u8> {
    let sequence = OtherType { sequence: Some(Element { element: None }), map: None };
    let graph = OtherGraph {
        input: vec![],
        output: vec![OtherInfo { name: name.to_owned(), r#type: Some(sequence) }],
    };
    [model.encode_to_vec(), OtherModel { graph: Some(graph) }.encode_to_vec()].concat()
}

/// A model of the tree `x0 <= 1 ? 10 : (x1 > 2 ? 20 : 30)`, with one attribute replaced.
pub fn tree(replaced: Option<AttributeProto>) -> ModelProto {
    let mut attributes = vec![
        ints("nodes_treeids", &[0; 5]),
        ints("nodes_nodeids", &[0, 1, 2, 3, 4]),
        ints("nodes_featureids", &[0, 0, 1, 0, 0]),
        strings("nodes_modes", &["BRANCH_LEQ", "LEAF", "BRANCH_GT", "LEAF", "LEAF"]),
        floats("nodes_values", &[1.0, 0.0, 2.0, 0.0, 0.0]),
        ints("nodes_truenodeids", &[1, 0, 3, 0, 0]),
        ints("nodes_falsenodeids", &[2, 0, 4, 0, 0]),
        ints("target_treeids", &[0; 3]),
        ints("target_nodeids", &[1, 3, 4]),
        ints("target_ids", &[0; 3]),
        floats("target_weights", &[10.0, 20.0, 30.0]),
    ];
    if let Some(replaced) = replaced {
        attributes.retain(|attribute| attribute.name != replaced.name);
        attributes.push(replaced);
    }
    model(vec![float_input("X", 2)], vec![node("TreeEnsembleRegressor", &["X"], "y", attributes)], vec![])
}

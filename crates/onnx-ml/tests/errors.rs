//! Each kind of fault has its variant, so that a caller can branch on it.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::path::Path;

use onnx_ml::tract_onnx::pb::tensor_proto::DataType;
use onnx_ml::tract_onnx::pb::{attribute_proto::AttributeType, type_proto, *};
use onnx_ml::tract_onnx::prelude::*;
use onnx_ml::{Clock, Dimension, Error, Graph, Session};
use prost::Message;

fn node(op_type: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: op_type.to_owned(),
        input: inputs.iter().map(ToString::to_string).collect(),
        output: vec!["y".to_owned()],
        attribute,
        ..NodeProto::default()
    }
}

fn integers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: vec![i64::try_from(values.len()).unwrap()],
        data_type: DataType::Int64 as i32,
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// Reads a model with the input `x`, one node, and the output `y`.
fn read(node: NodeProto, initializer: Vec<TensorProto>) -> Result<Graph, Error> {
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, ..type_proto::Tensor::default() };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    let value = |name: &str| ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(r#type.clone()),
        ..ValueInfoProto::default()
    };
    let graph = GraphProto {
        node: vec![node],
        initializer,
        input: vec![value("x")],
        output: vec![value("y")],
        ..GraphProto::default()
    };
    read_bytes(&ModelProto { graph: Some(graph), ..ModelProto::default() }.encode_to_vec())
}

fn read_bytes(bytes: &[u8]) -> Result<Graph, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, bytes).unwrap();
    Graph::read(path)
}

/// Plans a graph whose input is rows of two features.
fn plan(graph: &Graph) -> Result<Session, Error> {
    Session::new(graph, &[vec![Dimension::Rows, Dimension::Of(2)]], &Clock::unlimited())
}

#[test]
fn a_file_that_cannot_be_read_or_is_not_a_model() {
    let missing = Graph::read(Path::new("no/such/model.onnx")).unwrap_err();
    assert!(matches!(missing, Error::Read { .. }), "{missing:?}");
    for bytes in [&b"not a model"[..], b""] {
        let other = read_bytes(bytes).unwrap_err();
        assert!(matches!(other, Error::NotOnnx(_)), "{other:?}");
    }
}

#[test]
fn a_graph_that_is_malformed_or_cannot_run() {
    let dangling = read(node("Abs", &["z"], vec![]), vec![]).unwrap_err();
    assert!(matches!(dangling, Error::Malformed(_)), "{dangling:?}");

    let unknown = read(node("Twist", &["x"], vec![]), vec![]).unwrap_err();
    assert!(matches!(unknown, Error::Unsupported(_)), "{unknown:?}");
    assert_eq!(unknown.to_string(), "the graph has operators that can't run: Twist (`y`)");
}

#[test]
fn a_graph_that_cannot_be_planned() {
    let floats = |name: &str, floats: Vec<f32>| AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Floats as i32,
        floats,
        ..AttributeProto::default()
    };
    let linear = node("LinearRegressor", &["x"], vec![floats("coefficients", vec![])]);
    let misfit = plan(&read(linear, vec![]).unwrap()).unwrap_err();
    assert!(matches!(misfit, Error::Plan(_)), "{misfit:?}");

    let huge = node("Expand", &["x", "shape"], vec![]);
    let huge = plan(&read(huge, vec![integers("shape", &[1 << 30, 1, 2])]).unwrap()).unwrap_err();
    assert!(matches!(huge, Error::TooLarge(_)), "{huge:?}");

    let shapes = Session::new(&read(node("Abs", &["x"], vec![]), vec![]).unwrap(), &[], &Clock::unlimited())
        .unwrap_err();
    assert_eq!(shapes.to_string(), "expected one shape per input (1), found 0");
}

#[test]
fn a_run_that_fails_leaves_the_session_usable() {
    let session = plan(&read(node("Abs", &["x"], vec![]), vec![]).unwrap()).unwrap();
    let rows = || tvec!(tensor2(&[[-1.0_f32, 2.0]]).into_tvalue());
    assert_eq!(*session.run(rows()).unwrap()[0], tensor2(&[[1.0_f32, 2.0]]));
    for wrong in [tvec!(), tvec!(tensor2(&[[1_i64, 2]]).into_tvalue())] {
        let error = session.run(wrong).unwrap_err();
        assert!(matches!(error, Error::Run(_)), "{error:?}");
    }
    assert_eq!(session.run(rows()).unwrap().len(), 1);
    assert!(matches!(session.output_fact(1), Err(Error::NoOutput(1))));
}

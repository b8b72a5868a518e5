//! A model that is malformed, or meant to do harm, is refused with a message: no panic, no hang, no file read that is
//! not the model's.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod support;

use std::path::Path;

use prost::Message;
use stream_predictor::config::ModelLocation;
use stream_predictor::handler::Handler;
use stream_predictor::model::directory::ModelDirectory;
use stream_predictor::sink::Sink;
use support::{answer, event};
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::*;

fn float_input(name: &str, columns: i64) -> ValueInfoProto {
    let columns = Dimension { value: Some(dimension::Value::DimValue(columns)), ..Dimension::default() };
    let shape = TensorShapeProto { dim: vec![Dimension::default(), columns] };
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape: Some(shape) };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..ValueInfoProto::default() }
}

fn node(op_type: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: op_type.to_owned(),
        name: format!("{op_type}-{output}"),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute,
        ..NodeProto::default()
    }
}

fn model(inputs: Vec<ValueInfoProto>, node: Vec<NodeProto>, initializer: Vec<TensorProto>) -> ModelProto {
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

async fn load(folder: &Path, model: &ModelProto) -> anyhow::Result<Handler> {
    std::fs::write(folder.join("model.onnx"), model.encode_to_vec()).unwrap();
    let directory = ModelDirectory::fetch(&ModelLocation::Folder(folder.to_owned()), None).await?;
    Handler::load(&directory, Some("run"), Sink::Answer)
}

async fn refusal(model: &ModelProto) -> String {
    let folder = tempfile::tempdir().unwrap();
    format!("{:#}", load(folder.path(), model).await.unwrap_err())
}

/// `y = X · W`, `W` of one float in another file.
fn with_external_data(location: &str) -> ModelProto {
    let entry =
        |key: &str, value: &str| StringStringEntryProto { key: key.to_owned(), value: value.to_owned() };
    let weights = TensorProto {
        name: "W".to_owned(),
        dims: vec![1, 1],
        data_type: DataType::Float as i32,
        data_location: Some(DataLocation::External as i32),
        external_data: vec![entry("location", location), entry("length", "4")],
        ..TensorProto::default()
    };
    model(vec![float_input("X", 1)], vec![node("MatMul", &["X", "W"], "y", vec![])], vec![weights])
}

#[tokio::test]
async fn external_data_is_read_beside_the_model_and_nowhere_else() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("model");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("weights.data"), 2.5_f32.to_le_bytes()).unwrap();
    std::fs::write(outer.path().join("secret.data"), 3.5_f32.to_le_bytes()).unwrap();
    std::os::unix::fs::symlink(outer.path().join("secret.data"), folder.join("link.data")).unwrap();

    let handler = load(&folder, &with_external_data("weights.data")).await.unwrap();
    let answer = answer(&handler, &event(&[r#"{"X": 2}"#])).await;
    assert_eq!(answer["predictions"][0]["prediction"]["y"], 5.0);

    let absolute = outer.path().join("secret.data");
    for location in
        ["../secret.data", "link.data", absolute.to_str().unwrap(), "none.data", "../model/../secret.data"]
    {
        assert!(load(&folder, &with_external_data(location)).await.is_err(), "{location}");
    }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Ints as i32;
    AttributeProto { name: name.to_owned(), r#type: kind, ints: values.to_vec(), ..AttributeProto::default() }
}

fn floats(name: &str, values: &[f32]) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Floats as i32;
    AttributeProto {
        name: name.to_owned(),
        r#type: kind,
        floats: values.to_vec(),
        ..AttributeProto::default()
    }
}

fn strings(name: &str, values: &[&str]) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Strings as i32;
    let strings = values.iter().map(|value| value.as_bytes().to_vec()).collect();
    AttributeProto { name: name.to_owned(), r#type: kind, strings, ..AttributeProto::default() }
}

/// One tree, `x0 <= 1 ? 10 : (x1 > 2 ? 20 : 30)`, with one attribute replaced.
fn tree(replaced: Option<AttributeProto>) -> ModelProto {
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

#[tokio::test]
async fn a_sound_tree_decides_as_onnx_says() {
    let folder = tempfile::tempdir().unwrap();
    let handler = load(folder.path(), &tree(None)).await.unwrap();
    let answer =
        answer(&handler, &event(&[r#"{"X": [1, 9]}"#, r#"{"X": [1.5, 2]}"#, r#"{"X": [1.5, 2.5]}"#])).await;
    let found: Vec<f64> =
        (0..3).map(|at| answer["predictions"][at]["prediction"]["y"].as_f64().unwrap()).collect();
    assert_eq!(found, [10.0, 30.0, 20.0]);
}

#[tokio::test]
async fn a_tree_that_is_none_is_refused() {
    let cases = vec![
        (ints("nodes_truenodeids", &[0, 0, 3, 0, 0]), "two parents, or is its own"),
        (ints("nodes_falsenodeids", &[2, 0, 2, 0, 0]), "two parents, or is its own"),
        (ints("nodes_truenodeids", &[1, 0, 9, 0, 0]), "tree 0 has no node 9"),
        (ints("nodes_truenodeids", &[1, 0, -1, 0, 0]), "tree 0 has no node -1"),
        (ints("nodes_truenodeids", &[1, 0, 3]), "lists of lengths"),
        (ints("nodes_featureids", &[0, 0, -1, 0, 0]), "nodes_featureids: -1"),
        (ints("nodes_featureids", &[0, 0, 7, 0, 0]), "rows of 2 features, the trees look at 8"),
        (ints("nodes_nodeids", &[0, 1, 1, 3, 4]), "an id twice"),
        (strings("nodes_modes", &["BRANCH_LEQ", "LEAF", "TWIG", "LEAF", "LEAF"]), "\"TWIG\" is no mode"),
        (ints("target_ids", &[0, 0, 1 << 40]), "target_ids"),
        (ints("target_ids", &[0, 0, -1]), "target_ids"),
        (floats("target_weights", &[10.0]), "lists of lengths"),
        (floats("base_values", &[1.0, 2.0]), "2 base_values for 1 targets"),
    ];
    for (attribute, expected) in cases {
        let name = attribute.name.clone();
        let line = refusal(&tree(Some(attribute))).await;
        assert!(line.contains(expected), "{name}: {line}");
    }
}

#[tokio::test]
async fn a_graph_that_is_none_is_refused() {
    let x = || vec![float_input("X", 1)];
    let cycle = vec![node("Add", &["X", "b"], "y", vec![]), node("Add", &["y", "X"], "b", vec![])];
    refusal(&model(x(), cycle, vec![])).await;
    let dangling = vec![node("Add", &["X", "nothing"], "y", vec![])];
    assert!(refusal(&model(x(), dangling, vec![])).await.contains("reads what nothing gives: nothing"));
    refusal(&model(x(), vec![node("Add", &["X", "X"], "z", vec![])], vec![])).await;
    refusal(&model(x(), vec![node("Add", &[], "y", vec![])], vec![])).await;
    assert!(refusal(&ModelProto::default()).await.contains("no graph"));

    let unknown = vec![node("Tokenizer", &["X"], "a", vec![]), node("Twist", &["a"], "y", vec![])];
    let line = refusal(&model(x(), unknown, vec![])).await;
    assert!(line.contains("Tokenizer (`Tokenizer-a`), Twist (`Twist-y`)"), "{line}");

    let identity = || vec![node("Identity", &["X"], "y", vec![])];
    assert!(
        refusal(&model(vec![float_input("X", i64::MAX)], identity(), vec![]))
            .await
            .contains("elements a row")
    );
    assert!(refusal(&model(vec![float_input("X", -3)], identity(), vec![])).await.contains("input `X`"));

    let coefficients = |count: usize| vec![floats("coefficients", &vec![1.0; count])];
    let linear = |count| model(x(), vec![node("LinearRegressor", &["X"], "y", coefficients(count))], vec![]);
    assert!(refusal(&linear(2)).await.contains("rows of 1 features for 2 coefficients"));
    assert!(refusal(&linear(0)).await.contains("0 coefficients"));
}

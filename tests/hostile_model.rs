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

/// The predictions `y` of a model for the documents that it does not fail on.
async fn predictions(model: &ModelProto, documents: &[&str]) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let handler = load(folder.path(), model).await.unwrap();
    let answer = answer(&handler, &event(documents)).await;
    let predictions = answer["predictions"].as_array().unwrap();
    predictions.iter().map(|prediction| prediction["prediction"]["y"].as_f64().unwrap()).collect()
}

/// Two trees, the first with `x == 1 ? leaf 1 : (x == 3 ? leaf 1 : leaf 3)`, as categorical splits are exported.
#[tokio::test]
async fn branches_may_share_a_leaf() {
    let attributes = vec![
        ints("nodes_treeids", &[0, 0, 0, 0, 1]),
        ints("nodes_nodeids", &[0, 1, 2, 3, 0]),
        ints("nodes_featureids", &[0; 5]),
        strings("nodes_modes", &["BRANCH_EQ", "LEAF", "BRANCH_EQ", "LEAF", "LEAF"]),
        floats("nodes_values", &[1.0, 0.0, 3.0, 0.0, 0.0]),
        ints("nodes_truenodeids", &[1, 0, 1, 0, 0]),
        ints("nodes_falsenodeids", &[2, 0, 3, 0, 0]),
        ints("target_treeids", &[0, 0, 1]),
        ints("target_nodeids", &[1, 3, 0]),
        ints("target_ids", &[0; 3]),
        floats("target_weights", &[10.0, 20.0, 0.5]),
    ];
    let trees = node("TreeEnsembleRegressor", &["X"], "y", attributes);
    let model = model(vec![float_input("X", 1)], vec![trees], vec![]);
    let rides = [r#"{"X": 1}"#, r#"{"X": 3}"#, r#"{"X": 5}"#];
    assert_eq!(predictions(&model, &rides).await, [10.5, 10.5, 20.5]);
}

/// Two trees: the first weighs 1 where `x mode 2`, else 0; the second always 0.
fn stump(mode: &str, extra: Vec<AttributeProto>) -> ModelProto {
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

#[tokio::test]
async fn every_mode_compares_as_onnx_says() {
    let modes = [
        ("BRANCH_LEQ", [1.0, 1.0, 0.0]),
        ("BRANCH_LT", [1.0, 0.0, 0.0]),
        ("BRANCH_GTE", [0.0, 1.0, 1.0]),
        ("BRANCH_GT", [0.0, 0.0, 1.0]),
        ("BRANCH_EQ", [0.0, 1.0, 0.0]),
        ("BRANCH_NEQ", [1.0, 0.0, 1.0]),
    ];
    for (mode, expected) in modes {
        let documents = [r#"{"X": 1.5}"#, r#"{"X": 2}"#, r#"{"X": 2.5}"#];
        assert_eq!(predictions(&stump(mode, vec![]), &documents).await, expected, "{mode}");
    }
}

fn string(name: &str, value: &str) -> AttributeProto {
    let kind = attribute_proto::AttributeType::String as i32;
    AttributeProto {
        name: name.to_owned(),
        r#type: kind,
        s: value.as_bytes().to_vec(),
        ..AttributeProto::default()
    }
}

#[tokio::test]
async fn every_aggregate_and_transform_is_onnxs() {
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let cases = vec![
        (vec![string("aggregate_function", "AVERAGE")], [0.5, 0.0]),
        (vec![string("aggregate_function", "MIN")], [0.0, 0.0]),
        (vec![string("aggregate_function", "MAX")], [1.0, 0.0]),
        (vec![string("aggregate_function", "AVERAGE"), floats("base_values", &[3.0])], [3.5, 3.0]),
        (vec![string("post_transform", "LOGISTIC")], [logistic(1.0), logistic(0.0)]),
        (vec![string("post_transform", "SOFTMAX")], [1.0, 1.0]),
    ];
    for (attributes, expected) in cases {
        let found =
            predictions(&stump("BRANCH_LEQ", attributes.clone()), &[r#"{"X": 1}"#, r#"{"X": 3}"#]).await;
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6);
        assert!(near, "{attributes:?}: {found:?}");
    }
    let other = refusal(&stump("BRANCH_LEQ", vec![string("post_transform", "PROBIT")])).await;
    assert!(other.contains("post_transform PROBIT can't run"), "{other}");
}

fn tensor_type(info: &mut ValueInfoProto) -> &mut type_proto::Tensor {
    let Some(type_proto::Value::TensorType(tensor)) = &mut info.r#type.as_mut().unwrap().value else {
        panic!("a tensor")
    };
    tensor
}

#[tokio::test]
async fn a_missing_value_goes_the_way_that_its_branch_says() {
    // 0/0: the way to a NaN that JSON has not.
    for (tracks_true, expected) in [(1, 1.0), (0, 0.0)] {
        let mut model =
            stump("BRANCH_LEQ", vec![ints("nodes_missing_value_tracks_true", &[tracks_true, 0, 0, 0])]);
        let graph = model.graph.as_mut().unwrap();
        graph.node[0].input = vec!["ratio".to_owned()];
        graph.node.insert(0, node("Div", &["X", "X"], "ratio", vec![]));
        assert_eq!(predictions(&model, &[r#"{"X": 0}"#]).await, [expected]);
    }
}

#[tokio::test]
async fn a_row_that_the_model_fails_on_is_quarantined_alone() {
    // Only 0, 1 and 2 can be looked up, and the square root of what is below zero is no number.
    let table = TensorProto {
        name: "table".to_owned(),
        dims: vec![3, 1],
        data_type: DataType::Float as i32,
        float_data: vec![4.0, 9.0, -1.0],
        ..TensorProto::default()
    };
    let mut index = float_input("X", 1);
    tensor_type(&mut index).elem_type = DataType::Int64 as i32;
    tensor_type(&mut index).shape.as_mut().unwrap().dim.pop();
    let nodes = vec![node("Gather", &["table", "X"], "row", vec![]), node("Sqrt", &["row"], "y", vec![])];
    let model = model(vec![index], nodes, vec![table]);
    let documents =
        [r#"{"X": 1}"#, r#"{"X": 77}"#, r#"{"X": 0}"#, r#"{"X": 2}"#, r#"{"X": -99}"#, r#"{"X": 1}"#];
    assert_eq!(predictions(&model, &documents).await, [3.0, 2.0, 3.0]);
}

#[tokio::test]
async fn what_would_be_answered_wrongly_is_refused() {
    let x = || vec![float_input("X", 1)];
    let classifier = vec![node("TreeEnsembleClassifier", &["X"], "y", vec![])];
    assert!(refusal(&model(x(), classifier, vec![])).await.contains("TreeEnsembleClassifier (`"));

    let mut doubles = stump("BRANCH_LEQ", vec![]);
    tensor_type(&mut doubles.graph.as_mut().unwrap().input[0]).elem_type = DataType::Double as i32;
    assert!(refusal(&doubles).await.contains("only float can run"));

    let mut image = float_input("X", 2);
    tensor_type(&mut image).shape.as_mut().unwrap().dim.push(Dimension::default());
    let identity = vec![node("Identity", &["X"], "y", vec![])];
    assert!(refusal(&model(vec![image], identity, vec![])).await.contains("input `X`: has 3 dimensions"));
}

#[tokio::test]
async fn what_only_the_rewriting_may_put_into_a_graph_is_refused() {
    let width = AttributeProto {
        name: "sparse_width".to_owned(),
        r#type: attribute_proto::AttributeType::Int as i32,
        i: 1 << 45,
        ..AttributeProto::default()
    };
    for operator in ["SparseToDense", "LinearRegressor"] {
        let nodes = vec![node(operator, &["X", "X"], "y", vec![width.clone()])];
        let line = refusal(&model(vec![float_input("X", 1)], nodes, vec![])).await;
        assert!(line.contains(&format!("{operator} is no ONNX operator")), "{line}");
    }
}

/// A vectoriser in front of an operator that takes dense rows only.
#[tokio::test]
async fn sparse_rows_become_dense_for_operators_that_know_no_other() {
    let vectorizer =
        node("DictVectorizer", &["X"], "row", vec![strings("string_vocabulary", &["a", "b=1", "b=2"])]);
    let nodes = vec![vectorizer, node("ReduceSum", &["row"], "y", vec![ints("axes", &[1])])];
    let mut map = float_input("X", 1);
    map.r#type = Some(TypeProto::default());
    let mut model = model(vec![map], nodes, vec![]);
    model.opset_import[0].version = 11;
    let documents = [r#"{"a": 2.5, "b": "1"}"#, r#"{"a": 2.5, "b": "9"}"#, r#"{"a": 4, "b": "2"}"#];
    assert_eq!(predictions(&model, &documents).await, [3.5, 2.5, 5.0]);
}

#[tokio::test]
async fn a_tree_that_is_none_is_refused() {
    let cases = vec![
        (ints("nodes_truenodeids", &[0, 0, 3, 0, 0]), "below itself"),
        (ints("nodes_falsenodeids", &[2, 0, 2, 0, 0]), "below itself"),
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
            .contains("columns; served are")
    );
    assert!(refusal(&model(vec![float_input("X", -3)], identity(), vec![])).await.contains("input `X`"));

    let coefficients = |count: usize| vec![floats("coefficients", &vec![1.0; count])];
    let linear = |count| model(x(), vec![node("LinearRegressor", &["X"], "y", coefficients(count))], vec![]);
    assert!(refusal(&linear(2)).await.contains("rows of 1 features for 2 coefficients"));
    assert!(refusal(&linear(0)).await.contains("0 coefficients"));
}

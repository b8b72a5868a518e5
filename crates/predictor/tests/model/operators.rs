//! The operators of the `ai.onnx.ml` domain compute what ONNX defines.

use crate::support;
use crate::support::onnx::*;
use predictor::Clock;
use predictor::model::Model;
use predictor::model::directory::ModelDirectory;
use prost::Message;
use serving_spec::columns::{Rows, Values};
use tract_onnx::pb::TypeProto;
use tract_onnx::pb::tensor_proto::DataType;

#[test]
fn a_valid_tree_decides_as_onnx_defines() {
    let folder = tempfile::tempdir().unwrap();
    let predictor = load(folder.path(), &tree(None)).unwrap();
    let documents = [r#"{"X": [1, 9]}"#, r#"{"X": [1.5, 2]}"#, r#"{"X": [1.5, 2.5]}"#];
    let predictions = support::predictions(&predictor, &documents);
    let found: Vec<f64> = predictions.iter().map(|prediction| prediction["y"].as_f64().unwrap()).collect();
    assert_eq!(found, [10.0, 30.0, 20.0]);
}

/// The first of two trees is `x == 1 ? leaf 1 : (x == 3 ? leaf 1 : leaf 3)`. Categorical splits are exported
/// like that.
#[test]
fn branches_may_share_a_leaf() {
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
    assert_eq!(predictions(&model, &rides), [10.5, 10.5, 20.5]);
}

#[test]
fn every_mode_compares_as_onnx_defines() {
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
        assert_eq!(predictions(&stump(mode, vec![]), &documents), expected, "{mode}");
    }
}

#[test]
fn every_aggregate_and_transform_computes_what_onnx_defines() {
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
        let found = predictions(&stump("BRANCH_LEQ", attributes.clone()), &[r#"{"X": 1}"#, r#"{"X": 3}"#]);
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6);
        assert!(near, "{attributes:?}: {found:?}");
    }
    let other = refusal(&stump("BRANCH_LEQ", vec![string("post_transform", "CUBE")]));
    assert!(
        other
            .contains("post_transform: expected NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO or PROBIT, found CUBE"),
        "{other}"
    );
}

#[test]
fn a_missing_value_follows_the_attribute_of_its_branch() {
    // JSON has no NaN, so the graph computes it as 0/0.
    for (tracks_true, expected) in [(1, 1.0), (0, 0.0)] {
        let mut model =
            stump("BRANCH_LEQ", vec![ints("nodes_missing_value_tracks_true", &[tracks_true, 0, 0, 0])]);
        let graph = model.graph.as_mut().unwrap();
        graph.node[0].input = vec!["ratio".to_owned()];
        graph.node.insert(0, node("Div", &["X", "X"], "ratio", vec![]));
        assert_eq!(predictions(&model, &[r#"{"X": 0}"#]), [expected]);
    }
}

/// A vectoriser in front of an operator that takes only dense rows.
#[test]
fn sparse_rows_become_dense_for_operators_that_need_dense_rows() {
    let vectorizer =
        node("DictVectorizer", &["X"], "row", vec![strings("string_vocabulary", &["a", "b=1", "b=2"])]);
    let nodes = vec![vectorizer, node("ReduceSum", &["row"], "y", vec![ints("axes", &[1])])];
    let mut map = float_input("X", 1);
    map.r#type = Some(TypeProto::default());
    let mut model = model(vec![map], nodes, vec![]);
    model.opset_import[0].version = 11;
    let documents = [r#"{"a": 2.5, "b": "1"}"#, r#"{"a": 2.5, "b": "9"}"#, r#"{"a": 4, "b": "2"}"#];
    assert_eq!(predictions(&model, &documents), [3.5, 2.5, 5.0]);
}

/// Padding each text of the batch to the tokens of the longest one would take 100 million strings.
#[test]
fn one_long_text_does_not_slow_down_the_others() {
    let tokens =
        vec![int("mark", 0), int("mincharnum", 1), string("pad_value", "#"), string("tokenexp", "[a-z]+")];
    let counted = vec![
        string("mode", "TF"),
        int("min_gram_length", 1),
        int("max_gram_length", 2),
        int("max_skip_count", 0),
        ints("ngram_counts", &[0, 2]),
        ints("ngram_indexes", &[0, 1, 2]),
        strings("pool_strings", &["a", "b", "b", "a"]),
    ];
    let nodes = vec![
        node("Tokenizer", &["X"], "tokens", tokens),
        node("Flatten", &["tokens"], "row", vec![]),
        node("TfIdfVectorizer", &["row"], "y", counted),
    ];
    let mut text = float_input("X", 1);
    tensor_type(&mut text).elem_type = DataType::String as i32;
    let folder = tempfile::tempdir().unwrap();
    let model = model(vec![text], nodes, vec![]);
    std::fs::write(folder.path().join("model.onnx"), model.encode_to_vec()).unwrap();
    let directory = ModelDirectory::open(folder.path()).unwrap();
    let model = Model::load(&directory, "model.onnx", &Clock::unlimited()).unwrap();

    let mut texts = vec!["a b, a".to_owned(); 100];
    texts[50] = "b a ".repeat(500_000);
    let rows = Rows { inputs: vec![Values::String(texts)], len: 100 };
    let [Values::Float(counts)] = &model.run(&rows).unwrap()[..] else { panic!("one output of floats") };
    for (text, counts) in counts.chunks_exact(3).enumerate() {
        assert_eq!(counts, if text == 50 { [500_000.0, 500_000.0, 500_000.0] } else { [2.0, 1.0, 1.0] });
    }
}

/// A matrix of 50 rows and a million columns would take 200 MB, so a few rows are predicted at a time.
#[test]
fn the_dense_matrix_is_bounded() {
    let names: Vec<String> = (0..1_000_000).map(|column| format!("b={column}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let vectorizer = node("DictVectorizer", &["X"], "row", vec![strings("string_vocabulary", &names)]);
    let sum = node("ReduceSum", &["row"], "y", vec![ints("axes", &[1])]);
    let mut map = float_input("X", 1);
    map.r#type = Some(TypeProto::default());
    let mut model = model(vec![map], vec![vectorizer, sum], vec![]);
    model.opset_import[0].version = 11;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.onnx"), model.encode_to_vec()).unwrap();
    let directory = ModelDirectory::open(folder.path()).unwrap();
    assert_eq!(Model::load(&directory, "model.onnx", &Clock::unlimited()).unwrap().max_rows(), 16);

    let documents: Vec<String> = (0..50).map(|row| format!(r#"{{"b": "{}"}}"#, row * 30_000)).collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let found = predictions(&model, &documents);
    let expected: Vec<f64> = (0..50).map(|row| if row * 30_000 < 1_000_000 { 1.0 } else { 0.0 }).collect();
    assert_eq!(found, expected);
}

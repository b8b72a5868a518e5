//! Maps as inputs and outputs. Vectorisers and `ZipMap` are taken out of the graph, without a change of the
//! results.

use crate::support;
use crate::support::onnx::*;
use prost::Message;
use serde_json::{Value, json};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::*;

/// The prediction for each document.
fn predict(model: &[u8], documents: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    support::predictions(&load_bytes(folder.path(), model).unwrap(), documents)
}

fn cast(input: &str, output: &str, to: DataType) -> NodeProto {
    let to = AttributeProto {
        name: "to".to_owned(),
        r#type: attribute_proto::AttributeType::Int as i32,
        i: to as i64,
        ..AttributeProto::default()
    };
    node("Cast", &[input], output, vec![to])
}

fn linear(input: &str) -> NodeProto {
    node("LinearRegressor", &[input], "y", vec![floats("coefficients", &[1.0, 10.0, 100.0])])
}

fn dict_vectorizer(vocabulary: AttributeProto) -> NodeProto {
    node("DictVectorizer", &["X"], "row", vec![vocabulary])
}

fn words() -> AttributeProto {
    strings("string_vocabulary", &["a", "b=1", "b=2"])
}

const RIDES: [&str; 3] = [r#"{"a": 2, "b": "1"}"#, r#"{"a": 3, "b": "2"}"#, r#"{"a": 4, "b": "9"}"#];

#[test]
fn maps_to_every_number_can_be_vectorised() {
    let nodes = [
        (DataType::Float, vec![linear("row")]),
        (DataType::Double, vec![cast("row", "floats", DataType::Float), linear("floats")]),
        (DataType::Int64, vec![cast("row", "floats", DataType::Float), linear("floats")]),
    ];
    for (value, behind) in nodes {
        let nodes = [vec![dict_vectorizer(words())], behind].concat();
        let model = with_map_input(&model(vec![], nodes, vec![]), "X", DataType::String, value);
        let expected = [json!({"y": 12.0}), json!({"y": 103.0}), json!({"y": 4.0})];
        assert_eq!(predict(&model, &RIDES), expected, "{value:?}");
    }
}

/// The output of a vectoriser has the type of the map's values.
#[test]
fn the_matrix_has_the_type_of_the_values() {
    let large = r#"{"a": 1099511627777, "b": "1"}"#;
    let cases = [
        (DataType::Float, json!([1.099_511_6e12, 1.0, 0.0])),
        (DataType::Double, json!([1_099_511_627_777.0, 1.0, 0.0])),
        (DataType::Int64, json!([1_099_511_627_777_i64, 1, 0])),
    ];
    for (value, expected) in cases {
        let nodes = vec![dict_vectorizer(words()), node("Identity", &["row"], "y", vec![])];
        let model = with_map_input(&model(vec![], nodes, vec![]), "X", DataType::String, value);
        assert_eq!(predict(&model, &[large]), [json!({"y": expected})], "{value:?}");
    }
}

/// As dense rows, 20 000 columns would lower [`Model::max_rows`]. As sparse rows, they do not.
#[test]
fn rows_stay_sparse_through_casts_and_identities() {
    use predictor::model::{Model, directory::ModelDirectory};
    let names: Vec<String> = (0..20_000).map(|column| format!("b={column}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let nodes = vec![
        dict_vectorizer(strings("string_vocabulary", &names)),
        node("Identity", &["row"], "same", vec![]),
        cast("same", "floats", DataType::Float),
        node("Identity", &["floats"], "same_floats", vec![]),
        node("LinearRegressor", &["same_floats"], "y", vec![floats("coefficients", &vec![0.5; 20_000])]),
    ];
    for value in [DataType::Float, DataType::Double] {
        let model = with_map_input(&model(vec![], nodes.clone(), vec![]), "X", DataType::String, value);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("model.onnx"), &model).unwrap();
        let directory = ModelDirectory::open(folder.path()).unwrap();
        assert_eq!(
            Model::load(&directory, "model.onnx", &predictor::Clock::unlimited()).unwrap().max_rows(),
            1 << 20,
            "{value:?}"
        );
        assert_eq!(predict(&model, &[r#"{"b": "77"}"#]), [json!({"y": 0.5})]);
    }
}

#[test]
fn integer_keys_are_decimal_names() {
    let vocabulary = dict_vectorizer(ints("int64_vocabulary", &[7, -3, 40]));
    let cast_map = |cast_to| {
        let attributes = vec![string("cast_to", cast_to), string("map_form", "SPARSE"), int("max_map", 3)];
        node("CastMap", &["X"], "row", attributes)
    };
    let given =
        [r#"{"7": 1, "-3": 2, "40": 3}"#, r#"{"0": 1, "1": 2, "2": 3}"#, r#"{"0": 1.5, "1": 2, "2": -3.5}"#];
    let same = || node("Identity", &["row"], "y", vec![]);
    for (nodes, document, expected) in [
        (vec![vocabulary, linear("row")], given[0], json!(321.0)),
        (vec![cast_map("TO_FLOAT"), linear("row")], given[1], json!(321.0)),
        (vec![cast_map("TO_FLOAT"), same()], given[2], json!([1.5, 2.0, -3.5])),
        (vec![cast_map("TO_INT64"), same()], given[2], json!([1, 2, -3])),
    ] {
        let model = with_map_input(&model(vec![], nodes, vec![]), "X", DataType::Int64, DataType::Float);
        assert_eq!(predict(&model, &[document]), [json!({"y": expected})], "{document}");
    }
}

/// A model that begins with a vectoriser of integer keys. The graph declares `columns` for its output `row`.
fn of_integers(first: NodeProto, behind: NodeProto, value: DataType, columns: i64) -> Vec<u8> {
    let mut model = model(vec![], vec![first, behind], vec![]);
    model.graph.as_mut().unwrap().value_info.push(float_input("row", columns));
    with_map_input(&model, "X", DataType::Int64, value)
}

#[test]
fn a_map_to_strings_needs_a_value_for_each_key() {
    let same = || node("Identity", &["row"], "y", vec![]);
    let vocabulary = || dict_vectorizer(ints("int64_vocabulary", &[7, -3, 40]));
    let model = of_integers(vocabulary(), same(), DataType::String, 3);
    let documents = [r#"{"40": "c", "7": "a", "-3": ""}"#, r#"{"7": "a", "40": "c"}"#];
    assert_eq!(predict(&model, &documents), [json!({"y": ["a", "", "c"]})], "a key is missing in the second");

    let spec = "[features]\n-3 = { field = \"/b\" }\n7 = { concat = [\"/a\", \"/a\"], separator = \"_\" }\n\
        40 = { field = \"/c\" }\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("serving.toml"), spec).unwrap();
    let predictor = load_bytes(folder.path(), &model).unwrap();
    let predictions = support::predictions(&predictor, &[r#"{"a": "x", "b": "y", "c": "z"}"#]);
    assert_eq!(predictions, [json!({"y": ["x_x", "y", "z"]})]);

    let sparse = |cast_to| {
        let attributes = vec![string("cast_to", cast_to), string("map_form", "SPARSE"), int("max_map", 2)];
        node("CastMap", &["X"], "row", attributes)
    };
    for (cast_to, value, document, expected) in [
        ("TO_FLOAT", DataType::String, r#"{"1": "2.5", "0": "-1"}"#, json!([-1.0, 2.5])),
        ("TO_INT64", DataType::String, r#"{"1": "2", "0": "-1"}"#, json!([-1, 2])),
        ("TO_STRING", DataType::String, r#"{"1": "2", "0": ""}"#, json!(["", "2"])),
        ("TO_STRING", DataType::Float, r#"{"1": 2.5, "0": -1}"#, json!(["-1.000000", "2.500000"])),
    ] {
        let model = of_integers(sparse(cast_to), same(), value, 2);
        assert_eq!(predict(&model, &[document]), [json!({"y": expected})], "{cast_to} {value:?}");
    }
    let model = of_integers(sparse("TO_FLOAT"), same(), DataType::String, 2);
    let documents = [r#"{"0": "1", "1": "none"}"#, r#"{"0": "1", "1": "2"}"#];
    assert_eq!(predict(&model, &documents), [json!({"y": [1.0, 2.0]})], "`none` is not a number");
}

/// The columns of a dense `CastMap` have no names. They are in the order of the keys.
#[test]
fn dense_cast_map_takes_columns_in_the_order_of_the_keys() {
    let dense = |cast_to| node("CastMap", &["X"], "row", vec![string("cast_to", cast_to)]);
    let same = || node("Identity", &["row"], "y", vec![]);
    let numbers = [r#"{"X": [1.5, 2, -3.5]}"#, r#"{"X": [1, 2]}"#, r#"{"X": [1, 2, 3, 4]}"#];
    for (cast_to, behind, expected) in [
        ("TO_FLOAT", same(), json!([1.5, 2.0, -3.5])),
        ("TO_FLOAT", linear("row"), json!(-328.5)),
        ("TO_INT64", same(), json!([1, 2, -3])),
        ("TO_STRING", same(), json!(["1.500000", "2.000000", "-3.500000"])),
    ] {
        let model = of_integers(dense(cast_to), behind, DataType::Float, 3);
        assert_eq!(predict(&model, &numbers), [json!({"y": expected})], "{cast_to}");
    }
    let model = of_integers(dense("TO_FLOAT"), same(), DataType::String, 2);
    assert_eq!(predict(&model, &[r#"{"X": ["1", "2e3"]}"#]), [json!({"y": [1.0, 2000.0]})]);
    // The declared number of columns does not fit the operator that reads them.
    let refused = refusal_of_bytes(&of_integers(dense("TO_FLOAT"), linear("row"), DataType::Float, 4));
    assert!(refused.contains("LinearRegressor"), "{refused}");
}

#[test]
fn a_vectoriser_that_cannot_be_taken_out_is_refused() {
    let of = |node: NodeProto, key, value| {
        let nodes = vec![node, linear("row")];
        with_map_input(&model(vec![], nodes, vec![]), "X", key, value)
    };
    let integers = || dict_vectorizer(ints("int64_vocabulary", &[1, 2, 3]));
    let cast_map = |attributes: Vec<AttributeProto>| node("CastMap", &["X"], "row", attributes);
    let (text, whole, float) = (DataType::String, DataType::Int64, DataType::Float);
    let cases = [
        (
            of(dict_vectorizer(words()), text, DataType::Bool),
            "DictVectorizer (`DictVectorizer-row`): it reads maps to Bool",
        ),
        (
            of(dict_vectorizer(words()), whole, float),
            "it knows keys of String: the maps that it reads have another type of key",
        ),
        (of(integers(), text, float), "it knows keys of Int64"),
        (of(dict_vectorizer(strings("string_vocabulary", &["a", "a"])), text, float), "has `a` twice"),
        (of(dict_vectorizer(strings("other", &["a"])), text, float), "exactly one of `string_vocabulary`"),
        (of(cast_map(vec![]), whole, float), "input `X`: expected a stated number of columns"),
        (of(cast_map(vec![]), text, float), "it knows keys of Int64"),
        (
            of(cast_map(vec![string("cast_to", "TO_BOOL")]), whole, float),
            "CastMap (`CastMap-row`): cast_to: expected TO_FLOAT, TO_INT64 or TO_STRING, found TO_BOOL",
        ),
        (
            of(cast_map(vec![string("map_form", "WIDE")]), whole, float),
            "map_form: expected DENSE or SPARSE, found WIDE",
        ),
        (of(cast_map(vec![string("map_form", "SPARSE"), int("max_map", 1 << 60)]), whole, float), "max_map"),
    ];
    for (model, expected) in cases {
        let line = refusal_of_bytes(&model);
        assert!(line.contains(expected), "{line}");
    }
    for value in [text, float] {
        let nodes = vec![cast_map(vec![]), node("Identity", &["X"], "y", vec![])];
        let model = with_map_input(&model(vec![], nodes, vec![]), "X", whole, value);
        let line = refusal_of_bytes(&model);
        assert!(line.contains("input `X` is read by a CastMap and by something else"), "{line}");
    }
    let nodes = vec![node("Identity", &["Z"], "X", vec![]), dict_vectorizer(words()), linear("row")];
    let inside = model(vec![float_input("Z", 1)], nodes, vec![]);
    assert!(refusal(&inside).contains("can't run: DictVectorizer (`DictVectorizer-row`)"));
}

/// A model whose `ZipMap` outputs the three columns as scores.
fn zipped(classes: AttributeProto, behind: &[NodeProto]) -> ModelProto {
    let output = if behind.is_empty() { "y" } else { "maps" };
    let mut nodes = vec![
        node("Mul", &["X", "two"], "scores", vec![]),
        node("ZipMap", &["scores"], output, vec![classes]),
    ];
    nodes.extend_from_slice(behind);
    let two = TensorProto {
        name: "two".to_owned(),
        data_type: DataType::Float as i32,
        float_data: vec![2.0],
        ..TensorProto::default()
    };
    let mut model = model(vec![float_input("X", 3)], nodes, vec![two]);
    model.graph.as_mut().unwrap().output[0].r#type = None;
    model
}

#[test]
fn scores_by_class_are_an_object_in_the_result() {
    let words = || strings("classlabels_strings", &["no", "yes", "may be"]);
    let renamed = node("Identity", &["maps"], "y", vec![]);
    let by_word = json!({"y": {"no": 2.0, "yes": 4.0, "may be": 6.0}});
    let by_number = json!({"y": {"3": 2.0, "-1": 4.0, "0": 6.0}});
    for (model, expected) in [
        (zipped(words(), &[]), &by_word),
        (zipped(words(), &[renamed]), &by_word),
        (zipped(ints("classlabels_int64s", &[3, -1, 0]), &[]), &by_number),
    ] {
        assert_eq!(
            predict(&model.encode_to_vec(), &[r#"{"X": [1, 2, 3]}"#]),
            *std::slice::from_ref(expected)
        );
    }
}

#[test]
fn other_sequences_and_maps_are_refused_by_name() {
    let two = strings("classlabels_strings", &["no", "yes"]);
    let line = refusal(&zipped(two.clone(), &[]));
    assert!(line.contains("output `y`: expected 2 scores, one per class; found 3"), "{line}");
    let line = refusal(&zipped(strings("classlabels", &["a"]), &[]));
    assert!(line.contains("ZipMap (`ZipMap-y`): give exactly one of `classlabels_strings`"), "{line}");
    let line = refusal(&zipped(two, &[node("Neg", &["maps"], "y", vec![])]));
    assert!(line.contains("Neg (`Neg-y`) reads the maps of a ZipMap"), "{line}");
    let identity = node("Identity", &["X"], "y", vec![]);
    let split = node("Identity", &["X"], "parts", vec![]);
    let sequence =
        with_sequence_output(&model(vec![float_input("X", 3)], vec![identity, split], vec![]), "parts");
    let line = refusal_of_bytes(&sequence);
    assert!(line.contains("output `parts` gives a sequence, not a tensor"), "{line}");
}

#[test]
fn only_onnxs_own_operators_run_under_their_names() {
    let mut other = zipped(ints("classlabels_int64s", &[1, 2, 3]), &[]);
    for node in &mut other.graph.as_mut().unwrap().node {
        node.domain = "acme".to_owned();
    }
    let line = refusal(&other);
    assert!(line.contains("can't run: acme.Mul (`Mul-scores`), acme.ZipMap (`ZipMap-y`)"), "{line}");

    let mut own = model(vec![float_input("X", 1)], vec![node("Abs", &["X"], "y", vec![])], vec![]);
    own.opset_import[1].version = 6;
    assert!(refusal(&own).contains("version 6 of ai.onnx.ml; versions up to 5 can run"));
}

//! A model that is malformed, or meant to do harm, is refused with a message. It causes no panic and no hang,
//! and no file outside the model's directory is read.

use crate::support;
use crate::support::onnx::*;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::tensor_shape_proto::Dimension;
use tract_onnx::pb::*;

/// The model `y = X · W`, where `W` is one float in another file.
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

#[test]
fn external_data_is_read_beside_the_model_and_nowhere_else() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("model");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("weights.data"), 2.5_f32.to_le_bytes()).unwrap();
    std::fs::write(outer.path().join("secret.data"), 3.5_f32.to_le_bytes()).unwrap();
    std::os::unix::fs::symlink(outer.path().join("secret.data"), folder.join("link.data")).unwrap();

    let predictor = load(&folder, &with_external_data("weights.data")).unwrap();
    assert_eq!(support::predictions(&predictor, &[r#"{"X": 2}"#])[0]["y"], 5.0);

    let absolute = outer.path().join("secret.data");
    for location in
        ["../secret.data", "link.data", absolute.to_str().unwrap(), "none.data", "../model/../secret.data"]
    {
        assert!(load(&folder, &with_external_data(location)).is_err(), "{location}");
    }
    for dims in [vec![1, 2], vec![1, 1 << 40], vec![i64::MAX, i64::MAX]] {
        let mut model = with_external_data("weights.data");
        model.graph.as_mut().unwrap().initializer[0].dims.clone_from(&dims);
        assert!(load(&folder, &model).is_err(), "{dims:?}");
    }
}

#[test]
fn a_row_that_the_model_fails_on_is_quarantined_alone() {
    // Only 0, 1 and 2 can be looked up. The square root of a negative number is NaN.
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
    assert_eq!(predictions(&model, &documents), [3.0, 2.0, 3.0]);
}

#[test]
fn an_input_with_three_dimensions_is_refused() {
    let mut image = float_input("X", 2);
    tensor_type(&mut image).shape.as_mut().unwrap().dim.push(Dimension::default());
    let identity = vec![node("Identity", &["X"], "y", vec![])];
    let line = refusal(&model(vec![image], identity, vec![]));
    assert!(line.contains("input `X`: expected the shape [N] or [N, columns], found 3 dimensions"), "{line}");
}

#[test]
fn operators_that_only_graph_rewriting_may_insert_are_refused() {
    let width = AttributeProto {
        name: "sparse_width".to_owned(),
        r#type: attribute_proto::AttributeType::Int as i32,
        i: 1 << 45,
        ..AttributeProto::default()
    };
    for operator in ["SparseToDense", "LinearRegressor"] {
        let nodes = vec![node(operator, &["X", "X"], "y", vec![width.clone()])];
        let line = refusal(&model(vec![float_input("X", 1)], nodes, vec![]));
        assert!(line.contains(&format!("{operator} is not an ONNX operator")), "{line}");
    }
}

#[test]
fn malformed_trees_are_refused() {
    let cases = vec![
        (ints("nodes_truenodeids", &[0, 0, 3, 0, 0]), "below itself"),
        (ints("nodes_falsenodeids", &[2, 0, 2, 0, 0]), "below itself"),
        (ints("nodes_truenodeids", &[1, 0, 9, 0, 0]), "tree 0 has no node 9"),
        (ints("nodes_truenodeids", &[1, 0, -1, 0, 0]), "tree 0 has no node -1"),
        (ints("nodes_truenodeids", &[1, 0, 3]), "lists of the same length"),
        (ints("nodes_featureids", &[0, 0, -1, 0, 0]), "nodes_featureids: -1"),
        (ints("nodes_featureids", &[0, 0, 7, 0, 0]), "rows of 2 features, the trees read 8"),
        (ints("nodes_nodeids", &[0, 1, 1, 3, 4]), "nodes_nodeids: 1 is twice in tree 0"),
        (strings("nodes_modes", &["BRANCH_LEQ", "LEAF", "TWIG", "LEAF", "LEAF"]), "\"TWIG\" is not a mode"),
        (ints("target_ids", &[0, 0, 1 << 40]), "target_ids"),
        (ints("target_ids", &[0, 0, -1]), "target_ids"),
        (floats("target_weights", &[10.0]), "lists of lengths"),
        (floats("base_values", &[1.0, 2.0]), "2 base_values for 1 targets"),
    ];
    for (attribute, expected) in cases {
        let name = attribute.name.clone();
        let line = refusal(&tree(Some(attribute)));
        assert!(line.contains(expected), "{name}: {line}");
    }
}

#[test]
fn malformed_graphs_are_refused() {
    let x = || vec![float_input("X", 1)];
    let cycle = vec![node("Add", &["X", "b"], "y", vec![]), node("Add", &["y", "X"], "b", vec![])];
    refusal(&model(x(), cycle, vec![]));
    let dangling = vec![node("Add", &["X", "nothing"], "y", vec![])];
    assert!(refusal(&model(x(), dangling, vec![])).contains("reads what nothing gives: nothing"));
    refusal(&model(x(), vec![node("Add", &["X", "X"], "z", vec![])], vec![]));
    refusal(&model(x(), vec![node("Add", &[], "y", vec![])], vec![]));
    assert!(refusal(&ModelProto::default()).contains("no graph"));

    let unknown = vec![node("Turn", &["X"], "a", vec![]), node("Twist", &["a"], "y", vec![])];
    let line = refusal(&model(x(), unknown, vec![]));
    assert!(line.contains("Turn (`Turn-a`), Twist (`Twist-y`)"), "{line}");

    let identity = || vec![node("Identity", &["X"], "y", vec![])];
    let line = refusal(&model(vec![float_input("X", i64::MAX)], identity(), vec![]));
    assert!(line.contains("expected 1 to 10485760 columns, found 9223372036854775807"), "{line}");
    assert!(refusal(&model(vec![float_input("X", -3)], identity(), vec![])).contains("input `X`"));

    let coefficients = |count: usize| vec![floats("coefficients", &vec![1.0; count])];
    let linear = |count| model(x(), vec![node("LinearRegressor", &["X"], "y", coefficients(count))], vec![]);
    assert!(refusal(&linear(2)).contains("rows of 1 features for 2 coefficients"));
    assert!(refusal(&linear(0)).contains("0 coefficients"));
}

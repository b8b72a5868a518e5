//! Functions that a model defines, and outputs that are sequences of tensors.

use crate::support;
use crate::support::onnx::*;
use tract_onnx::pb::*;

fn function(name: &str, inputs: &[&str], outputs: &[&str], node: Vec<NodeProto>) -> FunctionProto {
    let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    FunctionProto {
        name: Some(name.to_owned()),
        domain: Some("own".to_owned()),
        input: own(inputs),
        output: own(outputs),
        node,
        ..FunctionProto::default()
    }
}

fn call(name: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    NodeProto { domain: "own".to_owned(), ..node(name, inputs, output, attributes) }
}

fn with_functions(node: Vec<NodeProto>, functions: Vec<FunctionProto>) -> ModelProto {
    ModelProto { functions, ..model(vec![float_input("X", 1)], node, vec![]) }
}

/// The functions `add(a, b) = a + b` and `twice(a) = add(a, a)`. Both have a value `sum`, as the graph does.
fn sums() -> Vec<FunctionProto> {
    vec![
        function(
            "add",
            &["a", "b"],
            &["y"],
            vec![node("Add", &["a", "b"], "sum", vec![]), node("Identity", &["sum"], "y", vec![])],
        ),
        function(
            "twice",
            &["a"],
            &["y"],
            vec![call("add", &["a", "a"], "sum", vec![]), node("Identity", &["sum"], "y", vec![])],
        ),
    ]
}

#[test]
fn functions_are_expanded_with_unique_names() {
    let nodes = vec![
        call("twice", &["X"], "sum", vec![]),
        call("twice", &["sum"], "again", vec![]),
        call("add", &["again", "X"], "y", vec![]),
    ];
    let documents = [r#"{"X": 1}"#, r#"{"X": -2.5}"#];
    assert_eq!(predictions(&with_functions(nodes, sums()), &documents), [5.0, -12.5]);
}

#[test]
fn an_attribute_can_refer_to_an_attribute_of_the_call() {
    let alpha = |value: f32| AttributeProto {
        name: "alpha".to_owned(),
        r#type: attribute_proto::AttributeType::Float as i32,
        f: value,
        ..AttributeProto::default()
    };
    let slope = AttributeProto { ref_attr_name: "slope".to_owned(), ..alpha(0.0) };
    let mut leak = function("leak", &["x"], &["y"], vec![node("LeakyRelu", &["x"], "y", vec![slope])]);
    leak.attribute = vec!["slope".to_owned()];
    let leaks = |given: Vec<AttributeProto>| {
        with_functions(vec![call("leak", &["X"], "y", given)], vec![leak.clone()])
    };
    let given = AttributeProto { name: "slope".to_owned(), ..alpha(0.5) };
    assert_eq!(predictions(&leaks(vec![given]), &[r#"{"X": -100}"#]), [-50.0]);
    // The default of LeakyRelu.
    let found = predictions(&leaks(vec![]), &[r#"{"X": -100}"#])[0];
    assert!((found + 1.0).abs() < 1e-6, "{found}");
}

#[test]
fn endless_functions_are_refused() {
    let circle = function("circle", &["x"], &["y"], vec![call("circle", &["x"], "y", vec![])]);
    let line = refusal(&with_functions(vec![call("circle", &["X"], "y", vec![])], vec![circle]));
    assert!(line.contains("function own.circle is nested too deeply"), "{line}");

    // Each calls the next one twice.
    let name = |at: usize| format!("f{at}");
    let doubling = (0..30).map(|at| {
        let calls = vec![call(&name(at + 1), &["x"], "a", vec![]), call(&name(at + 1), &["a"], "y", vec![])];
        function(&name(at), &["x"], &["y"], calls)
    });
    let line = refusal(&with_functions(vec![call("f0", &["X"], "y", vec![])], doubling.collect()));
    assert!(line.contains("with its functions the graph has more than 30000 nodes"), "{line}");

    let unknown = function("f", &["x"], &["y"], vec![call("g", &["x"], "y", vec![])]);
    let line = refusal(&with_functions(vec![call("f", &["X"], "y", vec![])], vec![unknown]));
    assert!(line.contains("can't run: own.g (`f.1.g-y`)"), "{line}");
}

#[test]
fn each_tensor_of_a_sequence_is_an_output() {
    let nodes = vec![
        node("Abs", &["X"], "a", vec![]),
        node("Neg", &["X"], "b", vec![]),
        node("SequenceConstruct", &["a", "b"], "y", vec![]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let predictor = load(folder.path(), &model(vec![float_input("X", 1)], nodes, vec![])).unwrap();
    let prediction = &support::predictions(&predictor, &[r#"{"X": -2}"#])[0];
    assert_eq!((&prediction["y.0"], &prediction["y.1"]), (&2.0.into(), &2.0.into()));
}

//! Models whose cost depends on the values or the texts of a record.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::Dimension;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

use crate::support::onnx::*;

fn texts() -> ValueInfoProto {
    let mut input = float_input("X", 1);
    tensor_type(&mut input).elem_type = DataType::String as i32;
    tensor_type(&mut input).shape.as_mut().unwrap().dim.pop();
    input
}

fn vectorizer(reads: &str, longest: i64, skip: i64, pool: &[&str], starts: &[i64]) -> NodeProto {
    let columns: Vec<i64> = (0..).take(starts.len()).collect();
    let attributes = vec![
        string("mode", "TF"),
        int("min_gram_length", 1),
        int("max_gram_length", longest),
        int("max_skip_count", skip),
        ints("ngram_counts", starts),
        ints("ngram_indexes", &columns),
        strings("pool_strings", pool),
    ];
    node("TfIdfVectorizer", &[reads], "counts", attributes)
}

fn tokenizer(reads: &str, cut: AttributeProto, filler: &str) -> NodeProto {
    let attributes = vec![int("mark", 0), int("mincharnum", 1), string("pad_value", filler), cut];
    let mut tokenizer = node("Tokenizer", &[reads], "tokens", attributes);
    "com.microsoft".clone_into(&mut tokenizer.domain);
    tokenizer
}

/// As scikit-learn's text models are exported: lower case, tokens, counts, a linear model.
pub fn text_model(cut: AttributeProto, filler: &str, longest: i64, skip: i64) -> ModelProto {
    let (pool, starts): (&[&str], &[i64]) =
        if longest == 1 { (&["a"], &[0]) } else { (&["a", "a", "b"], &[0, 1]) };
    let weights = vec![1.0; starts.len()];
    let lower = node("StringNormalizer", &["X"], "lower", vec![string("case_change_action", "LOWER")]);
    let linear = node("LinearRegressor", &["counts"], "y", vec![floats("coefficients", &weights)]);
    let nodes = vec![
        lower,
        tokenizer("lower", cut, filler),
        vectorizer("tokens", longest, skip, pool, starts),
        linear,
    ];
    model(vec![texts()], nodes, vec![])
}

fn number(name: &str, value: f32) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        data_type: DataType::Float as i32,
        float_data: vec![value],
        ..TensorProto::default()
    }
}

/// A model that adds to each X what `nodes` make of `m`, the largest of them: the number `s`.
pub fn of_a_value(mut nodes: Vec<NodeProto>) -> ModelProto {
    nodes.insert(0, node("ReduceMax", &["X"], "m", vec![int("keepdims", 0)]));
    nodes.push(node("Add", &["X", "s"], "y", vec![]));
    let one = TensorProto {
        name: "shape".to_owned(),
        data_type: DataType::Int64 as i32,
        dims: vec![1],
        int64_data: vec![1],
        ..TensorProto::default()
    };
    model(vec![float_input("X", 1)], nodes, vec![number("zero", 0.0), number("one", 1.0), one])
}

pub fn sum(reads: &str) -> NodeProto {
    node("ReduceSum", &[reads], "s", vec![int("keepdims", 0)])
}

/// The nodes that make `v`, a vector as long as the value.
fn vector() -> Vec<NodeProto> {
    let to_integer = vec![int("to", DataType::Int64 as i64)];
    vec![
        // One longer, because tract's loops need a step.
        node("Add", &["m", "one"], "longer", vec![]),
        node("Cast", &["longer"], "length", to_integer),
        node("Reshape", &["length", "shape"], "lengths", vec![]),
        node("ConstantOfShape", &["lengths"], "v", vec![]),
    ]
}

/// The nodes that make `s` of every product of two places of `v`.
pub fn outer() -> Vec<NodeProto> {
    let to_float = || vec![int("to", DataType::Float as i64)];
    let mut nodes = vector();
    // Ones, so that each place is not zero.
    nodes[3].attribute = vec![tensor("value", number("", 1.0))];
    nodes.extend([
        node("NonZero", &["v"], "places", vec![]),
        node("Transpose", &["places"], "turned", vec![]),
        node("Cast", &["places"], "a", to_float()),
        node("Cast", &["turned"], "b", to_float()),
        node("Mul", &["a", "b"], "all", vec![]),
        sum("all"),
    ]);
    nodes
}

/// The nodes that make `s` of `v` with a hundred operators.
pub fn chain() -> Vec<NodeProto> {
    let mut nodes = vector();
    let mut last = "v".to_owned();
    for (index, op) in ["Exp", "Sin"].into_iter().cycle().take(100).enumerate() {
        let next = format!("c{index}");
        nodes.push(node(op, &[&last], &next, vec![]));
        last = next;
    }
    nodes.push(sum(&last));
    nodes
}

/// The nodes that make `s` in a loop with a step for each element of `v`.
pub fn scan() -> Vec<NodeProto> {
    let number = |name: &str| {
        let mut info = float_input(name, 1);
        tensor_type(&mut info).shape.as_mut().unwrap().dim.clear();
        info
    };
    let mut state = number("state");
    tensor_type(&mut state).shape.as_mut().unwrap().dim.push(Dimension::default());
    let mut steps = vec![node("Abs", &["each"], "a0", vec![])];
    steps.extend((1..20).map(|step| node("Sin", &[&format!("a{}", step - 1)], &format!("a{step}"), vec![])));
    steps.push(node("Add", &["state", "a19"], "next", vec![]));
    let body = GraphProto {
        name: "body".to_owned(),
        input: vec![state, number("each")],
        output: vec![float_input("next", 1)],
        node: steps,
        ..GraphProto::default()
    };
    let mut nodes = vector();
    nodes.push(node("Reshape", &["zero", "shape"], "begin", vec![]));
    let attributes = vec![graph("body", body), int("num_scan_inputs", 1)];
    nodes.push(node("Scan", &["begin", "v"], "end", attributes));
    nodes.push(sum("end"));
    nodes
}

//! A graph that breaks the rules, or asks for more than any model needs, is refused with a message that names
//! the fault. It causes no panic and no hang, and a few bytes cannot allocate much memory.

use std::time::{Duration, Instant};

use crate::support::onnx::*;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::*;

fn x() -> Vec<ValueInfoProto> {
    vec![float_input("X", 2)]
}

fn identity() -> NodeProto {
    node("Identity", &["X"], "y", vec![])
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

fn floats_of(name: &str, dims: &[i64], len: usize) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        float_data: vec![1.0; len],
        ..TensorProto::default()
    }
}

/// The message of the refusal, which must come within 5 seconds.
fn fast_refusal(model: &ModelProto) -> String {
    let start = Instant::now();
    let line = refusal(model);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}: {line}", start.elapsed());
    line
}

#[test]
fn a_name_must_be_defined_once_and_before_it_is_read() {
    let add = |inputs: &[&str], output: &str| node("Add", inputs, output, vec![]);
    let cases = [
        (
            model(x(), vec![identity(), identity()], vec![]),
            "`y` is given twice, the second time by `Identity-y`",
        ),
        (model([x(), x()].concat(), vec![identity()], vec![]), "`X` is given twice"),
        (model(x(), vec![identity()], vec![integers("c", &[1]), integers("c", &[2])]), "`c` is given twice"),
        (model(x(), vec![node("Neg", &["X"], "X", vec![]), identity()], vec![]), "`X` is given twice"),
        (
            model(x(), vec![add(&["X", "b"], "y"), add(&["y", "X"], "b")], vec![]),
            "Add (`Add-y`) reads `b`, which comes later",
        ),
        (
            model(x(), vec![add(&["X", "y"], "y")], vec![]),
            "Add (`Add-y`) reads `y`, which comes later or from itself",
        ),
        (model(x(), vec![add(&["X", "none"], "y")], vec![]), "reads what nothing gives: none"),
        (model(x(), vec![add(&["X", "X"], "z")], vec![]), "nothing gives the output `y`"),
    ];
    for (model, expected) in cases {
        let line = fast_refusal(&model);
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn a_tensor_must_match_its_shape() {
    let with = |tensor: TensorProto| model(x(), vec![node("Add", &["X", "c"], "y", vec![])], vec![tensor]);
    let raw = TensorProto { raw_data: vec![0; 7], float_data: vec![], ..floats_of("c", &[2], 0) };
    let strings =
        TensorProto { data_type: DataType::String as i32, raw_data: vec![0; 2], ..floats_of("c", &[2], 0) };
    let unknown = TensorProto { data_type: 99, ..floats_of("c", &[2], 2) };
    let cases = [
        (floats_of("c", &[4], 3), "the initializer `c`: has the shape [4] and holds 3 elements"),
        (floats_of("c", &[1 << 40], 1), "has the shape [1099511627776] and holds 1"),
        (floats_of("c", &[i64::MAX, i64::MAX], 1), "has the impossible shape"),
        (floats_of("c", &[-1], 1), "has the impossible shape [-1]"),
        (floats_of("c", &[1; 200], 1), "has 200 dimensions"),
        (raw, "has 7 bytes of data"),
        (strings, "has strings as raw data"),
        (unknown, "has elements that can't be read"),
    ];
    for (tensor, expected) in cases {
        let line = fast_refusal(&with(tensor));
        assert!(line.contains(expected), "{line}");
    }
    let kind = attribute_proto::AttributeType::Tensor as i32;
    let value = AttributeProto {
        name: "value".to_owned(),
        r#type: kind,
        t: Some(floats_of("", &[9], 1)),
        ..AttributeProto::default()
    };
    let constant = vec![node("Constant", &[], "c", vec![value]), node("Add", &["X", "c"], "y", vec![])];
    let line = fast_refusal(&model(x(), constant, vec![]));
    assert!(line.contains("Constant (`Constant-c`), attribute `value`: has the shape [9]"), "{line}");

    let mut sparse = model(x(), vec![identity()], vec![]);
    sparse.graph.as_mut().unwrap().sparse_initializer =
        vec![SparseTensorProto { values: Some(floats_of("s", &[1], 1)), ..SparseTensorProto::default() }];
    assert!(fast_refusal(&sparse).contains("the initializer `s` is sparse"));
}

/// Operators offer many ways to make a constant of gigabytes.
#[test]
fn a_constant_is_no_larger_than_memory_allows() {
    let huge = 1 << 30;
    let side = 1 << 20;
    let sum = |constant: Vec<NodeProto>| [constant, vec![node("Add", &["X", "big"], "y", vec![])]].concat();
    let one = |name: &str| floats_of(name, &[1], 1);
    let scalar = |name: &str, value: i64| TensorProto { dims: vec![], ..integers(name, &[value]) };
    let cases = [
        (node("ConstantOfShape", &["s"], "big", vec![]), vec![integers("s", &[huge])]),
        (node("Expand", &["c", "s"], "big", vec![]), vec![one("c"), integers("s", &[huge])]),
        (node("Tile", &["c", "s"], "big", vec![]), vec![one("c"), integers("s", &[huge])]),
        (
            node("Range", &["a", "b", "c"], "big", vec![]),
            vec![scalar("a", 0), scalar("b", huge), scalar("c", 1)],
        ),
        (node("Pad", &["c", "s"], "big", vec![]), vec![one("c"), integers("s", &[huge, 0])]),
        (
            node("Mul", &["a", "b"], "big", vec![]),
            vec![floats_of("a", &[side, 1], 1 << 20), floats_of("b", &[1, side], 1 << 20)],
        ),
        (
            node("MatMul", &["a", "b"], "big", vec![]),
            vec![floats_of("a", &[side, 1], 1 << 20), floats_of("b", &[1, side], 1 << 20)],
        ),
        (
            node("OneHot", &["i", "d", "v"], "big", vec![]),
            vec![integers("i", &[1]), scalar("d", huge), floats_of("v", &[2], 2)],
        ),
    ];
    for (maker, initializers) in cases {
        let name = maker.op_type.clone();
        let line = fast_refusal(&model(x(), sum(vec![maker]), initializers));
        let is_named =
            ["constant of", "makes a tensor of", "a depth of"].iter().any(|what| line.contains(what));
        assert!(is_named, "{name}: {line}");
    }
}

#[test]
fn a_row_is_no_larger_than_memory_allows() {
    let wide = 1 << 30;
    for operator in ["Expand", "Tile"] {
        let shape = integers("s", &[1, wide]);
        let column = vec![float_input("X", 1)];
        let line = fast_refusal(&model(column, vec![node(operator, &["X", "s"], "y", vec![])], vec![shape]));
        assert!(
            line.contains("makes a tensor of") && line.contains("bytes for one row"),
            "{operator}: {line}"
        );
    }
}

#[test]
fn nodes_and_nested_graphs_are_bounded() {
    let nodes = (0..30_001).map(|at| node("Neg", &["X"], &format!("n{at}"), vec![])).collect();
    assert!(fast_refusal(&model(x(), nodes, vec![])).contains("more than 30000 nodes"));

    let flag = TensorProto {
        name: "flag".to_owned(),
        data_type: DataType::Bool as i32,
        int32_data: vec![1],
        ..TensorProto::default()
    };
    let branch = |name: &str, graph: &GraphProto| AttributeProto {
        name: name.to_owned(),
        r#type: attribute_proto::AttributeType::Graph as i32,
        g: Some(graph.clone()),
        ..AttributeProto::default()
    };
    let mut inner = GraphProto { output: x(), ..GraphProto::default() };
    inner.output[0].name = "X".to_owned();
    for depth in 0..9 {
        let name = format!("i{depth}");
        let choice = node("If", &["flag"], &name, vec![branch("then_branch", &inner)]);
        inner = GraphProto { output: x(), node: vec![choice], ..GraphProto::default() };
        inner.output[0].name = name;
    }
    let choice =
        node("If", &["flag"], "y", vec![branch("then_branch", &inner), branch("else_branch", &inner)]);
    assert!(fast_refusal(&model(x(), vec![choice], vec![flag])).contains("more than 8 graphs within"));
}

/// Makes a node that reads one name and defines another.
type Link<'a> = &'a dyn Fn(&str, &str) -> NodeProto;

/// A chain of nodes from `X` to `y`.
fn chain(count: usize, link: Link) -> Vec<NodeProto> {
    let name = |at: usize| if at == 0 { "X".to_owned() } else { format!("v{at}") };
    let mut nodes: Vec<NodeProto> = (0..count).map(|at| link(&name(at), &name(at + 1))).collect();
    nodes.push(node("Identity", &[&name(count)], "y", vec![]));
    nodes
}

/// The constants that [`slice`] reads, to take all rows but the first.
fn ends() -> Vec<TensorProto> {
    vec![integers("one", &[1]), integers("end", &[i64::MAX]), integers("zero", &[0])]
}

fn slice(from: &str, to: &str) -> NodeProto {
    node("Slice", &[from, "one", "end", "zero"], to, vec![])
}

/// Each operator of the chain makes the expression for the unknown number of rows more complex.
#[test]
fn a_long_chain_neither_hangs_nor_overflows_the_stack() {
    let links: [(&str, Link, usize); 3] = [
        ("Slice", &slice, 300),
        ("Concat", &|from, to| node("Concat", &[from, "X"], to, vec![int("axis", 0)]), 300),
        ("Neg", &|from, to| node("Neg", &[from], to, vec![]), 3_000),
    ];
    for (name, link, count) in links {
        let start = Instant::now();
        let folder = tempfile::tempdir().unwrap();
        // The model may be refused or not.
        let _ = load(folder.path(), &model(x(), chain(count, link), ends()));
        println!("{name}: {:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(20), "{name}: {:?}", start.elapsed());
    }
}

/// Without a limit, the chain would take minutes.
#[test]
fn planning_has_a_time_limit() {
    let start = Instant::now();
    let line = refusal(&model(x(), chain(5_000, &slice), ends()));
    assert!(line.contains("planning the graph: not done after 20."), "{line}");
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
}

/// Each of thirty functions calls the next one twice. Two other functions call each other.
#[test]
fn functions_are_bounded() {
    let function = |name: &str, node: Vec<NodeProto>| FunctionProto {
        name: Some(name.to_owned()),
        domain: Some("own".to_owned()),
        input: vec!["a".to_owned()],
        output: vec!["b".to_owned()],
        node,
        ..FunctionProto::default()
    };
    let call = |name: &str, from: &str, to: &str| NodeProto {
        domain: "own".to_owned(),
        ..node(name, &[from], to, vec![])
    };
    let twice = |at: usize| {
        let next = format!("f{}", at + 1);
        function(&format!("f{at}"), vec![call(&next, "a", "half"), call(&next, "half", "b")])
    };
    let mut many = model(x(), vec![call("f0", "X", "y")], vec![]);
    many.functions = (0..30).map(twice).collect();
    many.functions.push(function("f30", vec![node("Neg", &["a"], "b", vec![])]));
    assert!(fast_refusal(&many).contains("with its functions the graph has more than"));

    let mut circle = model(x(), vec![call("f0", "X", "y")], vec![]);
    circle.functions =
        vec![function("f0", vec![call("f1", "a", "b")]), function("f1", vec![call("f0", "a", "b")])];
    assert!(fast_refusal(&circle).contains("nested too deeply"));

    let kind = attribute_proto::AttributeType::Tensor as i32;
    let value = AttributeProto {
        name: "value".to_owned(),
        r#type: kind,
        t: Some(floats_of("", &[1 << 20], 1 << 20)),
        ..AttributeProto::default()
    };
    let large = vec![node("Constant", &[], "c", vec![value]), node("Add", &["a", "c"], "b", vec![])];
    let calls: Vec<NodeProto> = (0..100).map(|at| call("f0", "X", &format!("y{at}"))).collect();
    let mut copies = model(x(), calls, vec![]);
    copies.functions = vec![function("f0", large)];
    assert!(fast_refusal(&copies).contains("more than 268435456 bytes"));
}

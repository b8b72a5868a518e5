//! A node whose attributes contradict each other is refused with a line that names them and their numbers.

mod encoders;
mod linear;
mod numbers;
mod svm;
mod text;

use crate::support::onnx::*;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::*;

fn int(name: &str, value: i64) -> AttributeProto {
    let kind = attribute_proto::AttributeType::Int as i32;
    AttributeProto { name: name.to_owned(), r#type: kind, i: value, ..AttributeProto::default() }
}

fn input(element: DataType, columns: i64) -> ValueInfoProto {
    let mut input = float_input("X", columns);
    tensor_type(&mut input).elem_type = element as i32;
    input
}

/// Checks that the operator is refused with a line that contains all of `expected`.
fn refused(operator: &str, input: &ValueInfoProto, attributes: Vec<AttributeProto>, expected: &[&str]) {
    let mut node = node(operator, &["X"], "y", attributes);
    if operator.ends_with("Classifier") {
        node.output.push("scores".to_owned());
    }
    let line = refusal(&model(vec![input.clone()], vec![node], vec![]));
    for part in expected {
        assert!(line.contains(part), "{operator}: expected {part:?}, found {line:?}");
    }
    assert_eq!(line.lines().count(), 1, "{line}");
}

/// Replaces the attribute of the same name, or adds it.
fn with(attributes: &[AttributeProto], replaced: AttributeProto) -> Vec<AttributeProto> {
    let others = attributes.iter().filter(|attribute| attribute.name != replaced.name);
    let others: Vec<AttributeProto> = others.cloned().collect();
    others.into_iter().chain([replaced]).collect()
}

/// Removes the attribute with this name.
fn without(attributes: &[AttributeProto], name: &str) -> Vec<AttributeProto> {
    attributes.iter().filter(|attribute| attribute.name != name).cloned().collect()
}

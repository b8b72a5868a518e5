//! Graphs of some known operators, each on values that fit it, and records for them.

use arbitrary::{Result, Unstructured};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

use super::{numbers, rows, texts};
use crate::onnx::*;
use crate::values;

/// The most operators of a graph, not counting those that prepare their inputs.
const OPERATORS: usize = 24;

/// How often the records of a large batch come.
const MANY: usize = 500;

/// The most bytes of such a batch.
const MAX_DOCUMENTS: usize = 4 << 20;

/// The numbers of a record.
const NUMBERS: usize = 3;

/// What a value of the graph is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Floats: a row for each record, with this number of columns.
    Rows(usize),
    /// An integer for each record, in one column.
    Integers,
    /// A text for each record.
    Texts,
    /// One float for all records.
    Number,
    /// Floats. The values of the records decide their number.
    Vector,
}

/// A graph that grows.
pub struct Growing<'u, 'b> {
    pub bytes: &'u mut Unstructured<'b>,
    values: Vec<(String, Kind)>,
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

/// A model of the inputs X (numbers) and S (texts), and records for it.
pub fn case(bytes: &mut Unstructured<'_>) -> Result<(ModelProto, Vec<String>)> {
    let documents = (0..bytes.int_in_range(1..=4)?).map(|_| document(bytes)).collect::<Result<Vec<_>>>()?;
    let times = if bytes.ratio(1, 8)? { MANY } else { 1 };
    let fits = documents.iter().map(String::len).sum::<usize>() * times < MAX_DOCUMENTS;
    let times = if fits { times } else { 1 };
    let documents = std::iter::repeat_n(documents, times).flatten().collect();
    let values = vec![("X".to_owned(), Kind::Rows(NUMBERS)), ("S".to_owned(), Kind::Texts)];
    let mut graph = Growing { bytes, values, nodes: Vec::new(), constants: Vec::new() };
    let mut left = OPERATORS;
    while left > 0 && !graph.bytes.is_empty() {
        graph.grow()?;
        left -= 1;
    }
    graph.finish();
    let mut model = model(vec![float_input("X", whole(NUMBERS)), texts("S")], graph.nodes, graph.constants);
    model.graph.as_mut().expect("a graph").output.push(texts("t"));
    Ok((model, documents))
}

/// A text for each record, as an input or an output.
fn texts(name: &str) -> ValueInfoProto {
    let mut info = float_input(name, 1);
    let tensor = tensor_type(&mut info);
    tensor.elem_type = DataType::String as i32;
    tensor.shape.as_mut().expect("a shape").dim.pop();
    info
}

/// A size as ONNX writes it.
pub fn whole(size: usize) -> i64 {
    i64::try_from(size).expect("a size")
}

fn document(bytes: &mut Unstructured<'_>) -> Result<String> {
    let numbers = (0..NUMBERS).map(|_| values::number(bytes)).collect::<Result<Vec<_>>>()?;
    let text = values::text(bytes, 18)?;
    Ok(serde_json::json!({ "X": numbers, "S": text }).to_string())
}

impl Growing<'_, '_> {
    /// Adds an operator, with the constants and the reshaping that it needs.
    fn grow(&mut self) -> Result<()> {
        let (value, kind) = self.any()?;
        match kind {
            Kind::Rows(width) => rows::grow(self, &value, width),
            Kind::Integers => rows::grow_integers(self, &value),
            Kind::Texts => texts::grow(self, &value),
            Kind::Number => numbers::grow(self, &value),
            Kind::Vector => numbers::grow_vector(self, &value),
        }
    }

    /// Any value: mostly one of the last.
    fn any(&mut self) -> Result<(String, Kind)> {
        let newest = self.values.len().saturating_sub(4);
        let from = if self.bytes.ratio(1, 4)? { 0 } else { newest };
        Ok(self.bytes.choose(&self.values[from..])?.clone())
    }

    /// The last value of a kind.
    pub fn last(&self, is: impl Fn(Kind) -> bool) -> Option<(String, Kind)> {
        self.values.iter().rev().find(|(_, kind)| is(*kind)).cloned()
    }

    /// Adds an operator, and returns the name of its output.
    pub fn node(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let name = format!("v{}", self.nodes.len());
        self.nodes.push(node(op, inputs, &name, attributes));
        let node = self.nodes.last_mut().expect("a node");
        match op {
            "Tokenizer" | "CDist" => "com.microsoft".clone_into(&mut node.domain),
            "TopK" => node.output.push(format!("{name}_places")),
            _ => {}
        }
        name
    }

    /// Names a value that later operators may take.
    pub fn value(&mut self, name: String, kind: Kind) {
        self.values.push((name, kind));
    }

    /// A constant of floats.
    pub fn floats(&mut self, dims: &[usize], values: Vec<f32>) -> String {
        let float_data = values;
        self.constant(
            dims,
            TensorProto { data_type: DataType::Float as i32, float_data, ..Default::default() },
        )
    }

    /// A constant of integers.
    pub fn integers(&mut self, dims: &[usize], values: &[i64]) -> String {
        let int64_data = values.to_vec();
        self.constant(
            dims,
            TensorProto { data_type: DataType::Int64 as i32, int64_data, ..Default::default() },
        )
    }

    fn constant(&mut self, dims: &[usize], tensor: TensorProto) -> String {
        let name = format!("c{}", self.constants.len());
        let dims = dims.iter().map(|&dim| whole(dim)).collect();
        self.constants.push(TensorProto { name: name.clone(), dims, ..tensor });
        name
    }

    /// The value in another shape. A 0 keeps a dimension, and -1 takes what is left.
    pub fn reshape(&mut self, value: &str, shape: &[i64]) -> String {
        let shape = self.integers(&[shape.len()], shape);
        self.node("Reshape", &[value, &shape], Vec::new())
    }

    /// Makes the outputs of the last values: y of rows and a number, t of texts.
    fn finish(&mut self) {
        let texts = self.last(|kind| kind == Kind::Texts).expect("the input").0;
        self.nodes.push(node("Identity", &[&texts], "t", Vec::new()));
        let rows = self.last(|kind| matches!(kind, Kind::Rows(_))).expect("the input").0;
        let last = match self.last(|kind| kind == Kind::Vector) {
            Some((vector, _)) => Some(self.node("ReduceSum", &[&vector], vec![int("keepdims", 0)])),
            None => self.last(|kind| kind == Kind::Number).map(|(number, _)| number),
        };
        let mut output = match last {
            Some(number) => node("Add", &[&rows, &number], "y", Vec::new()),
            None => node("Identity", &[&rows], "y", Vec::new()),
        };
        "last".clone_into(&mut output.name);
        self.nodes.push(output);
    }
}

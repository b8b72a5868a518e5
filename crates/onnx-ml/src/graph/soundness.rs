//! Checks what ONNX demands of every graph, and bounds its size. A graph that fails is refused before
//! anything is built from it.
//!
//! Rules: <https://github.com/onnx/onnx/blob/main/docs/IR.md#graphs>

use anyhow::{Context, Result, bail, ensure};
use hashbrown::HashSet;
use limits::names::cut;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

use crate::error::{Error, Exceeds};

use super::{attributes, node_name, subgraphs};

/// The most nodes and constants of a graph and its subgraphs. To plan them takes about 9 KB each. The largest
/// ensembles that converters write node by node have a third.
pub(super) const MAX_NODES: usize = 30_000;

/// The most inputs or outputs of a graph, and of a node. A pipeline that takes each column of a wide frame as an
/// input has some thousand of them, and joins them in one node. tract needs time for each pair of them.
const MAX_PORTS: usize = 4_096;

/// The most nodes of the body of a loop. tract infers their types without a look at the clock.
const MAX_BODY: usize = 10_000;

/// The most bytes of a name. Exporters that name nodes after the modules around them need some hundred.
const MAX_NAME: usize = 4_096;

/// The most levels of graphs within graphs. An `If` within a `Scan` within an `If` is already rare.
const MAX_DEPTH: usize = 8;

/// The most dimensions of a tensor. tract has higher limits.
const MAX_RANK: usize = 32;

/// Checks a graph and its subgraphs.
///
/// # Errors
/// When a name is given twice or never, a node reads what a later node gives (as in every cycle), the data of
/// a tensor does not fill its shape, or a bound is exceeded.
pub(super) fn check(graph: &GraphProto) -> Result<()> {
    let mut nodes = 0;
    check_within(graph, &mut Vec::new(), &mut nodes)
}

/// The names of values of a graph and of the graphs around it, outermost first.
type Scopes<'a> = Vec<HashSet<&'a str>>;

fn check_within<'a>(graph: &'a GraphProto, scopes: &mut Scopes<'a>, nodes: &mut usize) -> Result<()> {
    ensure!(scopes.len() < MAX_DEPTH, Exceeds(format!("more than {MAX_DEPTH} graphs within each other")));
    *nodes += graph.node.len() + graph.initializer.len();
    ensure!(*nodes <= MAX_NODES, Exceeds(format!("more than {MAX_NODES} nodes and constants")));
    if let Some(sparse) = graph.sparse_initializer.first() {
        let name = sparse.values.as_ref().map_or("", |values| &values.name);
        return Err(Error::Unsupported(
            format!("the initializer `{name}` is sparse: expected a dense one").into(),
        )
        .into());
    }
    check_names(graph)?;
    let mut given = HashSet::new();
    for tensor in &graph.initializer {
        check_tensor(tensor).with_context(|| format!("the initializer `{}`", tensor.name))?;
        ensure!(given.insert(tensor.name.as_str()), "`{}` is given twice", tensor.name);
    }
    let mut inputs = HashSet::new();
    for input in &graph.input {
        // An initializer may be the default value of an input.
        ensure!(inputs.insert(input.name.as_str()), "`{}` is given twice", input.name);
        given.insert(&input.name);
    }
    scopes.push(given);
    for (index, node) in graph.node.iter().enumerate() {
        check_node(graph, index, node, scopes)?;
        let before = *nodes;
        for inner in subgraphs(node) {
            check_within(inner, scopes, nodes)?;
        }
        ensure!(
            node.op_type == "If" || *nodes - before <= MAX_BODY,
            Exceeds(format!("{} (`{}`) has more than {MAX_BODY} nodes", node.op_type, node_name(node)))
        );
        let given = scopes.last_mut().context("a graph has a scope")?;
        for output in node.output.iter().filter(|name| !name.is_empty()) {
            ensure!(
                given.insert(output),
                "`{output}` is given twice, the second time by `{}`",
                node_name(node)
            );
        }
    }
    for output in &graph.output {
        let known = scopes.iter().any(|scope| scope.contains(output.name.as_str()));
        ensure!(known, "nothing gives the output `{}`", output.name);
    }
    scopes.pop();
    Ok(())
}

/// Checks the length of names, and the number of inputs and outputs.
fn check_names(graph: &GraphProto) -> Result<()> {
    let values = graph.input.iter().chain(&graph.output).map(|info| &info.name);
    let constants = graph.initializer.iter().map(|tensor| &tensor.name);
    let nodes = graph.node.iter().flat_map(|node| {
        node.input.iter().chain(&node.output).chain([&node.name, &node.op_type, &node.domain])
    });
    let mut names = values.chain(constants).chain(nodes);
    if let Some(long) = names.find(|name| name.len() > MAX_NAME) {
        bail!(Exceeds(format!("the name `{}` has {} bytes; the limit is {MAX_NAME}", cut(long), long.len())));
    }
    let constants: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let inputs = graph.input.iter().filter(|input| !constants.contains(input.name.as_str())).count();
    let few = |count: usize, of: &str| {
        ensure!(count <= MAX_PORTS, Exceeds(format!("{count} {of}; the limit is {MAX_PORTS}")));
        Ok(())
    };
    few(inputs, "inputs")?;
    few(graph.output.len(), "outputs")?;
    for node in &graph.node {
        let place = || format!("{} (`{}`)", node.op_type, node_name(node));
        few(node.input.len(), "inputs").with_context(place)?;
        few(node.output.len(), "outputs").with_context(place)?;
    }
    Ok(())
}

fn check_node(graph: &GraphProto, index: usize, node: &NodeProto, scopes: &Scopes) -> Result<()> {
    for name in node.input.iter().filter(|name| !name.is_empty()) {
        if !scopes.iter().any(|scope| scope.contains(name.as_str())) {
            let later = graph.node[index..].iter().any(|later| later.output.contains(name));
            ensure!(
                !later,
                "{} (`{}`) reads `{name}`, which comes later or from itself: a cycle, or nodes out of order",
                node.op_type,
                node_name(node)
            );
            bail!("the graph reads what nothing gives: {name}");
        }
    }
    attributes::check(node).with_context(|| format!("{} (`{}`)", node.op_type, node_name(node)))?;
    for attribute in &node.attribute {
        for tensor in attribute.t.iter().chain(&attribute.tensors) {
            let place =
                || format!("{} (`{}`), attribute `{}`", node.op_type, node_name(node), attribute.name);
            check_tensor(tensor).with_context(place)?;
        }
    }
    Ok(())
}

/// Checks that the data of a tensor fills its shape.
fn check_tensor(tensor: &TensorProto) -> Result<()> {
    ensure!(
        tensor.dims.len() <= MAX_RANK,
        Exceeds(format!("has {} dimensions; the limit is {MAX_RANK}", tensor.dims.len()))
    );
    let size = |product: usize, dimension: &i64| product.checked_mul(usize::try_from(*dimension).ok()?);
    let len = tensor.dims.iter().try_fold(1, size);
    let len = len.with_context(|| format!("has the impossible shape {:?}", tensor.dims))?;
    if tensor.data_location == Some(DataLocation::External as i32) {
        return Ok(());
    }
    let bytes = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Bool | DataType::Int8 | DataType::Uint8) => 1,
        Ok(DataType::Float16 | DataType::Int16 | DataType::Uint16) => 2,
        Ok(DataType::Float | DataType::Int32 | DataType::Uint32) => 4,
        Ok(DataType::Double | DataType::Int64 | DataType::Uint64) => 8,
        Ok(DataType::String) => 0,
        other => bail!("has elements that can't be read: {other:?}"),
    };
    let held = if bytes > 0 && !tensor.raw_data.is_empty() {
        ensure!(tensor.raw_data.len().is_multiple_of(bytes), "has {} bytes of data", tensor.raw_data.len());
        tensor.raw_data.len() / bytes
    } else {
        ensure!(tensor.raw_data.is_empty(), "has strings as raw data");
        let lists = [tensor.float_data.len(), tensor.double_data.len(), tensor.int32_data.len()];
        let others = [tensor.int64_data.len(), tensor.uint64_data.len(), tensor.string_data.len()];
        lists.into_iter().chain(others).max().unwrap_or(0)
    };
    ensure!(held == len, "has the shape {:?} and holds {held} elements", tensor.dims);
    Ok(())
}

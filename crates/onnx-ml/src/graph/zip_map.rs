//! Removes `ZipMap`, which makes a map `{class: score, …}` from each row of scores. tract knows tensors only,
//! so the scores stay a matrix, and the classes become the names of the columns of the graph's output.
//!
//! <https://onnx.ai/onnx/operators/onnx_aionnxml_ZipMap.html>

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use tract_onnx::pb::{GraphProto, NodeProto};

use crate::error::Exceeds;

use super::{is_onnx, node_name};

/// The most classes of all outputs together. Each output keeps its list.
const MAX_CLASSES: usize = 1 << 20;

/// Makes every `ZipMap` an `Identity`. Returns the classes of each output that was a map, by its name;
/// integers are written as decimal numbers.
///
/// # Errors
/// When a `ZipMap` has no classes, its maps go anywhere but to outputs of the graph, or there are too many
/// classes.
pub(super) fn take_out(graph: &mut GraphProto) -> Result<HashMap<String, Vec<String>>> {
    let mut zipped: HashMap<String, Rc<Vec<String>>> = HashMap::new();
    for node in graph.node.iter_mut().filter(|node| node.op_type == "ZipMap" && is_onnx(node)) {
        let name = node_name(node).to_owned();
        let classes = classes(node).with_context(|| format!("ZipMap (`{name}`)"))?;
        let ([_], [output]) = (&node.input[..], &node.output[..]) else {
            bail!("ZipMap (`{name}`) has {} inputs and {} outputs", node.input.len(), node.output.len());
        };
        zipped.insert(output.clone(), Rc::new(classes));
        "Identity".clone_into(&mut node.op_type);
        node.domain.clear();
        node.attribute.clear();
    }
    // An exporter may rename an output with an `Identity` after the `ZipMap`. Nodes are in the order of the
    // data.
    for node in &graph.node {
        ensure!(
            node.op_type == "Identity" || !node.input.iter().any(|input| zipped.contains_key(input)),
            "{} (`{}`) reads the maps of a ZipMap: they can only be an output",
            node.op_type,
            node_name(node)
        );
        if let ("Identity", [input], [output]) = (node.op_type.as_str(), &node.input[..], &node.output[..])
            && let Some(classes) = zipped.get(input)
        {
            zipped.insert(output.clone(), Rc::clone(classes));
        }
    }
    let named: Vec<_> = graph.output.iter().filter_map(|output| zipped.remove_entry(&output.name)).collect();
    let count: usize = named.iter().map(|(_, classes)| classes.len()).sum();
    ensure!(
        count <= MAX_CLASSES,
        Exceeds(format!("its outputs have {count} classes; the limit is {MAX_CLASSES}"))
    );
    drop(zipped);
    Ok(named.into_iter().map(|(name, classes)| (name, Rc::unwrap_or_clone(classes))).collect())
}

fn classes(node: &NodeProto) -> Result<Vec<String>> {
    let list = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    let strings = list("classlabels_strings").filter(|attribute| !attribute.strings.is_empty());
    let integers = list("classlabels_int64s").filter(|attribute| !attribute.ints.is_empty());
    match (strings, integers) {
        (Some(strings), None) => {
            let names = strings.strings.iter().map(|name| String::from_utf8(name.clone()));
            names.collect::<Result<_, _>>().context("a class is not UTF-8")
        }
        (None, Some(integers)) => Ok(integers.ints.iter().map(ToString::to_string).collect()),
        _ => bail!("give exactly one of `classlabels_strings` and `classlabels_int64s`"),
    }
}

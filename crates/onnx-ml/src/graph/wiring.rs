//! The nodes of a graph while they are replaced, and what reads each value. With it, replacing many nodes takes
//! time in proportion to the graph.

use hashbrown::{HashMap, HashSet};
use tract_onnx::pb::{GraphProto, NodeProto};

use super::subgraphs;

/// The nodes of a graph, at the places that they had at first.
#[derive(Debug)]
pub(super) struct Wiring {
    /// What is at each place: the node that was there, nothing, or the nodes that replace it.
    places: Vec<Vec<NodeProto>>,
    /// The places of the nodes that read a value.
    readers: HashMap<String, Vec<usize>>,
    /// The values that are outputs of the graph, or that a subgraph reads.
    kept: HashSet<String>,
}

impl Wiring {
    /// Takes the nodes out of the graph.
    pub fn of(graph: &mut GraphProto) -> Self {
        let mut readers: HashMap<String, Vec<usize>> = HashMap::new();
        let mut kept: HashSet<String> = graph.output.iter().map(|output| output.name.clone()).collect();
        for (place, node) in graph.node.iter().enumerate() {
            for input in &node.input {
                readers.entry_ref(input.as_str()).or_default().push(place);
            }
            for inner in subgraphs(node) {
                keep(inner, &mut kept);
            }
        }
        let places = std::mem::take(&mut graph.node).into_iter().map(|node| vec![node]).collect();
        Self { places, readers, kept }
    }

    /// Puts the nodes back.
    pub fn give_back(self, graph: &mut GraphProto) {
        graph.node = self.places.into_iter().flatten().collect();
    }

    /// The number of places.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The node at a place, unless it was removed or replaced.
    pub fn node(&self, place: usize) -> Option<&NodeProto> {
        match &self.places[place][..] {
            [node] => Some(node),
            _ => None,
        }
    }

    /// Whether a node reads the value, or it is an output of the graph.
    pub fn reads(&self, name: &str) -> bool {
        self.kept.contains(name) || self.readers.get(name).is_some_and(|readers| !readers.is_empty())
    }

    /// The places of the nodes that read the value, in their order.
    pub fn readers(&self, name: &str) -> &[usize] {
        self.readers.get(name).map_or(&[], Vec::as_slice)
    }

    /// Removes the node at a place, and returns it.
    pub fn take(&mut self, place: usize) -> Option<NodeProto> {
        let node = self.places[place].pop()?;
        for input in &node.input {
            if let Some(readers) = self.readers.get_mut(input) {
                readers.retain(|reader| *reader != place);
            }
        }
        Some(node)
    }

    /// Puts nodes at a place from which a node was taken.
    pub fn put(&mut self, place: usize, nodes: Vec<NodeProto>) {
        for input in nodes.iter().flat_map(|node| &node.input) {
            self.readers.entry_ref(input.as_str()).or_default().push(place);
        }
        self.places[place] = nodes;
    }
}

/// Adds the names that a subgraph reads. Those that it gives itself do no harm.
fn keep(graph: &GraphProto, kept: &mut HashSet<String>) {
    kept.extend(graph.output.iter().map(|output| output.name.clone()));
    for node in &graph.node {
        kept.extend(node.input.iter().cloned());
        for inner in subgraphs(node) {
            keep(inner, kept);
        }
    }
}

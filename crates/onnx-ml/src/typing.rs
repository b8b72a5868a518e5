//! Infers types and makes a typed graph, as `into_typed` of tract does, but looks at the clock at each node.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use anyhow::{Context, Result, ensure};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::model::translator::Translate;
use tract_onnx::tract_hir::infer::{InferenceNode, InferenceOp};
use tract_onnx::tract_hir::internal::*;

use super::deadline::Deadline;

/// Infers the types of all nodes, and makes a typed graph from it.
///
/// # Errors
/// When an operator cannot run on what it reads, or the deadline passes.
pub(super) fn typed(mut model: InferenceModel, deadline: &Deadline) -> Result<TypedModel> {
    analyse(&mut model, deadline)?;
    while incorporate(&mut model, deadline)? {}
    let mut model = model.into_compact()?;
    analyse(&mut model, deadline)?;
    Typer(deadline.clone()).translate_model(&model)
}

/// Infers types and shapes until nothing more follows.
fn analyse(model: &mut InferenceModel, deadline: &Deadline) -> Result<()> {
    let mut observers: HashMap<OutletId, Vec<usize>> = HashMap::new();
    for node in model.nodes() {
        for outlet in node.op.observe_outlets(model, node)? {
            observers.entry(outlet).or_default().push(node.id);
        }
    }
    let mut open: BTreeSet<usize> = (0..model.nodes().len()).collect();
    while let Some(&node) = open.first() {
        deadline.check()?;
        let changed = infer(model, node);
        for outlet in changed.with_context(|| format!("Failed analyse for node {}", model.node(node)))? {
            let readers = model.outlet_successors(outlet).iter().map(|inlet| inlet.node);
            open.extend(readers.filter(|reader| *reader != outlet.node));
            open.insert(outlet.node);
            open.extend(observers.get(&outlet).into_iter().flatten());
        }
        open.remove(&node);
    }
    Ok(())
}

/// Infers the types and shapes around a node. Returns what changed.
fn infer(model: &mut InferenceModel, id: usize) -> Result<Vec<OutletId>> {
    let node = model.node(id);
    let (expected, found) = (node.op.nboutputs()?, node.outputs.len());
    ensure!(expected == found, "expected {expected} outputs, found {found}");
    let inputs = node.inputs.clone();
    let outputs: TVec<OutletId> = (0..found).map(|slot| OutletId::new(id, slot)).collect();
    let observed = node.op.observe_outlets(model, node)?;
    let facts = |outlets: &[OutletId]| -> TractResult<TVec<InferenceFact>> {
        outlets.iter().map(|outlet| model.outlet_fact(*outlet).cloned()).collect()
    };
    let known = [facts(&inputs)?, facts(&outputs)?, facts(&observed)?];
    let [a, b, c] = [&known[0], &known[1], &known[2]].map(|facts| facts.iter().collect());
    let (a, b, c) = model.node_mut(id).op.infer(a, b, c)?;
    let outlets = inputs.into_iter().chain(outputs).chain(observed);
    let mut changed = Vec::new();
    // A fact is compared with what was known before any of them changed.
    for (outlet, fact) in outlets.zip(a.iter().chain(&b).chain(&c)) {
        let before = model.outlet_fact(outlet)?;
        let unified =
            fact.unify(before).with_context(|| format!("while unifying around {}", model.node(id)))?;
        if unified != *before {
            changed.push((outlet, unified));
        }
    }
    changed.into_iter().map(|(outlet, fact)| model.set_outlet_fact(outlet, fact).map(|()| outlet)).collect()
}

/// Replaces operators by what they are made of. Returns whether anything changed.
fn incorporate(model: &mut InferenceModel, deadline: &Deadline) -> Result<bool> {
    let mut changed = false;
    for id in model.eval_order()? {
        deadline.check()?;
        let node = model.node(id);
        let patch = node.op.incorporate(model, node).with_context(|| format!("node {node}"))?;
        if let Some(patch) = patch {
            patch.apply(model)?;
            changed = true;
        }
    }
    Ok(changed)
}

/// Makes typed nodes.
struct Typer(Deadline);

impl fmt::Debug for Typer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("with its types")
    }
}

impl Translate<InferenceFact, Box<dyn InferenceOp>, TypedFact, Box<dyn TypedOp>> for Typer {
    fn translate_node(
        &self,
        source: &InferenceModel,
        node: &InferenceNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        self.0.check()?;
        // An input stays an input, and a state would be lost, even if the value is known.
        let is_constant =
            !InferenceModel::is_source(&node.op) && node.op.state(&EvalContext::out_of_plan())?.is_none();
        let values = node.outputs.iter().map(|output| output.fact.value.concretize());
        if let (true, Some(values)) = (is_constant, values.collect::<Option<TVec<_>>>()) {
            let constants = values.into_iter().enumerate();
            return constants
                .map(|(slot, value)| target.add_const(format!("{}.{slot}", node.name), value))
                .collect();
        }
        let outputs = node.op.to_typed(source, node, target, mapping)?;
        for output in &outputs {
            target.outlet_fact(*output)?.consistent().with_context(|| format!("node {node}"))?;
        }
        Ok(outputs)
    }
}

//! Bounds the memory that a graph can take. A few bytes of a graph can ask for a tensor of any size: a shape
//! to fill, a number of repetitions, or two vectors that are broadcast against each other.

use anyhow::{Context, Result, ensure};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;

use super::deadline::Deadline;
use super::error::Exceeds;

/// The most bytes of a constant that the graph makes, or of a tensor for one row. It may be larger if its
/// inputs are.
const MAX_BYTES: u64 = 256 << 20;

/// The most bytes of a tensor for a batch of rows: half the memory of the smallest machines that serve
/// models.
const MAX_BATCH_BYTES: u64 = 64 << 20;

/// The most rows of a batch, whatever the graph. Larger batches gain nothing.
const MAX_ROWS: i64 = 1 << 20;

/// Infers types and shapes, operator by operator. tract folds constants while it infers, whatever their size.
/// This checks the size first.
///
/// # Errors
/// When the inference fails, takes too long, or a constant would be too large.
pub(super) fn infer_constants(model: &mut InferenceModel, deadline: &Deadline) -> Result<()> {
    for id in model.eval_order()? {
        deadline.check()?;
        infer_node(model, id)
            .with_context(|| format!("node `{}` ({})", model.node(id).name, model.node(id).op))?;
    }
    Ok(())
}

fn infer_node(model: &mut InferenceModel, id: usize) -> Result<()> {
    let observed = model.node(id).op.observe_outlets(model, model.node(id))?;
    let observed = observed.into_iter().map(|outlet| model.outlet_fact(outlet).cloned());
    let observed: TVec<InferenceFact> = observed.collect::<TractResult<_>>()?;
    let (inputs, outputs) = model.node_facts(id)?;
    let inputs: TVec<InferenceFact> = inputs.into_iter().cloned().collect();
    let outputs: TVec<InferenceFact> = outputs.into_iter().cloned().collect();
    let constant = !inputs.is_empty() && inputs.iter().all(|input| input.value.is_concrete());

    let op = &mut model.node_mut(id).op;
    let args = || (inputs.iter().collect(), outputs.iter().collect(), observed.iter().collect());
    let (a, b, c) = args();
    let mut inferred = op.infer_facts(a, b, c)?.1;
    if constant {
        let made_of: u64 = inputs.iter().filter_map(bytes).sum();
        let made: u64 = inferred.iter().filter_map(bytes).fold(0, u64::saturating_add);
        ensure!(made <= MAX_BYTES.max(made_of), Exceeds(format!("it makes a constant of {made} bytes")));
        let (a, b, c) = args();
        inferred = op.infer(a, b, c)?.1;
    }
    for (slot, fact) in inferred.into_iter().enumerate() {
        let outlet = OutletId::new(id, slot);
        let fact = model.outlet_fact(outlet)?.unify(&fact)?;
        model.set_outlet_fact(outlet, fact)?;
    }
    Ok(())
}

/// The bytes of a tensor whose type and shape are known: `u64::MAX` if they exceed 64 bits.
fn bytes(fact: &InferenceFact) -> Option<u64> {
    let size = fact.datum_type.concretize()?.size_of() as u64;
    let shape = fact.shape.as_concrete_finite().ok().flatten()?;
    Some(
        shape
            .iter()
            .try_fold(size, |bytes, dimension| bytes.checked_mul(*dimension as u64))
            .unwrap_or(u64::MAX),
    )
}

/// Checks the memory that a plan takes for one row.
///
/// # Errors
/// When a tensor would be too large.
pub(super) fn check_plan(model: &TypedModel) -> Result<()> {
    for node in model.nodes() {
        let made_of: u64 = model
            .node_input_facts(node.id)?
            .iter()
            .map(|fact| volume(fact, None))
            .fold(0, u64::saturating_add);
        for output in &node.outputs {
            // A constant is in memory already.
            let made = if output.fact.konst.is_some() { 0 } else { volume(&output.fact, None) };
            ensure!(
                made <= MAX_BYTES.max(made_of),
                Exceeds(format!(
                    "node `{}` ({}) makes a tensor of {made} bytes for one row",
                    node.name, node.op
                ))
            );
        }
    }
    Ok(())
}

/// The most rows of a batch for which every tensor of a plan stays within [`MAX_BATCH_BYTES`]; at least 1.
pub(super) fn max_rows(model: &TypedModel, rows: &Symbol) -> usize {
    let mut most = MAX_ROWS;
    for output in model.nodes().iter().flat_map(|node| &node.outputs) {
        let batch = |len| volume(&output.fact, Some((rows, len)));
        while most > 1 && output.fact.konst.is_none() && batch(most) > MAX_BATCH_BYTES.max(batch(1)) {
            most /= 2;
        }
    }
    usize::try_from(most).unwrap_or(1)
}

/// The bytes of a tensor for this many rows (1 if `None`). Every other size that is known only at run time
/// counts as 1: the number of entries, and sizes that depend on values.
fn volume(fact: &TypedFact, rows: Option<(&Symbol, i64)>) -> u64 {
    let size = fact.datum_type.size_of() as u64;
    let for_one = |dimension: &TDim| {
        let symbols = dimension.symbols();
        let one = symbols.iter().fold(SymbolValues::default(), |values, symbol| {
            let given = rows.filter(|(rows, _)| *rows == symbol);
            values.with(symbol, given.map_or(1, |(_, len)| len))
        });
        dimension.eval(&one).to_i64().ok().and_then(|size| u64::try_from(size).ok()).unwrap_or(1)
    };
    fact.shape.iter().map(for_one).fold(size, u64::saturating_mul)
}

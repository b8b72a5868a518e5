//! Bounds the memory that a graph can take. A few bytes of a graph can ask for a tensor of any size: a shape
//! to fill, a number of repetitions, or two vectors that are broadcast against each other.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;

use super::deadline::Deadline;
use super::error::Exceeds;
use super::guard;

/// The most bytes of a constant that the graph makes, or of a tensor for one row. It may be larger if its
/// inputs are.
pub(super) const MAX_BYTES: u64 = 256 << 20;

/// The most bytes that a batch of rows takes at once, unless a single row takes more: a quarter of the memory of
/// the smallest machines that serve models.
pub(super) const MAX_BATCH_BYTES: u64 = 32 << 20;

/// The most rows of a batch, whatever the graph. Larger batches gain nothing.
const MAX_ROWS: u64 = 1 << 20;

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
        // An output may repeat the longest text that goes in.
        let read = inputs.iter().filter_map(|input| input.value.concretize());
        let longest = read.filter_map(|tensor| guard::texts(&tensor).max()).max().unwrap_or(0) as u64;
        let with_texts = |fact: &InferenceFact| match bytes(fact)? {
            bytes if fact.datum_type == String::datum_type().into() => {
                Some(bytes.saturating_add((bytes / size_of::<String>() as u64).saturating_mul(longest)))
            }
            bytes => Some(bytes),
        };
        let made: u64 = inferred.iter().filter_map(with_texts).fold(0, u64::saturating_add);
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
            .map(|fact| volume(fact, &[]))
            .fold(0, u64::saturating_add);
        for output in &node.outputs {
            // A constant is in memory already.
            let made = if output.fact.konst.is_some() { 0 } else { volume(&output.fact, &[]) };
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

/// The memory that the tensors of a plan take together, by the number of rows.
#[derive(Debug)]
pub(super) struct Memory {
    /// The nodes in the order of the run.
    steps: Vec<Step>,
    /// What inputs and outputs take beside their tensors. The caller holds each as columns too, and writes outputs as
    /// text.
    ends: Vec<(Taken, u64)>,
    /// The most bytes in use at once for a single row.
    pub one: u64,
}

/// A node of a run.
#[derive(Debug)]
struct Step {
    made: Taken,
    /// What it takes while it runs: see [`COPIES`].
    meanwhile: Taken,
    /// What no later node reads.
    freed: TVec<Taken>,
}

/// The bytes of tensors for 1 row and for [`MANY`].
#[derive(Debug, Clone, Copy)]
struct Taken(u64, u64);

/// What an operator may take while it runs, in bytes of what it reads: three numbers of 8 bytes for each of 4, as
/// `TopK` does.
pub(super) const COPIES: u32 = 6;

/// A number as text takes about four times its bytes.
const TEXT: u64 = 4;

/// Sizes between 1 row and this many grow evenly.
const MANY: u64 = 1 << 10;

impl Taken {
    fn by(self, rows: u64) -> u64 {
        let Self(one, many) = self;
        let each = many.saturating_sub(one).div_ceil(MANY - 1);
        one.saturating_add(each.saturating_mul(rows - 1))
    }
}

impl Memory {
    /// That of a plan whose shapes have the symbols `rows`, and `entries` for the entries of sparse rows.
    pub fn of(
        plan: &TypedRunnableModel,
        lasts: &[TVec<usize>],
        rows: &Symbol,
        entries: (&Symbol, i64),
    ) -> Self {
        let model = plan.model();
        let taken = |fact: &TypedFact| {
            let by = |len| volume(fact, &[(rows, len), entries]);
            if fact.konst.is_some() { Taken(0, 0) } else { Taken(by(1), by(MANY.cast_signed())) }
        };
        let all = |facts: &mut dyn Iterator<Item = &TypedFact>| {
            facts.map(taken).fold(Taken(0, 0), |a, b| Taken(a.0.saturating_add(b.0), a.1.saturating_add(b.1)))
        };
        let order = plan.order_without_consts();
        let made_by = |id| all(&mut model.node(id).outputs.iter().map(|output| &output.fact));
        let runs: HashSet<usize> = order.iter().copied().collect();
        let steps = order.iter().map(|&id| {
            let reads = model.node(id).inputs.iter().filter_map(|outlet| model.outlet_fact(*outlet).ok());
            let Taken(one, many) = all(&mut reads.into_iter());
            let meanwhile =
                Taken(one.saturating_mul(u64::from(COPIES)), many.saturating_mul(u64::from(COPIES)));
            let freed = lasts[id].iter().filter(|last| runs.contains(last)).map(|&last| made_by(last));
            Step { made: made_by(id), meanwhile, freed: freed.collect() }
        });
        let inputs = model.inputs.iter().map(|outlet| (outlet, 1));
        let ends = inputs.chain(model.outputs.iter().map(|outlet| (outlet, 1 + TEXT)));
        let ends = ends.filter_map(|(outlet, times)| Some((taken(model.outlet_fact(*outlet).ok()?), times)));
        let memory = Self { steps: steps.collect(), ends: ends.collect(), one: 0 };
        Self { one: memory.peak(1), ..memory }
    }

    /// The most bytes that are in use at once. Every size that only a run decides counts as 1.
    pub fn peak(&self, rows: u64) -> u64 {
        let ends = self.ends.iter().map(|(taken, times)| taken.by(rows).saturating_mul(*times));
        let mut used = ends.fold(0, u64::saturating_add);
        let mut peak = used;
        for Step { made, meanwhile, freed } in &self.steps {
            used = used.saturating_add(made.by(rows));
            peak = peak.max(used.saturating_add(meanwhile.by(rows)));
            used = freed.iter().fold(used, |used, freed| used.saturating_sub(freed.by(rows)));
        }
        peak
    }

    /// The most rows that fit into [`MAX_BATCH_BYTES`]; at least 1.
    pub fn max_rows(&self) -> usize {
        let mut most = MAX_ROWS;
        while most > 1 && self.peak(most) > MAX_BATCH_BYTES {
            most /= 2;
        }
        usize::try_from(most).unwrap_or(1)
    }
}

/// The bytes of a tensor with these sizes. Every other size that is known only at run time counts as 1.
fn volume(fact: &TypedFact, sizes: &[(&Symbol, i64)]) -> u64 {
    let size = fact.datum_type.size_of() as u64;
    let for_one = |dimension: &TDim| {
        let symbols = dimension.symbols();
        let one = symbols.iter().fold(SymbolValues::default(), |values, symbol| {
            let given = sizes.iter().find(|(given, _)| *given == symbol);
            values.with(symbol, given.map_or(1, |(_, len)| *len))
        });
        dimension.eval(&one).to_i64().ok().and_then(|size| u64::try_from(size).ok()).unwrap_or(1)
    };
    fact.shape.iter().map(for_one).fold(size, u64::saturating_mul)
}

//! Looks at time and memory before each operator of a run.
//!
//! Sizes that depend on the number of rows alone are bounded before a run: see [`super::bounds::max_rows`]. The
//! sizes here depend on values, so a single record can ask for any.

use std::ops::Deref;

use anyhow::Result;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Range;
use tract_onnx::tract_core::ops::scan::OptScan;
use tract_onnx::tract_hir::internal::*;

use super::{bounds, work};

/// tract's operators that may copy an element more than once.
const REPEATING: [&str; 9] = [
    "DynTile",
    "Gather",
    "GatherElements",
    "GatherNd",
    "Iff",
    "MultiBroadcastTo",
    "ScatterElements",
    "ScatterNd",
    "Tile",
];

/// Whether an operator may copy a text more than once.
pub fn repeats_texts(node: &TypedNode) -> bool {
    let gives_texts = node.outputs.iter().any(|output| output.fact.datum_type == DatumType::String);
    gives_texts && REPEATING.contains(&&*node.op.name())
}

/// Checks that there is time, and memory for what an operator makes of `inputs`.
///
/// # Errors
/// [`limits::Late`] or [`super::error::Exceeds`].
pub fn before<'f>(
    op: &dyn TypedOp,
    outputs: impl Iterator<Item = &'f TypedFact> + Clone,
    inputs: &[TValue],
    symbols: &SymbolValues,
) -> Result<()> {
    work::check()?;
    let texts = copied_text(op, outputs.clone(), inputs, symbols);
    let known = outputs.map(|fact| size(fact, symbols)).sum::<Option<usize>>();
    let made = known.unwrap_or_else(|| made_of(op, inputs, symbols));
    let read = inputs.iter().map(|input| input.len() * input.datum_type().size_of());
    let copied = read.map(|bytes| bytes.saturating_mul(bounds::COPIES as usize)).sum::<usize>();
    work::room_for(made.saturating_add(copied).saturating_add(texts))
}

/// The bytes of text that an operator copies.
fn copied_text<'f>(
    op: &dyn TypedOp,
    outputs: impl Iterator<Item = &'f TypedFact>,
    inputs: &[TValue],
    symbols: &SymbolValues,
) -> usize {
    if inputs.iter().all(|input| input.datum_type() != DatumType::String) {
        return 0;
    }
    if !REPEATING.contains(&&*op.name()) {
        return inputs.iter().map(|input| texts(input).sum::<usize>()).sum();
    }
    let longest = inputs.iter().flat_map(|input| texts(input)).max().unwrap_or(0);
    let each = String::datum_type().size_of();
    let made = outputs.map(|fact| size(fact, symbols).map_or(usize::MAX, |bytes| bytes / each));
    made.fold(0, usize::saturating_add).saturating_mul(longest)
}

/// The bytes of a tensor, if all of its sizes are known by now.
fn size(fact: &TypedFact, symbols: &SymbolValues) -> Option<usize> {
    fact.shape.iter().try_fold(fact.datum_type.size_of(), |bytes, dimension| {
        let size = match dimension {
            TDim::Val(size) => *size,
            dimension => dimension.eval(symbols).to_i64().ok()?,
        };
        Some(bytes.saturating_mul(usize::try_from(size).unwrap_or(0)))
    })
}

/// The most bytes that an operator makes of these inputs, where its own run decides the sizes.
fn made_of(op: &dyn TypedOp, inputs: &[TValue], symbols: &SymbolValues) -> usize {
    if op.is::<Range>() {
        return range(inputs, symbols).unwrap_or(usize::MAX);
    }
    if op.name() == "NonZero" {
        return inputs.iter().map(|input| input.len() * input.rank() * size_of::<i64>()).sum();
    }
    let facts: Vec<TypedFact> = inputs.iter().map(|input| input.datum_type().fact(input.shape())).collect();
    let of_facts = op.output_facts(&facts.iter().collect::<Vec<_>>());
    let none = SymbolValues::default();
    let known = of_facts.ok().and_then(|facts| facts.iter().map(|fact| size(fact, &none)).sum());
    // The operators that are left choose from what they read, or look at the memory themselves.
    known.unwrap_or_else(|| inputs.iter().map(|input| bytes(input)).sum())
}

/// The bytes of a `Range` from a start to an end in steps.
fn range(inputs: &[TValue], symbols: &SymbolValues) -> Option<usize> {
    let [start, end, step] = inputs else { return None };
    if start.datum_type().is_tdim() {
        let number = |tensor: &TValue| {
            tensor.try_as_plain_ram().ok()?.to_scalar::<TDim>().ok()?.eval(symbols).to_i64().ok()
        };
        let span = number(end)?.abs_diff(number(start)?);
        let steps = span.div_ceil(number(step)?.unsigned_abs().max(1));
        return usize::try_from(steps).ok()?.checked_mul(size_of::<i64>());
    }
    let number = |tensor: &TValue| tensor.cast_to_scalar::<f64>().ok();
    let steps = ((number(end)? - number(start)?) / number(step)?).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates, as in tract")]
    (steps as usize).checked_mul(start.datum_type().size_of())
}

/// The bytes that a tensor takes, strings included.
pub fn bytes(tensor: &Tensor) -> usize {
    tensor.len() * tensor.datum_type().size_of() + texts(tensor).sum::<usize>()
}

/// The bytes of each text of a tensor; none if it has another type.
pub fn texts(tensor: &Tensor) -> impl Iterator<Item = usize> {
    let is_text = tensor.datum_type() == DatumType::String;
    let texts = is_text.then(|| tensor.try_as_plain_ram().ok()?.as_slice::<String>().ok()).flatten();
    texts.unwrap_or_default().iter().map(String::capacity)
}

/// The bytes that a run has in use, operator by operator.
#[derive(Debug)]
pub struct Ledger<'p> {
    /// For each node, the nodes whose outputs no later node reads.
    lasts: &'p [TVec<usize>],
    /// What the outputs of each node take.
    made: Vec<usize>,
    used: usize,
}

/// For each node of a plan, the nodes whose outputs no later node reads.
pub fn lasts(plan: &TypedRunnableModel) -> Vec<TVec<usize>> {
    let (model, order) = (plan.model(), plan.order_without_consts());
    let mut readers: HashMap<usize, usize> = HashMap::new();
    for &id in order {
        readers.extend(model.node(id).inputs.iter().map(|input| (input.node, id)));
    }
    let mut lasts = vec![TVec::new(); model.nodes().len()];
    for (read, reader) in readers {
        if model.outputs.iter().all(|output| output.node != read) {
            lasts[reader].push(read);
        }
    }
    lasts
}

impl<'p> Ledger<'p> {
    /// The ledger of a run that begins with these bytes in use.
    pub fn new(lasts: &'p [TVec<usize>], used: usize) -> Self {
        work::set_used(used);
        Self { lasts, made: vec![0; lasts.len()], used }
    }

    /// The ledger of a graph within the graph that runs.
    pub fn within(lasts: &'p [TVec<usize>]) -> Self {
        Self::new(lasts, work::used())
    }

    /// Runs a graph.
    ///
    /// # Errors
    /// When an operator fails, the time is up, or the memory does not suffice.
    pub fn run(mut self, state: &mut TypedSimpleState, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        state.run_plan_with_eval(inputs, |context, state, node, inputs| {
            self.eval(context, state, node, inputs)
        })
    }

    fn eval(
        &mut self,
        context: &EvalContext,
        state: Option<&mut (dyn OpState + 'static)>,
        node: &TypedNode,
        inputs: TVec<TValue>,
    ) -> TractResult<TVec<TValue>> {
        before(&*node.op, node.outputs.iter().map(|output| &output.fact), &inputs, context.symbols)
            .with_context(|| format!("node `{}` ({})", node.name, node.op))?;
        let outputs = tract_onnx::tract_core::plan::eval(context, state, node, inputs)?;
        self.made[node.id] = outputs.iter().map(|output| bytes(output)).sum();
        self.used += self.made[node.id];
        for &last in &self.lasts[node.id] {
            self.used -= std::mem::take(&mut self.made[last]);
        }
        work::set_used(self.used);
        Ok(outputs)
    }
}

/// Evaluates a node, if there is time left, by what it and the nodes before it read.
///
/// # Errors
/// When the operator fails, or the time is up.
pub fn in_time(
    context: &EvalContext,
    state: Option<&mut (dyn OpState + 'static)>,
    node: &TypedNode,
    inputs: TVec<TValue>,
) -> TractResult<TVec<TValue>> {
    work::count(inputs.iter().map(|input| input.len()).sum())?;
    tract_onnx::tract_core::plan::eval(context, state, node, inputs)
}

/// An operator in the body of a loop, which tract runs by itself.
#[derive(Debug, Clone)]
struct Guarded {
    op: Box<dyn TypedOp>,
    outputs: TVec<TypedFact>,
}

/// Guards the operators in the bodies of the loops of a planned graph.
///
/// # Errors
/// When a body cannot be planned again.
pub fn guard_loops(model: &mut TypedModel) -> TractResult<()> {
    for id in 0..model.nodes().len() {
        let Some(scan) = model.node(id).op_as::<OptScan>() else { continue };
        let mut parts = scan.deref().clone();
        let mut body = parts.plan.model().clone();
        guard_loops(&mut body)?;
        for id in 0..body.nodes().len() {
            let node = body.node_mut(id);
            let is_given = node.inputs.is_empty();
            if !is_given {
                let outputs = node.outputs.iter().map(|output| output.fact.clone()).collect();
                node.op = Box::new(Guarded { op: node.op.clone(), outputs });
            }
        }
        parts.plan = TypedSimplePlan::new(body)?;
        model.node_mut(id).op = Box::new(OptScan::new(Arc::new(parts)));
    }
    Ok(())
}

// Guarded operators are never compared.
impl PartialEq for Guarded {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for Guarded {}

impl Op for Guarded {
    fn name(&self) -> StaticName {
        self.op.name()
    }

    fn mints_runtime_symbols(&self) -> bool {
        self.op.mints_runtime_symbols()
    }

    fn required_bound_symbols(&self, inputs: &[&TypedFact]) -> TVec<Symbol> {
        self.op.required_bound_symbols(inputs)
    }

    op_as_typed_op!();
}

impl EvalOp for Guarded {
    not_out_of_plan!();

    fn forwards_input(&self) -> Option<usize> {
        self.op.forwards_input()
    }

    fn state(&self, context: &EvalContext) -> TractResult<Option<Box<dyn OpState>>> {
        self.op.state(context)
    }

    fn drop_session(&self, session: SessionId, node_id: usize) {
        self.op.drop_session(session, node_id);
    }

    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        before(&*self.op, self.outputs.iter(), &inputs, context.symbols)?;
        self.op.eval(context, inputs)
    }
}

impl TypedOp for Guarded {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        self.op.output_facts(inputs)
    }

    as_op!();
}

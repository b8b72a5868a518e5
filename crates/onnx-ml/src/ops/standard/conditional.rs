//! `If`: <https://onnx.ai/onnx/operators/onnx__If.html>
//!
//! tract wants both branches to give the same shapes, and does not tell them the shapes of what they read.

use std::collections::HashSet;

use indexmap::IndexSet;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_hir::internal::*;

use crate::guard::{self, Ledger};
use crate::ops::operator::Parsed;
use crate::plan;

/// Runs one of two graphs, as a condition says. What they read from the outer graph are further inputs.
#[derive(Debug, Clone)]
struct If {
    then: Branch,
    otherwise: Branch,
    /// Makes symbols for the sizes in which the branches differ.
    symbols: SymbolScope,
    /// Whether its branches contain all nodes that came after it.
    is_continued: bool,
}

/// The error for an `If` whose branches give tensors of different types or ranks.
#[derive(Debug, thiserror::Error)]
#[error("the branches of If (`{name}`) disagree: {what}")]
pub(crate) struct Disagreement {
    /// The name of the node.
    pub name: String,
    what: String,
}

#[derive(Debug, Clone)]
struct Branch {
    graph: InferenceModel,
    /// The input of the operator for each input of the graph.
    reads: Vec<usize>,
}

/// A branch with all types and shapes.
struct TypedBranch {
    graph: TypedModel,
    reads: Vec<usize>,
}

/// [`If`] in a typed graph. A branch may have a reason why it cannot run instead of a plan.
#[derive(Debug, Clone)]
struct TypedIf {
    then: Result<PlannedBranch, String>,
    otherwise: Result<PlannedBranch, String>,
    outputs: TVec<TypedFact>,
    mints_symbols: bool,
}

/// A branch that runs.
#[derive(Debug, Clone)]
struct PlannedBranch {
    plan: Arc<TypedRunnableModel>,
    /// See [`guard::lasts`].
    lasts: Vec<TVec<usize>>,
    reads: Vec<usize>,
}

pub(in crate::ops) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    conditional(ctx, node, false)
}

pub(in crate::ops) fn parse_continued(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    conditional(ctx, node, true)
}

fn conditional(ctx: &ParsingContext, node: &NodeProto, is_continued: bool) -> TractResult<Parsed> {
    let mut reads = IndexSet::new();
    let mut branch = |name| -> TractResult<Branch> {
        let graph: &GraphProto = node.get_attr(name)?;
        ensure!(graph.input.is_empty(), "{name} has inputs");
        let (gives, asked) = (graph.output.len(), node.output.len());
        ensure!(gives == asked, "{name}: expected {asked} outputs, found {gives}");
        let parsed = ctx.parse_graph(graph)?;
        let mut graph = parsed.model;
        let mut named = node.output.iter().map(|name| !name.is_empty());
        graph.outputs.retain(|_| named.next() == Some(true));
        // The condition is the first input.
        let places = parsed.unresolved_inputs.into_iter().map(|name| 1 + reads.insert_full(name).0);
        Ok(Branch { reads: places.collect(), graph })
    };
    let (then, otherwise) = (branch("then_branch")?, branch("else_branch")?);
    let symbols = ctx.template.symbols.clone();
    Ok((expand(If { then, otherwise, symbols, is_continued }), reads.into_iter().collect()))
}

impl Branch {
    /// Types the branch for inputs of these types and shapes. Inputs with known values become constants.
    fn typed(&self, inputs: &[TypedFact]) -> TractResult<TypedBranch> {
        let mut graph = self.graph.clone();
        let mut reads = Vec::new();
        graph.inputs.clear();
        for (&outlet, &read) in self.graph.inputs.iter().zip(&self.reads) {
            let fact = &inputs[read];
            graph.set_outlet_fact(outlet, fact.into())?;
            if let Some(value) = &fact.konst {
                graph.node_mut(outlet.node).op = Box::new(Const::new(value.clone())?);
            } else {
                graph.inputs.push(outlet);
                reads.push(read);
            }
        }
        Ok(TypedBranch { graph: plan::typed(graph)?, reads })
    }
}

impl TypedBranch {
    /// Casts outputs that tract keeps as dimensions to numbers, which they are outside of the branch.
    fn with_numbers(mut self) -> TractResult<Self> {
        let graph = &mut self.graph;
        for index in 0..graph.outputs.len() {
            if graph.output_fact(index)?.datum_type == DatumType::TDim {
                let name = graph.unique_name(format!("output.{index}"));
                let number = graph.wire_node(name, cast(DatumType::I64), &[graph.outputs[index]])?;
                graph.outputs[index] = number[0];
            }
        }
        Ok(self)
    }
}

fn planned(branch: Result<TypedBranch, String>) -> TractResult<Result<PlannedBranch, String>> {
    Ok(match branch {
        Ok(TypedBranch { graph, reads }) => {
            let plan = plan::plan(graph)?;
            Ok(PlannedBranch { lasts: guard::lasts(&plan), plan, reads })
        }
        Err(reason) => Err(reason),
    })
}

impl If {
    /// Types a branch, or says why it cannot run. The nodes after an `If` may fit only one of its branches.
    fn typed(&self, branch: &Branch, inputs: &[TypedFact]) -> TractResult<Result<TypedBranch, String>> {
        match branch.typed(inputs).and_then(TypedBranch::with_numbers) {
            Err(error) if self.is_continued && !error.is::<Disagreement>() => {
                let reason = format!("{error:#}");
                tracing::warn!(%reason, "a branch of an If cannot run");
                Ok(Err(reason))
            }
            typed => typed.map(Ok),
        }
    }
}

impl Expansion for If {
    fn name(&self) -> StaticName {
        "If".into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.then.graph.outputs.len())
    }

    fn runs_out_of_plan(&self) -> bool {
        false
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        _: &'p [TensorProxy],
    ) -> InferenceResult {
        // The types of the outputs are known only when everything that the branches read is typed.
        solver.equals(&inputs[0].datum_type, DatumType::Bool)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let facts = inputs.iter().map(|input| model.outlet_fact(*input).cloned());
        let facts: Vec<TypedFact> = facts.collect::<TractResult<_>>()?;
        ensure!(
            facts[0].shape.volume().is_one(),
            "expected a condition of one element, found the shape {:?}",
            facts[0].shape
        );
        if let Some(condition) = &facts[0].konst {
            let branch = if is_true(condition)? { &self.then } else { &self.otherwise };
            return write_out(branch, prefix, model, inputs, &facts);
        }
        let (then, otherwise) = (self.typed(&self.then, &facts)?, self.typed(&self.otherwise, &facts)?);
        let (ours, theirs) = match (&then, &otherwise) {
            (Ok(then), Ok(otherwise)) => (then, otherwise),
            (Ok(only), Err(_)) | (Err(_), Ok(only)) => (only, only),
            (Err(reason), Err(_)) => bail!("neither branch can run: {reason}"),
        };
        let known: HashSet<Symbol> = facts.iter().flat_map(symbols).collect();
        let mut outputs = TVec::new();
        let mut mints_symbols = false;
        for index in 0..self.nboutputs()? {
            let (ours, theirs) = (ours.graph.output_fact(index)?, theirs.graph.output_fact(index)?);
            if (ours.datum_type, ours.rank()) != (theirs.datum_type, theirs.rank()) {
                let what = format!("output {index} is {ours:?} or {theirs:?}");
                let disagreement = Disagreement { name: prefix.to_owned(), what };
                ensure!(!self.is_continued, "{disagreement}");
                return Err(disagreement.into());
            }
            let shape = ours.shape.iter().zip(theirs.shape.iter()).map(|(ours, theirs)| {
                // A symbol that a branch makes means nothing outside of it.
                if ours == theirs && ours.symbols().is_subset(&known) {
                    return ours.clone();
                }
                mints_symbols = true;
                self.symbols.new_with_prefix("branch").to_dim()
            });
            outputs.push(ours.datum_type.fact(shape.collect::<TVec<_>>()));
        }
        let (then, otherwise) = (planned(then)?, planned(otherwise)?);
        model.wire_node(prefix, TypedIf { then, otherwise, outputs, mints_symbols }, inputs)
    }
}

/// The symbols in the shape or in the value of a tensor.
fn symbols(fact: &TypedFact) -> HashSet<Symbol> {
    let value = fact.konst.as_ref().and_then(|value| value.try_as_plain_ram().ok());
    let value = value.and_then(|value| value.as_slice::<TDim>().ok()).unwrap_or_default();
    fact.shape.iter().chain(value).flat_map(TDim::symbols).collect()
}

fn is_true(condition: &Tensor) -> TractResult<bool> {
    let condition = condition.try_as_plain_ram()?.as_slice::<bool>()?;
    condition.first().copied().context("expected a condition of one element, found none")
}

/// Copies the nodes of a branch into the graph around it.
fn write_out(
    branch: &Branch,
    prefix: &str,
    model: &mut TypedModel,
    inputs: &[OutletId],
    facts: &[TypedFact],
) -> TractResult<TVec<OutletId>> {
    let TypedBranch { graph, reads } = branch.typed(facts)?;
    let known = graph.inputs.iter().copied().zip(reads.into_iter().map(|read| inputs[read]));
    let mut places: HashMap<OutletId, OutletId> = known.collect();
    for id in graph.eval_order()? {
        if places.contains_key(&id.into()) {
            continue;
        }
        let node = graph.node(id);
        let inputs: TVec<OutletId> = node.inputs.iter().map(|input| places[input]).collect();
        let outputs = model.wire_node(format!("{prefix}.{}", node.name), node.op.clone(), &inputs)?;
        places.extend(outputs.into_iter().enumerate().map(|(slot, place)| (OutletId::new(id, slot), place)));
    }
    Ok(graph.outputs.iter().map(|output| places[output]).collect())
}

// Branches are never compared.
impl PartialEq for TypedIf {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for TypedIf {}

impl Op for TypedIf {
    fn name(&self) -> StaticName {
        "If".into()
    }

    fn mints_runtime_symbols(&self) -> bool {
        self.mints_symbols
    }

    op_as_typed_op!();
}

impl EvalOp for TypedIf {
    not_out_of_plan!();

    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let branch = if is_true(&inputs[0])? { &self.then } else { &self.otherwise };
        let branch = branch.as_ref().map_err(|reason| format_err!("the branch cannot run: {reason}"))?;
        let PlannedBranch { plan, lasts, reads } = branch;
        let mut state = plan.spawn()?;
        // Sizes have the same symbols in a branch as around it.
        state.turn_state.resolved_symbols = context.symbols.clone();
        let inputs = reads.iter().map(|&read| inputs[read].clone()).collect();
        Ledger::within(lasts).run(&mut state, inputs)
    }
}

impl TypedOp for TypedIf {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(self.outputs.clone())
    }

    as_op!();
}

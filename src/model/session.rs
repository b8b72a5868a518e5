//! The graph as a plan of tract's: tensors in, tensors out.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow, ensure};
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::ToDim;

use super::graph::{Graph, Takes, branches, data_type};
use super::{bounds, ops, plan};

/// How often a graph is rewritten for an `If` whose branches disagree. A library's exports have one kind of them.
const MAX_REWRITES: usize = 8;

/// A dimension of an input's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// As many as a batch has rows, left open.
    Rows,
    /// That many.
    Of(usize),
}

/// A graph that runs.
#[derive(Debug)]
pub struct Session {
    plan: Arc<TypedRunnableModel>,
    /// What a run works in, kept for the next: making it takes longer than a small model does.
    state: Mutex<Option<Box<TypedSimpleState>>>,
    is_plain: bool,
    rows: Symbol,
    max_rows: usize,
}

impl Session {
    /// Plans the graph for inputs of these shapes, one for each input of the graph; that of sparse rows is not looked at,
    /// the rows and their entries are always left open.
    ///
    /// # Errors
    /// When the graph is malformed, or can't run on such inputs.
    pub fn new(graph: &Graph, shapes: &[Vec<Dimension>]) -> Result<Self> {
        // A hostile graph may reach an assertion of tract's: that is a bad model, not a crash.
        catch_unwind(AssertUnwindSafe(|| Self::plan(graph, shapes)))
            .unwrap_or_else(|_| Err(anyhow!("the graph is malformed")))
    }

    fn plan(graph: &Graph, shapes: &[Vec<Dimension>]) -> Result<Self> {
        let mut proto = Cow::Borrowed(&graph.proto);
        let mut typed = Self::typed(&proto, graph, shapes);
        for _ in 0..MAX_REWRITES {
            let Err(error) = &typed else { break };
            let Some(ops::Disagreement { name, .. }) = error.downcast_ref() else { break };
            if !branches::go_on_within(proto.to_mut(), name)? {
                break;
            }
            typed = Self::typed(&proto, graph, shapes);
        }
        let (model, rows, entries) = typed?;
        let plan = plan::plan(model)?;
        let is_plain = is_plain(&plan, [&rows, &entries])?;
        let max_rows = bounds::max_rows(plan.model(), &rows);
        Ok(Self { plan, state: Mutex::new(None), is_plain, rows, max_rows })
    }

    /// The graph with all types and shapes; in these, the number of rows and that of the entries of sparse ones.
    fn typed(
        proto: &ModelProto,
        graph: &Graph,
        shapes: &[Vec<Dimension>],
    ) -> Result<(TypedModel, Symbol, Symbol)> {
        let mut onnx = ops::onnx();
        // Shapes that the exporter noted name the rows in words of their own, where the inputs name them in ours.
        onnx.ignore_value_info = true;
        let parsed = onnx.parse(proto, graph.folder.to_str())?;
        ensure!(
            parsed.unresolved_inputs.is_empty(),
            "the graph reads what nothing gives: {}",
            parsed.unresolved_inputs.join(", ")
        );
        let mut model = parsed.model;
        let rows = model.symbols.sym("N");
        let entries = model.symbols.sym("K");
        let mut facts = Vec::new();
        for (input, shape) in graph.inputs.iter().zip(shapes) {
            match &input.takes {
                Takes::Tensor { element, .. } | Takes::Dense { element, .. } => {
                    let dimensions = shape.iter().map(|dimension| match dimension {
                        Dimension::Rows => rows.to_dim(),
                        Dimension::Of(size) => size.to_dim(),
                    });
                    let dimensions: TVec<TDim> = dimensions.collect();
                    facts.push(InferenceFact::dt_shape((*element).try_into()?, dimensions));
                }
                Takes::Sparse { values, .. } => {
                    let shape = [rows.to_dim(), entries.to_dim()];
                    facts.push(InferenceFact::dt_shape(i32::datum_type(), shape.clone()));
                    facts.push(InferenceFact::dt_shape(data_type(*values).try_into()?, shape));
                }
            }
        }
        for (index, fact) in facts.into_iter().enumerate() {
            model.set_input_fact(index, fact)?;
        }
        Ok((plan::typed(model)?, rows, entries))
    }

    /// Type and shape of an output.
    ///
    /// # Errors
    /// When the graph has none of that index.
    pub fn output_fact(&self, index: usize) -> Result<&TypedFact> {
        self.plan.model().output_fact(index)
    }

    /// The number of rows, as it stands in shapes.
    #[must_use]
    pub fn rows(&self) -> TDim {
        self.rows.to_dim()
    }

    /// How many rows a run may have: a tensor of more would take too much memory.
    #[must_use]
    pub fn max_rows(&self) -> usize {
        self.max_rows
    }

    /// The outputs for a batch. Sparse rows are two tensors, of type and shape `int32[N, K]` (columns, or
    /// [`serving_spec::columns::Sparse::NONE`]) and, of the type of the values, `[N, K]` (the values there), any other input is one.
    ///
    /// # Errors
    /// When the graph fails on these inputs; it then may still run on others.
    pub fn run(&self, inputs: TVec<TValue>) -> Result<TVec<TValue>> {
        // What arrives in a record must not end the process, whatever an operator makes of it.
        catch_unwind(AssertUnwindSafe(|| self.run_in_state(inputs)))
            .unwrap_or_else(|_| Err(anyhow!("an operator panicked")))
    }

    fn run_in_state(&self, inputs: TVec<TValue>) -> Result<TVec<TValue>> {
        let kept = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_plain {
            return self.plan.run(inputs);
        }
        let spare = kept().take();
        let (mut state, outputs) = if let Some(mut state) = spare {
            let outputs = self.run_again(&mut state, inputs)?;
            (state, outputs)
        } else {
            let mut state = Box::new(self.plan.spawn()?);
            let outputs = state.run(inputs)?;
            (state, outputs)
        };
        for &node in self.plan.order_without_consts() {
            state.turn_state.values[node] = None;
        }
        // After a failure it would hold what the failed run left.
        *kept() = Some(state);
        Ok(outputs)
    }

    /// What tract's own run comes to once it has run before: it would derive anew what is known of each input.
    fn run_again(&self, state: &mut TypedSimpleState, inputs: TVec<TValue>) -> Result<TVec<TValue>> {
        let model = self.plan.model();
        let outlets = model.input_outlets()?;
        ensure!(outlets.len() == inputs.len(), "{} inputs for {}", inputs.len(), outlets.len());
        for (outlet, tensor) in outlets.iter().zip(inputs) {
            let fact = model.outlet_fact(*outlet)?;
            let fits = fact.datum_type == tensor.datum_type() && fact.rank() == tensor.rank();
            ensure!(fits, "an input of {:?} {:?} for {fact:?}", tensor.datum_type(), tensor.shape());
            for (dimension, &size) in fact.shape.iter().zip(tensor.shape()) {
                if let TDim::Sym(symbol) = dimension {
                    state.turn_state.resolved_symbols.set(symbol, i64::try_from(size)?);
                }
            }
            state.turn_state.values[outlet.node] = Some(tvec!(tensor));
        }
        state.exec()?;
        state.outputs()
    }
}

/// Whether nothing but the sizes of its inputs is to be known of a run: no operator has a state, as loops have, which
/// remember how many rows they had, and no size depends on values.
fn is_plain(plan: &Arc<TypedRunnableModel>, sizes: [&Symbol; 2]) -> Result<bool> {
    let known = |dimension: &TDim| dimension.symbols().iter().all(|symbol| sizes.contains(&symbol));
    let outputs = plan.model().nodes().iter().flat_map(|node| &node.outputs);
    let mut shapes = outputs.map(|output| &output.fact.shape);
    Ok(plan.spawn()?.op_states.iter().all(Option::is_none) && shapes.all(|shape| shape.iter().all(known)))
}

//! The graph as a plan of tract's: tensors in, tensors out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow, ensure};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::ToDim;

use super::graph::{Graph, Takes, data_type};
use super::{bounds, ops};

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
    state: Mutex<Option<TypedSimpleState>>,
    rows: Symbol,
}

impl Session {
    /// Plans the graph for inputs of these shapes, one for each input of the graph; that of a map is not looked at, its
    /// rows and their entries are always left open.
    ///
    /// # Errors
    /// When the graph is malformed, or can't run on such inputs.
    pub fn new(graph: &Graph, shapes: &[Vec<Dimension>]) -> Result<Self> {
        // A hostile graph may reach an assertion of tract's: that is a bad model, not a crash.
        catch_unwind(AssertUnwindSafe(|| Self::plan(graph, shapes)))
            .unwrap_or_else(|_| Err(anyhow!("the graph is malformed")))
    }

    fn plan(graph: &Graph, shapes: &[Vec<Dimension>]) -> Result<Self> {
        let mut onnx = ops::onnx();
        // Shapes that the exporter noted name the rows in words of their own, where the inputs name them in ours.
        onnx.ignore_value_info = true;
        let parsed = onnx.parse(&graph.proto, graph.folder.to_str())?;
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
                Takes::Tensor { element, .. } => {
                    let dimensions = shape.iter().map(|dimension| match dimension {
                        Dimension::Rows => rows.to_dim(),
                        Dimension::Of(size) => size.to_dim(),
                    });
                    let dimensions: TVec<TDim> = dimensions.collect();
                    facts.push(InferenceFact::dt_shape((*element).try_into()?, dimensions));
                }
                Takes::Map(map) => {
                    let shape = [rows.to_dim(), entries.to_dim()];
                    facts.push(InferenceFact::dt_shape(i32::datum_type(), shape.clone()));
                    facts.push(InferenceFact::dt_shape(data_type(map.values).try_into()?, shape));
                }
            }
        }
        for (index, fact) in facts.into_iter().enumerate() {
            model.set_input_fact(index, fact)?;
        }
        bounds::infer_constants(&mut model)?;
        let model = model.into_optimized()?;
        bounds::check_plan(&model, &[&rows, &entries])?;
        Ok(Self { plan: model.into_runnable()?, state: Mutex::new(None), rows })
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

    /// The outputs for a batch. A map takes two tensors, of type and shape `int32[N, K]` (columns, or
    /// [`crate::columns::Sparse::NONE`]) and, of the type of its values, `[N, K]` (the values there), any other input one.
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
        let spare = kept().take();
        let mut state = spare.map_or_else(|| self.plan.spawn(), Ok)?;
        let outputs = state.run(inputs)?;
        // After a failure it would hold what the failed run left. So it would after any if a loop is in the graph, which
        // remembers how many rows it had.
        if state.op_states.iter().all(Option::is_none) {
            *kept() = Some(state);
        }
        Ok(outputs)
    }
}

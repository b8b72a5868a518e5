//! Runs a graph as a plan of tract: tensors in, tensors out.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use limits::Clock;
use limits::names::some_of;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::ToDim;

use super::deadline::Deadline;
use super::error::Error;
use super::graph::{ExternalData, Graph, Takes, branches};
use super::guard::{self, Ledger, in_time};
use super::{bounds, ops, plan, work};

/// How often a graph is rewritten for an `If` whose branches disagree. Exporters write one such kind of `If`.
const MAX_REWRITES: usize = 8;

/// A dimension of an input's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// The number of rows of a batch. It stays open until a run.
    Rows,
    /// A fixed size.
    Of(usize),
}

/// A graph that runs.
///
/// A session can be shared between threads. A run keeps its working memory for the next run; runs at the same
/// time each have their own.
///
/// ```
/// # use prost::Message;
/// # use onnx_ml::tract_onnx::pb::{tensor_proto::DataType, type_proto, *};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("model.onnx");
/// # let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, ..Default::default() };
/// # let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
/// # let value = |name: &str| ValueInfoProto {
/// #     name: name.into(), r#type: Some(r#type.clone()), ..Default::default()
/// # };
/// # let abs = NodeProto {
/// #     op_type: "Abs".into(), input: vec!["x".into()], output: vec!["y".into()], ..Default::default()
/// # };
/// # let graph = GraphProto {
/// #     node: vec![abs], input: vec![value("x")], output: vec![value("y")], ..Default::default()
/// # };
/// # let proto = ModelProto { graph: Some(graph), ..Default::default() };
/// # std::fs::write(&path, proto.encode_to_vec())?;
/// use onnx_ml::tract_onnx::prelude::*;
/// use onnx_ml::{Clock, Dimension, Error, Graph, Session};
///
/// let graph = Graph::read(&path)?;
/// let session = Session::new(&graph, &[vec![Dimension::Rows]], &Clock::unlimited())?;
/// for batch in [vec![-1.0_f32], vec![-2.0, 3.0]] {
///     let outputs = session.run(tvec!(tensor1(&batch).into()))?;
///     assert_eq!(outputs[0].len(), batch.len());
/// }
/// // An input of the wrong type fails alone: the session can still run.
/// assert!(matches!(session.run(tvec!(tensor1(&[1_i64]).into())), Err(Error::Run(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    plan: Arc<TypedRunnableModel>,
    /// The working memory of a run, kept for the next. Making it takes longer than a small model runs.
    state: Mutex<Option<Box<TypedSimpleState>>>,
    /// See [`is_plain`].
    is_plain: bool,
    /// For each node, the nodes whose outputs no later node reads.
    lasts: Vec<TVec<usize>>,
    /// What a run takes, where the number of rows decides it.
    memory: bounds::Memory,
    rows: Symbol,
    entries: Symbol,
}

impl Session {
    /// Plans the graph for inputs of these shapes: one shape for each of [`Graph::inputs`].
    ///
    /// The shape of a [`Takes::Sparse`] input is ignored. Its rows and entries always stay open.
    ///
    /// # Errors
    /// - [`Error::Plan`]: the graph cannot run on such inputs.
    /// - [`Error::Malformed`]: the graph breaks a rule of ONNX.
    /// - [`Error::TooLarge`]: a constant, or a tensor for one row, takes too much memory.
    /// - [`Error::Deadline`]: planning takes more than 20 seconds, or longer than `clock` allows.
    pub fn new(graph: &Graph, shapes: &[Vec<Dimension>], clock: &Clock) -> Result<Self, Error> {
        let plan = || Deadline::from_now(clock).hold(|| Self::plan(graph, shapes));
        let most = usize::try_from(bounds::MAX_BYTES).unwrap_or(usize::MAX);
        // A hostile graph may fail an assertion in tract. That makes it a bad model, and must not end the
        // process.
        catch_unwind(AssertUnwindSafe(|| work::within(clock, most, plan).map_err(Error::plan)))
            .unwrap_or_else(|_| Err(Error::Malformed("the graph is malformed".into())))
    }

    fn plan(graph: &Graph, shapes: &[Vec<Dimension>]) -> Result<Self> {
        let (expected, found) = (graph.inputs.len(), shapes.len());
        ensure!(expected == found, "expected one shape per input ({expected}), found {found}");
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
        let lasts = guard::lasts(&plan);
        let memory = bounds::Memory::of(&plan, &lasts, &rows, (&entries, 1));
        Ok(Self { plan, state: Mutex::new(None), is_plain, lasts, memory, rows, entries })
    }

    /// The graph with all types and shapes, the symbol for the number of rows, and the symbol for the number
    /// of entries of sparse rows.
    fn typed(
        proto: &ModelProto,
        graph: &Graph,
        shapes: &[Vec<Dimension>],
    ) -> Result<(TypedModel, Symbol, Symbol)> {
        Deadline::current("reading it").forget_expressions();
        let mut onnx = ops::onnx();
        // The shapes that an exporter noted have other names for the number of rows than the inputs here.
        onnx.ignore_value_info = true;
        onnx.provider = Arc::new(ExternalData);
        let parsed = onnx.parse(proto, graph.folder.to_str())?;
        if !parsed.unresolved_inputs.is_empty() {
            let names = some_of(&parsed.unresolved_inputs);
            return Err(
                Error::Malformed(format!("the graph reads what nothing gives: {names}").into()).into()
            );
        }
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
                    facts.push(InferenceFact::dt_shape(values.data_type().try_into()?, shape));
                }
            }
        }
        for (index, fact) in facts.into_iter().enumerate() {
            model.set_input_fact(index, fact)?;
        }
        Ok((plan::typed(model)?, rows, entries))
    }

    /// The type and shape of an output.
    ///
    /// # Errors
    /// [`Error::NoOutput`] when the graph has fewer outputs.
    pub fn output_fact(&self, index: usize) -> Result<&TypedFact, Error> {
        let model = self.plan.model();
        let outlet = model.outputs.get(index).ok_or(Error::NoOutput(index))?;
        model.outlet_fact(*outlet).map_err(Error::plan)
    }

    /// The number of rows, as shapes contain it.
    #[inline]
    #[must_use]
    pub fn rows(&self) -> TDim {
        self.rows.to_dim()
    }

    /// The most rows that a run should have, if each of its sparse rows has `entries` entries. With more, the tensors
    /// that are in memory at once would exceed 32 MiB, unless they do so for a single row.
    #[must_use]
    pub fn max_rows(&self, entries: usize) -> usize {
        let entries = i64::try_from(entries).unwrap_or(i64::MAX);
        bounds::Memory::of(&self.plan, &self.lasts, &self.rows, (&self.entries, entries)).max_rows()
    }

    /// Computes the outputs for a batch of rows.
    ///
    /// Each input of the graph takes one tensor, and a [`Takes::Sparse`] input takes two.
    ///
    /// # Errors
    /// When the graph fails on these inputs; see [`Session::run_within`].
    pub fn run(&self, inputs: TVec<TValue>) -> Result<TVec<TValue>, Error> {
        self.run_within(inputs, &Clock::unlimited())
    }

    /// Does what [`Session::run`] does, until the clock is over.
    ///
    /// # Errors
    /// The graph may still run on other inputs.
    /// - [`Error::Run`]: it fails on these.
    /// - [`Error::Deadline`]: the clock is over. It is looked at between operators and within those whose time
    ///   depends on values.
    /// - [`Error::TooLarge`]: what the graph makes of the values of these inputs exceeds 32 MiB.
    pub fn run_within(&self, inputs: TVec<TValue>, clock: &Clock) -> Result<TVec<TValue>, Error> {
        let rows = inputs.first().and_then(|input| input.shape().first()).map_or(1, |&rows| rows as u64);
        // No input may end the process, whatever an operator makes of it.
        let run = || catch_unwind(AssertUnwindSafe(|| self.run_in_state(inputs).map_err(Error::run)));
        work::within(clock, self.memory(rows), run)
            .unwrap_or_else(|_| Err(Error::Run("an operator panicked".into())))
    }

    /// The most bytes that a run of these rows may take, where values decide how much that is. If a caller gives more
    /// rows than [`Session::max_rows`], their memory comes on top.
    fn memory(&self, rows: u64) -> usize {
        let one = self.memory.one;
        let all = if self.is_plain { one } else { self.memory.peak(rows) };
        let known = if all > bounds::MAX_BATCH_BYTES { all } else { one };
        usize::try_from(known.saturating_add(bounds::MAX_BATCH_BYTES)).unwrap_or(usize::MAX)
    }

    fn run_in_state(&self, inputs: TVec<TValue>) -> Result<TVec<TValue>> {
        if !self.is_plain {
            let used = inputs.iter().map(|input| guard::bytes(input)).sum();
            return Ledger::new(&self.lasts, used).run(&mut self.plan.spawn()?, inputs);
        }
        let kept = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let spare = kept().take();
        let (mut state, outputs) = if let Some(mut state) = spare {
            let outputs = self.run_again(&mut state, inputs)?;
            (state, outputs)
        } else {
            let mut state = Box::new(self.plan.spawn()?);
            let outputs = state.run_plan_with_eval(inputs, in_time)?;
            (state, outputs)
        };
        for &node in self.plan.order_without_consts() {
            state.turn_state.values[node] = None;
        }
        // Only after success: a failed run may leave values behind.
        *kept() = Some(state);
        Ok(outputs)
    }

    /// Runs in the state of an earlier run. It does what tract's own run does, without deriving the facts of
    /// the inputs again.
    fn run_again(&self, state: &mut TypedSimpleState, inputs: TVec<TValue>) -> Result<TVec<TValue>> {
        let model = self.plan.model();
        let outlets = model.input_outlets()?;
        ensure!(outlets.len() == inputs.len(), "expected {} inputs, found {}", outlets.len(), inputs.len());
        for (outlet, tensor) in outlets.iter().zip(inputs) {
            let fact = model.outlet_fact(*outlet)?;
            let fits = fact.datum_type == tensor.datum_type() && fact.rank() == tensor.rank();
            ensure!(fits, "expected an input {fact:?}, found {:?} {:?}", tensor.datum_type(), tensor.shape());
            for (dimension, &size) in fact.shape.iter().zip(tensor.shape()) {
                if let TDim::Sym(symbol) = dimension {
                    state.turn_state.resolved_symbols.set(symbol, i64::try_from(size)?);
                }
            }
            state.turn_state.values[outlet.node] = Some(tvec!(tensor));
        }
        state.exec_plan_with_eval(in_time)?;
        state.outputs()
    }
}

/// Whether a run depends on nothing but its inputs, so that its state can be used again. No operator may have
/// a state: a loop remembers how many rows it had. And no size may depend on values, nor on how long a text is that
/// tract copies.
fn is_plain(plan: &Arc<TypedRunnableModel>, sizes: [&Symbol; 2]) -> Result<bool> {
    let known = |dimension: &TDim| dimension.symbols().iter().all(|symbol| sizes.contains(&symbol));
    let outputs = plan.model().nodes().iter().flat_map(|node| &node.outputs);
    let mut shapes = outputs.map(|output| &output.fact.shape);
    let repeats = plan.model().nodes().iter().any(guard::repeats_texts);
    let has_state = plan.spawn()?.op_states.iter().any(Option::is_some);
    Ok(!repeats && !has_state && shapes.all(|shape| shape.iter().all(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_sessions_and_errors_can_be_shared_between_threads() {
        fn assert_send_sync<T: Send + Sync>() {}
        assert_send_sync::<Graph>();
        assert_send_sync::<Session>();
        assert_send_sync::<Error>();
    }
}

//! Turns what tract reads of a graph, or of a graph within it, into a plan that runs.

use std::sync::Arc;

use anyhow::Result;
use tract_onnx::prelude::*;

use super::deadline::Deadline;
use super::{bounds, ops, typing};

/// The most nodes of a plan whose order tract chooses for little memory. It takes time and memory that grow with
/// the square of their number.
const MAX_ORDERED: usize = 5_000;

/// Infers the type and shape of everything in the graph. Those of its inputs must be set.
///
/// # Errors
/// When an operator cannot run on what it reads, a constant would be too large, or the inference takes too
/// long.
pub(super) fn typed(mut model: InferenceModel) -> Result<TypedModel> {
    let deadline = Deadline::current("inferring types");
    bounds::infer_constants(&mut model, &deadline)?;
    typing::typed(model, &deadline)
}

/// Optimises a typed graph, puts in the operators that replace tract's, and plans the run.
///
/// # Errors
/// When a tensor would be too large for one row, or planning takes too long.
pub(super) fn plan(mut model: TypedModel) -> Result<Arc<TypedRunnableModel>> {
    let deadline = Deadline::current("simplifying it");
    deadline.declutter().optimize(&mut model)?;
    ops::replace_products(&mut model)?;
    ops::correct(&mut model)?;
    ops::count_tokens(&mut model)?;
    deadline.declutter().optimize(&mut model)?;
    let deadline = Deadline::current("choosing how to compute it");
    model.optimize_with_session(&mut deadline.codegen().session())?;
    bounds::check_plan(&model)?;
    deadline.check()?;
    let options =
        RunOptions { skip_order_opt_ram: model.nodes().len() > MAX_ORDERED, ..RunOptions::default() };
    model.into_runnable_with_options(&options)
}

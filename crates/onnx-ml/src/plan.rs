//! From tract's reading of a graph, or of one within it, to a plan that runs.

use std::sync::Arc;

use anyhow::Result;
use tract_onnx::prelude::*;

use super::deadline::Deadline;
use super::{bounds, ops};

/// The graph with the type and shape of all that is in it, once those of its inputs are set.
///
/// # Errors
/// When an operator can't run on what it reads, or makes a constant that is too large.
pub(super) fn typed(mut model: InferenceModel) -> Result<TypedModel> {
    bounds::infer_constants(&mut model, Deadline::from_now())?;
    model.into_typed()
}

/// The plan that runs it.
///
/// # Errors
/// When a tensor in it would be too large, or planning takes too long.
pub(super) fn plan(mut model: TypedModel) -> Result<Arc<TypedRunnableModel>> {
    let deadline = Deadline::from_now();
    deadline.declutter().optimize(&mut model)?;
    ops::replace_products(&mut model)?;
    ops::correct(&mut model)?;
    ops::count_tokens(&mut model)?;
    deadline.declutter().optimize(&mut model)?;
    model.optimize_with_session(&mut deadline.codegen().session())?;
    bounds::check_plan(&model)?;
    model.into_runnable()
}

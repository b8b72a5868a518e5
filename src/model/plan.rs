//! From tract's reading of a graph, or of one within it, to a plan that runs.

use std::sync::Arc;

use anyhow::Result;
use tract_onnx::prelude::*;

use super::{bounds, ops};

/// The graph with the type and shape of all that is in it, once those of its inputs are set.
///
/// # Errors
/// When an operator can't run on what it reads, or makes a constant that is too large.
pub(super) fn typed(mut model: InferenceModel) -> Result<TypedModel> {
    bounds::infer_constants(&mut model)?;
    model.into_typed()
}

/// The plan that runs it.
///
/// # Errors
/// When a tensor in it would be too large.
pub(super) fn plan(model: TypedModel) -> Result<Arc<TypedRunnableModel>> {
    let mut model = model.into_decluttered()?;
    ops::replace_products(&mut model)?;
    let model = model.into_optimized()?;
    bounds::check_plan(&model)?;
    model.into_runnable()
}

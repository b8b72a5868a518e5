//! A bound on the time that planning a graph may take.
//!
//! tract compares what it puts into a graph with all that is there, and sizes that depend on the number of rows slowly: a
//! few thousand operators that no model has would keep it busy for hours.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::optim::{Optimizer, OptimizerSession, TypedPass};

/// The largest models need less than a second, the smallest functions are a twentieth as fast.
const MAX_TIME: Duration = Duration::from_secs(20);

/// When the planning of a graph has to be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// The deadline of what begins now.
    pub fn from_now() -> Self {
        Self(Instant::now() + MAX_TIME)
    }

    /// # Errors
    /// When it has passed.
    pub fn check(self) -> Result<()> {
        ensure!(Instant::now() < self.0, "the graph is not planned within {} seconds", MAX_TIME.as_secs());
        Ok(())
    }

    /// tract's simplification of a graph.
    pub fn declutter(self) -> Optimizer {
        self.bound(Optimizer::declutter())
    }

    /// tract's choice of how each operator is computed.
    pub fn codegen(self) -> Optimizer {
        self.bound(Optimizer::codegen())
    }

    fn bound(self, mut optimizer: Optimizer) -> Optimizer {
        let bound = |pass| Box::new(Bound { pass, deadline: self }) as Box<dyn TypedPass>;
        optimizer.passes = optimizer.passes.into_iter().map(bound).collect();
        optimizer
    }
}

/// A pass over the graph that ends with the deadline: it is asked for one change after another.
#[derive(Debug, Clone)]
struct Bound {
    pass: Box<dyn TypedPass>,
    deadline: Deadline,
}

impl TypedPass for Bound {
    fn reset(&mut self) -> TractResult<()> {
        self.pass.reset()
    }

    fn next(
        &mut self,
        session: &mut OptimizerSession,
        model: &TypedModel,
    ) -> TractResult<Option<TypedModelPatch>> {
        self.deadline.check()?;
        self.pass.next(session, model)
    }

    fn run_direct(&mut self, model: &mut TypedModel) -> TractResult<bool> {
        self.pass.run_direct(model)
    }
}

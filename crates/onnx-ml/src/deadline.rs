//! Bounds the time that planning a graph may take.
//!
//! tract compares each node that it adds with all that are there, and it compares sizes that depend on the
//! number of rows slowly. A graph of a few thousand hostile operators would keep it busy for hours.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::optim::{Optimizer, OptimizerSession, TypedPass};

use super::error::Late;

/// The most time for each step of planning. The largest models need less than a second; small cloud machines
/// are 20 times slower.
const MAX_TIME: Duration = Duration::from_secs(20);

/// The time by which a step of planning must end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// The deadline of a step that begins now.
    pub fn from_now() -> Self {
        Self(Instant::now() + MAX_TIME)
    }

    /// Checks that the deadline has not passed.
    ///
    /// # Errors
    /// [`Late`] if it has.
    pub fn check(self) -> Result<()> {
        ensure!(Instant::now() < self.0, Late(MAX_TIME.as_secs()));
        Ok(())
    }

    /// The passes with which tract simplifies a graph, bounded by the deadline.
    pub fn declutter(self) -> Optimizer {
        self.bound(Optimizer::declutter())
    }

    /// The passes with which tract chooses how to compute each operator, bounded by the deadline.
    pub fn codegen(self) -> Optimizer {
        self.bound(Optimizer::codegen())
    }

    fn bound(self, mut optimizer: Optimizer) -> Optimizer {
        let bound = |pass| Box::new(Bound { pass, deadline: self }) as Box<dyn TypedPass>;
        optimizer.passes = optimizer.passes.into_iter().map(bound).collect();
        optimizer
    }
}

/// A pass over the graph that fails once the deadline has passed. tract asks it for one change after another.
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

//! Merges nodes that compute the same from the same inputs, as `PushSplitDown` of tract does, but looks at the clock
//! for each pair of nodes. tract compares all readers of a value with each other, and each with all outputs.

use std::collections::HashSet;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::optim::{OptimizerSession, TypedPass};

use super::deadline::Deadline;

/// The name of the pass of tract that [`MergeTwins`] replaces.
pub(super) const OF_TRACT: &str = "PushSplitDown";

/// The pass over a graph.
#[derive(Clone)]
pub(super) struct MergeTwins(pub Deadline);

impl std::fmt::Debug for MergeTwins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(OF_TRACT)
    }
}

impl TypedPass for MergeTwins {
    fn reset(&mut self) -> TractResult<()> {
        Ok(())
    }

    fn next(
        &mut self,
        _session: &mut OptimizerSession,
        model: &TypedModel,
    ) -> TractResult<Option<TypedModelPatch>> {
        // Two nodes whose first output is an output of the graph stay apart.
        let outputs: HashSet<OutletId> = model.outputs.iter().copied().collect();
        let is_output = |node: usize| outputs.contains(&OutletId::from(node));
        let mut merged: HashSet<usize> = HashSet::new();
        let mut patch = TypedModelPatch::default();
        let mut meter = self.0.meter();
        for id in model.eval_order()? {
            for output in &model.node(id).outputs {
                for (at, a) in output.successors.iter().enumerate() {
                    for b in &output.successors[at + 1..] {
                        meter.spend(PAIR).map_err(|_| self.0.late())?;
                        if a.node == b.node
                            || merged.contains(&b.node)
                            || is_output(a.node) && is_output(b.node)
                        {
                            continue;
                        }
                        let (a, b) = (model.node(a.node), model.node(b.node));
                        if a.same_as(b) {
                            merged.insert(b.id);
                            for slot in 0..b.outputs.len() {
                                let tap = patch.tap_model(model, OutletId::new(a.id, slot))?;
                                patch.shunt_outside(model, OutletId::new(b.id, slot), tap)?;
                                patch.obliterate(b.id)?;
                            }
                        }
                    }
                }
            }
        }
        Ok(Some(patch).filter(|patch| !patch.is_empty()))
    }
}

/// What a pair of nodes counts as: the number of elements that can be looked at in the same time.
const PAIR: usize = 64;

#[cfg(test)]
mod tests {
    use tract_onnx::tract_core::optim::Optimizer;

    use super::*;

    #[test]
    fn tract_has_the_pass_that_this_replaces() {
        for optimizer in [Optimizer::declutter(), Optimizer::codegen()] {
            assert!(optimizer.passes.iter().any(|pass| format!("{pass:?}") == OF_TRACT));
        }
    }
}

//! `TreeEnsembleRegressor`: <https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html>

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::feature_rows::Layout;
use super::operator::{Parsed, parsed};
use super::post_transform::PostTransform;
use super::tree_ensemble::Scored;
use super::trees::attributes::{MAX_TARGETS, lists};
use super::trees::ensemble::Aggregate;

pub(super) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let forest = lists::read(ctx, node, "target")?;
    let targets = node.get_attr_opt("n_targets")?.unwrap_or(forest.targets());
    ensure!((1..=MAX_TARGETS).contains(&targets), "n_targets: expected 1 to {MAX_TARGETS}, found {targets}");
    let base_values = lists::numbers(ctx, node, "base_values")?.unwrap_or_else(|| vec![0.0; targets]);
    ensure!(base_values.len() == targets, "{} base_values for {targets} targets", base_values.len());
    let aggregate = match node.get_attr_opt::<&str>("aggregate_function")?.unwrap_or("SUM") {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        other => bail!("aggregate_function: expected SUM, AVERAGE, MIN or MAX, found {other}"),
    };
    Ok(parsed(Scored {
        layout: Layout::of(node)?,
        ensemble: forest.ensemble(targets, aggregate)?.into(),
        base_values,
        post_transform: PostTransform::of(node)?,
        datum_type: f32::datum_type(),
    }))
}

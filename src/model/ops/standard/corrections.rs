//! Operators of a typed graph that tract gets wrong, and those in their place. They come in where tract is done with
//! moving its own about.

use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::{Add, Exp, Ln, Max, Min, Tanh};
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer, Sigmoid, Softmax, SoftmaxKind};
use tract_onnx::tract_hir::internal::*;

use crate::model::ops::operator::boxed;

use super::extreme::Extreme;
use super::function::{KeepsNan, Softplus};
use super::reduction::{Kind, Reduction};

/// Replaces them.
///
/// # Errors
/// When the graph is malformed.
pub fn correct(model: &mut TypedModel) -> TractResult<()> {
    for node in model.eval_order()? {
        let node = model.node(node);
        if let Some((inputs, op)) = correction(model, node)? {
            TypedModelPatch::replace_single_op(model, node, &inputs, op)?.apply(model)?;
        }
    }
    Ok(())
}

type Correction = (Vec<OutletId>, Box<dyn TypedOp>);

fn correction(model: &TypedModel, node: &TypedNode) -> TractResult<Option<Correction>> {
    let as_before = |op| Ok(Some((node.inputs.clone(), op)));
    let facts = model.node_input_facts(node.id)?;
    let is = |datum_type| !facts.is_empty() && facts.iter().all(|fact| fact.datum_type == datum_type);
    if !is(DatumType::F32) && !is(DatumType::F64) {
        return Ok(None);
    }
    if let Some(TypedBinOp(op, _)) = node.op_as() {
        if op.is::<Max>() || op.is::<Min>() {
            return as_before(boxed(Extreme { largest: op.is::<Max>() }));
        }
    } else if let Some(Reduce { axes, reducer }) = node.op_as() {
        if let Some(kind) = Kind::of(*reducer) {
            return as_before(boxed(Reduction { kind, axes: axes.clone() }));
        }
    } else if let Some(op) = node.op_as::<ElementWiseOp>() {
        if is(DatumType::F32) && (op.0.is::<Tanh>() || op.0.is::<Sigmoid>()) {
            return as_before(boxed(KeepsNan(op.clone())));
        }
        if op.0.is::<Ln>() {
            return Ok(logarithm_of(model, model.node(node.inputs[0].node)));
        }
    }
    Ok(None)
}

/// The logarithm of what a node gives, where taking one after the other overflows.
fn logarithm_of(model: &TypedModel, node: &TypedNode) -> Option<Correction> {
    let exponent = |outlet: OutletId| {
        let node = model.node(outlet.node);
        node.op_as::<ElementWiseOp>().filter(|op| op.0.is::<Exp>()).map(|_| node.inputs.clone())
    };
    if let Some(softmax) = node.op_as::<Softmax>() {
        let log = Softmax { kind: SoftmaxKind::LogSoftmax, ..softmax.clone() };
        return (softmax.kind == SoftmaxKind::Softmax).then(|| (node.inputs.clone(), Box::new(log) as _));
    }
    if let Some(Reduce { axes, reducer: Reducer::Sum }) = node.op_as() {
        let op = Reduction { kind: Kind::LogSumExp, axes: axes.clone() };
        return Some((exponent(node.inputs[0])?, boxed(op)));
    }
    let is_sum = node.op_as::<TypedBinOp>().is_some_and(|op| op.0.is::<Add>());
    let is_one = |outlet: OutletId| {
        let constant = model.outlet_fact(outlet).ok().and_then(|fact| fact.konst.clone());
        let one = constant.filter(|one| one.len() == 1).and_then(|one| one.cast_to_scalar::<f64>().ok());
        one.is_some_and(|one| (one - 1.0).abs() < f64::EPSILON)
    };
    let [a, b] = node.inputs[..] else { return None };
    let (one, other) = if is_one(a) { (a, b) } else { (b, a) };
    (is_sum && is_one(one)).then(|| exponent(other)).flatten().map(|inputs| (inputs, boxed(Softplus)))
}

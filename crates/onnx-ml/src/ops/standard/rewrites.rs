//! Replaces operators of a typed graph that tract gets wrong. This runs after tract has rearranged its own
//! operators.

use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::{Add, Exp, Ln, Max, Min, Tanh};
use tract_onnx::tract_core::ops::nn::{self, Reduce, Reducer, Sigmoid, SoftmaxKind};
use tract_onnx::tract_core::ops::scan::Scan;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::boxed;

use super::max_min::MaxMin;
use super::nan_safe_functions::{KeepsNan, Softplus};
use super::reduction::{Reduction, ReductionKind};
use super::softmax::Softmax;

/// Replaces the operators, also in the bodies of loops.
///
/// # Errors
/// When the graph is malformed.
pub fn correct(model: &mut TypedModel) -> TractResult<()> {
    // A logarithm is joined with its argument first, while the argument is still an operator of tract.
    replace(model, |model, node, _| Ok(logarithm(model, node)))?;
    replace(model, correction)?;
    for node in model.eval_order()? {
        let node = model.node(node);
        if let Some(mut scan) = node.op_as::<Scan>().cloned() {
            correct(&mut scan.body)?;
            TypedModelPatch::replace_single_op(model, node, &node.inputs, scan)?.apply(model)?;
        }
    }
    Ok(())
}

type Correction = (Vec<OutletId>, Box<dyn TypedOp>);

/// Replaces nodes that read only floats, or only doubles.
fn replace(
    model: &mut TypedModel,
    correction: impl Fn(&TypedModel, &TypedNode, DatumType) -> TractResult<Option<Correction>>,
) -> TractResult<()> {
    for node in model.eval_order()? {
        let node = model.node(node);
        let Some(datum_type) = read_by(model, node)? else { continue };
        if let Some((inputs, op)) = correction(model, node, datum_type)? {
            TypedModelPatch::replace_single_op(model, node, &inputs, op)?.apply(model)?;
        }
    }
    Ok(())
}

/// The type of all inputs of a node, if it is float or double.
fn read_by(model: &TypedModel, node: &TypedNode) -> TractResult<Option<DatumType>> {
    let facts = model.node_input_facts(node.id)?;
    let is = |of: &DatumType| !facts.is_empty() && facts.iter().all(|fact| fact.datum_type == *of);
    Ok([DatumType::F32, DatumType::F64].into_iter().find(is))
}

fn correction(_: &TypedModel, node: &TypedNode, of: DatumType) -> TractResult<Option<Correction>> {
    let as_before = |op| Ok(Some((node.inputs.clone(), op)));
    if let Some(TypedBinOp(op, _)) = node.op_as() {
        if op.is::<Max>() || op.is::<Min>() {
            return as_before(boxed(MaxMin { largest: op.is::<Max>() }));
        }
    } else if let Some(Reduce { axes, reducer }) = node.op_as() {
        // A mean of squares along one axis and then another is not the mean of squares along both.
        if let Some(kind) = ReductionKind::of(*reducer)
            .filter(|kind| *kind != ReductionKind::MeanOfSquares || axes.len() == 1)
        {
            return as_before(boxed(Reduction { kind, axes: axes.clone() }));
        }
    } else if let Some(softmax) = node.op_as::<nn::Softmax>() {
        if let [axis] = softmax.axes[..] {
            return as_before(boxed(Softmax { axis, kind: softmax.kind }));
        }
    } else if let Some(op) = node.op_as::<ElementWiseOp>()
        && of == DatumType::F32
        && (op.0.is::<Tanh>() || op.0.is::<Sigmoid>())
    {
        return as_before(boxed(KeepsNan(op.clone())));
    }
    Ok(None)
}

/// Joins a logarithm with the node before it, where computing one after the other would overflow.
fn logarithm(model: &TypedModel, node: &TypedNode) -> Option<Correction> {
    node.op_as::<ElementWiseOp>().filter(|op| op.0.is::<Ln>())?;
    let node = model.node(node.inputs[0].node);
    let exponent = |outlet: OutletId| {
        let node = model.node(outlet.node);
        node.op_as::<ElementWiseOp>().filter(|op| op.0.is::<Exp>()).map(|_| node.inputs.clone())
    };
    if let Some(softmax) = node.op_as::<nn::Softmax>() {
        let log = nn::Softmax { kind: SoftmaxKind::LogSoftmax, ..softmax.clone() };
        return (softmax.kind == SoftmaxKind::Softmax).then(|| (node.inputs.clone(), Box::new(log) as _));
    }
    if let Some(Reduce { axes, reducer: Reducer::Sum }) = node.op_as() {
        let op = Reduction { kind: ReductionKind::LogSumExp, axes: axes.clone() };
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

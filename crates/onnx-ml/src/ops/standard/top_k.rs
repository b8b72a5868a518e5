//! `TopK`: <https://onnx.ai/onnx/operators/onnx__TopK.html>
//!
//! tract does not know the attribute `k` of opsets before 10, and sorts all elements to find a few.

use std::cmp::Ordering;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{self, Operator, Parsed};
use crate::ops::take::take;
use crate::ops::tensor_access::numbers;
use crate::work;

/// Finds the values and places of the k largest or smallest elements along an axis, in order. Of equal
/// elements, the first counts.
#[derive(Debug, Clone)]
struct TopK {
    axis: i64,
    largest: bool,
    /// An attribute before opset 10, and an input since.
    k: Option<i64>,
    /// Makes a symbol for a k that only a run decides.
    symbols: SymbolScope,
}

/// [`TopK`] in a typed graph.
#[derive(Debug, Clone, PartialEq)]
struct TypedTopK {
    axis: usize,
    largest: bool,
    k: TDim,
    is_known: bool,
}

pub(in crate::ops) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let top_k = TopK {
        axis: node.get_attr_opt("axis")?.unwrap_or(-1),
        largest: node.get_attr_opt("largest")?.unwrap_or(1_i64) == 1,
        k: node.get_attr_opt("k")?,
        symbols: ctx.template.symbols.clone(),
    };
    Ok((expand(top_k), Vec::new()))
}

impl TopK {
    fn axis(&self, rank: i64) -> TractResult<usize> {
        let axis = if self.axis < 0 { self.axis + rank } else { self.axis };
        ensure!((0..rank).contains(&axis), "axis {} of a tensor of rank {rank}", self.axis);
        Ok(usize::try_from(axis)?)
    }
}

impl Expansion for TopK {
    fn name(&self) -> StaticName {
        "TopK".into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(2)
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, if self.k.is_some() { 1 } else { 2 })?;
        check_output_arity(outputs, 2)?;
        solver.equals(&inputs[0].datum_type, &outputs[0].datum_type)?;
        solver.equals(&outputs[1].datum_type, DatumType::I64)?;
        solver.equals(&outputs[0].shape, &outputs[1].shape)?;
        solver.given(&inputs[0].shape, move |solver, shape| {
            let axis = self.axis(i64::try_from(shape.len())?)?;
            let resized = move |k: TDim| {
                let mut shape = shape.clone();
                shape[axis] = k;
                ShapeFactoid::from(shape)
            };
            match self.k {
                Some(k) => solver.equals(&outputs[0].shape, resized(k.to_dim())),
                None => solver.given(&inputs[1].value, move |solver, k| {
                    solver.equals(&outputs[0].shape, resized(scalar(&k)?))
                }),
            }
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let axis = self.axis(i64::try_from(model.outlet_fact(inputs[0])?.rank())?)?;
        let mut inputs: TVec<OutletId> = inputs.into();
        if let Some(k) = self.k {
            inputs.push(model.add_const(format!("{prefix}.k"), tensor1(&[k]))?);
        }
        let known = model.outlet_fact(inputs[1])?.konst.as_ref().map(|k| scalar(k)).transpose()?;
        let is_known = known.is_some();
        let k = known.unwrap_or_else(|| self.symbols.new_with_prefix("k").to_dim());
        operator::wire(TypedTopK { axis, largest: self.largest, k, is_known }, prefix, model, &inputs)
    }
}

fn scalar(k: &Tensor) -> TractResult<TDim> {
    ensure!(k.len() == 1, "K: expected one element, found {}", k.len());
    let k = k.cast_to::<TDim>()?;
    k.try_as_plain_ram()?.as_slice::<TDim>()?.first().cloned().context("K is empty")
}

impl TypedTopK {
    /// The places of the first k elements along the axis in a tensor of `shape`, row-major.
    fn places<T: Copy>(
        &self,
        elements: &[T],
        shape: &[usize],
        k: usize,
        less: fn(T, T) -> Ordering,
    ) -> Vec<usize> {
        let length = shape[self.axis];
        let step: usize = shape[self.axis + 1..].iter().product();
        let outer: usize = shape[..self.axis].iter().product();
        let mut found = vec![0; outer * k * step];
        let mut places: Vec<usize> = Vec::with_capacity(length);
        for row in 0..outer {
            for column in 0..step {
                let start = row * length * step + column;
                places.clear();
                places.extend((0..length).map(|place| start + place * step));
                let order = |&a: &usize, &b: &usize| {
                    let order = less(elements[a], elements[b]);
                    (if self.largest { order.reverse() } else { order }).then(a.cmp(&b))
                };
                if 0 < k && k < length {
                    places.select_nth_unstable_by(k - 1, order);
                }
                places[..k].sort_unstable_by(order);
                for (rank, place) in places[..k].iter().enumerate() {
                    found[(row * k + rank) * step + column] = *place;
                }
            }
        }
        found
    }
}

impl Operator for TypedTopK {
    const NAME: &'static str = "TopK";

    fn inputs(&self) -> usize {
        2
    }

    fn outputs(&self) -> usize {
        2
    }

    fn mints_symbols(&self) -> bool {
        !self.is_known
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.to_tvec();
        shape[self.axis] = self.k.clone();
        Ok(tvec!(inputs[0].datum_type.fact(shape.clone()), DatumType::I64.fact(shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [x, k] = inputs else { bail!("expected two inputs") };
        let mut shape: TVec<usize> = x.shape().into();
        let length = shape[self.axis];
        let k = *numbers::<i64>(k)?.first().context("K is empty")?;
        let count = usize::try_from(k).ok().filter(|&k| k <= length);
        let count = count.with_context(|| format!("K: expected 0 to {length}, found {k}"))?;
        // Places, and the elements as numbers of 8 bytes, twice.
        work::room_for(x.len().saturating_mul(3 * size_of::<usize>()))?;
        let places = if x.datum_type().is_float() {
            self.places(&numbers::<f64>(x)?, &shape, count, |a, b| a.total_cmp(&b))
        } else {
            self.places(&numbers::<i64>(x)?, &shape, count, |a, b| a.cmp(&b))
        };
        let step: usize = shape[self.axis + 1..].iter().product();
        let along_axis = |&place: &usize| i64::try_from(place / step % length);
        let indices = places.iter().map(along_axis).collect::<Result<Vec<_>, _>>()?;
        shape[self.axis] = count;
        let indices = operator::tensor(indices, &shape)?;
        Ok(tvec!(take(x, &places, &shape)?.into_tvalue(), indices.into_tvalue()))
    }
}

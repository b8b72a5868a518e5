//! `CDist`, from the domain of onnxruntime:
//! <https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.CDist>

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::dot::squared_distance;
use super::operator::{Operator, Parsed, parsed, tensor};
use super::tensor_access::numbers;
use crate::work::Meter;

/// Computes the `[N, M]` distances between points `[N, F]` and `[M, F]`, or the squares of the distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CDist {
    squared: bool,
}

pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    Ok(parsed(match node.get_attr_opt::<&str>("metric")?.unwrap_or("sqeuclidean") {
        "sqeuclidean" => CDist { squared: true },
        "euclidean" => CDist { squared: false },
        other => bail!("metric: expected euclidean or sqeuclidean, found {other}"),
    }))
}

impl Operator for CDist {
    const NAME: &'static str = "CDist";

    fn inputs(&self) -> usize {
        2
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [a, b] = inputs else { bail!("expected two inputs") };
        let ([n, _], [m, _]) = (&*a.shape, &*b.shape) else {
            bail!("expected inputs of rank 2, found rank {} and {}", a.rank(), b.rank())
        };
        Ok(tvec!(a.datum_type.fact([n.clone(), m.clone()])))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [a, b] = inputs else { bail!("expected two inputs") };
        let (&[n, width], &[m, other]) = (a.shape(), b.shape()) else { bail!("expected inputs of rank 2") };
        ensure!(
            width == other,
            "expected points with the same number of features, found {width} and {other}"
        );
        let distances = if a.datum_type() == DatumType::F64 {
            let squared = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
            let distance =
                |x: &[f64], y: &[f64]| if self.squared { squared(x, y) } else { squared(x, y).sqrt() };
            tensor(all(&numbers::<f64>(a)?, &numbers::<f64>(b)?, width, distance)?, &[n, m])
        } else {
            let squared = squared_distance;
            let distance =
                |x: &[f32], y: &[f32]| if self.squared { squared(x, y) } else { squared(x, y).sqrt() };
            tensor(all(&numbers::<f32>(a)?, &numbers::<f32>(b)?, width, distance)?, &[n, m])
        };
        Ok(tvec!(distances?.into_tvalue()))
    }
}

/// The distance of each point of `a` to each point of `b`.
fn all<T>(a: &[T], b: &[T], width: usize, distance: impl Fn(&[T], &[T]) -> T) -> TractResult<Vec<T>> {
    let width = width.max(1);
    let mut meter = Meter::default();
    let mut distances = Vec::with_capacity(a.len() / width * (b.len() / width));
    for x in a.chunks_exact(width) {
        meter.spend(b.len())?;
        distances.extend(b.chunks_exact(width).map(|y| distance(x, y)));
    }
    Ok(distances)
}

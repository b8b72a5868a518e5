//! Multiplies a batch by a constant matrix, as the layers of a network do. tract's product is made for large
//! matrices: for a small batch it spends more time on packing than on multiplying.

use std::sync::Arc;

use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_hir::internal::*;

use super::operator::{Operator, matrix, rows_of, wire};
use super::unchecked::Avx2;

/// The columns of a panel: two vectors of AVX2.
pub const PANEL: usize = 16;

/// The rows that are multiplied with a panel together.
pub const ROWS: usize = 4;

/// The most elements of a matrix. Larger matrices are left to tract.
const MAX_ELEMENTS: usize = 1 << 18;

/// Multiplies `[N, inputs]` by `[inputs, outputs]`, adds a bias, and bounds the result from below.
#[derive(Debug, Clone, PartialEq)]
struct Dense {
    /// The matrix as panels of columns. Within a panel, row follows row. Zeros fill the last panel.
    panels: Arc<[[f32; PANEL]]>,
    /// The bias of each column. Zeros fill the last panel.
    bias: Arc<[[f32; PANEL]]>,
    /// The lower bound of the outputs: 0 for ReLU.
    least: f32,
    inputs: usize,
    outputs: usize,
}

/// Replaces each product of rows with a small constant matrix, together with a bias and a ReLU that follow
/// it.
pub fn replace_products(model: &mut TypedModel) -> TractResult<()> {
    for node in model.eval_order()? {
        let Some(mut dense) = Dense::of(model, node)? else { continue };
        let mut last = node;
        if let Some((add, bias)) = followed_by(model, last, "Add")?
            && bias.shape() == [1, dense.outputs]
        {
            dense.bias = panels(bias.try_as_plain_ram()?.as_slice()?).into();
            last = add;
        }
        if let Some((max, least)) = followed_by(model, last, "Max")?
            && least.len() == 1
        {
            dense.least = least.cast_to_scalar()?;
            last = max;
        }
        let mut patch = TypedModelPatch::default();
        let rows = patch.tap_model(model, model.node(node).inputs[0])?;
        let product = wire(dense, &model.node(last).name, &mut patch, &[rows])?;
        patch.shunt_outside(model, last.into(), product[0])?;
        patch.apply(model)?;
    }
    Ok(())
}

/// The only reader of `node`, if it is of this operator and its other input is a constant of floats: the
/// reader, and the constant.
fn followed_by(model: &TypedModel, node: usize, operator: &str) -> TractResult<Option<(usize, Arc<Tensor>)>> {
    let outlet = OutletId::from(node);
    let [next] = model.outlet_successors(outlet) else { return Ok(None) };
    if model.output_outlets()?.contains(&outlet) || model.node(next.node).op.name() != operator {
        return Ok(None);
    }
    let other = model.node_input_facts(next.node)?[1 - next.slot];
    let constant = other.konst.as_ref().filter(|constant| constant.datum_type() == f32::datum_type());
    Ok(constant.map(|constant| (next.node, constant.clone())))
}

/// Copies values into panels. Zeros fill the last panel.
fn panels(values: &[f32]) -> Vec<[f32; PANEL]> {
    let mut panels = vec![[0.0; PANEL]; values.len().div_ceil(PANEL)];
    panels.as_flattened_mut()[..values.len()].copy_from_slice(values);
    panels
}

impl Dense {
    fn of(model: &TypedModel, node: usize) -> TractResult<Option<Self>> {
        let Some(product) = model.node(node).op_as::<EinSum>() else { return Ok(None) };
        let facts = model.node_input_facts(node)?;
        let [rows, constant] = facts[..] else { return Ok(None) };
        let floats =
            [rows, constant].iter().all(|fact| fact.datum_type == f32::datum_type() && fact.rank() == 2);
        let transposed = match product.axes.to_string().as_str() {
            "mk,kn->mn" => false,
            "mk,nk->mn" => true,
            _ => return Ok(None),
        };
        let Some(constant) = constant.konst.as_ref().filter(|_| floats && product.q_params.is_none()) else {
            return Ok(None);
        };
        let constant = constant.to_plain_array_view::<f32>()?.into_dimensionality::<tract_ndarray::Ix2>()?;
        let constant = if transposed { constant.reversed_axes() } else { constant };
        Ok((constant.len() <= MAX_ELEMENTS && !constant.is_empty()).then(|| Self::new(&constant)))
    }

    fn new(constant: &tract_ndarray::ArrayView2<f32>) -> Self {
        let (inputs, outputs) = constant.dim();
        let mut panels = vec![[0.0; PANEL]; inputs * outputs.div_ceil(PANEL)];
        for ((row, column), &value) in constant.indexed_iter() {
            panels[column / PANEL * inputs + row][column % PANEL] = value;
        }
        let bias = self::panels(&vec![0.0; outputs]).into();
        Self { panels: panels.into(), bias, least: f32::NEG_INFINITY, inputs, outputs }
    }

    /// Multiplies rows with the matrix. `panel` multiplies [`ROWS`] rows with one panel.
    fn product(
        &self,
        x: &[f32],
        panel: impl Fn([&[f32]; ROWS], &[[f32; PANEL]], &mut [[f32; PANEL]; ROWS]),
    ) -> Vec<f32> {
        let Self { inputs, outputs, ref panels, ref bias, least } = *self;
        let mut product = vec![0.0; x.len() / inputs * outputs];
        let mut sums = [[0.0; PANEL]; ROWS];
        for (x, product) in x.chunks(ROWS * inputs).zip(product.chunks_mut(ROWS * outputs)) {
            // A group of fewer rows repeats its last row.
            let last = x.len() / inputs - 1;
            let x = std::array::from_fn(|row| &x[row.min(last) * inputs..][..inputs]);
            for (number, (coefficients, bias)) in panels.chunks_exact(inputs).zip(bias.iter()).enumerate() {
                panel(x, coefficients, &mut sums);
                for sums in &mut sums {
                    for (sum, bias) in sums.iter_mut().zip(bias) {
                        // `f32::max` would lose NaN.
                        let value = *sum + bias;
                        *sum = if value < least { least } else { value };
                    }
                }
                let columns = number * PANEL..outputs.min((number + 1) * PANEL);
                for (product, sums) in product.chunks_exact_mut(outputs).zip(&sums) {
                    let product = &mut product[columns.clone()];
                    match product.as_mut_array() {
                        Some(product) => *product = *sums,
                        None => product.copy_from_slice(&sums[..columns.len()]),
                    }
                }
            }
        }
        product
    }
}

/// Multiplies some rows with a panel.
fn panel(x: [&[f32]; ROWS], panel: &[[f32; PANEL]], product: &mut [[f32; PANEL]; ROWS]) {
    for (x, product) in x.iter().zip(product) {
        let mut sums = [0.0; PANEL];
        for (&x, coefficients) in x.iter().zip(panel) {
            for (sum, coefficient) in sums.iter_mut().zip(coefficients) {
                *sum += x * coefficient;
            }
        }
        *product = sums;
    }
}

impl Operator for Dense {
    const NAME: &'static str = "Dense";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(rows_of(inputs[0], f32::datum_type(), self.outputs)?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let x = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        ensure!(
            inputs[0].shape().get(1) == Some(&self.inputs),
            "expected rows of {} inputs, found the shape {:?}",
            self.inputs,
            inputs[0].shape()
        );
        let product = match Avx2::new() {
            Some(avx2) => self.product(x, |x, panel, product| avx2.panel(x, panel, product)),
            None => self.product(x, panel),
        };
        Ok(tvec!(matrix(&product, self.outputs)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_any_size_are_those_of_the_definition() {
        let mut random = fastrand::Rng::with_seed(1);
        for case in 0..200 {
            let (rows, inputs, outputs) = (random.usize(1..10), random.usize(1..40), random.usize(1..40));
            // Whole numbers, so that the order of a sum does not matter.
            let mut some = |count: usize| (0..count).map(|_| f32::from(random.i8(-9..9))).collect::<Vec<_>>();
            let (x, constant, bias) = (some(rows * inputs), some(inputs * outputs), some(outputs));
            let constant = tract_ndarray::Array2::from_shape_vec([inputs, outputs], constant).unwrap();
            let mut dense = Dense::new(&constant.view());
            dense.bias = panels(&bias).into();
            dense.least = 0.0;
            let mut expected = Vec::new();
            for x in x.chunks(inputs) {
                for (column, bias) in constant.columns().into_iter().zip(&bias) {
                    let product: f32 = x.iter().zip(column).map(|(x, y)| x * y).sum();
                    expected.push((product + bias).max(0.0));
                }
            }
            assert_eq!(dense.product(&x, panel), expected, "case {case}");
            if let Some(avx2) = Avx2::new() {
                let product = dense.product(&x, |x, panel, product| avx2.panel(x, panel, product));
                assert_eq!(product, expected, "case {case}, AVX2");
            }
        }
    }

    #[test]
    fn nan_stays_nan_after_a_relu() {
        let mut dense = Dense::new(&tract_ndarray::arr2(&[[1.0]]).view());
        dense.least = 0.0;
        assert!(dense.product(&[f32::NAN], panel)[0].is_nan());
        assert_eq!(dense.product(&[f32::NEG_INFINITY], panel), [0.0]);
    }
}

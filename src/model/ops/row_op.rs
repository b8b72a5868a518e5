//! What operators share that make a fixed number of floats of each row of their features.

use std::fmt::Debug;

use tract_onnx::tract_hir::internal::*;

/// An operator from rows of features to `[N, width]` floats.
pub trait RowOp: Debug + Clone + PartialEq + Send + Sync + 'static {
    /// The operator's name in ONNX.
    const NAME: &'static str;

    /// The number of inputs that the features take.
    fn arity(&self) -> usize;

    /// Floats a row.
    fn width(&self) -> usize;

    /// The floats of a batch, row after row.
    fn eval(&self, inputs: &[TValue]) -> TractResult<Vec<f32>>;
}

/// The operator as a parser of tract's returns it.
pub fn parsed(op: impl RowOp) -> (Box<dyn InferenceOp>, Vec<String>) {
    (expand(ByRow(op)), Vec::new())
}

#[derive(Debug, Clone, PartialEq)]
struct ByRow<T>(T);

// tract asks for it, to find operators that compute the same. One with a NaN in it is then equal to none: it is only
// never merged with another.
impl<T: RowOp> Eq for ByRow<T> {}

impl<T: RowOp> Expansion for ByRow<T> {
    fn name(&self) -> StaticName {
        T::NAME.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, self.0.arity())?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].datum_type, f32::datum_type())?;
        solver.equals(&outputs[0].rank, 2)?;
        solver.equals(&outputs[0].shape[0], &inputs[0].shape[0])?;
        solver.equals(&outputs[0].shape[1], self.0.width().to_dim())
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl<T: RowOp> Op for ByRow<T> {
    fn name(&self) -> StaticName {
        T::NAME.into()
    }

    op_as_typed_op!();
}

impl<T: RowOp> EvalOp for ByRow<T> {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let values = self.0.eval(&inputs)?;
        let width = self.0.width();
        let rows = values.len() / width.max(1);
        Ok(tvec!(Tensor::from_shape(&[rows, width], &values)?.into_tvalue()))
    }
}

impl<T: RowOp> TypedOp for ByRow<T> {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let rows = inputs[0].shape.first().context("features have a batch dimension")?;
        Ok(tvec!(f32::fact([rows.clone(), self.0.width().to_dim()])))
    }

    as_op!();
}

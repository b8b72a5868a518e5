//! The common part of all operators of this crate: what tract needs of them.

use std::fmt::Debug;

use tract_onnx::tract_hir::internal::*;

/// An operator without state, from tensors to tensors.
pub trait Operator: Debug + Clone + PartialEq + Send + Sync + 'static {
    /// The name of the operator in ONNX.
    const NAME: &'static str;

    /// The number of inputs.
    fn inputs(&self) -> usize {
        1
    }

    /// The number of outputs.
    fn outputs(&self) -> usize {
        1
    }

    /// Whether the shapes of the outputs contain symbols that only a run decides.
    fn mints_symbols(&self) -> bool {
        false
    }

    /// The type and shape of each output.
    ///
    /// # Errors
    /// When the operator cannot run on such inputs.
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>>;

    /// Computes the outputs for a batch.
    ///
    /// # Errors
    /// When the operator cannot run on these values.
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>>;
}

/// The most elements of a row. More are a mistake, or an attempt to fill the memory.
pub const MAX_WIDTH: usize = 1 << 20;

/// What a parser of tract returns: the operator, and the outer values that its subgraphs read.
pub type Parsed = (Box<dyn InferenceOp>, Vec<String>);

/// Wraps an operator without subgraphs as a parser of tract returns it.
pub fn parsed(op: impl Operator) -> Parsed {
    (expand(Adapter(op)), Vec::new())
}

/// Wraps an operator for a typed graph.
pub fn boxed(op: impl Operator) -> Box<dyn TypedOp> {
    Box::new(Adapter(op))
}

/// The operator of a typed node, if it is a `T`.
pub fn of<T: Operator>(node: &TypedNode) -> Option<&T> {
    node.op_as::<Adapter<T>>().map(|adapter| &adapter.0)
}

/// Adds an operator to a typed graph.
pub fn wire(
    op: impl Operator,
    prefix: &str,
    model: &mut TypedModel,
    inputs: &[OutletId],
) -> TractResult<TVec<OutletId>> {
    model.wire_node(prefix, Adapter(op), inputs)
}

/// The fact of an output `[N, width]`, with the rows of `input`. An input of rank 1 is one row.
pub fn rows_of(input: &TypedFact, datum_type: DatumType, width: usize) -> TractResult<TypedFact> {
    let rows = match &*input.shape {
        [] => bail!("expected rows, found one element of rank 0"),
        [_] => 1.to_dim(),
        [rows, ..] => rows.clone(),
    };
    Ok(datum_type.fact([rows, width.to_dim()]))
}

/// Makes a tensor `[N, width]` from its values, row after row.
#[inline]
pub fn matrix<T: Datum + Copy>(values: &[T], width: usize) -> TractResult<TValue> {
    let rows = values.len() / width.max(1);
    Ok(Tensor::from_shape(&[rows, width], values)?.into_tvalue())
}

/// Makes a tensor from its values, row-major.
#[inline]
pub fn tensor<T: Datum>(values: Vec<T>, shape: &[usize]) -> TractResult<Tensor> {
    Tensor::from(tract_ndarray::Array1::from_vec(values)).into_shape(shape)
}

#[derive(Debug, Clone, PartialEq)]
struct Adapter<T>(T);

// tract needs it to find operators that compute the same. An operator with a NaN in it equals no other, so
// tract only misses the chance to merge it.
impl<T: Operator> Eq for Adapter<T> {}

impl<T: Operator> Expansion for Adapter<T> {
    fn name(&self) -> StaticName {
        T::NAME.into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.0.outputs())
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, self.0.inputs())?;
        check_output_arity(outputs, self.0.outputs())?;
        // The outputs are known once all inputs are known.
        solver.given_all(inputs.iter().map(|input| &input.datum_type), move |solver, types| {
            solver.given_all(inputs.iter().map(|input| &input.shape), move |solver, shapes| {
                let inputs: Vec<TypedFact> =
                    types.iter().zip(shapes).map(|(datum_type, shape)| datum_type.fact(shape)).collect();
                let facts = self.0.output_facts(&inputs.iter().collect::<Vec<_>>())?;
                for (output, fact) in outputs.iter().zip(facts) {
                    solver.equals(&output.datum_type, fact.datum_type)?;
                    solver.equals(&output.shape, fact.shape.to_tvec())?;
                }
                Ok(())
            })
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl<T: Operator> Op for Adapter<T> {
    fn name(&self) -> StaticName {
        T::NAME.into()
    }

    fn mints_runtime_symbols(&self) -> bool {
        self.0.mints_symbols()
    }

    op_as_typed_op!();
}

impl<T: Operator> EvalOp for Adapter<T> {
    op_out_of_plan!();

    fn eval(&self, context: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        // tract keeps whole numbers as dimensions where it can. An operator reads them as numbers.
        for input in inputs.iter_mut().filter(|input| input.datum_type() == DatumType::TDim) {
            let dimensions = input.try_as_plain_ram()?.as_slice::<TDim>()?.iter();
            let numbers = dimensions.map(|dimension| dimension.eval_to_i64(context.symbols));
            *input = tensor(numbers.collect::<TractResult<Vec<_>>>()?, input.shape())?.into_tvalue();
        }
        self.0.eval(&inputs)
    }
}

impl<T: Operator> TypedOp for Adapter<T> {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        self.0.output_facts(inputs)
    }

    as_op!();
}

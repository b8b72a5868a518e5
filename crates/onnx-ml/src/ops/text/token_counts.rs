//! Joins a `Tokenizer` and the `TfIdfVectorizer` after it. Between the two there would be a matrix with a
//! column for each token of the longest text in the batch.

use std::sync::Arc;

use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{self, Operator, tensor};
use crate::ops::tensor_access::strings;

use super::tfidf_vectorizer::TfIdfVectorizer;
use super::tokenizer::Tokenizer;

/// Makes counts `[N, columns]` from N texts of any shape.
#[derive(Debug, Clone, PartialEq)]
struct TokenCounts {
    tokenizer: Arc<Tokenizer>,
    vectorizer: TfIdfVectorizer,
    /// The number of texts.
    texts: TDim,
}

/// Replaces the two operators if only the shape changes between them, and the filler of short rows is not
/// counted.
///
/// # Errors
/// When the graph is malformed.
pub fn count_tokens(model: &mut TypedModel) -> TractResult<()> {
    for node in model.eval_order()? {
        let node = model.node(node);
        let Some(vectorizer) = operator::of::<TfIdfVectorizer>(node) else { continue };
        let mut before = model.node(node.inputs[0].node);
        while matches!(before.op_as(), Some(AxisOp::Add(_) | AxisOp::Rm(_) | AxisOp::Reshape(..))) {
            before = model.node(before.inputs[0].node);
        }
        let Some(tokenizer) = operator::of::<Tokenizer>(before) else { continue };
        let texts: TDim = model.outlet_fact(before.inputs[0])?.shape.iter().product();
        let tokens = before.outputs[0].fact.shape.last();
        let is_row_a_text = match &*model.outlet_fact(node.inputs[0])?.shape {
            [rows, columns] => *rows == texts && Some(columns) == tokens,
            _ => false,
        };
        if is_row_a_text && tokenizer.filler().is_some_and(|filler| !vectorizer.counts(filler)) {
            let op =
                TokenCounts { tokenizer: Arc::new(tokenizer.clone()), vectorizer: vectorizer.clone(), texts };
            let op = operator::boxed(op);
            TypedModelPatch::replace_single_op(model, node, &before.inputs, op)?.apply(model)?;
        }
    }
    Ok(())
}

impl Operator for TokenCounts {
    const NAME: &'static str = "TokenCounts";

    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact([self.texts.clone(), self.vectorizer.width().to_dim()])))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let texts = strings(&inputs[0])?;
        let width = self.vectorizer.width();
        let mut counts = vec![0.0; texts.len() * width];
        for (counts, text) in counts.chunks_exact_mut(width).zip(texts) {
            let mut row = self.vectorizer.row(counts);
            self.tokenizer.visit(text, &mut |token| row.push(self.vectorizer.item(token)))?;
            row.end()?;
        }
        Ok(tvec!(tensor(counts, &[texts.len(), width])?.into_tvalue()))
    }
}

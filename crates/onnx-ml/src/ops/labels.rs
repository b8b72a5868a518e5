//! The labels of a classifier: strings or integers.

use std::sync::Arc;

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::operator::{rows_of, tensor};
use crate::work;

/// `classlabels_strings` or `classlabels_ints`: one label per class.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// `classlabels_strings`
    Strings(Arc<[String]>),
    /// `classlabels_ints`
    Ints(Arc<[i64]>),
}

impl Labels {
    /// Reads the labels from the node. `ints` is the attribute with integers.
    ///
    /// # Errors
    /// When the node has labels of both kinds, or none.
    pub fn of(node: &NodeProto, ints: &str) -> TractResult<Self> {
        let strings: Vec<String> = node.get_attr_opt_vec("classlabels_strings")?.unwrap_or_default();
        let numbers: Vec<i64> = node.get_attr_opt_vec(ints)?.unwrap_or_default();
        match (strings.len(), numbers.len()) {
            (0, 0) => bail!("expected classlabels_strings or {ints}, found neither"),
            (_, 0) => Ok(Self::Strings(strings.into())),
            (0, _) => Ok(Self::Ints(numbers.into())),
            (strings, numbers) => {
                bail!("{strings} classlabels_strings and {numbers} {ints}: give only one of the two")
            }
        }
    }

    /// The number of classes.
    pub fn len(&self) -> usize {
        match self {
            Self::Strings(labels) => labels.len(),
            Self::Ints(labels) => labels.len(),
        }
    }

    /// The facts of a classifier's outputs: `[N]` labels, and `[N, scores]` scores.
    pub fn output_facts(&self, input: &TypedFact, scores: usize) -> TractResult<TVec<TypedFact>> {
        let scores = rows_of(input, f32::datum_type(), scores)?;
        let labels = self.datum_type().fact(&scores.shape[..1]);
        Ok(tvec!(labels, scores))
    }

    /// The element type of the output with the labels.
    fn datum_type(&self) -> DatumType {
        match self {
            Self::Strings(_) => String::datum_type(),
            Self::Ints(_) => i64::datum_type(),
        }
    }

    /// The labels `[N]` of N classes, each below [`Labels::len`].
    pub fn select(&self, classes: &[usize]) -> TractResult<TValue> {
        let shape = [classes.len()];
        let labels = match self {
            Self::Strings(labels) => {
                work::room_for_texts(classes.iter().map(|&class| &labels[class]))?;
                tensor(classes.iter().map(|&class| labels[class].clone()).collect::<Vec<_>>(), &shape)
            }
            Self::Ints(labels) => {
                Tensor::from_shape(&shape, &classes.iter().map(|&class| labels[class]).collect::<Vec<_>>())
            }
        };
        Ok(labels?.into_tvalue())
    }
}

/// The class with the highest score; of several, the first.
#[inline]
pub fn top_class(scores: &[f32]) -> usize {
    let mut top = 0;
    for (class, &score) in scores.iter().enumerate() {
        if score > scores[top] {
            top = class;
        }
    }
    top
}

//! `TfIdfVectorizer`: <https://onnx.ai/onnx/operators/onnx__TfIdfVectorizer.html>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{Operator, Parsed, parsed, tensor};

use crate::work;

use super::ngrams::{Item, Ngram, Ngrams};
use super::walk::Walk;

/// Counts n-grams: items `[N, C]` give counts `[N, columns]`, and items `[C]` give `[columns]`.
#[derive(Debug, Clone, PartialEq)]
pub struct TfIdfVectorizer {
    ngrams: Arc<Ngrams>,
    max_skip: usize,
    mode: Mode,
}

/// What a column says about its n-grams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The number of n-grams found.
    Tf,
    /// The weight of an n-gram that is found.
    Idf,
    /// The sum of the weights of all n-grams found.
    TfIdf,
}

pub(in crate::ops) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let ngrams = Ngrams::of(node)?;
    let mode = match node.get_attr::<&str>("mode")? {
        "TF" => Mode::Tf,
        "IDF" => Mode::Idf,
        "TFIDF" => Mode::TfIdf,
        other => bail!("mode: expected TF, IDF or TFIDF, found {other}"),
    };
    Ok(parsed(TfIdfVectorizer { ngrams: Arc::new(ngrams), max_skip: node.get_attr("max_skip_count")?, mode }))
}

impl TfIdfVectorizer {
    /// The number of columns.
    pub fn width(&self) -> usize {
        self.ngrams.width()
    }

    /// Whether some n-gram contains the string.
    pub fn counts(&self, string: &str) -> bool {
        self.item(string).is_some()
    }

    /// The item for a string, if some n-gram contains it.
    pub fn item(&self, string: &str) -> Option<Item> {
        self.ngrams.item(string)
    }

    /// Starts a row, and counts its n-grams in `counts`.
    pub fn row<'r>(&'r self, counts: &'r mut [f32]) -> Walk<'r, impl FnMut(Ngram) + 'r> {
        let mode = self.mode;
        Walk::new(&self.ngrams, self.max_skip, move |Ngram { column, weight }| match mode {
            Mode::Tf => counts[column] += 1.0,
            Mode::Idf => counts[column] = weight,
            Mode::TfIdf => counts[column] += weight,
        })
    }
}

impl Operator for TfIdfVectorizer {
    const NAME: &'static str = "TfIdfVectorizer";

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let x = inputs[0];
        ensure!(self.ngrams.takes(x.datum_type), "an input of {:?} for another kind of pool", x.datum_type);
        ensure!((1..=2).contains(&x.rank()), "an input of rank {}: expected [C] or [N, C]", x.rank());
        let outer = x.shape.iter().take(x.rank() - 1).cloned();
        let shape: TVec<TDim> = outer.chain([self.ngrams.width().to_dim()]).collect();
        Ok(tvec!(f32::fact(shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let (&length, outer) = inputs[0].shape().split_last().context("expected items of rank 1 or more")?;
        work::room_for(inputs[0].len().saturating_mul(size_of::<Option<Item>>()))?;
        let items = self.ngrams.items(&inputs[0])?;
        let rows: usize = outer.iter().product();
        let width = self.ngrams.width();
        let mut counts = vec![0.0_f32; rows * width];
        for (counts, row) in counts.chunks_exact_mut(width).zip(items.chunks_exact(length.max(1))) {
            let mut walk = self.row(counts);
            row.iter().try_for_each(|&item| walk.push(item))?;
            walk.end()?;
        }
        let shape: TVec<usize> = outer.iter().copied().chain([width]).collect();
        Ok(tvec!(tensor(counts, &shape)?.into_tvalue()))
    }
}

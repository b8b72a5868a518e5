//! `StringNormalizer`: <https://onnx.ai/onnx/operators/onnx__StringNormalizer.html>

use std::sync::Arc;

use hashbrown::HashSet;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_itertools::Itertools;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{Operator, Parsed, parsed, tensor};
use crate::ops::tensor_access::{shape_of, strings};

/// Changes the case of strings, and removes stop words. Without stop words, any shape is taken and kept.
///
/// The locale is ignored: the case of letters is that of Unicode.
#[derive(Debug, Clone, PartialEq)]
struct StringNormalizer {
    change: Case,
    stop_words: Option<StopWords>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Same,
    Lower,
    Upper,
}

/// The words that are removed from strings of shape `[C]` or `[1, C]`.
#[derive(Debug, Clone, PartialEq)]
struct StopWords {
    /// The words, in the case in which they are compared.
    words: Arc<HashSet<String>>,
    compared: Case,
    /// The number of strings that are left.
    left: TDim,
}

pub(in crate::ops) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let change = match node.get_attr_opt::<&str>("case_change_action")?.unwrap_or("NONE") {
        "NONE" => Case::Same,
        "LOWER" => Case::Lower,
        "UPPER" => Case::Upper,
        other => bail!("case_change_action: expected NONE, LOWER or UPPER, found {other}"),
    };
    let words: Vec<String> = node.get_attr_opt_vec("stopwords")?.unwrap_or_default();
    let case_matters = node.get_attr_opt("is_case_sensitive")?.unwrap_or(0_i64) != 0;
    let compared = match change {
        _ if case_matters => Case::Same,
        Case::Upper => Case::Upper,
        Case::Same | Case::Lower => Case::Lower,
    };
    let stop_words = (!words.is_empty()).then(|| StopWords {
        words: Arc::new(words.iter().map(|word| compared.of(word)).collect()),
        compared,
        left: ctx.template.symbols.new_with_prefix("strings").to_dim(),
    });
    Ok(parsed(StringNormalizer { change, stop_words }))
}

impl Case {
    /// Changes the case of each character. A character that would become several stays as it is.
    fn of(self, string: &str) -> String {
        fn one(char: char, mut cased: impl ExactSizeIterator<Item = char>) -> char {
            if cased.len() == 1 { cased.next().unwrap_or(char) } else { char }
        }
        match self {
            Self::Same => string.to_owned(),
            Self::Lower => string.chars().map(|char| one(char, char.to_lowercase())).collect(),
            Self::Upper => string.chars().map(|char| one(char, char.to_uppercase())).collect(),
        }
    }
}

impl Operator for StringNormalizer {
    const NAME: &'static str = "StringNormalizer";

    fn mints_symbols(&self) -> bool {
        self.stop_words.is_some()
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(
            inputs[0].datum_type == DatumType::String,
            "an input of {:?}: expected strings",
            inputs[0].datum_type
        );
        let Some(stop_words) = &self.stop_words else { return Ok(shape_of(inputs[0], DatumType::String)) };
        let left = stop_words.left.clone();
        let shape = match &*inputs[0].shape {
            [_] => tvec!(left),
            [one, _] if one.is_one() => tvec!(1.to_dim(), left),
            shape => {
                let shape = shape.iter().join(", ");
                bail!("stopwords for strings of shape [{shape}]: they can be removed from a single row only")
            }
        };
        Ok(tvec!(String::fact(shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let x = &inputs[0];
        let all = strings(x)?;
        let Some(stop_words) = &self.stop_words else {
            let changed = all.iter().map(|string| self.change.of(string)).collect();
            return Ok(tvec!(tensor::<String>(changed, x.shape())?.into_tvalue()));
        };
        let stays = |string: &&String| !stop_words.words.contains(&stop_words.compared.of(string));
        let mut left: Vec<String> = all.iter().filter(stays).map(|string| self.change.of(string)).collect();
        if left.is_empty() {
            // The definition says so.
            left.push(String::new());
        }
        let mut shape: TVec<usize> = x.shape().into();
        if let Some(last) = shape.last_mut() {
            *last = left.len();
        }
        Ok(tvec!(tensor(left, &shape)?.into_tvalue()))
    }
}

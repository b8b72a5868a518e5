//! `Tokenizer`, from the domain of onnxruntime:
//! <https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.Tokenizer>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{Operator, Parsed, parsed, tensor};
use crate::ops::tensor_access::strings;

use super::expression::Expression;

/// Cuts each string into tokens. The output has one dimension more than the input, of the most tokens in a
/// string. Shorter rows are filled. The dimension is 0 if no string has a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokenizer {
    cut: Cut,
    /// Whether [`START`] and [`END`] enclose the tokens of each string.
    mark: bool,
    pad_value: String,
    /// The fewest characters of a token.
    min_chars: usize,
    /// The most tokens of a string.
    tokens: TDim,
}

/// Where a string is cut into tokens.
#[derive(Debug, Clone, PartialEq)]
enum Cut {
    /// Each character is a token.
    Chars,
    /// Tokens are the texts between separators. Those of the first separator are cut by the second, and so
    /// on.
    Separators(Arc<[Expression]>),
    /// Tokens are the matches of an expression.
    Tokens(Arc<Expression>),
}

/// The most tokens of a batch, fillers included: 128 MiB of strings.
const MAX_TOKENS: usize = (128 << 20) / size_of::<String>();

/// The largest `mincharnum`. After a match that is too short, the search goes on at its second character, so
/// the time grows with the square of this number.
const MAX_MIN_CHARS: usize = 64;

const START: &str = "\u{2}";
const END: &str = "\u{3}";

pub(in crate::ops) fn parse(ctx: &ParsingContext, node: &NodeProto) -> TractResult<Parsed> {
    let min_chars: i64 = node.get_attr("mincharnum")?;
    let min_chars = usize::try_from(min_chars).ok().filter(|&count| count > 0);
    let min_chars = min_chars.context("mincharnum is not positive")?;
    let separators: Option<Vec<String>> = node.get_attr_opt_vec("separators")?;
    let cut = match (separators.as_deref(), node.get_attr_opt::<&str>("tokenexp")?) {
        (Some([]), _) => bail!("separators: expected one or more, found none"),
        (Some([empty]), _) if empty.is_empty() => Cut::Chars,
        (Some(separators), _) => {
            let parsed = separators.iter().map(|text| Expression::parse(text)).collect::<TractResult<_>>();
            Cut::Separators(parsed.context("separators")?)
        }
        (None, Some(".")) => Cut::Chars,
        (None, Some("")) => bail!("tokenexp is empty"),
        (None, Some(text)) => Cut::Tokens(Arc::new(Expression::parse(text).context("tokenexp")?)),
        (None, None) => bail!("expected separators or tokenexp, found neither"),
    };
    ensure!(min_chars <= MAX_MIN_CHARS, "mincharnum: expected at most {MAX_MIN_CHARS}, found {min_chars}");
    ensure!(
        min_chars == 1 || cut != Cut::Chars,
        "mincharnum: expected 1 where each character is a token, found {min_chars}"
    );
    Ok(parsed(Tokenizer {
        cut,
        mark: node.get_attr::<i64>("mark")? != 0,
        pad_value: node.get_attr("pad_value")?,
        min_chars,
        tokens: ctx.template.symbols.new_with_prefix("tokens").to_dim(),
    }))
}

impl Tokenizer {
    /// The filler of short rows. `None` if marks enclose the tokens.
    pub fn filler(&self) -> Option<&str> {
        (!self.mark).then_some(&self.pad_value)
    }

    /// The tokens of a text, without marks.
    pub fn tokens<'a>(&self, text: &'a str) -> Vec<&'a str> {
        match &self.cut {
            Cut::Chars => text.char_indices().map(|(at, char)| &text[at..at + char.len_utf8()]).collect(),
            Cut::Separators(separators) => {
                let mut tokens = vec![text];
                for separator in &**separators {
                    tokens = tokens.into_iter().flat_map(|text| self.between(text, separator)).collect();
                }
                tokens
            }
            Cut::Tokens(expression) => self.matches(text, expression),
        }
    }

    fn is_long_enough(&self, token: &str) -> bool {
        token.chars().nth(self.min_chars - 1).is_some()
    }

    /// The texts between separators that are long enough.
    fn between<'a>(&self, text: &'a str, separator: &Expression) -> Vec<&'a str> {
        let mut tokens = Vec::new();
        let mut start = 0;
        while let Some(found) = separator.find(text, start) {
            tokens.push(&text[start..found.start]);
            start = if found.is_empty() { after_char(text, found.start) } else { found.end };
            if start > text.len() {
                break;
            }
        }
        tokens.extend(text.get(start..));
        tokens.retain(|token| self.is_long_enough(token));
        tokens
    }

    /// The matches that are long enough. After a match that is too short, the search goes on at its second
    /// character.
    fn matches<'a>(&self, text: &'a str, expression: &Expression) -> Vec<&'a str> {
        let mut tokens = Vec::new();
        let mut start = 0;
        while start <= text.len() {
            let Some(found) = expression.find(text, start) else { break };
            let token = &text[found.clone()];
            if self.is_long_enough(token) {
                tokens.push(token);
                start = found.end;
            } else {
                start = after_char(text, found.start);
            }
        }
        tokens
    }
}

/// The end of the character at a place. It is after the end of the text if there is no character.
fn after_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

impl Operator for Tokenizer {
    const NAME: &'static str = "Tokenizer";

    fn mints_symbols(&self) -> bool {
        true
    }

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(
            inputs[0].datum_type == DatumType::String,
            "an input of {:?}: expected strings",
            inputs[0].datum_type
        );
        let shape = inputs[0].shape.iter().cloned().chain([self.tokens.clone()]);
        Ok(tvec!(String::fact(shape.collect::<TVec<_>>())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let rows: Vec<Vec<&str>> = strings(&inputs[0])?.iter().map(|text| self.tokens(text)).collect();
        let most = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = if most > 0 && self.mark { most + 2 } else { most };
        let count = rows.len().saturating_mul(width);
        ensure!(
            count <= MAX_TOKENS,
            "expected at most {MAX_TOKENS} tokens, found {} texts of up to {most}",
            rows.len()
        );
        let mut tokens = Vec::with_capacity(count);
        if width > 0 {
            for row in &rows {
                let end = tokens.len() + width;
                tokens.extend(self.mark.then(|| START.to_owned()));
                tokens.extend(row.iter().map(|&token| token.to_owned()));
                tokens.extend(self.mark.then(|| END.to_owned()));
                tokens.resize(end, self.pad_value.clone());
            }
        }
        let shape: TVec<usize> = inputs[0].shape().iter().copied().chain([width]).collect();
        Ok(tvec!(tensor(tokens, &shape)?.into_tvalue()))
    }
}

//! `Tokenizer`, from the domain of onnxruntime:
//! <https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.Tokenizer>

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::operator::{Operator, Parsed, parsed, tensor};
use crate::ops::tensor_access::strings;

use crate::work::{self, Meter};

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

/// Takes a token.
pub type Visit<'v, 'a> = dyn FnMut(&'a str) -> TractResult<()> + 'v;

/// The bytes that a string's characters take outside of it.
fn allocated(text: &str) -> usize {
    if text.is_empty() { 0 } else { text.len().max(16) }
}

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

    /// Calls `visit` with each token of a text, without marks.
    ///
    /// # Errors
    /// When `visit` fails, or the time is up.
    pub fn visit<'a>(&self, text: &'a str, visit: &mut Visit<'_, 'a>) -> TractResult<()> {
        match &self.cut {
            Cut::Chars => {
                let mut meter = Meter::default();
                text.char_indices().try_for_each(|(at, char)| {
                    meter.spend(8)?;
                    visit(&text[at..at + char.len_utf8()])
                })
            }
            Cut::Separators(separators) => self.between(text, separators, visit),
            Cut::Tokens(expression) => self.matches(text, expression, visit),
        }
    }

    fn is_long_enough(&self, token: &str) -> bool {
        token.chars().nth(self.min_chars - 1).is_some()
    }

    /// Visits the texts between separators that are long enough. Those between the first are cut by the second,
    /// and so on.
    fn between<'a>(
        &self,
        text: &'a str,
        separators: &[Expression],
        visit: &mut Visit<'_, 'a>,
    ) -> TractResult<()> {
        let Some((separator, others)) = separators.split_first() else { return visit(text) };
        let mut cut = |text| match others {
            _ if !self.is_long_enough(text) => Ok(()),
            [] => visit(text),
            others => self.between(text, others, visit),
        };
        let mut search = separator.search(text)?;
        let mut start = 0;
        while let Some(found) = search.next(start)? {
            cut(&text[start..found.start])?;
            start = if found.is_empty() { after_char(text, found.start) } else { found.end };
            if start > text.len() {
                break;
            }
        }
        text.get(start..).map_or(Ok(()), cut)
    }

    /// Visits the matches that are long enough. After a match that is too short, the search goes on at its second
    /// character.
    fn matches<'a>(
        &self,
        text: &'a str,
        expression: &Expression,
        visit: &mut Visit<'_, 'a>,
    ) -> TractResult<()> {
        let mut search = expression.search(text)?;
        let mut start = 0;
        while start <= text.len() {
            let Some(found) = search.next(start)? else { break };
            let token = &text[found.clone()];
            if self.is_long_enough(token) {
                visit(token)?;
                start = found.end;
            } else {
                start = after_char(text, found.start);
            }
        }
        Ok(())
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
        let texts = strings(&inputs[0])?;
        let mut found: Vec<&str> = Vec::new();
        let mut ends = Vec::with_capacity(texts.len());
        let mut heap = 0_usize;
        for text in texts {
            self.visit(text, &mut |token| {
                if found.len().is_multiple_of(1 << 12) {
                    work::room_for(heap + found.len() * (size_of::<&str>() + size_of::<String>()))?;
                }
                heap += allocated(token);
                found.push(token);
                Ok(())
            })?;
            ends.push(found.len());
        }
        let starts = || std::iter::once(0).chain(ends.iter().copied());
        let rows = || starts().zip(&ends).map(|(start, &end)| &found[start..end]);
        let most = rows().map(<[&str]>::len).max().unwrap_or(0);
        let width = if most > 0 && self.mark { most + 2 } else { most };
        let count = texts.len().saturating_mul(width);
        let fillers = (count - found.len().min(count)).saturating_mul(allocated(&self.pad_value));
        let size = count.saturating_mul(size_of::<String>()).saturating_add(heap).saturating_add(fillers);
        work::room_for(size.saturating_add(found.len() * size_of::<&str>()))?;
        let mut tokens = Vec::with_capacity(count);
        if width > 0 {
            for row in rows() {
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

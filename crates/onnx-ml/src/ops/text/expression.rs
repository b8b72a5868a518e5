//! Regular expressions in the syntax of RE2, which `Tokenizer` uses:
//! <https://github.com/google/re2/wiki/Syntax>
//!
//! They differ from those of the `regex` crates in three ways:
//! - `\w`, `\d`, `\s` and `\b` know ASCII only.
//! - Within brackets, only ranges and classes have a meaning.
//! - Of several matches with the same start, the longest counts, not the first alternative.

use std::ops::Range;

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input, MatchKind};
use tract_onnx::tract_hir::internal::*;

use crate::deadline::Deadline;

/// The most bytes of an automaton. The expressions of text vectorisers take some kilobytes.
const MAX_BYTES: usize = 1 << 20;

/// The most bytes that a search keeps of its states. There are up to four searches an expression.
const CACHE_BYTES: usize = 128 << 10;

/// An expression, ready to search.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    /// Finds the start of the first match.
    first: Regex,
    /// Finds the end of the longest match with this start.
    longest: Regex,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// When the text is not a regular expression, it is too large, or the model has too many.
    pub fn parse(text: &str) -> TractResult<Self> {
        let pattern = translate(text);
        let config = Regex::config().nfa_size_limit(Some(MAX_BYTES)).hybrid_cache_capacity(CACHE_BYTES);
        let build = |kind| {
            let regex = Regex::builder().configure(config.clone().match_kind(kind)).build(&pattern);
            regex.map_err(|error| format_err!("{text:?} is not a regular expression that can run: {error}"))
        };
        let (first, longest) = (build(MatchKind::LeftmostFirst)?, build(MatchKind::All)?);
        let bytes = text.len() + first.memory_usage() + longest.memory_usage();
        Deadline::current("reading its expressions").count_expression(bytes)?;
        Ok(Self { text: text.to_owned(), first, longest })
    }

    /// The first match at or after `start`, which must be the start of a character.
    pub fn find(&self, text: &str, start: usize) -> Option<Range<usize>> {
        let first = self.first.find(Input::new(text).range(start..))?;
        let here = Input::new(text).range(first.start()..).anchored(Anchored::Yes);
        self.longest.find(here).map(|longest| longest.range())
    }
}

/// Translates an expression into the syntax of the `regex` crates.
fn translate(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    let mut in_brackets = false;
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        match char {
            '\\' => {
                let escaped = rest.next();
                match escaped {
                    Some('w') => pattern.push_str("[0-9A-Za-z_]"),
                    Some('W') => pattern.push_str("[^0-9A-Za-z_]"),
                    Some('d') => pattern.push_str("[0-9]"),
                    Some('D') => pattern.push_str("[^0-9]"),
                    Some('s') => pattern.push_str(r"[\t\n\f\r ]"),
                    Some('S') => pattern.push_str(r"[^\t\n\f\r ]"),
                    Some('b') if !in_brackets => pattern.push_str(r"(?-u:\b)"),
                    _ => {
                        pattern.push('\\');
                        pattern.extend(escaped);
                    }
                }
            }
            '[' if in_brackets && rest.peek() != Some(&':') => pattern.push_str(r"\["),
            '&' | '~' if in_brackets => pattern.extend(['\\', char]),
            '[' if !in_brackets => {
                in_brackets = true;
                pattern.push('[');
                pattern.extend(rest.next_if_eq(&'^'));
                // A closing bracket that comes first stands for itself.
                if rest.next_if_eq(&']').is_some() {
                    pattern.push_str(r"\]");
                }
            }
            '[' => {
                // A class such as `[:alpha:]`.
                pattern.push('[');
                while let Some(char) = rest.next_if(|&char| char != ']') {
                    pattern.push(char);
                }
                pattern.extend(rest.next());
            }
            _ => {
                in_brackets &= char != ']';
                pattern.push(char);
            }
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(expression: &str, text: &str) -> Vec<String> {
        let expression = Expression::parse(expression).unwrap();
        let mut start = 0;
        let mut found = Vec::new();
        while let Some(range) = expression.find(text, start) {
            found.push(text[range.clone()].to_owned());
            start = range.end;
        }
        found
    }

    #[test]
    fn the_longest_of_the_first_matches_counts() {
        assert_eq!(found("a|ab|abc", "xabcxab"), ["abc", "ab"]);
        assert_eq!(found("b|abcd|ab", "abc b"), ["ab", "b"]);
    }

    #[test]
    fn classes_are_those_of_ascii() {
        assert_eq!(found(r"\w+", "naïve café2"), ["na", "ve", "caf", "2"]);
        assert_eq!(found(r"[^\w]+", "a-ï-b"), ["-ï-"]);
        assert_eq!(found(r"\b\w\w+\b", "a bc d ef"), ["bc", "ef"]);
        assert_eq!(found(r"[\s,;]+", "a, b;c\u{b}d"), [", ", ";"]);
        assert_eq!(found(r"[[:digit:]x]+", "12x y3"), ["12x", "3"]);
    }

    #[test]
    fn brackets_hold_nothing_but_ranges_and_classes() {
        assert_eq!(found("[[a]+", "[a]b"), ["[a"]);
        assert_eq!(found("[]a]+", "[a]b"), ["a]"]);
        assert_eq!(found("[a&&b]+", "a&&b c"), ["a&&b"]);
        assert_eq!(found("[a~~b]+", "a~~b c"), ["a~~b"]);
    }

    #[test]
    fn text_that_is_not_an_expression_is_refused() {
        for text in ["(", "a{9}{999}{999}{999}", r"(a)\1", "(?=a)"] {
            let error = format!("{:#}", Expression::parse(text).unwrap_err());
            assert!(error.contains("is not a regular expression that can run"), "{error}");
        }
    }
}

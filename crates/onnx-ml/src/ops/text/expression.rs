//! Regular expressions in the syntax of RE2, which `Tokenizer` uses:
//! <https://github.com/google/re2/wiki/Syntax>
//!
//! They differ from those of the `regex` crates in three ways:
//! - `\w`, `\d`, `\s` and `\b` know ASCII only.
//! - Within brackets, only ranges and classes have a meaning.
//! - Of several matches with the same start, the longest counts, not the first alternative.

use std::fmt;

use regex_automata::MatchKind;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::pool::Pool;
use regex_automata::util::syntax;
use tract_onnx::tract_hir::internal::*;

use crate::deadline::Deadline;

use super::search::{MakeWorkspace, Search, Workspace};

/// The most bytes of an automaton. The expressions of text vectorisers take some kilobytes.
const MAX_BYTES: usize = 1 << 20;

/// The most bytes that a search keeps of its states. There are up to two searches an expression.
const CACHE_BYTES: usize = 128 << 10;

/// An expression, ready to search.
///
/// Matches are found in a time that grows with the text alone, whatever the expression: see [`Search`].
pub struct Expression {
    text: String,
    /// Reads a text from its end, and says where matches start.
    backward: DFA,
    /// Finds the end of the longest match with a given start.
    forward: DFA,
    workspaces: Pool<Workspace, MakeWorkspace>,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// When the text is not a regular expression, it is too large, or the model has too many.
    pub fn parse(text: &str) -> TractResult<Self> {
        let pattern = translate(text);
        let build = |is_reverse| {
            let automaton = thompson::Config::new().reverse(is_reverse).nfa_size_limit(Some(MAX_BYTES));
            // A small cache is cleared more often, and all that is in it is made again.
            let config = DFA::config().match_kind(MatchKind::All);
            let config = config.cache_capacity(CACHE_BYTES).skip_cache_capacity_check(true);
            let dfa = DFA::builder()
                .configure(config)
                .thompson(automaton)
                .syntax(syntax::Config::new().utf8(false))
                .build(&pattern);
            dfa.map_err(|error| format_err!("{text:?} is not a regular expression that can run: {error}"))
        };
        let (backward, forward) = (build(true)?, build(false)?);
        let bytes = backward.get_nfa().memory_usage() + forward.get_nfa().memory_usage();
        Deadline::current("reading its expressions").count_expression(bytes)?;
        let caches = (Cache::new(&backward), Cache::new(&forward));
        let workspace = move || Workspace::new(caches.0.clone(), caches.1.clone());
        Ok(Self { text: text.to_owned(), backward, forward, workspaces: Pool::new(Box::new(workspace)) })
    }

    /// Prepares to find matches in a text.
    ///
    /// # Errors
    /// [`limits::Late`] if the time is up.
    pub fn search<'s>(&'s self, text: &'s str) -> TractResult<Search<'s>> {
        Search::new(&self.backward, &self.forward, self.workspaces.get(), text)
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
                    Some('B') if !in_brackets => pattern.push_str(r"(?-u:\B)"),
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
        let mut search = expression.search(text).unwrap();
        let mut start = 0;
        let mut found = Vec::new();
        while let Some(range) = search.next(start).unwrap() {
            found.push(text[range.clone()].to_owned());
            start = range.end.max(range.start + 1);
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

//! Finds the JSON documents in a text: one document, or one per line (<https://jsonlines.org>).

use std::ops::Range;

use memchr::memchr;
use serde::de::IgnoredAny;

/// The documents of a text, in order. A text of only white space has none.
///
/// - A JSON text is one document, even if it spans several lines.
/// - Otherwise, if at least one line is a JSON object, each line that is not blank is a document, JSON or
///   not.
/// - Otherwise, the whole text is one document, which is not JSON.
pub struct Documents<'a> {
    text: &'a [u8],
    at: usize,
    by_line: bool,
}

impl<'a> Documents<'a> {
    /// Parses only as much of the text as is needed to find the documents.
    pub fn of(text: &'a [u8]) -> Self {
        let trimmed = trim(text);
        Self { text, at: if trimmed.is_empty() { text.len() } else { 0 }, by_line: is_by_line(trimmed) }
    }
}

impl Iterator for Documents<'_> {
    /// The range of the document in the text.
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        while self.at < self.text.len() {
            let start = self.at;
            let line = &self.text[start..];
            if !self.by_line {
                self.at = self.text.len();
                return Some(start..self.at);
            }
            let len = memchr(b'\n', line).unwrap_or(line.len());
            self.at = start + len + 1;
            if !trim(&line[..len]).is_empty() {
                return Some(start..start + len);
            }
        }
        None
    }
}

/// Whether each line is a document. `text` has no white space around it.
fn is_by_line(text: &[u8]) -> bool {
    let Some(first) = memchr(b'\n', text) else { return false };
    is_object(&text[..first]) || (!is_json(text) && text[first..].split(|&byte| byte == b'\n').any(is_object))
}

fn is_object(line: &[u8]) -> bool {
    trim(line).starts_with(b"{") && is_json(line)
}

/// Whether the text is JSON. Strings are not checked to be UTF-8; that is left to the reader of the document.
fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// Removes the white space around a text (RFC 8259, section 2).
fn trim(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(text: &str) -> Vec<&str> {
        Documents::of(text.as_bytes()).map(|range| &text[range]).collect()
    }

    #[test]
    fn a_json_text_is_one_document() {
        for text in [
            "{}",
            "{\"a\": 1}\n",
            "\r\n{\"a\": 1}\r\n\r\n",
            "{\n  \"a\":\n  {}\n}\n",
            "[\n{\"a\": 1},\n{\"a\": 2}\n]",
            "[\n{}\n]",
            "1",
        ] {
            assert_eq!(documents(text), [text]);
        }
    }

    #[test]
    fn each_line_is_a_document_if_one_of_them_is_an_object() {
        assert_eq!(documents("{}\n{}"), ["{}", "{}"]);
        assert_eq!(
            documents("\n {\"a\": 1} \r\n\r\n{\"a\": 2}\r\n \t\n"),
            [" {\"a\": 1} \r", "{\"a\": 2}\r"]
        );
        assert_eq!(documents("{\"a\": 1}\n{\"a\": \n7\n"), ["{\"a\": 1}", "{\"a\": ", "7"]);
        assert_eq!(documents("{\"a\": \n\n7\n{}"), ["{\"a\": ", "7", "{}"]);
        assert_eq!(documents("[]\n{}"), ["[]", "{}"]);
        assert_eq!(documents("{\"a\": \"\\n\"}\n{}\n"), ["{\"a\": \"\\n\"}", "{}"]);
    }

    #[test]
    fn otherwise_the_whole_text_is_one_document() {
        for text in
            ["{}{}", "{} {}", "1\n2", "{\"a\":\n{\"b\":\n", "no\nJSON", "[1]\n[2]\n", "\u{feff}{}", "{}\r{}"]
        {
            assert_eq!(documents(text), [text]);
        }
    }

    #[test]
    fn white_space_is_not_a_document() {
        for text in ["", " ", "\n", "\r\n\t \n\n"] {
            assert_eq!(documents(text), [""; 0]);
        }
        assert_eq!(documents("\u{c}"), ["\u{c}"]);
    }

    #[test]
    fn a_text_that_is_not_utf8_is_split_as_well() {
        let text = b"{\"a\": \"\xff\"}\n{}\n\xff";
        let ranges: Vec<_> = Documents::of(text).collect();
        assert_eq!(ranges, [0..10, 11..13, 14..15]);
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = "[".repeat(1_000_000) + "\n" + &"]".repeat(1_000_000);
        assert_eq!(documents(&deep).len(), 1);
        assert_eq!(documents(&format!("{deep}\n{{}}")).len(), 3);
    }
}

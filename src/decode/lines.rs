//! Several JSON documents, a line each (<https://jsonlines.org>).

use std::ops::Range;

use serde::de::IgnoredAny;

/// Where the documents stand, if there are several or may be: what is one JSON text is one document, whatever its lines, and
/// what has no line that is a JSON object by itself has none.
pub fn split(payload: &[u8]) -> Option<Vec<Range<usize>>> {
    let end = payload.len() - payload.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    // The usual case: one document without a break in it.
    memchr::memchr(b'\n', &payload[..end])?;
    let lines = lines(payload);
    let first_is_object = lines.first().is_some_and(|line| is_object(&payload[line.clone()]));
    let are_lines = lines.len() > 1
        && (first_is_object
            || serde_json::from_slice::<IgnoredAny>(payload).is_err()
                && lines.iter().any(|line| is_object(&payload[line.clone()])));
    are_lines.then_some(lines)
}

/// The lines that are not blank, without the white space around them.
fn lines(payload: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in payload.split(|byte| *byte == b'\n') {
        let kept = line.trim_ascii();
        if !kept.is_empty() {
            let from = start + line.len() - line.trim_ascii_start().len();
            lines.push(from..from + kept.len());
        }
        start += line.len() + 1;
    }
    lines
}

fn is_object(line: &[u8]) -> bool {
    line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

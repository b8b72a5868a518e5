//! Text that somebody else wrote, made fit for a line of a log or of a report.
//!
//! Names in a model, keys on S3, settings and members of an event can hold line ends, escape sequences, passwords,
//! and any number of characters.

use std::borrow::Cow;
use std::fmt::{self, Display, Write};

/// The most characters of a line that says why something was refused.
pub const MAX_LINE: usize = 4_000;

/// The most characters of a name or a value in a line.
pub const MAX_NAME: usize = 300;

/// Stands for a password.
const MASK: &str = "***";

/// A text without control characters. A long one lacks its middle.
///
/// ```
/// # use predictor::plain_text::Plain;
/// assert_eq!(Plain::name("a\nb\u{1b}[31m").to_string(), r"a\u000ab\u001b[31m");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Plain<'a> {
    text: &'a str,
    limit: usize,
}

impl<'a> Plain<'a> {
    /// A name or a value: at most [`MAX_NAME`] characters.
    #[must_use]
    pub fn name(text: &'a str) -> Self {
        Self { text, limit: MAX_NAME }
    }

    /// A text of any length.
    #[must_use]
    pub fn whole(text: &'a str) -> Self {
        Self { text, limit: usize::MAX }
    }

    /// A whole line: at most [`MAX_LINE`] characters.
    #[must_use]
    pub fn line(text: &'a str) -> Self {
        Self { text, limit: MAX_LINE }
    }
}

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.len() <= self.limit && !self.text.contains(is_unprintable) {
            return f.write_str(self.text);
        }
        if self.text.chars().map(width).sum::<usize>() <= self.limit {
            return escape(f, self.text);
        }
        // The start names the place, and the end has the cause.
        let head = fitting(self.text.chars(), self.limit / 4 * 3);
        let (head, rest) = self.text.split_at(head);
        let tail = fitting(rest.chars().rev(), self.limit / 4);
        let (middle, tail) = rest.split_at(rest.len() - tail);
        escape(f, head)?;
        write!(f, " … {} characters left out … ", middle.chars().count())?;
        escape(f, tail)
    }
}

/// One line for people: line ends and other white space become single spaces, passwords in addresses are masked,
/// control characters are escaped, and a long line lacks its middle.
#[must_use]
pub fn line(text: &impl Display) -> String {
    let text = text.to_string();
    let words = text.split_whitespace().map(without_password).collect::<Vec<_>>().join(" ");
    Plain::line(&words).to_string()
}

/// The value of a setting, to be quoted in a message. User and password of an address are masked, even if the address
/// is malformed, and so is its query, which may hold a signature.
#[must_use]
pub fn setting(value: &str) -> String {
    let masked = without_password(value);
    let address = masked.contains("//").then(|| masked.split_once('?')).flatten();
    let masked = address.map_or_else(|| masked.to_string(), |(address, _)| format!("{address}?{MASK}"));
    Plain::name(&masked).to_string()
}

/// Whether a terminal or a reader of logs might not show the character as one character: control characters, line
/// separators, and marks that change the direction of text.
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Masks what stands before the last `@`, if it has a colon as in `user:password@host`.
fn without_password(text: &str) -> Cow<'_, str> {
    let Some((before, host)) = text.rsplit_once('@').filter(|(before, _)| before.contains(':')) else {
        return text.into();
    };
    let start = before.find("//").map(|at| at + 2).or_else(|| before.find('=').map(|at| at + 1)).unwrap_or(0);
    format!("{}{MASK}@{host}", &before[..start]).into()
}

/// Bytes of the first characters that fit into a width.
fn fitting(chars: impl Iterator<Item = char>, limit: usize) -> usize {
    let mut taken = 0;
    let fits = |c: &char| {
        taken += width(*c);
        taken <= limit
    };
    chars.take_while(fits).map(char::len_utf8).sum()
}

fn width(c: char) -> usize {
    if is_unprintable(c) { 6 } else { 1 }
}

/// Writes control characters as JSON escapes them.
fn escape(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| {
        if is_unprintable(c) { write!(f, "\\u{:04x}", u32::from(c)) } else { f.write_char(c) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_comes_through() {
        let hostile = "a\r\n\0\t\u{1b}[31m\u{85}\u{2028}\u{2029}\u{202e}\u{200f}\u{2066}ä b";
        let plain = Plain::name(hostile).to_string();
        assert!(!plain.contains(is_unprintable), "{plain}");
        assert!(plain.starts_with(r"a\u000d\u000a\u0000\u0009\u001b[31m\u0085\u2028\u2029\u202e"), "{plain}");
        assert!(plain.ends_with("ä b"));
        assert_eq!(line(&"a\r\n  b\u{2028}c\u{1b}"), r"a b c\u001b");
    }

    #[test]
    fn a_long_line_keeps_its_start_and_its_end() {
        let exact = "ä".repeat(MAX_LINE);
        assert_eq!(Plain::line(&exact).to_string(), exact);
        let long = format!("start{}end", "ä".repeat(1_000_000));
        let plain = Plain::line(&long).to_string();
        assert!(plain.starts_with("startä") && plain.ends_with("äend"), "{plain}");
        assert!(plain.contains("… 996008 characters left out …"), "{plain}");
        assert!(plain.chars().count() < MAX_LINE + 50);
        assert!(Plain::name(&"\0".repeat(1_000_000)).to_string().len() < MAX_NAME + 50);
    }

    #[test]
    fn passwords_are_masked_even_in_malformed_addresses() {
        for (value, shown) in [
            ("http://user:PASS@host:4566/x", "http://***@host:4566/x"),
            ("http//user:PASS@host", "http//***@host"),
            ("user:PASS@host", "***@host"),
            ("https://user:PA/S@S PASS@host/x", "https://***@host/x"),
            ("https://user:PASS//PASS@host", "https://***@host"),
            ("https://host/x?X-Amz-Signature=PASS", "https://host/x?***"),
            ("user@host", "user@host"),
            ("models/a@b", "models/a@b"),
        ] {
            assert_eq!(setting(value), shown);
        }
        assert_eq!(line(&"X=http//u:PASS@host: expected `y`"), "X=http//***@host: expected `y`");
    }
}

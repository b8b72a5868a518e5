//! Names in messages. A message has to stay one line that a person can read, whatever a file contains.

use std::borrow::Cow;

/// The most names of a list.
const MAX_LISTED: usize = 10;

/// The most characters of a name.
const MAX_CHARACTERS: usize = 100;

/// The first of these names in backticks, and how many there are beyond them.
#[must_use]
pub fn some_of<S: AsRef<str>>(names: &[S]) -> String {
    let listed = names.iter().take(MAX_LISTED).map(|name| format!("`{}`", cut(name.as_ref())));
    let listed = listed.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MAX_LISTED) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

/// The name, or its start.
#[must_use]
pub fn cut(name: &str) -> Cow<'_, str> {
    start_of(name, MAX_CHARACTERS)
}

/// The text, or its first `characters`.
#[must_use]
pub fn start_of(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_and_long_names_are_cut() {
        assert_eq!(some_of(&["a", "b"]), "`a`, `b`");
        let many = vec!["ä".repeat(MAX_CHARACTERS + 1); MAX_LISTED + 2];
        let listed = some_of(&many);
        assert!(listed.ends_with("…` and 2 more"), "{listed}");
        assert_eq!(listed.matches('ä').count(), MAX_LISTED * MAX_CHARACTERS);
    }
}

//! Names in messages. A message has to stay one line that a person can read, whatever a file contains.

/// The most names of a list.
const MAX_LISTED: usize = 10;

/// The most characters of a name.
const MAX_CHARACTERS: usize = 100;

/// The first of these names in backticks, and how many there are beyond them.
pub(crate) fn some_of<S: AsRef<str>>(names: &[S]) -> String {
    let listed = names.iter().take(MAX_LISTED).map(|name| format!("`{}`", cut(name.as_ref())));
    let listed = listed.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MAX_LISTED) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

/// The name, or its start.
pub(crate) fn cut(name: &str) -> String {
    let mut characters = name.chars();
    let start: String = characters.by_ref().take(MAX_CHARACTERS).collect();
    if characters.next().is_some() { start + "…" } else { start }
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
